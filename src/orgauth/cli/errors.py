"""Errors as people, and programs that asked for JSON, get to see them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

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
        click.echo(json.dumps(_envelope(error, code), indent=2))
        return code
    if isinstance(error, ManifestError):
        count = len(error.problems)
        click.echo(str(error), err=True)
        click.echo(
            click.style(f"{count} problem{'s' if count != 1 else ''}", fg="red"),
            err=True,
        )
    else:
        click.echo(click.style("error: ", fg="red") + printable(str(error)), err=True)
    if error.advice:
        click.echo(printable(error.advice), err=True)
    return code


def _envelope(error: OrgauthError, code: int) -> dict[str, Any]:
    """Return the envelope that the Salesforce CLI's ``--json`` gives an error."""
    value: dict[str, Any] = {
        "status": code,
        "name": type(error).__name__,
        "message": str(error),
        "advice": error.advice,
        "warnings": [],
    }
    if isinstance(error, ManifestError):
        value["problems"] = [
            {
                "file": problem.position.file,
                "line": problem.position.line,
                "column": problem.position.column,
                "message": problem.message,
            }
            for problem in error.problems
        ]
    return value
