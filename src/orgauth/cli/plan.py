"""``orgauth plan``. Options here; the checks are in ``run_plan``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from orgauth.cli import options

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["plan"]


@click.command(short_help="Check a manifest offline, and show what login would do.")
@options.manifest
@options.json_output
@options.only
@options.store
def plan(manifest: Path, *, as_json: bool, only: tuple[str, ...], stores: tuple[str, ...]) -> int:
    """Check MANIFEST (orgs.yaml by default) and its keys, and show what login would do.

    Nothing is sent and nothing is written. Exit status: 0 if login could start, 2 if not.
    """
    from orgauth.cli import run_plan  # noqa: PLC0415 - heavy, and `--help` must feel instant

    return run_plan.main(manifest, as_json=as_json, only=only, stores=stores)
