"""Authorize many Salesforce orgs at once with the OAuth 2.0 JWT bearer flow."""

from orgauth._version import __version__

__all__ = ["__version__"]
