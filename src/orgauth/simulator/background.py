"""The simulator in a thread of its own, for tests and programs that have no event loop."""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING, Self

from orgauth.simulator.server import Simulator

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from types import TracebackType
    from typing import TypeVar

    from orgauth.simulator.tls import TlsFiles
    from orgauth.simulator.world import World

    T = TypeVar("T")

__all__ = ["BackgroundSimulator"]


class BackgroundSimulator:
    """``with BackgroundSimulator(world) as simulator``; the same arguments as ``Simulator``.

    Change the world from other threads through ``call``, or while nothing is asked of it.
    """

    def __init__(
        self,
        world: World,
        *,
        tls: bool | TlsFiles = False,
        host: str = "127.0.0.1",
        port: int = 0,
    ) -> None:
        self.world = world
        self._simulator = Simulator(world, tls=tls, host=host, port=port)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(
            target=self._loop.run_forever, name="orgauth-simulator", daemon=True
        )

    @property
    def url(self) -> str:
        """``http://127.0.0.1:PORT``, or ``https://localhost:PORT`` with TLS."""
        return self._simulator.url

    @property
    def ca_file(self) -> Path | None:
        """With TLS: the authority to trust."""
        return self._simulator.ca_file

    def call(self, change: Callable[[], T]) -> T:
        """Run ``change`` in the simulator's thread, between its own steps; return its result."""

        async def changed() -> T:
            return change()

        return asyncio.run_coroutine_threadsafe(changed(), self._loop).result()

    def __enter__(self) -> Self:
        self._thread.start()
        starting = asyncio.run_coroutine_threadsafe(self._simulator.__aenter__(), self._loop)
        try:
            starting.result()
        except BaseException:
            self._end()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        stopping = self._simulator.__aexit__(kind, error, trace)
        asyncio.run_coroutine_threadsafe(stopping, self._loop).result()
        self._end()

    def _end(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()
