"""Blocking work off the event loop, in batches.

Handing one signature or one file to a thread costs more than the work itself,
so whatever arrives while the thread is busy goes over together.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

__all__ = ["Batcher", "leave_behind"]

Item = TypeVar("Item")
Result = TypeVar("Result")


async def leave_behind(work: Callable[[], Result], *, name: str) -> Result:
    """Return what ``work`` returns, or raise what it raises, from a thread that nobody waits for.

    Work that waits for a person or for another program must keep neither somebody who gives up
    nor the end of the program waiting, as a thread of an executor would.
    """
    loop = asyncio.get_running_loop()
    future: asyncio.Future[Result] = loop.create_future()

    def settle(tell: Callable[[], None]) -> None:
        if not future.done():  # else its owner was cancelled and no longer waits
            tell()

    def run() -> None:
        try:
            tell = partial(future.set_result, work())
        except Exception as error:  # noqa: BLE001 - passed on to who waits for it
            tell = partial(future.set_exception, error)
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits any more
            loop.call_soon_threadsafe(settle, tell)

    threading.Thread(target=run, name=name, daemon=True).start()
    return await future


class Batcher(Generic[Item, Result]):
    """Gathers items and works on them in one thread, batch after batch.

    Args:
        work: takes a batch and returns as many results in the same order; a
            result that is an exception is raised for its own item only. Called
            in the worker thread, never twice at once.
        name: the thread's name, for people who look at stack dumps.
        at_most: the largest batch.
        linger_seconds: the least time from one batch to the next, so that a
            costly common step (rewriting one file for all) is paid rarely.
    """

    def __init__(
        self,
        work: Callable[[Sequence[Item]], Sequence[Result | Exception]],
        *,
        name: str,
        at_most: int = 10_000,
        linger_seconds: float = 0.0,
    ) -> None:
        self._work = work
        self._at_most = at_most
        self._linger_seconds = linger_seconds
        self._pending: list[tuple[Item, asyncio.Future[Result]]] = []
        self._hurry = asyncio.Event()
        self._runner: asyncio.Task[None] | None = None
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix=name)

    async def submit(self, item: Item) -> Result:
        """Return what ``work`` made of the item, or raise what it raised."""
        future: asyncio.Future[Result] = asyncio.get_running_loop().create_future()
        self._pending.append((item, future))
        if self._runner is None or self._runner.done():
            self._runner = asyncio.create_task(self._run())
        return await future

    def hurry(self) -> None:
        """From now on, let no batch linger: nothing more will come that is worth waiting for."""
        self._hurry.set()

    async def close(self) -> None:
        """Finish what was submitted, then let the thread go."""
        self.hurry()
        if self._runner is not None:
            # Shielded: whoever gives up waiting for the end does not stop the work.
            await asyncio.shield(self._runner)
        self._thread.shutdown()

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        # One turn of the loop, so that everybody who is ready now comes along.
        await asyncio.sleep(0)
        while self._pending:
            batch = self._pending[: self._at_most]
            del self._pending[: self._at_most]
            try:
                results = await loop.run_in_executor(
                    self._thread, self._work, [item for item, _ in batch]
                )
                if len(results) != len(batch):
                    raise ValueError(  # noqa: TRY301 - whoever waits must not wait for ever
                        f"{len(batch)} items gave {len(results)} results"
                    )
            except Exception as error:  # noqa: BLE001 - passed on to everyone who waits for it
                results = [error] * len(batch)
            for (_, future), result in zip(batch, results, strict=True):
                if future.done():  # its owner was cancelled and no longer waits
                    continue
                if isinstance(result, Exception):
                    future.set_exception(result)
                else:
                    future.set_result(result)
            await self._rest()

    async def _rest(self) -> None:
        if not self._linger_seconds or self._hurry.is_set():
            return
        try:
            async with asyncio.timeout(self._linger_seconds):
                await self._hurry.wait()
        except TimeoutError:
            return
