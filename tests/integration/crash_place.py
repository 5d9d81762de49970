"""A simulated Salesforce, and homes in which orgauth is killed: what they hold afterwards."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

from orgauth.errors import StoreError
from orgauth.simulator import BackgroundSimulator
from orgauth.simulator.rehearsal import Size, prepare
from orgauth.stores.salesforce_cli import SalesforceCliStore

if TYPE_CHECKING:
    from pathlib import Path

    from orgauth.simulator.orgs import Org

SHARED_FILES = (
    ".sfdx/alias.json",
    ".sfdx/key.json",
    ".sfdx/sfdx-config.json",
    ".sf/config.json",
)


class Place:
    """A simulated Salesforce, its manifest, and homes to be killed in."""

    def __init__(self, folder: Path, orgs: int, key: tuple[bytes, bytes] | None = None) -> None:
        self._folder = folder
        salesforce = folder / "salesforce"
        salesforce.mkdir()
        for name, content in zip(("server.key", "server.crt"), key or (), strict=False):
            (salesforce / name).write_bytes(content)
            (salesforce / name).chmod(0o600)
        size = Size(dev_hubs=2, scratch_orgs=orgs - 6, sandboxes=4, late=0)
        self._rehearsal = prepare(salesforce, size)
        self.world = self._rehearsal.world
        self.world.host.latency = 0.05  # several batches are saved in one run
        self.simulator = BackgroundSimulator(self.world)
        self.alias_of: dict[str, str] = {}
        self._homes = 0
        self._yesterday: Path | None = None

    @property
    def orgs(self) -> list[Org]:
        """All orgs, in the order of the world."""
        return self.world.orgs

    def open(self) -> None:
        """Write the manifest, once the simulator runs."""
        path = self._rehearsal.write_manifest(self.simulator.url)
        text = path.read_text()
        found = re.findall(r"username: (\S+)\n +alias: (\S+)\n", text)
        self.alias_of = dict(found)

    def new_home(self, *, of_yesterday: bool) -> Home:
        """Return an empty home, or one where yesterday's tokens, all dead by now, are stored."""
        self._homes += 1
        path = self._folder / f"home{self._homes}"
        if not of_yesterday:
            path.mkdir()
            return Home(self, path)
        if self._yesterday is None:
            self._yesterday = self._folder / "yesterday"
            self._yesterday.mkdir()
            Home(self, self._yesterday).run_to_the_end()
            for org in self.orgs:
                self.simulator.call(org.revoke_tokens)
        shutil.copytree(self._yesterday, path)
        return Home(self, path)

    def command(self, *options: str) -> list[str]:
        """Return how the program is started."""
        manifest = str(self._rehearsal.manifest_file)
        program = [sys.executable, "-m", "orgauth", "login", manifest]
        return [*program, "--concurrency", "16", *options]

    def is_quiet(self) -> bool:
        """Whether no request is under way: what a killed client asked for may still be."""
        return self.simulator.call(lambda: self.world.requests.in_flight == 0)


class Home:
    """One home: runs in it, and what they left."""

    def __init__(self, place: Place, path: Path) -> None:
        self._place = place
        self.path = path
        self.sfdx = path / ".sfdx"
        kept = {name: value for name, value in os.environ.items() if not name.startswith("SF")}
        self.environ = {**kept, "HOME": str(path), "SF_USE_GENERIC_UNIX_KEYCHAIN": "true"}

    def start(self, *options: str, out: Path | None = None) -> subprocess.Popen[str]:
        """Start a run; its lines come by a pipe, its document goes to a file."""
        place = self._place
        with (out or self.path / "out").open("w") as stdout:
            return subprocess.Popen(
                place.command(*options),
                env=self.environ,
                cwd=self.path,
                stdin=subprocess.DEVNULL,
                stdout=stdout,
                stderr=subprocess.PIPE,
                text=True,
            )

    def run_to_the_end(self) -> float:
        """Run undisturbed; return the seconds that it took."""
        began = time.monotonic()
        with self.start() as process:
            assert process.stderr is not None
            told = process.stderr.read()
        assert process.returncode == 0, told
        return time.monotonic() - began

    def auth_files(self) -> dict[str, int]:
        """Return the auth files, each with what tells a new one from an old one."""
        try:
            with os.scandir(self.sfdx) as entries:
                return {
                    entry.name: entry.inode()
                    for entry in entries
                    if "@" in entry.name and entry.name.endswith(".json")
                }
        except FileNotFoundError:
            return {}

    def saved_since(self, before: dict[str, int]) -> int:
        """Return how many auth files have been written since."""
        return sum(before.get(name) != number for name, number in self.auth_files().items())

    def leftovers(self) -> list[str]:
        """Return the locks and temporary files that lie around."""
        folders = (self.sfdx, self.path / ".sf")
        names = [path.name for folder in folders if folder.is_dir() for path in folder.iterdir()]
        return sorted(name for name in names if name.endswith((".lock", ".tmp")))

    def stored(self) -> tuple[dict[str, str], list[str]]:
        """Return each stored org's token, and what cannot be read."""
        tokens: dict[str, str] = {}
        shared = [name for name in SHARED_FILES if (self.path / name).exists()]
        broken = [f"{name} is broken" for name in shared if json_of(self.path / name) is None]
        store = SalesforceCliStore(self.path, project=None, environ=self.environ)
        for name in self.auth_files():
            username = name.removesuffix(".json")
            try:
                if json_of(self.sfdx / name) is None:
                    broken.append(f"{name} is broken")
                else:
                    tokens[username] = store.read(username).access_token.reveal()
            except StoreError as error:
                broken.append(str(error))
        return tokens, broken

    def aliases(self) -> dict[str, str]:
        """Return username by alias."""
        content = json_of(self.sfdx / "alias.json") or {}
        return dict(content.get("orgs", {}))


def json_of(path: Path) -> dict[str, Any] | None:
    """Return what a file holds, or None if it is broken or missing."""
    try:
        content = json.loads(path.read_bytes())
    except (ValueError, OSError):
        return None
    return content if isinstance(content, dict) else None
