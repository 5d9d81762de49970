"""The faults that bend an answer: another status, another body, another shape."""

from __future__ import annotations

import gzip
import json
import zlib
from dataclasses import replace
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from orgauth.simulator.fault import bent
from orgauth.simulator.reply import (
    HTML_TYPE,
    Reply,
    json_reply,
    oauth_refusal,
    rest_refusal,
)

if TYPE_CHECKING:
    from orgauth.simulator.errors import OAuthError
    from orgauth.simulator.fault import Fault, Truth

__all__ = [
    "body",
    "broken_gzip",
    "call_refusal",
    "changed",
    "deep_json",
    "gzip_bomb",
    "gzipped",
    "half_json",
    "html",
    "redirect",
    "refusal",
    "status",
    "too_many_requests",
    "unavailable",
    "wrong_instance_url",
    "wrong_shape",
]

MAINTENANCE = (
    b"<!DOCTYPE HTML>\n<html><head><title>Salesforce Maintenance</title></head>"
    b"<body><h1>Down for maintenance</h1></body></html>"
)
_GZIP = 16 + zlib.MAX_WBITS  # zlib's way to ask for gzip's format


def _always(name: str, reply: Reply) -> Fault:
    return bent(name, lambda _truth: reply)


def refusal(error: OAuthError) -> Fault:
    """Answer a token request with a row of ``errors.TABLE``."""
    return _always(f"refusal {error.error}: {error.description}", oauth_refusal(error))


def call_refusal(
    status: int = HTTPStatus.FORBIDDEN,
    code: str = "API_DISABLED_FOR_ORG",
    message: str = "The REST API is not enabled for this Organization.",
) -> Fault:
    """Answer a REST call with an error in the REST API's form."""
    return _always(f"call refusal {code}", rest_refusal(status, code, message))


def status(code: int, *, body: bytes = b"", retry_after: float | str | None = None) -> Fault:
    """Answer with a bare HTTP status; ``retry_after`` in seconds, or an HTTP date."""
    reply = Reply(code, body, "text/plain;charset=UTF-8")
    if retry_after is not None:
        text = retry_after if isinstance(retry_after, str) else f"{retry_after:g}"
        reply = reply.with_headers(retry_after=text)
    return _always(f"status {code}", reply)


def too_many_requests(retry_after: float | str | None = 1) -> Fault:
    """Answer 429; ``retry_after`` in seconds (``None``: no such header)."""
    return status(HTTPStatus.TOO_MANY_REQUESTS, retry_after=retry_after)


def unavailable(retry_after: float | str | None = None) -> Fault:
    """Answer 503; ``retry_after`` in seconds (``None``: no such header)."""
    return status(HTTPStatus.SERVICE_UNAVAILABLE, retry_after=retry_after)


def html(code: int = HTTPStatus.OK) -> Fault:
    """Answer with a maintenance page."""
    return _always(f"html {code}", Reply(code, MAINTENANCE, HTML_TYPE))


def redirect(location: str, code: int = HTTPStatus.FOUND) -> Fault:
    """Send the client elsewhere (301, 302, 303, 307 or 308)."""
    return _always(f"redirect {code}", Reply(code, b"").with_headers(location=location))


def body(content: bytes, code: int = HTTPStatus.OK) -> Fault:
    """Answer with these bytes, said to be JSON."""
    return _always("body", Reply(code, content))


def wrong_shape(value: Any = None) -> Fault:
    """Answer with JSON that is not what was asked for (``[]`` unless ``value`` is given)."""
    return _always("wrong shape", json_reply([] if value is None else value))


def deep_json(depth: int = 100_000) -> Fault:
    """Answer with arrays in arrays, deeper than a parser may like."""
    return _always("deep JSON", Reply(HTTPStatus.OK, b"[" * depth + b"]" * depth))


def half_json() -> Fault:
    """Send the first half of the true answer as if it were all of it."""

    def reply(truth: Truth) -> Reply:
        true = truth()
        return replace(true, body=true.body[: len(true.body) // 2])

    return bent("half JSON", reply)


def changed(**fields: Any) -> Fault:
    """Change top-level fields of the true answer where it is a success; ``None`` removes one."""

    def reply(truth: Truth) -> Reply:
        true = truth()
        if true.status != HTTPStatus.OK:
            return true
        value = {**json.loads(true.body), **fields}
        return json_reply({name: what for name, what in value.items() if what is not None})

    return bent("changed " + ", ".join(sorted(fields)), reply)


def wrong_instance_url(url: str = "https://evil.example.com") -> Fault:
    """Log in for real, but send the client to another site with its token."""
    return replace(changed(instance_url=url), name="wrong instance_url")


def gzipped() -> Fault:
    """Send the true answer compressed, as it should be."""

    def reply(truth: Truth) -> Reply:
        true = truth()
        return replace(true, body=gzip.compress(true.body)).with_headers(content_encoding="gzip")

    return bent("gzipped", reply)


def broken_gzip() -> Fault:
    """Say that the body is compressed when it is noise."""
    noise = Reply(HTTPStatus.OK, b"\x1f\x8b\x08\x00this is no gzip")
    return _always("broken gzip", noise.with_headers(content_encoding="gzip"))


def gzip_bomb(megabytes: int = 50) -> Fault:
    """Send some kilobytes that unpack to ``megabytes``."""
    packer = zlib.compressobj(wbits=_GZIP)
    packed = packer.compress(b'{"access_token":"')
    for _ in range(megabytes):  # never whole in memory: the client's is to burst, not ours
        packed += packer.compress(b"0" * (1 << 20))
    packed += packer.compress(b'"}') + packer.flush()
    bomb = Reply(HTTPStatus.OK, packed).with_headers(content_encoding="gzip")
    return _always("gzip bomb", bomb)
