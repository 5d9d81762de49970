"""The live picture on a terminal, drawn by rich. Imported only where there is a terminal."""

from __future__ import annotations

import heapq
import math
import time
from collections import Counter
from typing import TYPE_CHECKING, Self

from rich.console import Group
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from orgauth.events import HostPaused, OrgFinished, OrgWaiting, RunStarted
from orgauth.models import Failed, Skipped, Status
from orgauth.progress.words import finished, is_worth_a_line, warning_of, why
from orgauth.text import printable

if TYPE_CHECKING:
    from collections.abc import Callable

    from rich.console import Console, RenderableType

    from orgauth.events import Event

__all__ = ["LiveProgress"]


class LiveProgress:
    """The live picture: how far, how fast, who waits until when, who failed.

    Args:
        console: a terminal.
        clock: seconds that never go back.
    """

    _MOST_WAITING = 5

    def __init__(self, console: Console, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._console = console
        self._clock = clock
        self._started = clock()
        self._total = self._done = 0
        self._counts: Counter[Status] = Counter()
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
                self._counts[outcome.status] += 1
                if isinstance(outcome, Failed | Skipped) and is_worth_a_line(outcome):
                    self._console.print(f"  {finished(outcome)}", style="red", markup=False)
            case OrgWaiting(name=name, delay_seconds=delay):
                self._waiting[name] = (now + delay, event)
            case HostPaused(host=host, delay_seconds=delay):
                self._pauses[host] = now + delay
            case _:
                message = warning_of(event)
                if message is not None:
                    self._console.print(f"  warning: {message}", style="yellow", markup=False)

    def _picture(self) -> RenderableType:
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
        waiting = self._waiting.copy()  # drawn in a thread of its own
        next_ones = heapq.nsmallest(
            self._MOST_WAITING, waiting.values(), key=lambda entry: (entry[0] <= now, entry[0])
        )
        counts = Text()
        failed, skipped = self._counts[Status.FAILED], self._counts[Status.SKIPPED]
        counts.append(f"{self._counts[Status.AUTHORIZED]} authorized", style="green")
        if self._counts[Status.REUSED]:
            counts.append(f" · {self._counts[Status.REUSED]} reused", style="green")
        counts.append(f" · {len(waiting)} waiting", style="yellow" if waiting else "dim")
        counts.append(f" · {failed} failed", style="red" if failed else "dim")
        if skipped:
            counts.append(f" · {skipped} skipped", style="yellow")
        lines: list[RenderableType] = [bar, counts]
        for host, until in self._pauses.copy().items():
            if until > now:
                lines.append(
                    Text(f"  {printable(host)} asks to slow down: {until - now:.0f} s", "yellow")
                )
        for at, event in next_ones:
            when = f"next try in {math.ceil(at - now)} s" if at > now else "trying again"
            lines.append(Text(f"  {printable(event.name)}: {why(event.kind)}, {when}", "dim"))
        if len(waiting) > self._MOST_WAITING:
            lines.append(Text(f"  … and {len(waiting) - self._MOST_WAITING} more", "dim"))
        return Group(*lines)

    def _time_left(self, rate: float) -> str:
        """Return a guess for those who do not wait; for the others the next try says it."""
        left = self._total - self._done - len(self._waiting)
        return f"about {left / rate:.0f} s left" if left > 0 and rate >= 1 else ""
