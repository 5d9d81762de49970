"""Saving in batches: all stores, off the event loop, common files rewritten twice a second."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

from orgauth.batching import Batcher
from orgauth.errors import StoreError
from orgauth.events import Warned
from orgauth.failures import not_saved
from orgauth.text import printable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from orgauth.models import Failure, Usable
    from orgauth.ports import Observer, Store

__all__ = ["BatchSaver"]

_LINGER_SECONDS = 0.5
"""Every batch rewrites the alias file once: a few times a run, and not once an org."""

_log = logging.getLogger(__name__)


class BatchSaver:
    """Saves every org in all stores. One store's trouble leaves the others alone.

    Args:
        stores: prepared stores.
        broken: stores that could not be prepared, and why; their orgs fail, the others are served.
        observer: is told the stores' warnings, each once.
        linger_seconds: the least time between two batches.
    """

    def __init__(
        self,
        stores: Sequence[Store],
        *,
        broken: Sequence[StoreError] = (),
        observer: Observer,
        linger_seconds: float = _LINGER_SECONDS,
    ) -> None:
        self._stores = stores
        self._broken = not_saved(broken[0]) if broken else None
        self._observer = observer
        self._warned: set[str] = set()
        self._batcher: Batcher[Usable, Failure | None] = Batcher(
            self._save, name="orgauth-save", linger_seconds=linger_seconds
        )
        self._loop: asyncio.AbstractEventLoop | None = None

    async def save(self, outcome: Usable) -> Failure | None:
        """Save one org in every store; return the first reason why it could not, or None."""
        if not self._stores:
            return self._broken
        self._loop = asyncio.get_running_loop()
        return await self._batcher.submit(outcome)

    def hurry(self) -> None:
        """Write what has gathered at once."""
        self._batcher.hurry()

    async def close(self) -> None:
        """Write what has gathered, then stop."""
        await self._batcher.close()

    def _save(self, batch: Sequence[Usable]) -> Sequence[Failure | None]:
        """Work off one batch, in the saving thread."""
        failures: dict[str, Failure] = {}
        for store in self._stores:
            for username, error in self._save_in(store, batch).items():
                failures.setdefault(username, not_saved(error))
        return [failures.get(each.org.username, self._broken) for each in batch]

    def _save_in(self, store: Store, batch: Sequence[Usable]) -> dict[str, StoreError]:
        try:
            result = store.save(batch)
        except Exception as error:  # noqa: BLE001 - see below
            # A store promises not to raise. If one does, its orgs fail and the run goes on.
            name = printable(store.name)
            _log.debug("store %s failed", name, exc_info=True)
            trouble = StoreError(f"the store {name} failed: {type(error).__name__}")
            return {each.org.username: trouble for each in batch}
        for warning in result.warnings:
            if warning not in self._warned and self._loop is not None:
                self._warned.add(warning)
                self._loop.call_soon_threadsafe(self._observer.notify, Warned(warning))
        return dict(result.errors)
