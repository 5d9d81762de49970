"""Lets a number of holders through at once, first come first served."""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from typing import TYPE_CHECKING

from orgauth.aimd import Level

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Gate"]

_FIRST_ATTEMPTS_IN_A_ROW = 15


class Gate:
    """A semaphore whose limit is learnt, that can be paused, and whose queue can be turned away.

    Who tries again gives way to who has not tried yet, so that orgs nobody has approved do not
    delay those that are ready; but is let through after fifteen others, so that no crowd of
    first attempts keeps it out.

    Args:
        limit: how many at once, at most.
    """

    def __init__(self, limit: int) -> None:
        self.paused = False
        self.burst = 0
        """How many bursts of refusals have begun. Who was let in before the last one began, and is
        refused after it, belongs to it."""
        self._level = Level(limit)
        self._limit = limit  # the level's, which is asked for often and changes rarely
        self._held = 0
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._again: deque[asyncio.Future[None]] = deque()
        self._in_a_row = 0

    @property
    def is_crowded(self) -> bool:
        """Whether the queue is long enough to keep the gate busy: twice what it lets through."""
        return len(self._waiting) >= 2 * self._limit

    async def acquire(self, *, again: bool) -> None:
        """Wait for one's turn; raise what ``turn_away`` says."""
        if not (self._waiting or self._again) and self._has_room():
            self._held += 1
            return
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        queue = self._again if again else self._waiting
        queue.append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled() and turn.exception() is None:
                self.release(succeeded=False)  # admitted and cancelled in one breath
            else:
                # It is gone already where somebody released in the same turn of the loop.
                with contextlib.suppress(ValueError):
                    queue.remove(turn)
            raise

    def release(self, *, succeeded: bool) -> None:
        """Make room for the next one; only a success says that there may be room for more."""
        self._held -= 1
        if not succeeded:
            # A turn of the loop later: who failed may be about to ask for a pause, and nobody
            # should slip in before it.
            asyncio.get_running_loop().call_soon(self._admit)
            return
        if not self._level.is_full:
            self._level.succeeded()
            self._limit = self._level.limit
        self._admit()

    def refused(self, burst: int) -> bool:
        """Take note that the host refused a holder; return whether that begins a new burst.

        Args:
            burst: what ``burst`` was when the holder was let in.
        """
        begins = burst == self.burst
        if begins:
            self.burst += 1
            self._level.refused(self._held)
        elif burst == self.burst - 1:  # older ones say nothing about this burst
            self._level.refused_too()
        self._limit = self._level.limit
        return begins

    def pause(self) -> None:
        """Let nobody through until ``resume``."""
        self.paused = True

    def resume(self) -> None:
        """Let those through who came meanwhile."""
        self.paused = False
        self._admit()

    def turn_away(self, error: Callable[[], Exception]) -> None:
        """Raise an error, each one's own, to everybody in the queue."""
        for turn in (*self._waiting, *self._again):
            if not turn.done():
                turn.set_exception(error())
        self._waiting.clear()
        self._again.clear()

    def _has_room(self) -> bool:
        return not self.paused and self._held < self._limit

    def _admit(self) -> None:
        while (self._waiting or self._again) and self._has_room():
            turn = self._next_queue().popleft()
            if not turn.done():
                self._held += 1
                turn.set_result(None)

    def _next_queue(self) -> deque[asyncio.Future[None]]:
        if self._again and (not self._waiting or self._in_a_row >= _FIRST_ATTEMPTS_IN_A_ROW):
            self._in_a_row = 0
            return self._again
        self._in_a_row += 1
        return self._waiting
