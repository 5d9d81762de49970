"""How many requests at once, in all and a host; and pauses for hosts that ask for one."""

from __future__ import annotations

import asyncio
import random
from functools import partial
from typing import TYPE_CHECKING

from orgauth.errors import AttemptFailed, NotTried
from orgauth.events import HostPaused, HostShut
from orgauth.failures import host_shut
from orgauth.gate import Gate
from orgauth.models import FailureKind
from orgauth.settings import ThrottledPolicy

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from orgauth.models import Failure
    from orgauth.ports import Observer

__all__ = ["Slots"]

_WORTH_TELLING = 1.0
"""Seconds by which a pause must grow to be news: a burst's refusals come one after another."""
_MOST_DOUBLINGS = 62  # more would overflow; the longest wait caps them long before


class _Host:
    """One host: its gate, and how it has been refusing."""

    __slots__ = (
        "gate",
        "name",
        "paused_until",
        "refusals_in_a_row",
        "refusing_since",
        "resumer",
        "shut_by",
        "shut_until",
    )

    def __init__(self, name: str, limit: int) -> None:
        self.name = name
        self.gate = Gate(limit)
        self.paused_until = 0.0
        self.resumer: asyncio.Task[None] | None = None
        self.refusals_in_a_row = 0  # bursts of them, with no success since
        self.refusing_since = 0.0
        self.shut_by: Failure | None = None
        self.shut_until = 0.0


