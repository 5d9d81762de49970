"""Work in batches off the event loop: what is gathered, in which order, and what ends how."""

import asyncio
import threading

import pytest

from orgauth.batching import Batcher, leave_behind
from support import in_virtual_time


class Workshop:
    """Work that takes note of its batches; a gate keeps it busy until it is opened."""

    def __init__(self):
        self.batches = []
        self.threads = set()
        self.busy = threading.Event()
        self.gate = threading.Event()
        self.gate.set()

    def work(self, items):
        self.batches.append(list(items))
        self.threads.add(threading.get_ident())
        self.busy.set()
        assert self.gate.wait(10)
        return [ValueError(item) if item == "bad" else f"done {item}" for item in items]


async def until(happened):
    """Wait for something in a thread, without holding the loop."""
    await asyncio.get_running_loop().run_in_executor(None, happened.wait, 10)


@pytest.fixture
def shop():
    return Workshop()


@pytest.fixture
async def batcher(shop):
    batcher = Batcher(shop.work, name="test")
    yield batcher
    shop.gate.set()
    await batcher.close()


async def test_those_who_are_ready_together_go_together_and_in_order(batcher, shop):
    """One trip to the thread for all."""
    results = await asyncio.gather(*(batcher.submit(number) for number in range(5)))

    assert results == [f"done {number}" for number in range(5)]
    assert shop.batches == [[0, 1, 2, 3, 4]]
    assert threading.get_ident() not in shop.threads


async def test_who_comes_while_the_thread_is_busy_goes_with_the_next_batch(batcher, shop):
    """However many they are."""
    shop.gate.clear()
    first = asyncio.create_task(batcher.submit("first"))
    await until(shop.busy)
    others = [asyncio.create_task(batcher.submit(number)) for number in range(3)]
    await asyncio.sleep(0)
    shop.gate.set()

    assert await first == "done first"
    assert await asyncio.gather(*others) == ["done 0", "done 1", "done 2"]
    assert shop.batches == [["first"], [0, 1, 2]]


async def test_no_batch_is_larger_than_the_largest(shop):
    """The rest follows, in order."""
    batcher = Batcher(shop.work, name="test", at_most=2)
    results = await asyncio.gather(*(batcher.submit(number) for number in range(5)))
    await batcher.close()

    assert shop.batches == [[0, 1], [2, 3], [4]]
    assert results == [f"done {number}" for number in range(5)]


async def test_work_begins_again_after_a_rest(batcher, shop):
    """The thread waits for nobody, and nobody for a thread that has stopped."""
    assert await batcher.submit("a") == "done a"
    await asyncio.sleep(0)
    assert await batcher.submit("b") == "done b"
    assert len(shop.threads) == 1


async def test_an_exception_for_one_item_is_raised_for_that_one(batcher):
    """Its neighbours have their results."""
    good, bad, other = await asyncio.gather(
        *(batcher.submit(item) for item in ("good", "bad", "other")), return_exceptions=True
    )

    assert (good, other) == ("done good", "done other")
    assert isinstance(bad, ValueError)


async def test_an_exception_of_the_batch_is_raised_for_everyone_in_it():
    """And the next batch is none the worse."""
    outcomes = iter([OSError("disk"), None])

    def work(items):
        error = next(outcomes)
        if error is not None:
            raise error
        return items

    batcher = Batcher(work, name="test")
    failed = await asyncio.gather(batcher.submit(1), batcher.submit(2), return_exceptions=True)

    assert [str(error) for error in failed] == ["disk", "disk"]
    assert await batcher.submit(3) == 3
    await batcher.close()


@pytest.mark.parametrize("results", [[], ["one"], ["one", "two", "three"]])
async def test_a_wrong_number_of_results_leaves_nobody_waiting(results):
    """Who waits for a result that never comes would wait for ever."""
    batcher = Batcher(lambda _: results, name="test")

    async with asyncio.timeout(5):
        failed = await asyncio.gather(batcher.submit(1), batcher.submit(2), return_exceptions=True)

    assert [type(error) for error in failed] == [ValueError, ValueError]
    assert f"2 items gave {len(results)} results" in str(failed[0])
    await batcher.close()


async def test_who_stops_waiting_costs_the_others_nothing(batcher, shop):
    """A cancelled org leaves its neighbours in the batch alone."""
    shop.gate.clear()
    tasks = [asyncio.create_task(batcher.submit(number)) for number in range(3)]
    await until(shop.busy)
    tasks[1].cancel()
    await asyncio.sleep(0)
    shop.gate.set()
    results = await asyncio.gather(*tasks, return_exceptions=True)

    assert (results[0], results[2]) == ("done 0", "done 2")
    assert isinstance(results[1], asyncio.CancelledError)


