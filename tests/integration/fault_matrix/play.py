"""All faults in one run: faulty orgs, the same faults passing, and neighbours without any."""

from __future__ import annotations

import asyncio
import os
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest

import orgauth
from integration.fault_matrix.cases import CASES, Name
from integration.fault_matrix.little_internet import LOGIN, TALKATIVE, LittleInternet
from orgauth.events import OrgFinished, OrgStarted, OrgWaiting
from orgauth.models import Authorized, Credentials, KeyRef, Secret
from orgauth.simulator.rehearsal import CLIENT_ID
from orgauth.stores.salesforce_cli import SalesforceCliStore
from support import make_org

if TYPE_CHECKING:
    from pathlib import Path

    from integration.fault_matrix.cases import Case
    from orgauth.events import Event
    from orgauth.models import Outcome

__all__ = ["ATTEMPTS", "CROWD", "NEIGHBOURS", "TIMEOUT", "Run", "measure", "play", "username_of"]

TIMEOUT = 1.5
"""Seconds a request: long enough for neighbours on a busy machine."""
ATTEMPTS = 3
NEIGHBOURS = 20
OLD_TOKEN = "00D000000000000!old"
CROWD = 40
"""Orgs of as many hosts whose name servers are silent: more than asyncio has lookup threads."""
_SHORT_TIMEOUT = 0.5
_MUCH_TOO_LONG = 120.0


def username_of(case: Case, call: str, *, passes: bool = False) -> str:
    """Return the org that has this fault, always or (``passes``) in its first attempt only."""
    return f"{call}{CASES.index(case)}.{'once' if passes else 'always'}@example.com".lower()


@dataclass
class Stopwatch:
    """An observer that times each org's attempts."""

    longest: dict[str, float] = field(default_factory=dict)
    """Seconds of the longest attempt, by org."""
    waits: dict[str, int] = field(default_factory=dict)
    """How often an org was tried again."""
    _began: dict[str, float] = field(default_factory=dict)

    def notify(self, event: Event) -> None:
        """Take the time at an attempt's beginning and end."""
        now = time.monotonic()
        match event:
            case OrgStarted(name):
                self._began[name] = now
            case OrgWaiting(name=name, delay_seconds=delay):
                self._end(name, now)
                self._began[name] = now + delay
                self.waits[name] = self.waits.get(name, 0) + 1
            case OrgFinished(outcome):
                self._end(outcome.org.name, now)
            case _:
                pass

    def _end(self, name: str, now: float) -> None:
        spent = now - self._began[name]
        self.longest[name] = max(spent, self.longest.get(name, 0.0))


@dataclass
class Run:
    """What there is to look at when all is over."""

    internet: LittleInternet
    home: Path
    store: SalesforceCliStore
    before: dict[str, bytes]
    """The auth files of the orgs that had one: username → content."""
    watch: Stopwatch = field(default_factory=Stopwatch)
    outcomes: dict[str, Outcome] = field(default_factory=dict)
    seconds: float = 0.0

    def saved(self, username: str) -> bytes | None:
        """Return the auth file that the store holds now."""
        path = self.home / ".sfdx" / f"{username}.json"
        return path.read_bytes() if path.exists() else None


def play(folder: Path, key: tuple[bytes, bytes]) -> Run:
    """Play every case against the real thing, all at once, with a store and a home in ``folder``.

    ``key`` is a key and its certificate, PEM.
    """

    async def played() -> Run:
        async with LittleInternet(folder, key[1]) as internet:
            patch.setattr("socket.getaddrinfo", internet.names.getaddrinfo)
            patch.setenv("SSL_CERT_FILE", str(internet.roots))
            urls = await _everybody(internet)
            manifest = _write_manifest(folder, key[0], urls, TIMEOUT, ATTEMPTS)
            run = _prepared(internet, folder, list(urls))
            began = time.monotonic()
            outcomes = orgauth.authorize(manifest, stores=["salesforce-cli"], observer=run.watch)
            async with asyncio.timeout(_MUCH_TOO_LONG):
                async for outcome in outcomes:
                    run.outcomes[outcome.org.username] = outcome
            run.seconds = time.monotonic() - began
            return run

    with pytest.MonkeyPatch.context() as patch:
        _go_home(patch, folder)
        return asyncio.run(played())


