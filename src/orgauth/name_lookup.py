"""Looking up host names, each in a thread of its own that nobody has to wait for.

asyncio looks names up in a handful of threads that everything shares, and a lookup cannot be
cancelled. Where a few names' servers are silent, everybody else's lookups would queue behind
them, and the program could not end before they have given up.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
from typing import TYPE_CHECKING, Any

from aiohttp import ThreadedResolver

if TYPE_CHECKING:
    from collections.abc import Callable

    from aiohttp.abc import AbstractResolver

__all__ = ["system_resolver"]


def system_resolver() -> AbstractResolver:
    """Return a resolver that asks the system: its hosts file, its name servers and all."""
    return ThreadedResolver(_DaemonThreads())  # type: ignore[arg-type] # of a loop it uses these two


class _DaemonThreads:
    """The two methods of an event loop that aiohttp's resolver calls."""

    async def getaddrinfo(self, host: str, port: int, **hints: int) -> Any:
        return await _in_a_daemon(lambda: socket.getaddrinfo(host, port, **hints))

    async def getnameinfo(self, address: tuple[Any, ...], flags: int) -> Any:
        return await _in_a_daemon(lambda: socket.getnameinfo(address, flags))


async def _in_a_daemon(ask: Callable[[], Any]) -> Any:
    loop = asyncio.get_running_loop()
    answer: asyncio.Future[Any] = loop.create_future()

    def settle(result: Any, error: Exception | None) -> None:
        if answer.done():  # whoever asked has given up
            return
        if error is None:
            answer.set_result(result)
        else:
            answer.set_exception(error)

    def work() -> None:
        result, trouble = None, None
        try:
            result = ask()
        except Exception as error:  # noqa: BLE001 - raised again where the answer is awaited
            trouble = error
        with contextlib.suppress(RuntimeError):  # the loop is closed: the run is over
            loop.call_soon_threadsafe(settle, result, trouble)

    # A daemon does not keep the program from ending.
    threading.Thread(target=work, name="orgauth-dns", daemon=True).start()
    return await answer
