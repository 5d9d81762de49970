"""Options that several commands share."""

from __future__ import annotations

from pathlib import Path

import click

__all__ = ["concurrency", "json_output", "manifest", "only", "store"]

manifest = click.argument(
    "manifest", type=click.Path(path_type=Path), default="orgs.yaml", metavar="[MANIFEST]"
)
json_output = click.option(
    "--json", "as_json", is_flag=True, help="Print one JSON document on standard output."
)
concurrency = click.option(
    "--concurrency",
    type=click.IntRange(1, 10_000),
    metavar="N",
    help="Requests in flight at once, in all and a host; overrides the manifest's settings.",
)
only = click.option(
    "--only",
    "only",
    multiple=True,
    metavar="NAME",
    help="Only this org, by alias or username. Repeatable.",
)
store = click.option(
    "--store",
    "stores",
    multiple=True,
    default=("salesforce-cli",),
    show_default=True,
    metavar="STORE",
    help=("Where tokens are saved: salesforce-cli, env:FILE (a dotenv file), or none. Repeatable."),
)
