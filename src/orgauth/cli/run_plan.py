"""The checks behind ``orgauth plan``, as a table or as JSON. Nothing is sent, nothing written."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from orgauth import descriptors, preparing, wiring
from orgauth.cli.errors import show_error
from orgauth.cli.streams import is_terminal
from orgauth.errors import ManifestError, OrgauthError, Problem
from orgauth.reports.json import envelope
from orgauth.text import printable

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from orgauth.models import Org
    from orgauth.ports import Store
    from orgauth.preparing import KeyCheck, Prepared

__all__ = ["main"]

_PIPED_WIDTH = 400  # a table in a file or a pipe is not folded to somebody's terminal


def main(manifest: Path, *, as_json: bool, only: Sequence[str], stores: Sequence[str]) -> int:
    """Run the command; return its exit status."""
    try:
        descriptors.raise_limit()
        prepared = preparing.prepare(manifest, only=only)
        _refuse_mismatches(prepared)
        built = wiring.build_stores(stores, prepared)
        if as_json:
            _print_json(prepared, built)
        else:
            _print_tables(prepared, built)
    except OrgauthError as error:
        return show_error(error, as_json=as_json)
    return 0


def _refuse_mismatches(prepared: Prepared) -> None:
    problems = [
        Problem(
            prepared.manifest.key_positions[check.ref],
            f"the key {check.ref} does not belong to the certificate {check.certificate.path} "
            "beside it; Salesforce would answer 'invalid assertion'",
        )
        for check in prepared.keys
        if check.certificate is not None and not check.certificate.matches
    ]
    if problems:
        raise ManifestError(
            problems,
            advice="Make the certificate again from the key, and upload it to the app; or name "
            "the key that the certificate was made from",
        )


def _print_json(prepared: Prepared, stores: Sequence[Store]) -> None:

    result = {
        "manifest": str(prepared.manifest.path),
        "orgs": [_org(org) for org in prepared.orgs],
        "keys": [_key(check) for check in prepared.keys],
        "stores": [store.name for store in stores],
    }
    click.echo(envelope(result, status=0, warnings=_warnings(prepared, stores)), nl=False)


def _org(org: Org) -> dict[str, Any]:
    return {
        "username": org.username,
        "alias": org.alias,
        "kind": org.kind.value,
        "dev_hub": org.dev_hub,
        "login_url": org.login_url,
        "audience": org.audience,
        "client_id": org.client_id,
        "key": str(org.key),
        "waits_for_replication": org.is_new,
        "set_default": org.set_default,
        "set_default_dev_hub": org.set_default_dev_hub,
    }


def _key(check: KeyCheck) -> dict[str, Any]:
    found = check.certificate
    return {
        "source": check.ref.source,
        "location": check.ref.location,
        "certificate": None
        if found is None
        else {
            "path": str(found.path),
            "matches": found.matches,
            "expires": found.expires.date().isoformat() if found.expires else None,
        },
    }


def _print_tables(prepared: Prepared, stores: Sequence[Store]) -> None:
    on_a_terminal = is_terminal(sys.stdout)
    console = Console(
        highlight=False, markup=False, emoji=False, width=None if on_a_terminal else _PIPED_WIDTH
    )
    with console.capture() as captured:
        console.print(_org_table(prepared.orgs))
        console.print(_key_table(prepared.keys))
        saved = ", ".join(printable(store.name) for store in stores) or "nowhere"
        count = len(prepared.orgs)
        console.print(
            f"{count} org{'s' if count != 1 else ''}, "
            f"at most {prepared.settings.concurrency} at once; tokens saved in: {saved}"
        )
        for warning in _warnings(prepared, stores):
            console.print(f"warning: {printable(warning)}", style="yellow")
        console.print("Nothing was sent. `orgauth login` does it.", style="dim")
    for line in captured.get().splitlines():
        click.echo(line.rstrip())  # a table is filled up with blanks to its width


def _warnings(prepared: Prepared, stores: Sequence[Store]) -> list[str]:
    """Return what login would warn of, as far as it can be known before."""
    return [
        *prepared.warnings,
        *(warning for store in stores for warning in store.forewarn(prepared.orgs)),
    ]


def _org_table(orgs: Sequence[Org]) -> Table:
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    for heading in ("Org", "Username", "Kind", "Login URL", "Audience", "Default"):
        table.add_column(heading, overflow="fold")
    for org in orgs:
        cells = (
            ("└ " if org.dev_hub else "") + (org.alias or "-"),
            org.username,
            org.kind.value + (", new" if org.is_new and not org.dev_hub else ""),
            org.login_url,
            org.audience,
            _defaults(org),
        )
        table.add_row(*(Text(printable(cell)) for cell in cells))
    return table


def _defaults(org: Org) -> str:
    names = ["org"] * org.set_default + ["Dev Hub"] * org.set_default_dev_hub
    return ", ".join(names)


def _key_table(checks: Sequence[KeyCheck]) -> Table:
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    for heading in ("Key", "Certificate beside it"):
        table.add_column(heading, overflow="fold")
    for check in checks:
        table.add_row(Text(printable(str(check.ref))), Text(printable(_compared(check))))
    return table


def _compared(check: KeyCheck) -> str:
    found = check.certificate
    if found is None:
        return "none found"
    if found.expires is None:
        return f"{found.path} cannot be compared"  # a warning says why
    return f"{found.path} matches, until {found.expires:%Y-%m-%d}"
