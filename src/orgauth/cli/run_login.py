"""The run behind ``orgauth login``: prepare, authorize, report; signals end it gently."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import os
import shutil
import signal
import sys
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import click

from orgauth import descriptors, preparing, wiring
from orgauth.cli.errors import exit_code_of, show_error
from orgauth.cli.logs import configure_logging
from orgauth.cli.streams import is_terminal
from orgauth.cli.summary import summary_lines
from orgauth.errors import OrgauthError, StoreError, UsageError
from orgauth.events import RunStarted, Warned
from orgauth.failures import interrupted
from orgauth.models import RunResult, Skipped, Status
from orgauth.progress import Fanout, LogObserver, PlainProgress, Silence, WarningList
from orgauth.reports import BY_SUFFIX
from orgauth.reports.json import JsonReport
from orgauth.stores.atomic_file import remove_leftovers, write_atomically
from orgauth.stores.os_errors import store_error
from orgauth.text import printable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from pathlib import Path

    from orgauth.models import Outcome
    from orgauth.ports import Observer, Report, Store
    from orgauth.preparing import Prepared
    from orgauth.progress import Progress

__all__ = ["Options", "main"]

_INTERRUPTED = 128  # plus the signal's number, as shells count


@dataclass(frozen=True, slots=True)
class Options:
    """What the command line says; see ``orgauth login --help``."""

    as_json: bool
    concurrency: int | None
    only: Sequence[str]
    stores: Sequence[str]
    verify: bool
    if_needed: bool
    reports: Sequence[Path]
    keep_going: bool
    verbose: int
    quiet: bool


def main(manifest: Path, options: Options) -> int:
    """Run the command; return its exit status."""
    writers: Sequence[tuple[Report, Path]] = ()
    try:
        configure_logging(options.verbose)
        descriptors.raise_limit()
        writers = _report_writers(options.reports, manifest)
        prepared = preparing.prepare(manifest, only=options.only, concurrency=options.concurrency)
        stores = wiring.build_stores(options.stores, prepared)
        run = _run(prepared, stores, options)
    except OrgauthError as error:
        # Yesterday's report must not stand there as if it were today's.
        _write_reports(writers, _of_error(error))
        return show_error(error, as_json=options.as_json)
    troubles = _write_reports(writers, lambda report: report.render(run))
    if troubles:
        run = replace(run, exit_code=run.exit_code or 1, warnings=[*run.warnings, *troubles])
    _show(run, options)
    return run.exit_code


def _run(prepared: Prepared, stores: Sequence[Store], options: Options) -> RunResult:
    warnings = WarningList()
    started = time.monotonic()
    with _progress(options) as progress:
        observer = Fanout(warnings, LogObserver(), progress)
        for warning in prepared.warnings:
            observer.notify(Warned(warning))
        gc.freeze()  # orgs stay until the end: the collector need not walk over them
        outcomes, caught = asyncio.run(_authorize(prepared, stores, observer, options))
    order = {org.username: number for number, org in enumerate(prepared.orgs)}
    outcomes.sort(key=lambda outcome: order[outcome.org.username])
    return RunResult(
        outcomes,
        elapsed_seconds=time.monotonic() - started,
        exit_code=_exit_code(outcomes, caught),
        warnings=warnings.messages,
    )


def _exit_code(outcomes: Sequence[Outcome], caught: int) -> int:
    if caught:
        return _INTERRUPTED + caught
    good = (Status.AUTHORIZED, Status.REUSED)
    return 0 if all(outcome.status in good for outcome in outcomes) else 1


async def _authorize(
    prepared: Prepared, stores: Sequence[Store], observer: Observer, options: Options
) -> tuple[list[Outcome], int]:
    """Return all outcomes, and the signal that ended the run early, or 0."""
    outcomes: list[Outcome] = []
    observer.notify(RunStarted(len(prepared.orgs)))
    signals = _Signals()
    try:
        async with wiring.assembled(
            prepared,
            observer=observer,
            deliver=outcomes.append,
            stores=stores,
            verify=options.verify,
            if_needed=options.if_needed,
            keep_going=options.keep_going,
        ) as authorizer:
            signals.stop = authorizer.stop
            await authorizer.run(prepared.orgs)
    except asyncio.CancelledError:
        if not signals.caught:
            raise
        # Stopped before anybody could log in.
        outcomes += [Skipped(org, interrupted()) for org in prepared.orgs]
    return outcomes, signals.caught[0] if signals.caught else 0


class _Signals:
    """Stops gently on the first signal that asks for it, and at once on the second."""

    def __init__(self) -> None:
        loop, task = asyncio.get_running_loop(), asyncio.current_task()
        assert task is not None  # noqa: S101 - a coroutine runs in a task
        self.stop: Callable[[], object] = task.cancel
        self.caught: list[int] = []
        signals = [signal.SIGINT, signal.SIGTERM]
        # nohup asks to ignore hang-ups. (A shell ignores SIGINT, too, for what it starts with `&`;
        # but who then sends one by name means it.)
        if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
            signals.append(signal.SIGHUP)
        for each in signals:
            loop.add_signal_handler(each, self._catch, each)

    def _catch(self, number: int) -> None:
        self.caught.append(number)
        if len(self.caught) > 1:
            os._exit(_INTERRUPTED + number)  # files are renamed into place: none is left half
        self.stop()
        with contextlib.suppress(OSError):  # a terminal that is gone is often why we are stopped
            click.echo("stopping: saving what is authorized; once more ends it at once", err=True)


def _progress(options: Options) -> Progress:
    if options.quiet or sys.stderr is None:
        return Silence()
    if is_terminal(sys.stderr) and not (options.verbose or options.as_json):
        from rich.console import Console  # noqa: PLC0415 - 50 ms that only a terminal needs

        from orgauth.progress.live import LiveProgress  # noqa: PLC0415 - likewise

        console = Console(stderr=True, highlight=False, emoji=False)
        if not console.is_dumb_terminal:
            return LiveProgress(console)
    return PlainProgress(sys.stderr)


def _report_writers(paths: Sequence[Path], manifest: Path) -> list[tuple[Report, Path]]:
    writers = []
    for path in paths:
        report = BY_SUFFIX.get(path.suffix.casefold())
        if report is None:
            raise UsageError(
                f"no report is written as {path.name}",
                advice=f"--report takes files that end in {' or '.join(BY_SUFFIX)}",
            )
        shown = printable(str(path))
        try:
            if not path.parent.is_dir():
                raise UsageError(f"--report {shown}: there is no folder {path.parent}")
            if path.exists() and manifest.exists() and path.samefile(manifest):
                raise UsageError(f"--report {shown} is the manifest itself")
        except OSError as error:
            raise UsageError(f"--report {shown} cannot be used: {error.strerror}") from error
        writers.append((report, path))
    return writers


def _of_error(error: OrgauthError) -> Callable[[Report], Iterable[str]]:
    return lambda report: [report.render_error(error, exit_code=exit_code_of(error))]


def _write_reports(
    writers: Sequence[tuple[Report, Path]], render: Callable[[Report], Iterable[str]]
) -> list[str]:
    """Write all reports; return, and tell, which could not be written."""
    troubles = []
    for report, path in writers:
        try:
            pieces = (piece.encode(errors="replace") for piece in render(report))
            _write(path, b"".join(pieces))
        except (StoreError, OSError) as error:
            troubles.append(printable(str(error)))
            click.echo(f"warning: {troubles[-1]}", err=True)
    return troubles


def _write(path: Path, data: bytes) -> None:
    if path.exists() and not path.is_file():  # /dev/stdout, a pipe: written to, never replaced
        try:
            # Opening a pipe would wait for its reader; this way one without is told.
            descriptor = os.open(path, os.O_WRONLY | os.O_NONBLOCK | os.O_NOCTTY)
            with os.fdopen(descriptor, "wb") as file:
                os.set_blocking(descriptor, True)
                file.write(data)
        except OSError as error:
            raise store_error(error, path, "write") from error
    else:
        remove_leftovers(path.absolute().parent, now=time.time())
        write_atomically(path.absolute(), data)


def _show(run: RunResult, options: Options) -> None:
    if options.as_json:
        if sys.stdout is not None:
            sys.stdout.writelines(JsonReport().render(run))
        return
    if options.quiet and run.exit_code:  # now that something is said, say all
        for warning in run.warnings:
            click.echo(f"warning: {warning}", err=True)
    if not options.quiet or run.exit_code:
        width = shutil.get_terminal_size().columns if is_terminal(sys.stdout) else None
        for line in summary_lines(run, width=width):
            click.echo(line)
