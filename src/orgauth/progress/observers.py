"""Observers that show nothing by themselves: they pass on, keep, or log."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from orgauth.events import (
    AudienceLearnt,
    ClockCorrected,
    GroupGivenUp,
    HostPaused,
    HostShut,
    OrgFinished,
    OrgStarted,
    OrgWaiting,
    RunStarted,
    Warned,
)
from orgauth.progress.words import waiting, warning_of
from orgauth.text import printable

if TYPE_CHECKING:
    from orgauth.events import Event
    from orgauth.ports import Observer

__all__ = ["Fanout", "LogObserver", "WarningList"]

_log = logging.getLogger("orgauth")
_EVERY_ORGS = (OrgStarted, OrgFinished)
"""Events that come for every org, and are no warnings."""


class Fanout:
    """Tells several observers. One that fails is told no more, and costs the run nothing.

    A log on a full disk, a terminal that is gone, a mistake in somebody's own
    observer: none of them is a reason to stop authorizing.
    """

    def __init__(self, *observers: Observer) -> None:
        self._observers = list(observers)

    def notify(self, event: Event) -> None:
        """Pass one event on to all."""
        for observer in tuple(self._observers):
            try:
                observer.notify(event)
            except Exception:  # noqa: BLE001 - whatever it is, the run goes on
                self._observers.remove(observer)
                _log.exception("%s failed, and is told no more", type(observer).__name__)


class WarningList:
    """Keeps the warnings of a run for its report."""

    def __init__(self) -> None:
        self.messages: list[str] = []

    def notify(self, event: Event) -> None:
        """Keep the event if it is a warning."""
        if isinstance(event, _EVERY_ORGS):
            return
        message = warning_of(event)
        if message is not None:
            self.messages.append(message)


class LogObserver:
    """Writes events to the ``orgauth`` logger, for ``-v``."""

    def notify(self, event: Event) -> None:
        """Log one event; routine ones at DEBUG."""
        match event:
            case OrgFinished() | RunStarted():
                return  # the plain lines and the summary say it
            case OrgWaiting():
                _log.info("%s", waiting(event))
            case OrgStarted(name=name):
                if _log.isEnabledFor(logging.DEBUG):
                    _log.debug("%s: first attempt", printable(name))
            case Warned():
                return  # shown to everybody, not only to who asked for more
            case AudienceLearnt() | ClockCorrected() | HostPaused() | HostShut() | GroupGivenUp():
                return
