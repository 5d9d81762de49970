"""``orgauth demo``: the main job, rehearsed on this machine alone."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["demo"]

_LATE, _LATE_SECONDS, _LATENCY_SECONDS = 10, 3.0, 0.1


@click.command()
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False), required=False)
def demo(folder: Path | None) -> int:
    """Rehearse the main job: 50 simulated orgs, the real login, nothing of yours touched.

    Starts the simulator, makes a key, a certificate and a manifest in FOLDER (a new
    temporary one by default), and runs `orgauth login` with a home of its own there.
    """
    from orgauth.simulator import BackgroundSimulator, World  # noqa: PLC0415 - heavy
    from orgauth.simulator.rehearsal import Size, prepare  # noqa: PLC0415 - likewise

    folder = folder or Path(tempfile.mkdtemp(prefix="orgauth-demo-"))
    world = World()
    world.host.latency = _LATENCY_SECONDS
    size = Size(late=_LATE, late_seconds=_LATE_SECONDS)
    try:
        rehearsal = prepare(folder, size, world=world)
        home = folder / "home"
        home.mkdir(exist_ok=True, mode=0o700)
    except (OSError, ValueError) as error:
        raise click.ClickException(str(error)) from error
    with BackgroundSimulator(world) as simulator:
        manifest = rehearsal.write_manifest(simulator.url)
        click.echo(f"A simulated Salesforce listens on {simulator.url}: {size}.\n")
        click.echo(click.style(f"$ orgauth login {manifest}", bold=True))
        status = _login(manifest.absolute(), home.absolute())
    _show_places(folder, home, manifest)
    return status


def _login(manifest: Path, home: Path) -> int:
    """Run the real program, as a person would, in a home of its own."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("SF")}
    environ = {
        **kept,
        "HOME": str(home),
        # The key of the store goes into the demo's home, not into the person's keyring.
        "SF_USE_GENERIC_UNIX_KEYCHAIN": "true",
    }
    command = [sys.executable, "-m", "orgauth", "login", str(manifest)]
    return subprocess.run(command, env=environ, cwd=home, check=False).returncode  # noqa: S603 - our own program


def _show_places(folder: Path, home: Path, manifest: Path) -> None:
    saved = len(list((home / ".sfdx").glob("*@*.json")))
    program = _program()
    _show_table(
        "Where things are",
        (
            ("the manifest", str(manifest)),
            ("the key, its certificate", f"{folder / 'server.key'}, {folder / 'server.crt'}"),
            (f"{saved} authorizations", f"{home / '.sfdx'}, encrypted, as sf keeps them"),
        ),
    )
    _show_table(
        "What to type next",
        (
            (f"{program} plan {manifest}", "what login would do, nothing sent"),
            (f"{program} simulate", "a simulated Salesforce that stays, to rehearse with"),
            (f"{program} login", "with an orgs.yaml of your own; the README leads there"),
            (f"rm -r {folder}", "when you have seen enough"),
        ),
    )


def _show_table(title: str, rows: Sequence[tuple[str, str]]) -> None:
    width = max(len(left) for left, _ in rows)
    click.echo(f"\n{title}")
    for left, right in rows:
        click.echo(f"  {left:<{width}}  {right}")


def _program() -> str:
    """Return what to type for `orgauth`: its path where the shell would not find it by name."""
    if shutil.which("orgauth"):
        return "orgauth"
    beside = Path(sys.executable).with_name("orgauth")
    if not beside.exists():
        return f"{sys.executable} -m orgauth"
    here = Path.cwd()
    return str(beside.relative_to(here)) if beside.is_relative_to(here) else str(beside)
