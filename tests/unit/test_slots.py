"""Slots: never too many at once, never one held while waiting; and pauses. In virtual time."""

import asyncio
import contextlib
import random
from collections import Counter

import pytest

from orgauth import failures
from orgauth.errors import AttemptFailed, NotTried
from orgauth.events import HostPaused, HostShut
from orgauth.models import FailureKind
from orgauth.settings import ThrottledPolicy
from orgauth.slots import Slots
from support import EventList, in_virtual_time


class Meter:
    """Counts who is inside."""

    def __init__(self):
        self.inside = Counter()
        self.most = Counter()

    def enter(self, host):
        for name in (host, "all"):
            self.inside[name] += 1
            self.most[name] = max(self.most[name], self.inside[name])

    def leave(self, host):
        for name in (host, "all"):
            self.inside[name] -= 1


def slots_of(total=4, per_host=4, **options):
    clock = asyncio.get_running_loop().time
    return Slots(total=total, per_host=per_host, clock=clock, **options)


def throttled(host, retry_after):
    return AttemptFailed(failures.classify_status(host, 429, retry_after=retry_after))


async def refused(slots, host, retry_after, after=0.0):
    """Ask a host that answers 429."""
    try:
        async with slots.hold(host):
            await asyncio.sleep(after)
            raise throttled(host, retry_after)
    except NotTried:
        raise
    except AttemptFailed:
        return


async def visit(slots, meter, host, seconds=1.0, error=None):
    async with slots.hold(host):
        meter.enter(host)
        try:
            await asyncio.sleep(seconds)
            if error is not None:
                raise error
        finally:
            meter.leave(host)


def test_no_more_than_the_limit_in_all_and_a_host():
    """Two hosts with three slots each share four in all."""

    async def main():
        slots, meter = slots_of(total=4, per_host=3), Meter()
        await asyncio.gather(*(visit(slots, meter, host) for host in ("a", "b") for _ in range(12)))
        return meter.most, asyncio.get_running_loop().time()

    most, elapsed = in_virtual_time(main())

    assert most["all"] == 4
    assert most["a"] <= 3
    assert most["b"] <= 3
    assert elapsed == pytest.approx(24 / 4)


def test_slots_go_to_who_came_first():
    """Nobody is overtaken."""

    async def main():
        slots, order = slots_of(total=1, per_host=1), []

        async def one(number):
            async with slots.hold("a"):
                order.append(number)
                await asyncio.sleep(0.1)

        await asyncio.gather(*(one(number) for number in range(10)))
        return order

    assert in_virtual_time(main()) == list(range(10))


def test_who_tries_again_gives_way_to_first_attempts_but_is_not_kept_out():
    """One in sixteen is let through, so that a crowd of first attempts ends some day."""

    async def main():
        slots, order = slots_of(total=1, per_host=1), []

        async def one(*, again):
            async with slots.hold("a", again=again):
                order.append("again" if again else "first")
                await asyncio.sleep(0.1)

        retries = [one(again=True) for _ in range(4)]
        await asyncio.gather(one(again=False), *retries, *(one(again=False) for _ in range(40)))
        return order

    order = in_virtual_time(main())

    assert [place for place, which in enumerate(order) if which == "again"][:2] == [16, 32]
    assert order[-2:] == ["again", "again"]


def test_a_paused_host_lets_nobody_in_until_the_pause_is_over():
    """Others are not slowed."""

    async def main():
        slots, entered = slots_of(), {}
        loop = asyncio.get_running_loop()

        async def one(host):
            async with slots.hold(host):
                entered[host] = loop.time()

        await refused(slots, "a", 30.0)
        await asyncio.gather(one("a"), one("b"))
        return entered

    assert in_virtual_time(main()) == {"a": 30.0, "b": 0.0}


def test_who_waits_for_a_slot_of_all_hosts_does_not_slip_into_a_pause():
    """It has passed the host's own gate already, and would send in the middle of the pause."""

    async def main():
        slots, entered = slots_of(total=2, per_host=2), []
        loop = asyncio.get_running_loop()

        async def late():
            async with slots.hold("a"):
                entered.append(loop.time())

        other = asyncio.create_task(visit(slots, Meter(), "b", 5.0))
        refusing = asyncio.create_task(refused(slots, "a", 30.0, after=1.0))
        await asyncio.sleep(0)
        await asyncio.gather(late(), refusing, other)
        return entered

    assert in_virtual_time(main()) == [31.0]


