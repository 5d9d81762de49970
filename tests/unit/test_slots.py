"""Slots: never too many at once, never one held while waiting; pauses and pace. In virtual time."""

import asyncio
from collections import Counter

import pytest

from orgauth.slots import Pace, Slots
from support import in_virtual_time


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


def slots_of(total=4, per_host=4):
    return Slots(total=total, per_host=per_host, clock=asyncio.get_running_loop().time)


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

        slots.pause("a", 30.0)
        await asyncio.gather(one("a"), one("b"))
        return entered

    assert in_virtual_time(main()) == {"a": 30.0, "b": 0.0}


def test_a_longer_pause_extends_a_running_one_and_a_shorter_one_is_no_news():
    """Ten refusals of one burst are one pause."""

    async def main():
        slots = slots_of()
        news = [slots.pause("a", 10), slots.pause("a", 5), slots.pause("a", 20)]
        async with slots.hold("a"):
            return news, asyncio.get_running_loop().time()

    assert in_virtual_time(main()) == ([True, False, True], 20.0)


def test_a_pause_halves_the_host_and_success_lets_it_grow_again():
    """Additive increase, multiplicative decrease."""

    async def main():
        slots = slots_of(total=8, per_host=8)
        slots.pause("a", 1)
        after_pause, much_later = Meter(), Meter()
        await asyncio.gather(*(visit(slots, after_pause, "a") for _ in range(4)))
        for _ in range(10):
            await asyncio.gather(*(visit(slots, much_later, "a") for _ in range(8)))
        return after_pause.most["a"], much_later.most["a"]

    assert in_virtual_time(main()) == (4, 8)


def test_failures_do_not_let_a_host_grow():
    """Only what succeeded says that the host can take more."""

    async def main():
        slots, meter = slots_of(total=8, per_host=8), Meter()
        slots.pause("a", 1)
        for _ in range(10):
            await asyncio.gather(
                *(visit(slots, Meter(), "a", error=ValueError()) for _ in range(4)),
                return_exceptions=True,
            )
        await asyncio.gather(*(visit(slots, meter, "a") for _ in range(5)))
        return meter.most["a"]

    assert in_virtual_time(main()) == 4


def test_many_pauses_leave_one_slot():
    """A host is never shut for good."""

    async def main():
        slots, meter = slots_of(), Meter()
        for _ in range(10):
            slots.pause("a", 1)
            await visit(slots, meter, "a", error=None)
        return meter.most["a"]

    assert in_virtual_time(main()) == 1


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
        slots.pause("a", 3600)
        await asyncio.sleep(0)
        await slots.close()
        return asyncio.get_running_loop().time()

    assert in_virtual_time(main()) == 0.0


def test_pace_spreads_turns_evenly():
    """Ten a second: the first at once, then one every tenth of a second."""

    async def main():
        loop = asyncio.get_running_loop()
        pace, times = Pace(10.0, clock=loop.time), []

        async def one():
            await pace.turn()
            times.append(loop.time())

        await asyncio.gather(*(one() for _ in range(5)))
        await asyncio.sleep(10)  # what was not used is not saved up
        await asyncio.gather(one(), one())
        return times

    assert in_virtual_time(main()) == pytest.approx([0, 0.1, 0.2, 0.3, 0.4, 10.4, 10.5])


def test_no_pace_means_no_waiting():
    """Without a limit a turn costs nothing."""

    async def main():
        pace = Pace(None, clock=asyncio.get_running_loop().time)
        await asyncio.gather(*(pace.turn() for _ in range(100)))
        return asyncio.get_running_loop().time()

    assert in_virtual_time(main()) == 0.0
