"""A connection in the hands of a fault: raw bytes out, and every way to end it."""

from __future__ import annotations

import asyncio
import socket
import struct
from http import HTTPStatus
from typing import TYPE_CHECKING, Literal, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from orgauth.simulator.reply import Reply

__all__ = ["End", "Wire", "end", "head_of"]

End: TypeAlias = Literal["close", "reset", "hang"]
"""How a fault leaves the connection: in good order, with RST, or open and silent."""

# On, zero seconds: closing throws away what is unsent and sends RST instead of FIN.
_RESET_ON_CLOSE = struct.pack("ii", 1, 0)
UNSENT_LIMIT = 1 << 18
FULL_PAUSE = 0.005


class Wire:
    """The server's end of one connection."""

    def __init__(
        self, transport: asyncio.WriteTransport | None, sleep: Callable[[float], Awaitable[None]]
    ) -> None:
        self._transport = transport
        self._sleep = sleep

    def is_open(self) -> bool:
        """Return whether the client is still there."""
        return self._transport is not None and not self._transport.is_closing()

    async def send(self, data: bytes, pause: float = 0.0) -> None:
        """Write ``data``, then wait ``pause`` seconds, and longer while the client reads slowly.

        Raises:
            ConnectionResetError: nobody is there any more.
        """
        if self._transport is None or not self.is_open():
            raise ConnectionResetError("the client has gone")
        self._transport.write(data)
        if pause > 0:
            await self._sleep(pause)
        # The client's reading speed is real even where time is simulated.
        await asyncio.sleep(0)
        # aiohttp keeps its transport's flow control to itself, so the buffer is looked at.
        while (  # noqa: ASYNC110 - there is no event to wait for
            self.is_open() and self._transport.get_write_buffer_size() > UNSENT_LIMIT
        ):
            await asyncio.sleep(FULL_PAUSE)

    async def wait(self, seconds: float) -> None:
        """Wait; a client that gives up meanwhile ends the wait (the server cancels it)."""
        await self._sleep(seconds)

    def close(self) -> None:
        """End the connection in good order, whatever has been said so far."""
        if self._transport is not None:
            self._transport.close()

    def reset(self) -> None:
        """End the connection with RST, as a crashed server or a firewall does."""
        if self._transport is None:
            return
        sock = self._transport.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
        self._transport.abort()


async def end(wire: Wire, how: End, seconds: float = 3600.0) -> None:
    """Leave the connection; ``seconds`` is how long ``hang`` says nothing before it closes."""
    if how == "reset":
        wire.reset()
        return
    if how == "hang":
        await wire.wait(seconds)
    wire.close()


def head_of(reply: Reply, *, length: int | None = None) -> bytes:
    """Return the status line and the headers of an answer, its length or another told."""
    lines = (
        f"HTTP/1.1 {reply.status} {HTTPStatus(reply.status).phrase}",
        f"Content-Type: {reply.content_type}",
        f"Content-Length: {len(reply.body) if length is None else length}",
    )
    return ("\r\n".join(lines) + "\r\n\r\n").encode()
