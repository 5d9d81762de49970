"""The waiting room: nobody waits longer than it meant to, and good news travels."""

import asyncio

import pytest

from orgauth.waiting_room import WaitingRoom
from support import in_virtual_time


async def sleepers(room, *seconds, group="a"):
    """Let one fall asleep for each number; return what tells when each woke."""
    loop, woke = asyncio.get_running_loop(), {}

    async def one(number, duration):
        await room.wait(group, duration)
        woke[number] = loop.time()

    tasks = [asyncio.create_task(one(*each)) for each in enumerate(seconds)]
    await asyncio.sleep(0)
    return woke, tasks


def test_who_is_not_called_sleeps_to_the_end():
    """As long as its patience said."""

    async def main():
        woke, tasks = await sleepers(WaitingRoom(asyncio.sleep), 5, 60)
        await asyncio.gather(*tasks)
        return woke

    assert in_virtual_time(main()) == {0: pytest.approx(5), 1: pytest.approx(60)}


def test_whoever_gets_in_calls_the_two_that_fell_asleep_first():
    """The others sleep on, and another app's or host's orgs hear nothing."""

    async def main():
        room = WaitingRoom(asyncio.sleep)
        woke, tasks = await sleepers(room, 50, 60, 40)
        others, other_tasks = await sleepers(room, 30, group="b")
        await asyncio.sleep(10)
        room.got_in("a")
        await asyncio.gather(*tasks, *other_tasks)
        return woke, others

    woke, others = in_virtual_time(main())

    assert woke == {0: pytest.approx(10), 1: pytest.approx(10), 2: pytest.approx(40)}
    assert others == {0: pytest.approx(30)}


def test_who_was_called_and_falls_asleep_again_is_the_last_to_be_called():
    """An org that is never approved does not keep the news from the others."""

    async def main():
        room, loop = WaitingRoom(asyncio.sleep), asyncio.get_running_loop()
        woke, tasks = await sleepers(room, 100, 100, 100, 100)
        room.got_in("a")
        await asyncio.sleep(1)
        _, again = await sleepers(room, 100, 100)
        room.got_in("a")
        await asyncio.gather(*tasks)
        elapsed = loop.time()
        await asyncio.gather(*again)
        return woke, elapsed

    woke, elapsed = in_virtual_time(main())

    assert elapsed == pytest.approx(1)
    assert list(woke) == [0, 1, 2, 3]


def test_news_that_nobody_waits_for_is_no_trouble():
    """The last of a crowd gets in, too."""

    async def main():
        room = WaitingRoom(asyncio.sleep)
        room.got_in("a")
        woke, tasks = await sleepers(room, 5)
        await asyncio.gather(*tasks)
        room.got_in("a")
        return woke

    assert in_virtual_time(main()) == {0: pytest.approx(5)}


def test_a_sleeper_that_is_cancelled_leaves_nothing_behind():
    """A run that is stopped: no timer runs on, and no call goes to who is gone."""

    async def main():
        room = WaitingRoom(asyncio.sleep)
        _, tasks = await sleepers(room, 1000, 1000)
        tasks[0].cancel()
        await asyncio.wait(tasks[:1])
        await asyncio.sleep(0)
        room.got_in("a")
        await tasks[1]
        await asyncio.sleep(0)
        return len(asyncio.all_tasks()), asyncio.get_running_loop().time()

    assert in_virtual_time(main()) == (1, 0.0)
