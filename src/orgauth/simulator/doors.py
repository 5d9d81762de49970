"""What breaks before HTTP: ports of this machine that refuse, hang, or garble the handshake.

A door stands in front of a simulator. What its trouble does not touch it passes on::

    async with Door(breaks("reset"), to=simulator.url, times=1) as door:
        ...  # the first connection to door.port is reset, the others reach the simulator

Without ``tls`` it sees raw TCP: the trouble of an https client is then its TLS handshake. With
``tls`` it does the handshake itself, and the trouble comes where the request is to be read.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import socket
import ssl
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Self, TypeAlias
from urllib.parse import urlsplit

from orgauth.simulator.tls import server_context
from orgauth.simulator.wire import Wire, end

if TYPE_CHECKING:
    from collections.abc import Iterator

    from orgauth.simulator.tls import TlsFiles
    from orgauth.simulator.wire import End

__all__ = [
    "Door",
    "Trouble",
    "breaks",
    "drips",
    "full_port",
    "reads_slowly",
    "refusing_port",
    "says",
]

_PART = 65_536
_BACKLOG = 1024


class Door:
    """A port with a trouble: ``async with Door(breaks("close")) as door``, then ``door.port``.

    Args:
        trouble: what befalls a connection.
        to: the URL of the simulator that is behind it.
        tls: the certificate to show; the simulator behind must show one of the same authority.
        times: how many connections have trouble, the rest being passed on; ``None`` for all.
    """

    def __init__(
        self,
        trouble: Trouble,
        *,
        to: str = "",
        tls: TlsFiles | None = None,
        times: int | None = None,
    ) -> None:
        self.port = 0
        self.connections = 0
        """How many came, their TLS handshake done where the door has TLS."""
        self.heard = bytearray()
        """What all of them said, as far as it was read."""
        self._trouble = trouble
        self._to = urlsplit(to)
        self._tls = tls
        self._times = times
        self._visits: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None

    async def __aenter__(self) -> Self:
        context = server_context(self._tls) if self._tls else None
        self._server = await asyncio.start_server(
            self._visit, "127.0.0.1", 0, ssl=context, backlog=_BACKLOG
        )
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._server is not None:
            self._server.close()
        for visit in self._visits:
            visit.cancel()
        await asyncio.gather(*self._visits, return_exceptions=True)

    async def read(self, reader: asyncio.StreamReader, most: int = _PART) -> bytes:
        """Return what the client says next, and remember it; empty when it has gone."""
        part = await reader.read(most)
        self.heard += part
        return part

    async def pass_on(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, pause: float | None = None
    ) -> None:
        """Join the client to the simulator; with ``pause``, its answers come a byte at a time."""
        context = ssl.create_default_context(cafile=self._tls.ca_file) if self._tls else None
        there, back = await asyncio.open_connection(
            self._to.hostname, self._to.port, ssl=context, server_hostname=context and "localhost"
        )
        try:
            await asyncio.gather(self._copy(reader, back), _copy_slowly(there, writer, pause))
        finally:
            back.close()

    async def _copy(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while part := await self.read(reader):
            writer.write(part)
            await writer.drain()
        writer.close()

    async def _visit(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        visit = asyncio.current_task()
        assert visit is not None  # noqa: S101 - a coroutine runs in a task
        self._visits.add(visit)
        self.connections += 1
        try:
            if self._times is None or self.connections <= self._times:
                await self._trouble(self, reader, writer)
            else:
                await self.pass_on(reader, writer)
        except (OSError, asyncio.CancelledError):
            pass  # the client has gone, or the door is taken away
        finally:
            self._visits.discard(visit)
            writer.close()


async def _copy_slowly(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, pause: float | None
) -> None:
    while part := await reader.read(_PART if pause is None else 1):
        writer.write(part)
        await writer.drain()
        if pause is not None:
            await asyncio.sleep(pause)
    writer.close()


Trouble: TypeAlias = Callable[[Door, asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
"""What befalls one connection; it is closed afterwards."""


def breaks(how: End) -> Trouble:
    """End the connection once the client has begun to speak."""

    async def trouble(
        door: Door, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        await door.read(reader)
        await end(Wire(writer.transport, asyncio.sleep), how)

    return trouble


def drips(pause: float = 1.0) -> Trouble:
    """Pass the simulator's side on a byte at a time, ``pause`` seconds after each."""

    async def trouble(
        door: Door, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        await door.pass_on(reader, writer, pause)

    return trouble


def reads_slowly(pause: float = 1.0) -> Trouble:
    """Read a byte of the client's, ``pause`` seconds after each, and say nothing."""

    async def trouble(
        door: Door, reader: asyncio.StreamReader, _writer: asyncio.StreamWriter
    ) -> None:
        while await door.read(reader, 1):  # noqa: ASYNC110 - it dawdles, it does not wait for an event
            await asyncio.sleep(pause)

    return trouble


def says(*parts: bytes, endless: bool = False) -> Trouble:
    """Say this to whatever the client has begun to say; ``endless`` repeats the last part."""

    async def trouble(
        door: Door, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        await door.read(reader)
        for part in itertools.chain(parts, itertools.repeat(parts[-1]) if endless else ()):
            writer.write(part)
            await writer.drain()

    return trouble


@contextlib.contextmanager
def refusing_port() -> Iterator[int]:
    """Give a port that is taken, but where nobody listens: connections are refused."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield taken.getsockname()[1]


@contextlib.contextmanager
def full_port() -> Iterator[int]:
    """Give a port whose queue is full: connections are neither accepted nor refused (Linux)."""
    with socket.socket() as listener, socket.socket() as first:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        first.connect(listener.getsockname())
        yield listener.getsockname()[1]
