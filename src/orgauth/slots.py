"""How many requests at once, in all and a host; and pauses for hosts that ask for one."""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

__all__ = ["Pace", "Slots"]


_FIRST_ATTEMPTS_IN_A_ROW = 15


class _Gate:
    """Lets a number of holders through at once, first come first served.

    Who tries again gives way to who has not tried yet, so that orgs nobody has approved do not
    delay those that are ready; but is let through after fifteen others, so that no crowd of
    first attempts keeps it out.

    The limit halves when the host asks for a pause and grows by about one a
    round of successes afterwards (AIMD, as TCP does): it finds what the host takes.
    """

    def __init__(self, limit: int) -> None:
        self._ceiling = float(limit)
        self._limit = float(limit)
        self._held = 0
        self._paused = False
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._again: deque[asyncio.Future[None]] = deque()
        self._in_a_row = 0

    async def acquire(self, *, again: bool) -> None:
        if self._has_room() and not self._waiting and not self._again:
            self._held += 1
            return
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        queue = self._again if again else self._waiting
        queue.append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():  # admitted and cancelled in one breath
                self.release(succeeded=False)
            else:
                # It is gone already where somebody released in the same turn of the loop.
                with contextlib.suppress(ValueError):
                    queue.remove(turn)
            raise

    def release(self, *, succeeded: bool) -> None:
        self._held -= 1
        if not succeeded:
            # A turn of the loop later: who failed may be about to ask for a pause, and nobody
            # should slip in before it.
            asyncio.get_running_loop().call_soon(self._admit)
            return
        if self._limit < self._ceiling:
            self._limit = min(self._ceiling, self._limit + 1.0 / self._limit)
        self._admit()

    def pause(self) -> None:
        self._paused = True
        self._limit = max(1.0, self._limit / 2.0)

    def resume(self) -> None:
        self._paused = False
        self._admit()

    def _has_room(self) -> bool:
        return not self._paused and self._held < int(self._limit)

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


class Slots:
    """The slots of a run. One is held only while something is in flight.

    Args:
        total: requests in flight at once, all hosts together.
        per_host: requests in flight at once to one host.
        clock: seconds that never go back.
        sleep: how to wait out a pause.
    """

    def __init__(
        self,
        *,
        total: int,
        per_host: int,
        clock: Callable[[], float],
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._total = _Gate(total)
        self._per_host = per_host
        self._clock = clock
        self._sleep = sleep
        self._hosts: dict[str, _Gate] = {}
        self._paused_until: dict[str, float] = {}
        self._resumers: dict[str, asyncio.Task[None]] = {}

    def hold(self, host: str, *, again: bool = False) -> _Hold:
        """Wait for a slot to ``host``, and hold it while the body runs (``async with``).

        Args:
            host: whom to ask.
            again: whether it is a further attempt, which gives way to first ones.
        """
        return _Hold(self._gate(host), self._total, again=again)

    def pause(self, host: str, seconds: float) -> bool:
        """Let nobody new through to ``host`` for so long; return whether that is news.

        Refusals that were under way when the pause began do not halve the limit again.
        """
        until = self._clock() + seconds
        running = host in self._resumers
        if running and until <= self._paused_until[host]:
            return False
        self._paused_until[host] = until
        if not running:
            self._gate(host).pause()
            self._resumers[host] = asyncio.create_task(self._resume(host))
        return True

    async def close(self) -> None:
        """Stop waiting for pauses to end."""
        for task in list(self._resumers.values()):
            task.cancel()
        await asyncio.gather(*self._resumers.values(), return_exceptions=True)

    async def _resume(self, host: str) -> None:
        try:
            while (left := self._paused_until[host] - self._clock()) > 0:
                await self._sleep(left)
        finally:
            del self._resumers[host]
            self._gate(host).resume()

    def _gate(self, host: str) -> _Gate:
        gate = self._hosts.get(host)
        if gate is None:
            gate = self._hosts[host] = _Gate(self._per_host)
        return gate


class _Hold:
    """One holding of a slot. A class: a generator's context manager costs several times as much."""

    __slots__ = ("_again", "_gate", "_total")

    def __init__(self, gate: _Gate, total: _Gate, *, again: bool) -> None:
        self._gate = gate
        self._total = total
        self._again = again

    async def __aenter__(self) -> None:
        await self._gate.acquire(again=self._again)
        try:
            await self._total.acquire(again=self._again)
        except BaseException:
            self._gate.release(succeeded=False)
            raise

    async def __aexit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self._total.release(succeeded=kind is None)
        self._gate.release(succeeded=kind is None)


class Pace:
    """At most so many a second, evenly spread.

    Args:
        per_second: how many, or None for no limit.
        clock: seconds that never go back.
        sleep: how to wait for one's turn.
    """

    def __init__(
        self,
        per_second: float | None,
        *,
        clock: Callable[[], float],
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._interval = 1.0 / per_second if per_second else 0.0
        self._clock = clock
        self._sleep = sleep
        self._next = float("-inf")

    async def turn(self) -> None:
        """Wait until it is this caller's turn."""
        if not self._interval:
            return
        now = self._clock()
        mine = max(now, self._next)
        self._next = mine + self._interval
        if mine > now:
            await self._sleep(mine - now)
