"""The faults that take the connection into their own hands: slow, endless, cut or silent.

All of them end when the client goes: sending raises then, and the server cancels what waits.
"""

from __future__ import annotations

import itertools
from http import HTTPStatus
from typing import TYPE_CHECKING

from orgauth.simulator.fault import Fault

if TYPE_CHECKING:
    from collections.abc import Sequence

    from orgauth.simulator.fault import Truth
    from orgauth.simulator.reply import Reply
    from orgauth.simulator.wire import Wire

__all__ = [
    "closed",
    "cut_short",
    "endless_body",
    "endless_headers",
    "hang",
    "huge",
    "reset",
    "slow_drip",
]

_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json;charset=UTF-8\r\n"
_OPENING = b'{"access_token":"'
_MEGABYTE = b"0" * (1 << 20)


def _head(true: Reply) -> bytes:
    lines = (
        f"HTTP/1.1 {true.status} {HTTPStatus(true.status).phrase}",
        f"Content-Type: {true.content_type}",
        f"Content-Length: {len(true.body)}",
    )
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


def _streamed(name: str, chunks: Sequence[bytes], pause: float = 0.0) -> Fault:
    """Send ``chunks`` with ``pause`` seconds after each, then close."""

    async def play(wire: Wire, _truth: Truth) -> None:
        for chunk in chunks:
            await wire.send(chunk, pause)
        wire.close()

    return Fault(name, play)


def huge(megabytes: int = 50) -> Fault:
    """Send a JSON body of this size, its length told beforehand."""
    length = len(_OPENING) + len(_MEGABYTE) * megabytes + 2
    head = _HEAD + b"Content-Length: %d\r\n\r\n" % length + _OPENING
    return _streamed(f"huge {megabytes} MB", (head, *[_MEGABYTE] * megabytes, b'"}'))


def endless_body(pause: float = 0.0) -> Fault:
    """Send a body without end and without a length; ``pause`` in seconds after each megabyte."""

    async def play(wire: Wire, _truth: Truth) -> None:
        await wire.send(_HEAD + b"Connection: close\r\n\r\n" + _OPENING)
        while True:
            await wire.send(_MEGABYTE, pause)

    return Fault("endless body", play)


def endless_headers(pause: float = 0.0) -> Fault:
    """Send headers without end; ``pause`` in seconds after each."""

    async def play(wire: Wire, _truth: Truth) -> None:
        await wire.send(_HEAD)
        numbers = itertools.count()
        while True:
            await wire.send(b"X-Header-%d: %s\r\n" % (next(numbers), b"0" * 100), pause)

    return Fault("endless headers", play)


def slow_drip(pause: float = 1.0) -> Fault:
    """Send the true answer's body a byte at a time, ``pause`` seconds after each."""

    async def play(wire: Wire, truth: Truth) -> None:
        true = truth()
        await wire.send(_head(true))
        for place in range(len(true.body)):
            await wire.send(true.body[place : place + 1], pause)
        wire.close()

    return Fault("slow drip", play)


def cut_short() -> Fault:
    """Promise all of the true answer, send half of it, then close."""

    async def play(wire: Wire, truth: Truth) -> None:
        true = truth()
        await wire.send(_head(true) + true.body[: len(true.body) // 2])
        wire.close()

    return Fault("cut short", play)


def closed() -> Fault:
    """Close the connection with no answer."""
    return _streamed("closed", ())


def reset() -> Fault:
    """Reset the connection with no answer."""

    async def play(wire: Wire, _truth: Truth) -> None:
        wire.reset()

    return Fault("reset", play)


def hang(seconds: float = 3600.0) -> Fault:
    """Say nothing for so long, then close."""

    async def play(wire: Wire, _truth: Truth) -> None:
        await wire.wait(seconds)
        wire.close()

    return Fault("hang", play)
