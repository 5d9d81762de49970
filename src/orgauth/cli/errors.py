"""Errors as people, and programs that asked for JSON, get to see them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from orgauth.errors import ManifestError, UsageError
from orgauth.text import printable

if TYPE_CHECKING:
    from orgauth.errors import OrgauthError

__all__ = ["exit_code_of", "show_error"]

_FAILED, _WRONG_USAGE = 1, 2


def exit_code_of(error: OrgauthError) -> int:
    """Return 2 for a manifest or options that cannot be used, 1 for anything else."""
    return _WRONG_USAGE if isinstance(error, ManifestError | UsageError) else _FAILED


def show_error(error: OrgauthError, *, as_json: bool) -> int:
    """Show an error that ends the command, and return the exit code it ends with."""
    code = exit_code_of(error)
    if as_json:
        from orgauth.reports.json import JsonReport  # noqa: PLC0415 - `--help` needs none

        click.echo(JsonReport().render_error(error, exit_code=code), nl=False)
        return code
    if isinstance(error, ManifestError):
        count = len(error.problems)
        for problem in error.problems:
            click.echo(printable(str(problem), limit=2000), err=True)
        click.echo(
            click.style(f"{count} problem{'s' if count != 1 else ''}", fg="red"),
            err=True,
        )
    else:
        click.echo(click.style("error: ", fg="red") + printable(str(error)), err=True)
    if error.advice:
        click.echo(printable(error.advice), err=True)
    return code
