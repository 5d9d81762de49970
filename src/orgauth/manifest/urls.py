"""Login URLs and audiences: which ones can be right, and which one an org gets by default.

Each check returns the URL in its usual spelling, or raises ``ValueError`` with the reason.
"""

from __future__ import annotations

import ipaddress
import re
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from orgauth.hosts import is_this_machine

if TYPE_CHECKING:
    from urllib.parse import SplitResult

__all__ = ["LOGIN", "TEST", "check_audience", "check_login_url"]

LOGIN = "https://login.salesforce.com"
TEST = "https://test.salesforce.com"

_LIGHTNING = ".lightning.force.com"
_DEFAULT_PORTS = {"http": 80, "https": 443}
_LABEL = r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?"
_HOST_NAME = re.compile(rf"(?=.{{1,253}}\Z){_LABEL}(?:\.{_LABEL})*")
# Most login URLs are of this form, and need no taking apart.
_COMMON = re.compile(r"https://(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.){1,4}[a-z]{2,24}")
_NUMERIC_END = re.compile(r"(?:.*\.)?(?:[0-9]+|0x[0-9a-f]*)")


def check_login_url(value: str) -> str:
    """Return ``scheme://host[:port]``, in lower case and without the scheme's own port.

    The token endpoint's path is appended to it, so it has none itself. Plain http would show
    the assertion to the network and is left to this machine. A Lightning host answers a token
    request with ``unsupported_grant_type``.
    """
    if _COMMON.fullmatch(value) and not value.endswith(_LIGHTNING):
        return value
    parts, host, port = _split(value)
    if host.endswith(_LIGHTNING):
        own = host.removesuffix(_LIGHTNING)
        raise ValueError(f"is a Lightning page; log in at https://{own}.my.salesforce.com")
    if parts.path not in ("", "/"):
        raise ValueError("has a path; a login URL is only https:// and a host")
    if parts.scheme == "http" and not is_this_machine(host):
        raise ValueError("is plain http, which is only for this machine; write https://")
    return f"{parts.scheme}://{host}{port}"


def check_audience(value: str) -> str:
    """Return the URL as it is written, for it is compared letter by letter; it may have a path."""
    parts, _, _ = _split(value)
    # The audiences Salesforce knows end without the slash that browsers add to a bare host.
    return value[:-1] if parts.path == "/" else value


def _split(value: str) -> tuple[SplitResult, str, str]:
    """Return the parts, the host (IPv6 in brackets) and ``:port`` where it is not the default."""
    if not value:
        raise ValueError("is empty")
    # urlsplit quietly drops tabs and line ends, and browsers take a backslash for a slash.
    if not (value.isascii() and value.isprintable()) or " " in value or "\\" in value:
        raise ValueError("is not a URL: it contains a character that no URL has")
    try:
        parts = urlsplit(value)
        port = parts.port
    except ValueError:
        raise ValueError("is not a URL: its host or port is wrong") from None
    if parts.scheme not in _DEFAULT_PORTS or not value[len(parts.scheme) :].startswith("://"):
        raise ValueError("is not a URL: it must begin with https://")
    if "@" in parts.netloc:
        raise ValueError("contains a user name or password; leave them out")
    if "?" in value or "#" in value:
        raise ValueError("has a query or a fragment; leave it out")
    host = _host(parts.hostname or "")
    if port == 0:
        raise ValueError("has a wrong port")
    return parts, host, "" if port in (None, _DEFAULT_PORTS[parts.scheme]) else f":{port}"


def _host(host: str) -> str:
    if not host:
        raise ValueError("has no host")
    if ":" in host or _NUMERIC_END.fullmatch(host):
        try:
            # A zone (%eth0) means something on one machine only.
            address = ipaddress.ip_address(host.replace("%", " "))
        except ValueError:
            raise ValueError("has a wrong host: it looks like an address but is none") from None
        return f"[{address}]" if address.version == 6 else str(address)  # noqa: PLR2004 - IPv6
    if not _HOST_NAME.fullmatch(host):
        raise ValueError("has a wrong host: it is not the name of one")
    return host
