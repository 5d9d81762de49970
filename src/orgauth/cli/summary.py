"""The end of a run, for people: how many, who failed of what, what to do about it."""

from __future__ import annotations

import re
import textwrap
from collections import defaultdict
from typing import TYPE_CHECKING

import click

from orgauth.models import Failed, Skipped, Status
from orgauth.text import printable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from orgauth.models import Failure, Outcome, RunResult

__all__ = ["summary_lines"]

_MOST_NAMES = 10
_INTERRUPTED = 128  # plus the number of the signal
_COLOURS = {
    Status.AUTHORIZED: "green",
    Status.REUSED: "green",
    Status.FAILED: "red",
    Status.SKIPPED: "yellow",
}


def summary_lines(run: RunResult, *, width: int | None = None) -> Iterator[str]:
    """Yield the summary, line by line, failures grouped by cause, the largest group first.

    Args:
        run: what to sum up.
        width: columns of the terminal; None leaves long lines whole, for logs and pipes.
    """
    counts = [
        click.style(f"{run.count(status)} {status.value}", fg=_COLOURS[status])
        for status in Status
        if run.count(status)
    ]
    interrupted = "interrupted: " if run.exit_code > _INTERRUPTED else ""
    yield f"{interrupted}{', '.join(counts) or 'no orgs'} in {run.elapsed_seconds:.1f} s"
    groups: dict[tuple[Status, str, str], list[str]] = defaultdict(list)
    for outcome in run.outcomes:
        if isinstance(outcome, Failed | Skipped):
            groups[_cause(outcome, outcome.failure)].append(printable(outcome.org.name))
    # What failed comes before what was skipped because of it.
    for (status, reason, advice), names in sorted(
        groups.items(), key=lambda group: (group[0][0] is Status.SKIPPED, -len(group[1]))
    ):
        yield ""
        yield click.style(f"{len(names)} {status.value}: {reason}", fg=_COLOURS[status])
        yield from _indented(_listed(names), width)
        if advice:
            stop = "" if advice.endswith((".", "?", "!")) else "."
            yield from _indented(advice + stop, width)


def _indented(text: str, width: int | None) -> list[str]:
    if width is None:
        return [f"  {text}"]
    return textwrap.wrap(
        text,
        max(width, 40),
        initial_indent="  ",
        subsequent_indent="  ",
        break_long_words=False,
        break_on_hyphens=False,
    )


def _cause(outcome: Outcome, failure: Failure) -> tuple[Status, str, str]:
    """Return what orgs are grouped by: their own names left out, so that alike is alike."""
    reason = printable(f"{failure.code}: {failure.description}")
    for name in filter(None, (outcome.org.username, outcome.org.alias)):
        reason = re.sub(rf"(?<![\w.@-]){re.escape(printable(name))}(?![\w@-])", "…", reason)
    return outcome.status, reason, failure.advice


def _listed(names: list[str]) -> str:
    shown = ", ".join(names[:_MOST_NAMES])
    more = len(names) - _MOST_NAMES
    return f"{shown} and {more} more" if more > 0 else shown
