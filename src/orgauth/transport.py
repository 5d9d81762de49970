"""HTTP by aiohttp: one request, one whole answer of bounded size, or a classified failure.

What is decided here: TLS is always verified (``SSL_CERT_FILE`` names a company's own roots);
``HTTPS_PROXY`` and ``NO_PROXY`` are honoured, but this machine is always asked directly; a
``.netrc`` is not read (its passwords have no business in a token request); redirects are answers;
answers are asked for and taken uncompressed, so that none can unfold to gigabytes; no cookies are
kept.
"""

from __future__ import annotations

import base64
import logging
import os
import ssl
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, Self
from urllib.parse import unquote_to_bytes, urlsplit
from urllib.request import getproxies, proxy_bypass
from weakref import WeakSet

import aiohttp

from orgauth._version import __version__
from orgauth.errors import AttemptFailed, UsageError
from orgauth.hosts import is_this_machine
from orgauth.keep_alive import KeepAlive
from orgauth.models import Cause, Failure, FailureKind
from orgauth.ports import HttpAnswer
from orgauth.text import printable

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from aiohttp.abc import AbstractResolver
    from aiohttp.connector import Connection

_log = logging.getLogger(__name__)

__all__ = ["MAX_ANSWER_BYTES", "AiohttpClient"]

MAX_ANSWER_BYTES = 1024 * 1024
"""A token answer has about 1 KB, a page of 2,000 scratch orgs about 500 KB."""

_PROXY_REFUSES = range(400, 500)  # wants a password, or does not let this host through
_NETWORK_ADVICE = "Check the network and the proxy settings (HTTPS_PROXY, NO_PROXY), and run again"


class AiohttpClient:
    """One session for a whole run, its connections kept alive. An async context manager.

    Args:
        timeout_seconds: one request, from connecting to the last byte of its answer.
        find_proxy: gives the proxy for a URL, or None; by default what the environment says.
        most_idle: connections that may be kept open for a next request.
        resolver: looks up host names; by default aiohttp's.
    """

    def __init__(
        self,
        *,
        timeout_seconds: float,
        find_proxy: Callable[[str], str | None] | None = None,
        most_idle: int = 256,
        resolver: AbstractResolver | None = None,
    ) -> None:
        self._timeout_seconds = timeout_seconds
        self._keep_alive = KeepAlive(most_idle)
        self._find_proxy = find_proxy or _proxy_of_environment
        self._resolver = resolver
        self._proxies: dict[tuple[str, str], _Proxy | None] = {}
        self._session: aiohttp.ClientSession | None = None
        self._once: aiohttp.ClientSession | None = None  # closes its connections at once

    async def __aenter__(self) -> Self:
        """Open the session; raise ``UsageError`` where ``SSL_CERT_FILE`` cannot be used."""
        tls = _tls_context()
        self._session = self._open_session(tls)
        self._once = self._open_session(tls, force_close=True)
        return self

    async def __aexit__(self, *_: object) -> None:
        for session in (self._session, self._once):
            if session is not None:
                await session.close()

    def _open_session(
        self, tls: ssl.SSLContext | Literal[True], *, force_close: bool = False
    ) -> aiohttp.ClientSession:
        return aiohttp.ClientSession(
            # How many at once is decided by orgauth.slots, not here.
            connector=_CleanConnector(
                limit=0, ssl=tls, resolver=self._resolver, force_close=force_close
            ),
            timeout=aiohttp.ClientTimeout(total=self._timeout_seconds),
            cookie_jar=aiohttp.DummyCookieJar(),
            headers={"User-Agent": f"orgauth/{__version__}", "Accept-Encoding": "identity"},
            auto_decompress=False,
            trust_env=False,
        )

    async def request(
        self, method: str, url: str, *, headers: Mapping[str, str], body: bytes | None = None
    ) -> HttpAnswer:
        """Send one request; raise ``AttemptFailed`` where no whole answer comes back."""
        if self._session is None or self._once is None:
            raise RuntimeError("use the client as an async context manager")
        host = url.partition("://")[2].partition("/")[0]  # where urlsplit may be what fails
        kept = self._keep_alive.begin(host)
        try:
            proxy = self._proxy(url)
            async with (self._session if kept else self._once).request(
                method,
                url,
                headers=headers,
                data=body,
                allow_redirects=False,
                proxy=proxy.url if proxy else None,
                proxy_headers=proxy.headers if proxy else None,
            ) as response:
                answer = HttpAnswer(response.status, response.headers, await _read(response))
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
            raise AttemptFailed(_classify(error, host, self._timeout_seconds)) from error
        finally:
            if kept:
                self._keep_alive.end(host)
        # Never the body or a header, and of the URL what holds no data.
        _log.debug("%s %s: HTTP %d", method, url.partition("?")[0], answer.status)
        return answer

    def _proxy(self, url: str) -> _Proxy | None:
        parts = urlsplit(url)
        place = (parts.scheme, parts.netloc)
        if place not in self._proxies:
            proxy = self._find_proxy(url)
            self._proxies[place] = None if proxy is None else _parsed_proxy(proxy, parts.netloc)
        return self._proxies[place]


