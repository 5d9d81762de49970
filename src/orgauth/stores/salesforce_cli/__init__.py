"""The Salesforce CLI's own store, written as the CLI itself would write it."""

from __future__ import annotations

from orgauth.stores.salesforce_cli.auth_file import StoredAuthorization
from orgauth.stores.salesforce_cli.renewal_keys import KeptKey, RenewalKeys
from orgauth.stores.salesforce_cli.store import SalesforceCliStore

__all__ = ["KeptKey", "RenewalKeys", "SalesforceCliStore", "StoredAuthorization"]
