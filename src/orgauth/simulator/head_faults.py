"""The faults that break an answer before its body: half a head, a head without end, no HTTP."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

from orgauth.simulator.fault import Fault
from orgauth.simulator.wire import end, head_of

if TYPE_CHECKING:
    from orgauth.simulator.fault import Truth
    from orgauth.simulator.wire import End, Wire

__all__ = [
    "continue_for_ever",
    "cut_head",
    "endless_header",
    "endless_headers",
    "raw",
    "slow_head",
]

_STATUS_LINE = b"HTTP/1.1 200 OK\r\n"


def raw(name: str, data: bytes, then: End = "close") -> Fault:
    """Send these bytes in place of an answer, whatever they are, then end."""

    async def play(wire: Wire, _truth: Truth) -> None:
        await wire.send(data)
        await end(wire, then)

    return Fault(name, play)


def cut_head(then: End = "close") -> Fault:
    """Send half of the true answer's headers, then end."""

    async def play(wire: Wire, truth: Truth) -> None:
        head = head_of(truth())
        await wire.send(head[: len(head) // 2])
        await end(wire, then)

    return Fault(f"cut head, {then}", play)


def slow_head(pause: float = 1.0) -> Fault:
    """Send the true answer, its headers a byte at a time, ``pause`` seconds after each."""

    async def play(wire: Wire, truth: Truth) -> None:
        true = truth()
        head = head_of(true)
        for place in range(len(head)):
            await wire.send(head[place : place + 1], pause)
        await wire.send(true.body)
        wire.close()

    return Fault("slow head", play)


def endless_headers(pause: float = 0.0) -> Fault:
    """Send headers without end; ``pause`` in seconds after each."""

    async def play(wire: Wire, _truth: Truth) -> None:
        await wire.send(_STATUS_LINE)
        for number in itertools.count():
            await wire.send(b"X-Header-%d: %s\r\n" % (number, b"0" * 100), pause)

    return Fault("endless headers", play)


def endless_header(pause: float = 0.0) -> Fault:
    """Send one header without end; ``pause`` in seconds after each 4 KB."""

    async def play(wire: Wire, _truth: Truth) -> None:
        await wire.send(_STATUS_LINE + b"X-Header: ")
        while True:
            await wire.send(b"0" * 4096, pause)

    return Fault("endless header", play)


def continue_for_ever(pause: float = 0.0) -> Fault:
    """Ask the client to go on (100) again and again; ``pause`` in seconds after each."""

    async def play(wire: Wire, _truth: Truth) -> None:
        while True:
            await wire.send(b"HTTP/1.1 100 Continue\r\n\r\n", pause)

    return Fault("continue for ever", play)
