"""What people see while a run goes on: a live picture on a terminal, plain lines elsewhere."""

from __future__ import annotations

import logging
import math
import time
from typing import TYPE_CHECKING, Protocol, Self, TextIO

from orgauth.events import (
    AudienceLearnt,
    ClockCorrected,
    HostPaused,
    OrgFinished,
    OrgStarted,
    OrgWaiting,
    RunStarted,
    Warned,
)
from orgauth.models import Authorized, FailureKind
from orgauth.text import printable

if TYPE_CHECKING:
    from collections.abc import Callable

    from rich.console import Console, RenderableType

    from orgauth.events import Event
    from orgauth.models import Outcome
    from orgauth.ports import Observer

__all__ = [
    "Fanout",
    "LiveProgress",
    "LogObserver",
    "PlainProgress",
    "Progress",
    "Silence",
    "WarningList",
]

_log = logging.getLogger("orgauth")


class Progress(Protocol):
    """An observer that shows something from ``with`` to its end."""

    def notify(self, event: Event) -> None:
        """Take note of one event."""
        ...

    def __enter__(self) -> Self: ...

    def __exit__(self, *_: object) -> None: ...


class Fanout:
    """Tells several observers."""

    def __init__(self, *observers: Observer) -> None:
        self._observers = observers

    def notify(self, event: Event) -> None:
        """Pass one event on to all."""
        for observer in self._observers:
            observer.notify(event)


class WarningList:
    """Keeps the warnings of a run for its report."""

    def __init__(self) -> None:
        self.messages: list[str] = []

    def notify(self, event: Event) -> None:
        """Keep the event if it is a warning."""
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
                _log.info("%s", _waiting(event))
            case OrgStarted(name=name):
                _log.debug("%s: first attempt", printable(name))
            case Warned():
                return  # shown to everybody, not only to who asked for more
            case AudienceLearnt() | ClockCorrected() | HostPaused():
                return


class Silence:
    """Shows warnings and nothing else, for ``-q``.

    Args:
        stream: where to, usually standard error.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        return

    def notify(self, event: Event) -> None:
        """Write the event if it is a warning."""
        message = warning_of(event)
        if message is not None:
            print(f"warning: {message}", file=self._stream, flush=True)


class PlainProgress(Silence):
    """One line an org, as it ends; and what people should know meanwhile.

    Args:
        stream: where to, usually standard error.
    """

    def __init__(self, stream: TextIO) -> None:
        super().__init__(stream)
        self._total = 0
        self._done = 0

    def notify(self, event: Event) -> None:
        """Write the event's line, if it has one."""
        match event:
            case RunStarted(total=total):
                self._total = total
            case OrgFinished(outcome=outcome):
                self._done += 1
                width = len(str(self._total))
                self._write(f"[{self._done:>{width}}/{self._total}] {_finished(outcome)}")
            case HostPaused(host=host, delay_seconds=delay):
                self._write(f"{printable(host)} asks to slow down: pausing {delay:.1f} s")
            case _:
                super().notify(event)

    def _write(self, line: str) -> None:
        print(line, file=self._stream, flush=True)


