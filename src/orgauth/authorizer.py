"""The core: where signing, exchange, patience, slots and the order of Dev Hubs meet."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from orgauth import failures
from orgauth.errors import AttemptFailed, NotTried
from orgauth.events import (
    OrgFinished,
    OrgStarted,
    Warned,
)
from orgauth.lineup import Lineup
from orgauth.models import (
    Authorized,
    Failed,
    OrgKind,
    Reused,
    Skipped,
)
from orgauth.perseverance import Journey, Perseverance
from orgauth.text import printable

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from orgauth.breaker import Breaker
    from orgauth.exchange import Exchange
    from orgauth.models import (
        Credentials,
        Failure,
        Org,
        OrgFacts,
        Outcome,
    )
    from orgauth.perseverance import World
    from orgauth.ports import Memory, Observer, Probe, Saver
    from orgauth.settings import RetryPolicies
    from orgauth.slots import Slots

__all__ = ["Authorizer"]

_log = logging.getLogger(__name__)


class Authorizer:
    """Authorizes the orgs of one run. Used once.

    An org's failure is a value (``Failed``, ``Skipped``), never an exception: nothing that
    happens to one org cancels another.

    Args:
        exchange: makes one attempt.
        slots: how many at once.
        breaker: knows which orgs are hopeless; the one that ``exchange`` tells what it met.
        policies: how patient to be.
        world: time and chance.
        observer: is told what happens.
        deliver: gets each outcome as it comes.
        probe: proves each token alive; None leaves that out.
        saver: keeps what was authorized; None leaves that to the caller.
        memory: knows stored tokens, which are used again if the probe proves them alive.
        in_play: orgs that may be started and not yet waiting or done. Bounds memory, not speed.
    """

    def __init__(
        self,
        *,
        exchange: Exchange,
        slots: Slots,
        breaker: Breaker,
        policies: RetryPolicies,
        world: World,
        observer: Observer,
        deliver: Callable[[Outcome], None],
        probe: Probe | None = None,
        saver: Saver | None = None,
        memory: Memory | None = None,
        in_play: int = 1000,
    ) -> None:
        self._exchange = exchange
        self._slots = slots
        self._breaker = breaker
        self._world = world
        self._observer = observer
        self._deliver = deliver
        self._probe = probe
        self._saver = saver
        self._perseverance = Perseverance(
            policies,
            world,
            observer=observer,
            step_aside=self._out_of_play,
            look_again=self._look_again,
        )
        self._memory = memory
        self._room = asyncio.Semaphore(in_play)
        self._under_way: set[asyncio.Task[Any]] = set()
        self._unsaved = 0
        self._stopping = False
        self._lineup = Lineup(())
        self._last_days: dict[str, Mapping[str, str]] = {}

    async def run(self, orgs: Sequence[Org]) -> None:
        """Authorize all orgs; return when every one has been delivered with its outcome."""
        self._lineup = Lineup(orgs, admits=self._admits, keep_going=self._breaker.keeps_going)
        self._unsaved = len(orgs)
        async with asyncio.TaskGroup() as tasks:
            while True:
                await self._room.acquire()
                org = await self._lineup.next()
                if org is None:
                    break
                tasks.create_task(self._travel(org))

    def stop(self) -> None:
        """Let what is being saved be saved, and end everything else as ``Skipped``."""
        self._stopping = True
        for org in self._lineup.give_up():
            self._skip(org, failures.interrupted())
        for task in self._under_way:
            task.cancel()

    async def _travel(self, org: Org) -> None:
        """Take one org from its first attempt to its outcome."""
        if self._stopping:  # given out just before everything was stopped
            return self._skip(org, failures.interrupted())
        journey = Journey(org, self._world.clock())
        outcome = await self._log_in_interruptibly(journey)
        failure = outcome.failure if isinstance(outcome, (Failed, Skipped)) else None
        # Before saving: a hub's scratch orgs follow at once.
        hopeless = self._lineup.finished(org, failure)
        self._one_less_to_save()
        if isinstance(outcome, (Authorized, Reused)) and self._saver is not None:
            not_saved = await self._saver.save(outcome)
            if not_saved is not None:
                outcome = Failed(org, not_saved, journey.attempts, self._elapsed(journey))
        self._finish(outcome)
        if failure is not None:
            for follower in hopeless:
                self._skip(follower, failures.dev_hub_failed(org, failure))
        return None

    async def _log_in_interruptibly(self, journey: Journey) -> Outcome:
        """Log in; every way in which that can end is an outcome. ``stop`` ends it early."""
        org = journey.org
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 - a coroutine runs in a task
        self._under_way.add(task)
        self._observer.notify(OrgStarted(org.name))
        try:
            if self._memory is not None:
                reused = await self._reuse(journey, self._memory)
                if reused is not None:
                    return reused
            credentials, facts = await self._log_in(journey)
        except NotTried as error:
            return Skipped(org, error.failure, journey.attempts, self._elapsed(journey))
        except AttemptFailed as error:
            return Failed(org, error.failure, journey.attempts, self._elapsed(journey))
        except asyncio.CancelledError:
            if not self._stopping:
                raise
            return Skipped(org, failures.interrupted(), journey.attempts, self._elapsed(journey))
        except Exception as error:  # noqa: BLE001 - a mistake in one org must not end the others
            _log.exception("%s: %s", printable(org.name), type(error).__name__)
            failure = failures.internal_error(error)
            return Failed(org, failure, journey.attempts, self._elapsed(journey))
        else:
            return Authorized(org, credentials, facts, journey.attempts, self._elapsed(journey))
        finally:
            self._under_way.discard(task)
            self._out_of_play(journey)

    async def _reuse(self, journey: Journey, memory: Memory) -> Reused | None:
        """Return the outcome of an org whose stored token works; None where it has to log in."""
        credentials = await memory.recall(journey.org)
        if credentials is None or self._probe is None:
            return None
        try:
            facts = await self._inspect(journey, credentials, self._probe)
        except AttemptFailed as error:
            # Also where patience with its host is spent: the org may have moved to another.
            name = printable(journey.org.name)
            _log.info("%s: its stored token is of no use, logging in (%s)", name, error)
            return None
        return Reused(journey.org, credentials, facts, self._elapsed(journey))

    async def _log_in(self, journey: Journey) -> tuple[Credentials, OrgFacts | None]:
        org = journey.org
        credentials = await self._perseverance.attempt(
            journey, org.login_host, partial(self._exchange.attempt, org, journey.count)
        )
        self._perseverance.got_in(journey)
        if self._probe is None:
            return credentials, None
        return credentials, await self._inspect(journey, credentials, self._probe)

    async def _inspect(self, journey: Journey, credentials: Credentials, probe: Probe) -> OrgFacts:
        org = journey.org
        host = urlsplit(credentials.instance_url).netloc
        if self._slots.is_crowded(host):  # its queue must not keep orgs of other hosts out
            self._out_of_play(journey)

        async def inspect(*, again: bool = False) -> OrgFacts:
            async with self._slots.hold(host, again=again):
                return await probe.inspect(org, credentials)

        facts = await self._perseverance.attempt(journey, host, inspect)
        self._compare(org, facts)
        if org.kind is OrgKind.DEV_HUB:
            self._last_days[org.username] = facts.scratch_org_expirations
        last_day = self._last_days.get(org.dev_hub or "", {}).get(credentials.org_id[:15])
        return replace(facts, expiration_date=last_day) if last_day else facts

    def _admits(self, org: Org) -> bool:
        """Return whether an org may start now, or would only be in the way of others."""
        return not (self._slots.is_crowded(org.login_host) or self._breaker.is_crowded(org))

    def _compare(self, org: Org, facts: OrgFacts) -> None:
        """Tell the person where the manifest is mistaken about an org."""
        if org.kind is OrgKind.DEV_HUB and not facts.is_dev_hub:
            self._warn(f"{org.name} is listed under dev_hubs, but Dev Hub is not enabled in it")
        elif org.kind is OrgKind.SCRATCH and not facts.is_scratch:
            self._warn(f"{org.name} is listed as a scratch org, but it says that it is none")
        elif org.kind is OrgKind.SANDBOX and not facts.is_sandbox:
            self._warn(f"{org.name} is listed as a sandbox, but it says that it is none")

    def _warn(self, message: str) -> None:
        self._observer.notify(Warned(printable(message)))

    def _look_again(self, host: str) -> None:
        self._lineup.look_again(host)

    def _out_of_play(self, journey: Journey) -> None:
        if journey.in_play:
            journey.in_play = False
            self._room.release()

    def _one_less_to_save(self) -> None:
        self._unsaved -= 1
        if self._unsaved == 0 and self._saver is not None:
            self._saver.hurry()

    def _elapsed(self, journey: Journey) -> float:
        return self._world.clock() - journey.started

    def _skip(self, org: Org, failure: Failure) -> None:
        self._finish(Skipped(org, failure))
        self._one_less_to_save()

    def _finish(self, outcome: Outcome) -> None:
        self._observer.notify(OrgFinished(outcome))
        self._deliver(outcome)
