"""``orgauth login``: the main job. Options here; the run itself is in ``run_login``."""

from __future__ import annotations

from pathlib import Path

import click

from orgauth.cli import options

__all__ = ["login"]


@click.command(short_help="Authorize every org of a manifest and save the tokens.")
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
    "--if-needed",
    is_flag=True,
    help="Keep a stored token that one REST call accepts, and log in to the others only.",
)
@click.option(
    "--report",
    "reports",
    multiple=True,
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Write a report; the suffix says which: .json or .xml (JUnit). Repeatable.",
)
@click.option(
    "--keep-going",
    is_flag=True,
    help="Try every org, even where all that share its client id, key and login host were refused.",
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
    if_needed: bool,
    reports: tuple[Path, ...],
    keep_going: bool,
    verbose: int,
    quiet: bool,
) -> int:
    """Authorize every org of MANIFEST (orgs.yaml by default) and save the tokens.

    Exit status: 0 if every org was authorized or reused, 1 if some failed or were skipped,
    2 if the manifest or an option cannot be used, 130 or 143 if interrupted.
    """
    from orgauth.cli import run_login  # noqa: PLC0415 - heavy, and `--help` must feel instant

    return run_login.main(
        manifest,
        run_login.Options(
            as_json=as_json,
            concurrency=concurrency,
            only=only,
            stores=stores,
            verify=verify,
            if_needed=if_needed,
            reports=reports,
            keep_going=keep_going,
            verbose=verbose,
            quiet=quiet,
        ),
    )