class LiveProgress:
    """The live picture: how far, how fast, who waits until when, who failed.

    Args:
        console: a terminal.
        clock: seconds that never go back.
    """

    _MOST_WAITING = 5

    def __init__(self, console: Console, *, clock: Callable[[], float] = time.monotonic) -> None:
        from rich.live import Live  # noqa: PLC0415 - 50 ms that only a terminal needs

        self._console = console
        self._clock = clock
        self._started = clock()
        self._total = self._done = self._failed = 0
        self._waiting: dict[str, tuple[float, OrgWaiting]] = {}
        self._pauses: dict[str, float] = {}
        self._live = Live(
            console=console, get_renderable=self._picture, refresh_per_second=8, transient=True
        )

    def __enter__(self) -> Self:
        self._started = self._clock()
        self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._live.stop()

    def notify(self, event: Event) -> None:
        """Take note; the picture is redrawn several times a second."""
        now = self._clock()
        match event:
            case RunStarted(total=total):
                self._total = total
            case OrgFinished(outcome=outcome):
                self._done += 1
                self._waiting.pop(outcome.org.name, None)
                if not isinstance(outcome, Authorized):
                    self._failed += 1
                    self._console.print(f"  {_finished(outcome)}", style="red", markup=False)
            case OrgWaiting(name=name, delay_seconds=delay):
                self._waiting[name] = (now + delay, event)
            case HostPaused(host=host, delay_seconds=delay):
                self._pauses[host] = now + delay
            case _:
                message = warning_of(event)
                if message is not None:
                    self._console.print(f"  warning: {message}", style="yellow", markup=False)

    def _picture(self) -> RenderableType:
        from rich.console import Group  # noqa: PLC0415 - as above
        from rich.progress_bar import ProgressBar  # noqa: PLC0415 - as above
        from rich.table import Table  # noqa: PLC0415 - as above
        from rich.text import Text  # noqa: PLC0415 - as above

        now = self._clock()
        elapsed = now - self._started
        rate = self._done / elapsed if elapsed > 0 else 0.0
        bar = Table.grid(padding=(0, 1))
        bar.add_row(
            ProgressBar(
                total=max(self._total, 1), completed=self._done, width=32, complete_style="green"
            ),
            f"{self._done}/{self._total}",
            f"{rate:.0f} orgs/s" if rate >= 1 else "",
            self._time_left(rate),
        )
        # Who waits, the next one first; then those whose next try is under way.
        waiting = sorted(
            self._waiting.copy().values(), key=lambda entry: (entry[0] <= now, entry[0])
        )
        counts = Text()
        counts.append(f"{self._done - self._failed} authorized", style="green")
        counts.append(f" · {len(waiting)} waiting", style="yellow" if waiting else "dim")
        counts.append(f" · {self._failed} failed", style="red" if self._failed else "dim")
        lines: list[RenderableType] = [bar, counts]
        for host, until in self._pauses.copy().items():
            if until > now:
                lines.append(
                    Text(f"  {printable(host)} asks to slow down: {until - now:.0f} s", "yellow")
                )
        for at, event in waiting[: self._MOST_WAITING]:
            when = f"next try in {math.ceil(at - now)} s" if at > now else "trying again"
            lines.append(Text(f"  {printable(event.name)}: {_why(event.kind)}, {when}", "dim"))
        if len(waiting) > self._MOST_WAITING:
            lines.append(Text(f"  … and {len(waiting) - self._MOST_WAITING} more", "dim"))
        return Group(*lines)

    def _time_left(self, rate: float) -> str:
        """Return a guess for those who do not wait; for the others the next try says it."""
        left = self._total - self._done - len(self._waiting)
        return f"about {left / rate:.0f} s left" if left > 0 and rate >= 1 else ""


def warning_of(event: Event) -> str | None:
    """Return what an event says that a person should still know afterwards, or None."""
    match event:
        case Warned(message=message):
            return printable(message)
        case ClockCorrected(host=host, skew_seconds=skew):
            which = "behind" if skew > 0 else "ahead of"
            return (
                f"this machine's clock is {abs(skew):.0f} s {which} {printable(host)}'s; "
                "assertions are dated by the host's clock for the rest of the run"
            )
        case AudienceLearnt(host=host, audience=audience):
            return (
                f"{printable(host)} wants the audience {audience}; "
                "set `audience` in the manifest to save one request a run"
            )
        case _:
            return None


def _finished(outcome: Outcome) -> str:
    name = printable(outcome.org.name)
    if isinstance(outcome, Authorized):
        tries = f", {outcome.attempts} attempts" if outcome.attempts > 1 else ""
        return f"authorized {name} ({outcome.elapsed_seconds:.1f} s{tries})"
    reason = printable(f"{outcome.failure.code}: {outcome.failure.description}")
    return f"{outcome.status.value} {name}: {reason}"


def _waiting(event: OrgWaiting) -> str:
    return printable(
        f"{event.name}: {_why(event.kind)} after attempt {event.attempt}, "
        f"next try in {event.delay_seconds:.1f} s ({event.reason})"
    )


def _why(kind: FailureKind) -> str:
    match kind:
        case FailureKind.NOT_APPROVED:
            return "waiting for replication"
        case FailureKind.THROTTLED:
            return "waiting, as its host asks"
        case FailureKind.TRANSIENT | FailureKind.PERMANENT:
            return "waiting after a fault"
