"""Plain lines, for CI logs and pipes; or none at all."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self, TextIO

from orgauth.events import HostPaused, OrgFinished, RunStarted
from orgauth.progress.words import finished, is_worth_a_line, warning_of
from orgauth.text import printable

if TYPE_CHECKING:
    from orgauth.events import Event

__all__ = ["PlainProgress", "Silence"]


class Silence:
    """Shows nothing, for ``-q``: what failed stands in the summary, warnings in the report."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        return

    def notify(self, event: Event) -> None:
        """Take no note."""


class PlainProgress:
    """One line an org, as it ends; and what people should know meanwhile.

    Args:
        stream: where to, usually standard error.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._total = 0
        self._done = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        return

    def notify(self, event: Event) -> None:
        """Write the event's line, if it has one."""
        match event:
            case RunStarted(total=total):
                self._total = total
            case OrgFinished(outcome=outcome):
                self._done += 1
                if is_worth_a_line(outcome):
                    width = len(str(self._total))
                    self._write(f"[{self._done:>{width}}/{self._total}] {finished(outcome)}")
            case HostPaused(host=host, delay_seconds=delay):
                self._write(f"{printable(host)} asks to slow down: pausing {delay:.1f} s")
            case _:
                message = warning_of(event)
                if message is not None:
                    self._write(f"warning: {message}")

    def _write(self, line: str) -> None:
        print(line, file=self._stream, flush=True)