def test_the_refusals_of_one_burst_are_one_pause_and_are_told_once():
    """A longer one extends it, and is news where it is longer by much."""

    async def main():
        told = EventList()
        slots = slots_of(total=5, per_host=5, observer=told)
        asked = (10.0, 5.0, 10.2, 20.0)
        await asyncio.gather(*(refused(slots, "a", seconds, after=1.0) for seconds in asked))
        async with slots.hold("a"):
            return told.events, asyncio.get_running_loop().time()

    assert in_virtual_time(main()) == ([HostPaused("a", 10.0), HostPaused("a", 20.0)], 21.0)


def test_a_burst_halves_the_host_and_success_lets_it_grow_again():
    """Additive increase, multiplicative decrease."""

    async def main():
        slots = slots_of(total=8, per_host=8)
        after_pause, much_later = Meter(), Meter()
        await asyncio.gather(refused(slots, "a", 1.0), *(visit(slots, Meter(), "a") for _ in "123"))
        await asyncio.gather(*(visit(slots, after_pause, "a") for _ in range(8)))
        for _ in range(30):
            await asyncio.gather(*(visit(slots, much_later, "a") for _ in range(8)))
        return after_pause.most["a"], much_later.most["a"]

    after_pause, much_later = in_virtual_time(main())
    assert after_pause in (3, 4)  # it may have grown by one meanwhile
    assert much_later == 8


def test_a_burst_shows_how_many_the_host_takes():
    """Of 64 at once 54 are refused: ten it is, and not 32, then 16, then 8."""

    async def main():
        slots, meter = slots_of(total=64, per_host=64), Meter()
        await asyncio.gather(
            *(visit(slots, Meter(), "a", 0.5) for _ in range(10)),
            *(refused(slots, "a", 1.0, after=0.1) for _ in range(54)),
        )
        await asyncio.gather(*(visit(slots, meter, "a") for _ in range(60)))
        return meter.most["a"]

    assert in_virtual_time(main()) == 10


def test_failures_do_not_let_a_host_grow():
    """Only what succeeded says that the host can take more."""

    async def main():
        slots, meter = slots_of(total=8, per_host=8), Meter()
        await refused(slots, "a", 1.0)
        for _ in range(10):
            await asyncio.gather(
                *(visit(slots, Meter(), "a", error=ValueError()) for _ in range(4)),
                return_exceptions=True,
            )
        await asyncio.gather(*(visit(slots, meter, "a", 0.1) for _ in range(5)))
        return meter.most["a"]

    assert in_virtual_time(main()) < 4


def test_a_host_that_refuses_everybody_is_asked_less_and_less_often():
    """Whatever it says of coming back at once; and by one at a time."""

    async def main():
        slots, meter, sent = slots_of(), Meter(), []
        loop = asyncio.get_running_loop()

        async def one():
            while loop.time() < 600:
                with contextlib.suppress(AttemptFailed):
                    async with slots.hold("a"):
                        meter.enter("a")
                        sent.append(loop.time())
                        await asyncio.sleep(0.1)
                        meter.leave("a")
                        raise throttled("a", 0.0)

        await asyncio.gather(*(one() for _ in range(50)))
        return len([at for at in sent if at < 600]), meter.most["a"]

    sent, most = in_virtual_time(main())
    assert sent < 40
    assert most == 4  # the first burst; one by one afterwards


def test_a_pause_without_a_time_is_as_long_as_the_policy_says():
    """With jitter: other machines may be waiting, too."""

    async def main(seed):
        slots = slots_of(policy=ThrottledPolicy(5, 120, 900), rng=random.Random(seed))
        await refused(slots, "a", None)
        async with slots.hold("a"):
            return asyncio.get_running_loop().time()

    pauses = [in_virtual_time(main(seed)) for seed in range(40)]
    assert min(pauses) < 1
    assert 4 < max(pauses) <= 5


