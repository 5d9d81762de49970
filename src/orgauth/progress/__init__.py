"""What people see while a run goes on: a live picture on a terminal, plain lines elsewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, Self

from orgauth.progress.observers import Fanout, LogObserver, WarningList
from orgauth.progress.plain import PlainProgress, Silence

if TYPE_CHECKING:
    from orgauth.events import Event

__all__ = ["Fanout", "LogObserver", "PlainProgress", "Progress", "Silence", "WarningList"]


class Progress(Protocol):
    """An observer that shows something from ``with`` to its end."""

    def notify(self, event: Event) -> None:
        """Take note of one event."""
        ...

    def __enter__(self) -> Self: ...

    def __exit__(self, *_: object) -> None: ...
