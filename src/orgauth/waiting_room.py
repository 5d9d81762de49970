"""Where orgs wait for their approval; each one that gets in calls two others to try again."""

from __future__ import annotations

import asyncio
from itertools import islice
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Hashable

__all__ = ["WaitingRoom"]

_CALLED = 2


class WaitingRoom:
    """Waits that end early when a neighbour's success says that it is worth trying.

    New scratch orgs are often replicated together, and a backoff that has grown to a minute
    would let all of them wait for most of it. Each org that gets in calls two; if they get in,
    too, all are called within a few answers. If not, that was all: at most two requests more
    for each org that got in, however many wait.

    Args:
        sleep: how to wait.
    """

    def __init__(self, sleep: Callable[[float], Awaitable[None]]) -> None:
        self._sleep = sleep
        self._asleep: dict[Hashable, dict[asyncio.Future[None], None]] = {}

    async def wait(self, group: Hashable, seconds: float) -> None:
        """Wait so long, or until called."""
        called = asyncio.get_running_loop().create_future()
        group_asleep = self._asleep.setdefault(group, {})
        group_asleep[called] = None
        sleeping = asyncio.ensure_future(self._sleep(seconds))
        try:
            await asyncio.wait((sleeping, called), return_when=asyncio.FIRST_COMPLETED)
        finally:
            sleeping.cancel()
            group_asleep.pop(called, None)

    def got_in(self, group: Hashable) -> None:
        """Call two of the group: those who fell asleep first, so that everybody has a turn."""
        asleep = self._asleep.get(group, {})
        for called in tuple(islice(asleep, _CALLED)):
            del asleep[called]
            called.set_result(None)
