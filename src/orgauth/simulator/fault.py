"""What a fault is: the true answer bent, or the connection taken into its own hands."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from orgauth.simulator.reply import Reply

if TYPE_CHECKING:
    from collections.abc import Awaitable

    from orgauth.simulator.wire import Wire

__all__ = ["Fault", "Truth", "bent"]

Truth = Callable[[], Reply]
"""Gives the answer that would have been sent; calling it makes it happen (a token is issued)."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One way to misbehave.

    ``play`` returns the answer to send, or ``None`` once it has ended the connection itself.
    """

    name: str
    play: Callable[[Wire, Truth], Awaitable[Reply | None]]


def bent(name: str, bend: Callable[[Truth], Reply]) -> Fault:
    """Return a fault that answers in good order, with what ``bend`` makes of the truth."""

    async def play(_wire: Wire, truth: Truth) -> Reply:
        return bend(truth)

    return Fault(name, play)
