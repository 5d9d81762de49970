"""Where a token may be sent, and what is a token at all: for new ones and for stored ones alike."""

from __future__ import annotations

import re
from functools import lru_cache
from urllib.parse import urlsplit

from orgauth.hosts import is_salesforce, is_this_machine

__all__ = ["is_token", "origin", "trusted_origin"]

_DEFAULT_PORTS = {"https": 443, "http": 80}

# It goes into a header and an env file: what cannot stand there is no token. Real ones have some
# hundred characters, or some thousand as a JWT.
_TOKEN = re.compile(r"[!-~]{1,16384}")


def is_token(text: str) -> bool:
    """Return whether ``text`` has the form of an access token."""
    return _TOKEN.fullmatch(text) is not None


@lru_cache(maxsize=1024)
def trusted_origin(login_url: str, instance_url: str) -> str | None:
    """Return the origin of ``instance_url`` if a token may be sent there, else None.

    A login host, or a file, is trusted to name a Salesforce host over https, not any host:
    another one would make every later call carry the token there. This machine's own hosts
    are trusted where the login URL is this machine's too.
    """
    found = origin(instance_url)
    if found is None:
        return None
    scheme, host, port = found
    salesforce = scheme == "https" and is_salesforce(host)
    both_here = is_this_machine(host) and is_this_machine(urlsplit(login_url).hostname or "")
    if not (salesforce or (both_here and scheme in _DEFAULT_PORTS)):
        return None
    place = f"[{host}]" if ":" in host else host
    shown_port = "" if port in (None, _DEFAULT_PORTS[scheme]) else f":{port}"
    return f"{scheme}://{place}{shown_port}"


def origin(url: str) -> tuple[str, str, int | None] | None:
    """Return scheme, host and port, in lower case; None where that is not all there is to it."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return None
    if parts.username is not None or not parts.hostname:
        return None
    return parts.scheme, parts.hostname, port
