"""``orgauth login``: the main job."""

from __future__ import annotations

import asyncio
import logging
import signal
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from orgauth.cli import options
from orgauth.cli.errors import show_error
from orgauth.errors import OrgauthError
from orgauth.text import printable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from orgauth.authorizer import Authorizer
    from orgauth.models import Outcome, RunResult
    from orgauth.ports import Observer, Report, Store
    from orgauth.progress import Progress
    from orgauth.wiring import Prepared

__all__ = ["login"]

_INTERRUPTED = 128  # plus the signal's number, as shells count


@click.command()
@options.manifest
@options.json_output
@options.concurrency
@options.only
@options.store
@click.option(
    "--verify/--no-verify",
    default=True,
    help="Prove each token alive by one REST call, which also tells what kind of org it is.",
)
@click.option(
    "--report",
    "reports",
    multiple=True,
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Write a report; the suffix says which: .json or .xml (JUnit). Repeatable.",
)
@click.option("-v", "--verbose", count=True, help="Tell more: -v every wait, -vv everything.")
@click.option("-q", "--quiet", is_flag=True, help="No progress; only what failed.")
def login(
    manifest: Path,
    *,
    as_json: bool,
    concurrency: int | None,
    only: tuple[str, ...],
    stores: tuple[str, ...],
    verify: bool,
    reports: tuple[Path, ...],
    verbose: int,
    quiet: bool,
) -> int:
    """Authorize every org of MANIFEST (orgs.yaml by default) and save the tokens.

    Exit status: 0 if every org was authorized, 1 if some failed or were skipped,
    2 if the manifest or an option cannot be used, 130 or 143 if interrupted.
    """
    try:
        from orgauth import wiring  # noqa: PLC0415 - heavy, and `--help` must feel instant

        _configure_logging(verbose)
        writers = _report_writers(reports)
        prepared = wiring.prepare(manifest, only=only, concurrency=concurrency)
        built = wiring.build_stores(stores, prepared.orgs)
        run = _run(
            prepared, built, verify=verify, live=not (quiet or verbose or as_json), quiet=quiet
        )
        run = _write_reports(writers, run)
        _show(run, as_json=as_json, quiet=quiet)
    except OrgauthError as error:
        return show_error(error, as_json=as_json)
    return run.exit_code


def _run(
    prepared: Prepared, stores: Sequence[Store], *, verify: bool, live: bool, quiet: bool
) -> RunResult:
    from orgauth.events import Warned  # noqa: PLC0415 - with the rest of what only a run needs
    from orgauth.models import RunResult, Status  # noqa: PLC0415 - likewise
    from orgauth.progress import Fanout, LogObserver, WarningList  # noqa: PLC0415 - likewise

    warnings = WarningList()
    started = time.monotonic()
    with _progress(live=live, quiet=quiet) as progress:
        observer = Fanout(warnings, LogObserver(), progress)
        for warning in prepared.warnings:
            observer.notify(Warned(warning))
        outcomes, caught = asyncio.run(
            _authorize(prepared, stores, observer=observer, verify=verify)
        )
    order = {org.username: number for number, org in enumerate(prepared.orgs)}
    outcomes.sort(key=lambda outcome: order[outcome.org.username])
    good = all(outcome.status in (Status.AUTHORIZED, Status.REUSED) for outcome in outcomes)
    return RunResult(
        outcomes,
        elapsed_seconds=time.monotonic() - started,
        exit_code=_INTERRUPTED + caught if caught else 0 if good else 1,
        warnings=warnings.messages,
    )


async def _authorize(
    prepared: Prepared, stores: Sequence[Store], *, observer: Observer, verify: bool
) -> tuple[list[Outcome], int]:
    """Return all outcomes, and the signal that ended the run early, or 0."""
    from orgauth import wiring  # noqa: PLC0415 - imported long ago; here for the name
    from orgauth.events import RunStarted  # noqa: PLC0415 - likewise

    outcomes: list[Outcome] = []
    observer.notify(RunStarted(len(prepared.orgs)))
    async with wiring.assembled(
        prepared, observer=observer, deliver=outcomes.append, stores=stores, verify=verify
    ) as authorizer:
        caught = _stop_on_signals(authorizer)
        await authorizer.run(prepared.orgs)
    return outcomes, caught[0] if caught else 0


def _stop_on_signals(authorizer: Authorizer) -> list[int]:
    """Stop gently on the first SIGINT or SIGTERM; the second one ends the process as usual."""
    loop = asyncio.get_running_loop()
    caught: list[int] = []
    signals = (signal.SIGINT, signal.SIGTERM)

    def stop(number: int) -> None:
        caught.append(number)
        for each in signals:
            loop.remove_signal_handler(each)
        authorizer.stop()

    for each in signals:
        loop.add_signal_handler(each, stop, each)
    return caught


def _progress(*, live: bool, quiet: bool) -> Progress:
    from orgauth.progress import LiveProgress, PlainProgress, Silence  # noqa: PLC0415 - see above

    if quiet:
        return Silence(sys.stderr)
    if live and sys.stderr.isatty():
        from rich.console import Console  # noqa: PLC0415 - only a terminal needs it

        console = Console(stderr=True, highlight=False)
        if not console.is_dumb_terminal:
            return LiveProgress(console)
    return PlainProgress(sys.stderr)


def _configure_logging(verbose: int) -> None:
    if not verbose:
        return
    logging.basicConfig(
        stream=sys.stderr, format="%(levelname)s %(name)s: %(message)s", level=logging.WARNING
    )
    level = logging.DEBUG if verbose > 1 else logging.INFO
    for name in ("orgauth", "asyncio", "aiohttp"):
        logging.getLogger(name).setLevel(level)


def _report_writers(paths: Sequence[Path]) -> list[tuple[Report, Path]]:
    from orgauth.errors import UsageError  # noqa: PLC0415 - with the reports
    from orgauth.reports import BY_SUFFIX  # noqa: PLC0415 - only who asks for one needs them

    writers = []
    for path in paths:
        report = BY_SUFFIX.get(path.suffix.casefold())
        if report is None:
            raise UsageError(
                f"no report is written as {path.name}",
                advice=f"--report takes files that end in {' or '.join(BY_SUFFIX)}",
            )
        if not path.absolute().parent.is_dir():
            raise UsageError(f"--report {path}: there is no folder {path.parent}")
        writers.append((report, path))
    return writers


def _write_reports(writers: Sequence[tuple[Report, Path]], run: RunResult) -> RunResult:
    """Write all reports; one that cannot be written is told, and costs the run its good status."""
    from orgauth.errors import StoreError  # noqa: PLC0415 - with the reports
    from orgauth.stores.atomic_file import write_atomically  # noqa: PLC0415 - likewise

    troubles = []
    for report, path in writers:
        try:
            write_atomically(path, report.render(run).encode())
        except StoreError as error:
            troubles.append(str(error))
            click.echo(f"warning: {printable(str(error))}", err=True)
    if not troubles:
        return run
    return replace(run, exit_code=run.exit_code or 1, warnings=[*run.warnings, *troubles])


def _show(run: RunResult, *, as_json: bool, quiet: bool) -> None:
    if as_json:
        from orgauth.reports.json import JsonReport  # noqa: PLC0415 - only here

        click.echo(JsonReport().render(run), nl=False)
        return
    from orgauth.cli.summary import summary_lines  # noqa: PLC0415 - only here

    if not quiet or run.exit_code:
        for line in summary_lines(run):
            click.echo(line)