class _CleanConnector(aiohttp.TCPConnector):
    """Uses no connection again over which something came that nobody had asked for.

    aiohttp would take it for the answer to the next request: what a confused server or proxy
    says too much about one org would be another's outcome.
    Source: https://github.com/aio-libs/aiohttp/issues/13656
    """

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._used: WeakSet[Any] = WeakSet()

    async def connect(self, *args: Any, **options: Any) -> Connection:
        connection = await super().connect(*args, **options)
        # One that is new is kept, or a server that speaks first would be called for ever.
        while connection.protocol in self._used and _has_strayed(connection):
            connection.close()
            connection = await super().connect(*args, **options)
        self._used.add(connection.protocol)
        return connection


def _has_strayed(connection: Connection) -> bool:
    return connection.protocol is None or connection.protocol.should_close


def _tls_context() -> ssl.SSLContext | Literal[True]:
    """Return a context that verifies; ``True`` for aiohttp's own, which does so, too."""
    own_roots = os.environ.get("SSL_CERT_FILE")
    if not own_roots:
        return True  # a context reads all the system's roots: 20 ms, which aiohttp has paid
    context = ssl.create_default_context()
    # OpenSSL reads the file by itself, but passes over one that it cannot use, and every org
    # would fail instead.
    try:
        context.load_verify_locations(cafile=own_roots)
    except OSError as error:  # ssl.SSLError is one, too
        reason = "it holds no certificate" if isinstance(error, ssl.SSLError) else error.strerror
        raise UsageError(
            f"SSL_CERT_FILE={printable(own_roots)} cannot be used: {reason}",
            advice="Name a PEM file with the root certificates to trust, or unset it",
        ) from error
    return context


@dataclass(frozen=True, slots=True)
class _Proxy:
    """A proxy, its password apart from its URL: aiohttp's exceptions show the URL."""

    url: str
    headers: Mapping[str, str] = field(repr=False)


def _parsed_proxy(url: str, host: str) -> _Proxy:
    try:
        parts = urlsplit(url)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        parts, usable = urlsplit(""), False
    if not usable:
        what = f"the proxy for {host} is no http:// or https:// address"  # and not quoted
        raise AttemptFailed(_failure("proxy", what, permanent=True))
    login, _, place = parts.netloc.rpartition("@")
    headers = {}
    if login:
        basic = base64.b64encode(unquote_to_bytes(login)).decode()
        headers["Proxy-Authorization"] = f"Basic {basic}"
    return _Proxy(f"{parts.scheme}://{place}", headers)


