"""The simulator as a server on real sockets of this machine."""

from __future__ import annotations

import tempfile
from contextlib import AsyncExitStack
from email.utils import formatdate
from pathlib import Path
from typing import TYPE_CHECKING, Self

from aiohttp import web

from orgauth.simulator import rest, token
from orgauth.simulator.behaviour import covers
from orgauth.simulator.call import Asked
from orgauth.simulator.tls import make_certificates, server_context
from orgauth.simulator.wire import Wire

if TYPE_CHECKING:
    import ssl
    from types import TracebackType

    from orgauth.simulator.call import Call
    from orgauth.simulator.fault import Fault
    from orgauth.simulator.reply import Reply
    from orgauth.simulator.tls import TlsFiles
    from orgauth.simulator.world import World

__all__ = ["Simulator"]

BACKLOG = 4096
# Handlers that hang are cut off at the end; nobody waits for a simulator to finish its sentence.
SHUTDOWN_SECONDS = 0.1


class Simulator:
    """Serves a ``World`` on 127.0.0.1: ``async with Simulator(world) as simulator``.

    Args:
        world: what is served; it may change meanwhile.
        tls: https with a certificate of its own making, or with the files given.
        host: the address to listen on; one of this machine only.
        port: 0 for any free one.
    """

    def __init__(
        self,
        world: World,
        *,
        tls: bool | TlsFiles = False,
        host: str = "127.0.0.1",
        port: int = 0,
    ) -> None:
        self.world = world
        self.ca_file: Path | None = None
        """With TLS: the authority to trust, for ``SSL_CERT_FILE`` or ``NODE_EXTRA_CA_CERTS``."""
        self._tls = tls
        self._address = (host, port)
        self._stack = AsyncExitStack()
        self._date = (0, "")

    @property
    def url(self) -> str:
        """``http://127.0.0.1:PORT``, or ``https://localhost:PORT`` with TLS."""
        return self.world.host.url

    async def __aenter__(self) -> Self:
        context = self._context()
        # Cancelling tells a fault that hangs that its client has given up.
        server = web.Server(self._handle, handler_cancellation=True, access_log=None)
        runner = web.ServerRunner(server, shutdown_timeout=SHUTDOWN_SECONDS)
        await runner.setup()
        self._stack.push_async_callback(runner.cleanup)
        host, port = self._address
        site = web.TCPSite(runner, host, port, ssl_context=context, backlog=BACKLOG)
        try:
            await site.start()
        except OSError:
            await self._stack.aclose()
            raise
        port = runner.addresses[0][1]
        self.world.host.url = f"https://localhost:{port}" if context else f"http://{host}:{port}"
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._stack.aclose()

    def _context(self) -> ssl.SSLContext | None:
        if self._tls is False:
            return None
        if self._tls is True:
            folder = self._stack.enter_context(tempfile.TemporaryDirectory(prefix="orgauth-tls-"))
            self._tls = make_certificates(Path(folder))
        self.ca_file = self._tls.ca_file
        return server_context(self._tls)

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        asked = Asked(
            request.method,
            request.path,
            request.query if request.query_string else {},
            request.headers,
            await request.read() if request.body_exists else b"",
        )
        understand = token.understand if asked.path == token.PATH else rest.understand
        call = understand(self.world, asked)
        username = None if call.org is None else call.org.key
        self.world.requests.arrived(call.kind, username)
        status = None
        try:
            reply = await self._admitted(call, request)
            if reply is None:
                # The connection is closed already; aiohttp finds that out by itself.
                return web.Response()
            status = int(reply.status)
            return self._response(reply)
        finally:
            self.world.requests.left(call.kind, username, status, self.world.now())

    async def _admitted(self, call: Call, request: web.BaseRequest) -> Reply | None:
        limit = self.world.host.limit
        if limit is None or not covers(limit.on, call.kind):
            return await self._answered(call, request)
        if limit.admitted >= limit.in_flight:
            self.world.requests.throttled += 1
            return await self._misplayed(limit.fault, call, request)
        limit.admitted += 1
        try:
            return await self._answered(call, request)
        finally:
            limit.admitted -= 1

    async def _answered(self, call: Call, request: web.BaseRequest) -> Reply | None:
        world, org = self.world, call.org
        seconds = world.host.latency + (0.0 if org is None else org.latency)
        if seconds > 0:
            await world.sleep(seconds)
        fault = None if org is None else org.draw(call.kind, world.rng)
        fault = fault or world.host.draw(call.kind, world.rng)
        if fault is None:
            return call.truth()
        world.requests.met(fault.name, None if org is None else org.key)
        return await self._misplayed(fault, call, request)

    async def _misplayed(self, fault: Fault, call: Call, request: web.BaseRequest) -> Reply | None:
        try:
            return await fault.play(Wire(request.transport, self.world.sleep), call.truth)
        except ConnectionResetError:
            # The client went away in the middle of it.
            return None

    def _response(self, reply: Reply) -> web.Response:
        second = int(self.world.now())
        if second != self._date[0]:
            self._date = (second, formatdate(second, usegmt=True))
        headers = {"Content-Type": reply.content_type, "Date": self._date[1], **reply.headers}
        return web.Response(status=reply.status, body=reply.body, headers=headers)