@pytest.mark.parametrize("asked", [901.0, 86400.0])
def test_a_host_that_asks_for_more_than_the_patience_is_shut(asked):
    """Whoever waits for it is told at once, whoever comes later as well; until it may be asked."""

    async def main():
        told = EventList()
        slots = slots_of(total=2, per_host=2, observer=told)
        loop = asyncio.get_running_loop()
        burst = [refused(slots, "a", asked, after=1.0) for _ in range(2)]
        queue = [visit(slots, Meter(), "a") for _ in range(10)]
        ends = await asyncio.gather(*burst, *queue, return_exceptions=True)
        at = loop.time()
        with pytest.raises(NotTried) as later:
            await visit(slots, Meter(), "a")
        await visit(slots, Meter(), "b")
        await asyncio.sleep(asked)
        await visit(slots, Meter(), "a")
        return ends, at, later.value.failure, told.events

    ends, at, failure, events = in_virtual_time(main())
    assert [type(end) for end in ends] == [type(None)] * 2 + [NotTried] * 10
    assert len({id(end) for end in ends[2:]}) == 10  # each its own, with its own traceback
    assert at == 1.0
    assert (failure.code, failure.kind) == ("host_shut", FailureKind.PERMANENT)
    assert f"left alone for {asked:.0f} s" in failure.description
    assert [type(event) for event in events] == [HostShut]


def test_a_host_that_has_refused_everybody_for_as_long_as_the_patience_is_shut():
    """Or a thousand orgs would take turns to be refused for days."""

    async def main():
        slots = slots_of(policy=ThrottledPolicy(5, 60, 300))
        loop = asyncio.get_running_loop()

        async def ask_for_an_hour():
            while loop.time() < 3600:
                await refused(slots, "a", None, after=1.0)

        with pytest.raises(NotTried) as shut:
            await ask_for_an_hour()
        at = loop.time()
        await asyncio.sleep(86400)
        with pytest.raises(NotTried):
            await visit(slots, Meter(), "a")
        return at, shut.value.failure.description

    at, description = in_virtual_time(main())
    assert 300 <= at < 400
    assert "has refused everybody for 300 s" in description


def test_one_success_in_between_says_that_the_host_is_not_shut():
    """It refuses some, and not everybody."""

    async def main():
        slots = slots_of(policy=ThrottledPolicy(5, 60, 300))
        while asyncio.get_running_loop().time() < 3000:
            await refused(slots, "a", 1.0, after=1.0)
            await visit(slots, Meter(), "a")

    in_virtual_time(main())


def test_a_host_is_crowded_when_its_queue_is_twice_as_long_as_what_it_takes():
    """More would only be in the way of others; who tries again does not count."""

    async def main():
        slots = slots_of(total=8, per_host=2)
        seen = [slots.is_crowded("a")]
        visits = []
        for count in (5, 1):
            visits += [asyncio.create_task(visit(slots, Meter(), "a")) for _ in range(count)]
            await asyncio.sleep(0.01)
            seen.append(slots.is_crowded("a"))
        await asyncio.gather(*visits)
        return [*seen, slots.is_crowded("a")]

    assert in_virtual_time(main()) == [False, False, True, False]


def test_who_is_cancelled_while_waiting_leaves_no_trace():
    """Neither in the queue nor in the count."""

    async def main():
        slots, meter = slots_of(total=1, per_host=1), Meter()
        first = asyncio.create_task(visit(slots, meter, "a"))
        await asyncio.sleep(0.1)
        queued = [asyncio.create_task(visit(slots, meter, "a")) for _ in range(3)]
        await asyncio.sleep(0.1)
        queued[0].cancel()
        await first  # its slot goes to queued[1], which is cancelled in the same breath
        queued[1].cancel()
        await queued[2]
        await visit(slots, meter, "a")
        return meter.inside["a"], meter.most["a"]

    assert in_virtual_time(main()) == (0, 1)


def test_who_is_cancelled_just_as_a_holder_fails_leaves_no_trace_either():
    """The failed holder's slot is offered a turn later, when the waiters are already gone."""

    async def main():
        slots, meter = slots_of(total=1, per_host=1), Meter()
        waiters = []

        async def fail():
            async with slots.hold("a"):
                await asyncio.sleep(1)
                for waiter in waiters:
                    asyncio.get_running_loop().call_soon(waiter.cancel)
                raise ValueError

        holder = asyncio.create_task(fail())
        await asyncio.sleep(0)
        waiters += [asyncio.create_task(visit(slots, meter, "a")) for _ in range(3)]
        results = await asyncio.gather(holder, *waiters, return_exceptions=True)
        await visit(slots, meter, "a")
        return [type(result) for result in results], meter.inside["a"]

    ends, inside = in_virtual_time(main())
    assert ends == [ValueError, *[asyncio.CancelledError] * 3]
    assert inside == 0


def test_closing_ends_pauses():
    """A run that is over waits for nothing."""

    async def main():
        slots = slots_of()
        await refused(slots, "a", 600.0)
        await asyncio.sleep(0)
        await slots.close()
        return asyncio.get_running_loop().time()

    assert in_virtual_time(main()) == 0.0
