"""A Salesforce login and REST host to rehearse against; it shares no code with the client."""
