"""Pace: so many a second, evenly spread. In virtual time."""

import asyncio

import pytest

from orgauth.pace import Pace
from support import in_virtual_time


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
