"""The Salesforce CLI's own store, written as the CLI itself would write it."""
