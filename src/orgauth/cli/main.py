"""The ``orgauth`` program. Only this module ends the process."""

from __future__ import annotations

import contextlib
import gc
import sys

import click

from orgauth._version import __version__
from orgauth.cli.demo import demo
from orgauth.cli.login import login
from orgauth.cli.plan import plan
from orgauth.cli.simulate import simulate
from orgauth.cli.streams import discard_output, make_robust, occupy_standard_descriptors
from orgauth.text import printable

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
    occupy_standard_descriptors()
    make_robust()
    # What a command makes stays until its end, and makes few cycles: walking over it again and
    # again took up to half of a long run's CPU (see ``benchmarks``).
    gc.set_threshold(50_000, 20, 50)
    try:
        status = _run()
        if sys.stdout is not None:
            sys.stdout.flush()  # here, where a full disk can still be told
    except BrokenPipeError:  # who read it has seen enough: `orgauth plan | head`
        discard_output()
        status = 1
    except OSError as error:
        with contextlib.suppress(OSError):
            click.echo(f"error: the result cannot be shown: {error.strerror}", err=True)
        discard_output()
        status = 1
    gc.freeze()  # nor walk over it once more on the way out
    sys.exit(status)


def _run() -> int:
    try:
        status = cli(standalone_mode=False)
    except click.ClickException as error:
        return _show(error)
    except (click.Abort, KeyboardInterrupt):
        return _INTERRUPTED
    return status if isinstance(status, int) else 0


def _show(error: click.ClickException) -> int:
    """Show wrong usage; what it quotes may be the name of a file that somebody else gave it."""
    message, code = error.format_message(), error.exit_code
    if "--json" in sys.argv[1:]:
        from orgauth.errors import UsageError  # noqa: PLC0415 - the usual way needs neither
        from orgauth.reports.json import JsonReport  # noqa: PLC0415 - likewise

        click.echo(JsonReport().render_error(UsageError(message), exit_code=code), nl=False)
        return code
    context = error.ctx if isinstance(error, click.UsageError) else None
    if context is not None:
        hint = f"Try '{context.command_path} --help' for help."
        click.echo(f"{context.get_usage()}\n{hint}\n", err=True)
    click.echo(f"Error: {printable(message)}", err=True)
    return code