class Slots:
    """The slots of a run. One is held only while something is in flight.

    A host that asks to slow down is left alone for as long as it asks, or, where it does not
    say, for a wait that grows while it refuses everybody; afterwards it gets fewer requests at a
    time (see ``aimd``). One that asks for more than the patience, or has refused everybody for
    as long, is shut: nobody is sent there any more.

    Args:
        total: requests in flight at once, all hosts together.
        per_host: requests in flight at once to one host.
        clock: seconds that never go back.
        policy: how patient to be with a host that asks to slow down.
        sleep: how to wait out a pause.
        rng: where the jitter of waits comes from.
        observer: is told of pauses and of hosts that are shut.
    """

    def __init__(
        self,
        *,
        total: int,
        per_host: int,
        clock: Callable[[], float],
        policy: ThrottledPolicy | None = None,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        rng: random.Random | None = None,
        observer: Observer | None = None,
    ) -> None:
        self._total = Gate(total)
        self._per_host = per_host
        self._clock = clock
        self._policy = policy or ThrottledPolicy()
        self._sleep = sleep
        self._rng = rng or random.Random()  # noqa: S311 - jitter needs no secrecy
        self._observer = observer
        self._hosts: dict[str, _Host] = {}

    def hold(self, host: str, *, again: bool = False) -> _Hold:
        """Wait for a slot to ``host``, and hold it while the body runs (``async with``).

        Args:
            host: whom to ask.
            again: whether it is a further attempt, which gives way to first ones.

        Raises:
            NotTried: the host is shut. Entering may raise it, too: it may come to that meanwhile.
        """
        known = self._hosts.get(host)
        if known is None:
            known = self._hosts[host] = _Host(host, self._per_host)
        elif known.shut_by is not None:
            self._turn_away(known, known.shut_by)
        return _Hold(self, known, again=again)

    def is_crowded(self, host: str) -> bool:
        """Return whether so many wait for this host that another would only be in the way."""
        known = self._hosts.get(host)
        return known is not None and known.gate.is_crowded

    async def close(self) -> None:
        """Stop waiting for pauses to end."""
        resumers = [host.resumer for host in self._hosts.values() if host.resumer is not None]
        for task in resumers:
            task.cancel()
        await asyncio.gather(*resumers, return_exceptions=True)

    async def enter(self, host: _Host, *, again: bool) -> int:
        """Wait for a slot of the host and of all; return the burst in which that was."""
        gate = host.gate
        while True:
            if host.shut_by is not None:
                self._turn_away(host, host.shut_by)
            await gate.acquire(again=again)
            try:
                await self._total.acquire(again=again)
            except BaseException:
                gate.release(succeeded=False)
                raise
            if not gate.paused and host.shut_by is None:
                return gate.burst
            # That came while this one waited for a slot of all hosts'.
            self.leave(host, succeeded=False)

    def leave(self, host: _Host, *, succeeded: bool) -> None:
        """Give the slot to the next one."""
        if succeeded and host.refusals_in_a_row:
            host.refusals_in_a_row = 0
        self._total.release(succeeded=succeeded)
        host.gate.release(succeeded=succeeded)

    def refused(self, host: _Host, burst: int, failure: Failure) -> None:
        """Take note that the host asked a holder to slow down; pause it, or shut it."""
        is_first = host.gate.refused(burst)
        now, asked = self._clock(), failure.retry_after or None  # 0 tells no time
        if is_first:
            host.refusals_in_a_row += 1
            if host.refusals_in_a_row == 1:
                host.refusing_since = now
        patience = self._policy.timeout_seconds
        if asked is not None and asked > patience:
            self._shut(host, now + asked, asked)
        elif host.refusals_in_a_row and now - host.refusing_since >= patience:
            self._shut(host, float("inf"), None)
        elif is_first or asked is not None:
            self._pause(host, now, self._pause_seconds(host, asked))

    def _pause_seconds(self, host: _Host, asked: float | None) -> float:
        before = max(host.refusals_in_a_row - 1, 0)
        if asked is not None and before == 0:
            return asked
        # To be asked for a second again and again is no reason to come back every second for ever.
        longest = self._policy.initial_seconds * 2.0 ** min(before, _MOST_DOUBLINGS)
        wait = self._rng.uniform(0.0, min(self._policy.max_seconds, longest))
        return max(asked or 0.0, wait)

    def _pause(self, host: _Host, now: float, seconds: float) -> None:
        """Let nobody new through for so long. A pause that goes on for longer stays."""
        longer_by = now + seconds - host.paused_until
        if host.resumer is None:
            host.gate.pause()
            host.paused_until = now + seconds
            host.resumer = asyncio.create_task(self._resume(host))
        elif longer_by > 0:
            host.paused_until += longer_by
            if longer_by < _WORTH_TELLING:
                return
        else:
            return
        self._tell(HostPaused(host.name, seconds))

    async def _resume(self, host: _Host) -> None:
        try:
            while (left := host.paused_until - self._clock()) > 0:
                await self._sleep(left)
        finally:
            host.resumer = None
            host.gate.resume()

    def _shut(self, host: _Host, until: float, asked: float | None) -> None:
        if host.shut_by is None:  # the others of a burst say the same
            host.shut_by = host_shut(host.name, asked, self._policy.timeout_seconds)
            host.shut_until = until
            host.gate.turn_away(partial(NotTried, host.shut_by))
            self._tell(HostShut(host.name, asked, self._policy.timeout_seconds))

    def _turn_away(self, host: _Host, failure: Failure) -> None:
        if self._clock() < host.shut_until:
            raise NotTried(failure)
        host.shut_by = None

    def _tell(self, event: HostPaused | HostShut) -> None:
        if self._observer is not None:
            self._observer.notify(event)


class _Hold:
    """One holding of a slot. A class: a generator's context manager costs several times as much."""

    __slots__ = ("_again", "_burst", "_host", "_slots")

    def __init__(self, slots: Slots, host: _Host, *, again: bool) -> None:
        self._slots = slots
        self._host = host
        self._again = again
        self._burst = 0

    async def __aenter__(self) -> None:
        self._burst = await self._slots.enter(self._host, again=self._again)

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: object
    ) -> None:
        if isinstance(error, AttemptFailed) and error.failure.kind is FailureKind.THROTTLED:
            self._slots.refused(self._host, self._burst, error.failure)
        self._slots.leave(self._host, succeeded=kind is None)
