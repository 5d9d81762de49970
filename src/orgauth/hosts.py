"""Whose a host is: this machine's, Salesforce's, or somebody else's."""

from __future__ import annotations

import re
from ipaddress import ip_address

__all__ = ["is_salesforce", "is_this_machine"]

# The domains that Salesforce's own CLI knows as Salesforce's.
_SALESFORCE_DOMAINS = (
    ".salesforce.com",
    ".force.com",
    ".cloudforce.com",
    ".salesforce.mil",
    ".crmforce.mil",
    ".sfcrmproducts.cn",
)
# Narrower than what URLs allow: a backslash or an exotic dot is read as one host here and as
# another by the next program that gets the URL (https://evil.com\.salesforce.com, for one).
_HOST_NAME = re.compile(r"(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)+[a-z]+")


def is_salesforce(host: str) -> bool:
    """Return whether a host name, in lower case, is in a domain of Salesforce's."""
    return host.endswith(_SALESFORCE_DOMAINS) and _HOST_NAME.fullmatch(host) is not None


def is_this_machine(host: str) -> bool:
    """Return whether a host can only be this machine, whatever a name server says.

    Args:
        host: a name in lower case, or an address; IPv6 with or without brackets.
    """
    if host == "localhost":  # not *.localhost: some resolvers ask the network for it
        return True
    if host.startswith("[") and host.endswith("]"):
        host = host[1:-1]
    if "%" in host:  # a zone means something on one machine only, and not in a URL
        return False
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