async def test_close_finishes_what_was_submitted(batcher, shop):
    """Batches that had not begun are done as well."""
    shop.gate.clear()
    first = asyncio.create_task(batcher.submit("first"))
    await until(shop.busy)
    second = asyncio.create_task(batcher.submit("second"))
    await asyncio.sleep(0)
    closing = asyncio.create_task(batcher.close())
    await asyncio.sleep(0)
    shop.gate.set()
    await closing

    assert (first.result(), second.result()) == ("done first", "done second")


async def test_who_gives_up_waiting_for_the_end_does_not_stop_the_work(batcher, shop):
    """The results still arrive; what is being saved is saved."""
    shop.gate.clear()
    first = asyncio.create_task(batcher.submit("first"))
    await until(shop.busy)
    closing = asyncio.create_task(batcher.close())
    await asyncio.sleep(0)
    closing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await closing
    shop.gate.set()

    assert await first == "done first"


async def test_after_the_end_nothing_is_taken_on(shop):
    """Late comers are told, not left waiting."""
    batcher = Batcher(shop.work, name="test")
    await batcher.close()

    with pytest.raises(RuntimeError):
        await batcher.submit("late")


def lingering(scenario):
    """Run a scenario with a batcher that lingers for ten virtual seconds."""
    began = []

    async def main():
        loop = asyncio.get_running_loop()

        def work(items):
            began.append((loop.time(), list(items)))
            return items

        batcher = Batcher(work, name="test", linger_seconds=10)
        await scenario(batcher)
        await batcher.close()
        return loop.time()

    return in_virtual_time(main()), began


def test_batches_keep_their_distance():
    """A costly common step is paid once for all who come within it."""

    async def scenario(batcher):
        await batcher.submit("a")
        await asyncio.sleep(1)
        late = [asyncio.create_task(batcher.submit(item)) for item in "bc"]
        await asyncio.sleep(3)
        late.append(asyncio.create_task(batcher.submit("d")))
        await asyncio.gather(*late)

    _, began = lingering(scenario)

    assert [items for _, items in began] == [["a"], ["b", "c", "d"]]
    assert began[1][0] - began[0][0] == pytest.approx(10, abs=0.1)


def test_hurry_ends_the_lingering_for_good():
    """Nobody else will come, so there is nothing to gather for."""

    async def scenario(batcher):
        await batcher.submit("a")
        second = asyncio.create_task(batcher.submit("b"))
        await asyncio.sleep(1)
        batcher.hurry()
        await second
        await batcher.submit("c")

    ended_at, began = lingering(scenario)

    assert [items for _, items in began] == [["a"], ["b"], ["c"]]
    assert ended_at < 2


def test_close_does_not_linger():
    """The end of a run is not the time to wait for more."""

    async def scenario(batcher):
        await batcher.submit("a")

    ended_at, _ = lingering(scenario)

    assert ended_at < 2


async def test_work_that_is_left_behind_gives_what_it_gives():
    """A result, None, or an error."""

    def fail():
        raise ValueError("no")

    assert await leave_behind(lambda: 3, name="test") == 3
    assert await leave_behind(lambda: None, name="test") is None
    with pytest.raises(ValueError, match="no"):
        await leave_behind(fail, name="test")


async def test_nobody_waits_for_work_that_is_left_behind(shop):
    """A keychain may ask the person for two minutes; Ctrl-C is not one of the answers."""
    shop.gate.clear()
    waiting = asyncio.create_task(leave_behind(lambda: shop.work(["x"]), name="test"))
    await until(shop.busy)
    (thread,) = (each for each in threading.enumerate() if each.name == "test")

    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert thread.daemon  # the end of the program does not wait either

    shop.gate.set()
    await until_done(thread)


def test_work_that_outlives_the_loop_ends_quietly(shop):
    """Its result is nobody's."""
    shop.gate.clear()

    async def give_up():
        waiting = asyncio.create_task(leave_behind(lambda: shop.work(["x"]), name="test"))
        await until(shop.busy)
        waiting.cancel()

    asyncio.run(give_up())
    (thread,) = (each for each in threading.enumerate() if each.name == "test")
    shop.gate.set()
    thread.join(10)
    assert not thread.is_alive()


async def until_done(thread):
    await asyncio.get_running_loop().run_in_executor(None, thread.join, 10)
    assert not thread.is_alive()
