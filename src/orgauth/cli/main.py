"""The ``orgauth`` program. Only this module ends the process."""

from __future__ import annotations

import sys

import click

from orgauth._version import __version__
from orgauth.cli.demo import demo
from orgauth.cli.login import login
from orgauth.cli.plan import plan
from orgauth.cli.simulate import simulate

__all__ = ["cli", "run"]

_INTERRUPTED = 130


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="orgauth")
def cli() -> None:
    """Authorize many Salesforce orgs at once with the OAuth 2.0 JWT bearer flow.

    Start with `orgauth demo`: it rehearses everything on this machine alone.
    """


cli.add_command(login)
cli.add_command(plan)
cli.add_command(simulate)
cli.add_command(demo)


def run() -> None:
    """Run the command line and exit with its status."""
    try:
        status = cli(standalone_mode=False)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except (click.Abort, KeyboardInterrupt):
        sys.exit(_INTERRUPTED)
    sys.exit(status if isinstance(status, int) else 0)