def measure(folder: Path, key: tuple[bytes, bytes]) -> dict[str, float]:
    """Play every case alone; return the seconds of each org's longest attempt, by username."""

    async def played() -> dict[str, float]:
        watch = Stopwatch()
        async with LittleInternet(folder, key[1]) as internet:
            patch.setattr("socket.getaddrinfo", internet.names.getaddrinfo)
            patch.setenv("SSL_CERT_FILE", str(internet.roots))
            urls = await _everybody(internet)
            manifest = _write_manifest(folder, key[0], urls, _SHORT_TIMEOUT, 1)
            for name in [name for name in urls if "always" in name]:
                async for _ in orgauth.authorize(manifest, only=[name], observer=watch):
                    pass
        return watch.longest

    with pytest.MonkeyPatch.context() as patch:
        _go_home(patch, folder)
        return asyncio.run(played())


async def _everybody(internet: LittleInternet) -> dict[str, str]:
    """Make all orgs and their troubles; return their login URLs by username."""
    urls = {}
    for case in CASES:
        for call in case.calls:
            for passes in (False, True) if case.may_pass else (False,):
                name = username_of(case, call, passes=passes)
                org = internet.world.production(name)
                times = 1 if passes else None
                urls[name] = await internet.place(org, case.spot, call, times=times)
    for number in range(CROWD):
        name = f"crowd{number}@example.com"
        org = internet.world.production(name)
        urls[name] = await internet.place(org, Name("silent"), "token", times=None)
    for number in range(NEIGHBOURS):
        name = f"neighbour{number}@example.com"
        org = internet.world.production(name)
        urls[name] = internet.url(LOGIN)
        if number % 2:  # where answers come twice
            org.instance_url_override = urls[name] = internet.url(TALKATIVE)
    return urls


def _go_home(patch: pytest.MonkeyPatch, folder: Path) -> None:
    home = folder / "home"
    home.mkdir()
    patch.chdir(home)
    patch.setenv("HOME", str(home))
    patch.setenv("SF_USE_GENERIC_UNIX_KEYCHAIN", "true")
    for name in list(os.environ):
        if name.lower().endswith("_proxy") or name in ("SF_AUDIENCE_URL", "SF_CRYPTO_V2"):
            patch.delenv(name)


def _prepared(internet: LittleInternet, folder: Path, usernames: list[str]) -> Run:
    """Give every other org a token from an earlier run."""
    home = folder / "home"
    store = SalesforceCliStore(home, project=None, environ=dict(os.environ))
    store.prepare()
    key = KeyRef("file", str(folder / "server.key"))
    credentials = Credentials(
        Secret(OLD_TOKEN), "https://acme.my.salesforce.com", "00D000000000000AAA", "005" + "0" * 15
    )
    chosen = [make_org(name, key=key) for name in usernames[::2]]
    said = store.save([Authorized(org, credentials, None, 1, 0.1) for org in chosen])
    assert not said.errors
    run = Run(internet, home, store, {})
    run.before = {org.username: run.saved(org.username) or b"" for org in chosen}
    return run


def _write_manifest(
    folder: Path, key: bytes, urls: dict[str, str], timeout: float, attempts: int
) -> Path:
    (folder / "server.key").write_bytes(key)
    (folder / "server.key").chmod(0o600)
    orgs = "".join(
        f"  - {{username: {name}, instance_url: '{url}'}}\n" for name, url in urls.items()
    )
    manifest = folder / "orgs.yaml"
    manifest.write_text(
        f"version: 1\ndefaults:\n  client_id: {CLIENT_ID}\n  jwt_key_file: server.key\n"
        f"orgs:\n{orgs}"
        f"settings: {{concurrency: 500, timeout_seconds: {timeout}}}\n"
        f"retry:\n  transient: {{initial_seconds: 0.01, max_seconds: 0.05, attempts: {attempts}}}\n"
    )
    return manifest