def _proxy_of_environment(url: str) -> str | None:
    parts = urlsplit(url)
    host = parts.hostname or ""
    # At a proxy, 127.0.0.1 would be another machine. NO_PROXY may name an IPv6 address with
    # brackets and port, or, as most people write it, without.
    if is_this_machine(host) or proxy_bypass(parts.netloc) or proxy_bypass(host):
        return None
    proxies = getproxies()
    proxy = proxies.get(parts.scheme) or proxies.get("all")
    return f"http://{proxy}" if proxy and "://" not in proxy else proxy


async def _read(response: aiohttp.ClientResponse) -> bytes:
    length = response.content_length
    if length is not None and length <= MAX_ANSWER_BYTES:  # aiohttp reads no byte more
        return await response.read()
    chunks, size = [], 0
    async for chunk in response.content.iter_any():
        size += len(chunk)
        if size > MAX_ANSWER_BYTES:
            response.close()  # do not drain what may never end
            raise AttemptFailed(
                _failure("answer_too_large", f"{response.url.raw_authority} sent more than 1 MiB")
            )
        chunks.append(chunk)
    return b"".join(chunks)


def _classify(  # noqa: C901 - a table, one line a row
    error: Exception, host: str, timeout_seconds: float
) -> Failure:
    """Translate what aiohttp, asyncio or the system raised. Order counts: subclasses first."""
    match error:
        case TimeoutError():
            return _failure("timeout", f"{host} did not answer within {timeout_seconds:g} s")
        case aiohttp.ClientConnectorCertificateError() | aiohttp.ClientConnectorSSLError():
            return _tls_failure(error, host)
        case aiohttp.ClientConnectorDNSError():
            # Not always the host's: it may be the proxy's name.
            return _failure("dns", f"the name {printable(error.host)} cannot be looked up")
        case aiohttp.ClientHttpProxyError():
            return _failure(
                "proxy",
                f"the proxy answered HTTP {error.status} for {host}",
                permanent=error.status in _PROXY_REFUSES,
            )
        case aiohttp.ClientProxyConnectionError():
            return _failure("proxy", f"the proxy cannot be reached for {host}")
        case aiohttp.ClientConnectorError():
            refused = isinstance(error.os_error, ConnectionRefusedError)
            number = error.os_error.errno
            reason = os.strerror(number) if number else "it broke before the first byte"
            return _failure(
                "connection_refused" if refused else "no_connection",
                f"no connection to {host}: {reason}",
            )
        case aiohttp.ServerDisconnectedError():
            return _failure("disconnected", f"{host} closed the connection without an answer")
        case aiohttp.ClientPayloadError():
            return _failure("half_answer", f"{host} broke off in the middle of its answer")
        case aiohttp.ClientResponseError():
            return _failure("bad_http", f"{host} sent an answer that is not HTTP")
        case aiohttp.InvalidURL() | aiohttp.NonHttpUrlClientError() | ValueError():
            return _failure("bad_url", f"{host} is no host that can be asked", permanent=True)
        case _:
            return _failure("connection_lost", f"the connection to {host} broke")


def _tls_failure(error: Exception, host: str) -> Failure:
    inner = getattr(error, "certificate_error", None) or getattr(error, "os_error", None)
    reason = (
        getattr(inner, "verify_message", None) or getattr(inner, "reason", None) or "TLS failed"
    )
    return Failure(
        "tls",
        f"the TLS connection to {host} is not trusted: {printable(str(reason))}",
        FailureKind.PERMANENT,
        Cause.NETWORK,
        "Where a company proxy opens TLS, point SSL_CERT_FILE to a bundle that has its root "
        "certificate. Verification cannot be switched off",
    )


def _failure(code: str, description: str, *, permanent: bool = False) -> Failure:
    kind = FailureKind.PERMANENT if permanent else FailureKind.TRANSIENT
    return Failure(code, description, kind, Cause.NETWORK, _NETWORK_ADVICE)
