"""``orgauth simulate``: a Salesforce login host of one's own to rehearse against."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from orgauth.simulator.serving import OwnApp, Plan

__all__ = ["simulate"]

_COUNT = click.IntRange(min=0)
_SECONDS = click.FloatRange(min=0)
_FILE = click.Path(exists=True, dir_okay=False)


@click.command(
    short_help="Serve simulated orgs to rehearse against.",
    context_settings={"show_default": True},
)
@click.argument("folder", type=click.Path(file_okay=False), required=False)
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="0 for any free port.")
@click.option("--dev-hubs", type=_COUNT, default=2, help="How many Dev Hubs.")
@click.option("--scratch-orgs", type=_COUNT, default=45, help="How many, spread over the hubs.")
@click.option("--sandboxes", type=_COUNT, default=3, help="How many sandboxes.")
@click.option("--production", type=_COUNT, default=0, help="How many production orgs.")
@click.option("--late", type=_COUNT, default=0, help="How many scratch orgs replicate late.")
@click.option(
    "--late-seconds",
    type=_SECONDS,
    default=5.0,
    help="How late, in seconds after the first token request of all.",
)
@click.option("--latency", type=_SECONDS, default=0.0, help="Seconds before every answer.")
@click.option(
    "--throttle",
    type=click.IntRange(min=1),
    help="Answer 429 beyond this many requests in flight. Default: no limit.",
)
@click.option(
    "--retry-after",
    type=_SECONDS,
    default=1.0,
    help="Seconds that a 429 asks to wait.",
)
@click.option(
    "--clock-skew",
    type=float,
    default=0.0,
    help="Seconds the host's clock is ahead (negative: behind).",
)
@click.option(
    "--fault-rate",
    type=click.FloatRange(0, 1),
    default=0.0,
    help="Probability, 0 to 1, that a request meets a passing fault: 5xx, 429, HTML, half an "
    "answer, a closed or reset connection.",
)
@click.option("--seed", type=int, help="Makes the faults' order repeatable.")
@click.option("--tls", is_flag=True, help="https, with a certificate made for this machine.")
@click.option("--client-id", help="Accept this app as well (with --certificate).")
@click.option(
    "--certificate", type=_FILE, help="The certificate, or public key, of that app, in PEM."
)
@click.option(
    "--any-username",
    is_flag=True,
    help="Accept unknown usernames; the audience tells the kind: login is a production org, "
    "test a scratch org if the username starts with test-, else a sandbox.",
)
@click.option(
    "--requests-log",
    type=click.Path(dir_okay=False),
    help="Append a JSON line for each request: time, kind, username, status.",
)
def simulate(**options: Any) -> None:
    """Serve simulated Salesforce orgs on 127.0.0.1 until Ctrl-C.

    FOLDER receives a key, its certificate and orgs.yaml, a manifest of the orgs;
    a key that lies there is used again. Without FOLDER a temporary one is made,
    and removed at the end.
    """
    import asyncio  # noqa: PLC0415 - only this command pays for what it needs
    import tempfile  # noqa: PLC0415 - likewise

    from orgauth.simulator.serving import serve  # noqa: PLC0415 - likewise

    with tempfile.TemporaryDirectory(prefix="orgauth-simulate-") as temporary:
        plan = _plan({**options, "folder": options["folder"] or temporary})
        try:
            asyncio.run(serve(plan, click.echo))
        except (OSError, ValueError) as error:
            raise click.ClickException(str(error)) from error


def _plan(options: dict[str, Any]) -> Plan:
    from pathlib import Path  # noqa: PLC0415 - only this command pays for what it needs

    from orgauth.simulator.rehearsal import Size  # noqa: PLC0415 - likewise
    from orgauth.simulator.serving import Plan  # noqa: PLC0415 - likewise

    counts = ("dev_hubs", "scratch_orgs", "sandboxes", "production", "late", "late_seconds")
    try:
        size = Size(**{name: options[name] for name in counts})
    except ValueError as error:
        raise click.UsageError(str(error)) from error
    behaviour = ("latency", "throttle", "retry_after", "clock_skew", "fault_rate", "seed")
    kept = ("port", "tls", "any_username", *behaviour)
    log = options["requests_log"]
    return Plan(
        folder=Path(options["folder"]),
        size=size,
        own_app=_own_app(options["client_id"], options["certificate"]),
        requests_log=None if log is None else Path(log),
        **{name: options[name] for name in kept},
    )


def _own_app(client_id: str | None, certificate: str | None) -> OwnApp | None:
    from pathlib import Path  # noqa: PLC0415 - only this command pays for what it needs

    from orgauth.simulator.serving import OwnApp  # noqa: PLC0415 - likewise

    if client_id is None and certificate is None:
        return None
    if client_id is None or certificate is None:
        raise click.UsageError("--client-id and --certificate go together")
    return OwnApp(client_id, Path(certificate))
