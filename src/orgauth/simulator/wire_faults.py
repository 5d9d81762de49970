"""The faults that take the connection into their own hands: slow, endless, cut or silent bodies.

All of them end when the client goes: sending raises then, and the server cancels what waits.
Those that break the headers are in ``head_faults``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from orgauth.simulator.fault import Fault
from orgauth.simulator.wire import end, head_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from orgauth.simulator.fault import Truth
    from orgauth.simulator.wire import End, Wire

__all__ = [
    "closed",
    "cut_short",
    "endless_body",
    "endless_chunks",
    "hang",
    "huge",
    "reset",
    "short_length",
    "slow_drip",
    "twice",
]

_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json;charset=UTF-8\r\n"
_OPENING = b'{"access_token":"'
_MEGABYTE = b"0" * (1 << 20)


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


def endless_chunks(pause: float = 0.0) -> Fault:
    """Send a body without end in chunks of 32 KB; ``pause`` in seconds after each."""
    chunk = b"8000\r\n" + b"0" * 0x8000 + b"\r\n"

    async def play(wire: Wire, _truth: Truth) -> None:
        await wire.send(_HEAD + b"Transfer-Encoding: chunked\r\n\r\n")
        while True:
            await wire.send(chunk, pause)

    return Fault("endless chunks", play)


def slow_drip(pause: float = 1.0) -> Fault:
    """Send the true answer's body a byte at a time, ``pause`` seconds after each."""

    async def play(wire: Wire, truth: Truth) -> None:
        true = truth()
        await wire.send(head_of(true))
        for place in range(len(true.body)):
            await wire.send(true.body[place : place + 1], pause)
        wire.close()

    return Fault("slow drip", play)


def cut_short(then: End = "close") -> Fault:
    """Promise all of the true answer, send half of it, then end."""

    async def play(wire: Wire, truth: Truth) -> None:
        true = truth()
        await wire.send(head_of(true) + true.body[: len(true.body) // 2])
        await end(wire, then)

    return Fault("cut short" if then == "close" else f"cut short, {then}", play)


def short_length(missing: int = 10) -> Fault:
    """Send all of the true answer, its length told ``missing`` bytes too short."""

    async def play(wire: Wire, truth: Truth) -> None:
        true = truth()
        await wire.send(head_of(true, length=len(true.body) - missing) + true.body)
        await end(wire, "close")

    return Fault("short length", play)


def twice(pause: float = 0.0) -> Fault:
    """Send the true answer, and after ``pause`` seconds once more, though nobody asked again."""

    async def play(wire: Wire, truth: Truth) -> None:
        true = truth()
        await wire.send(head_of(true) + true.body, pause)
        await wire.send(head_of(true) + true.body)
        await end(wire, "hang")

    return Fault("twice", play)


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
        await end(wire, "hang", seconds)

    return Fault("hang", play)
