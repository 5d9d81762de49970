"""Batch after batch against a Salesforce that misbehaves at random, and the truth after each."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import random
import subprocess
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from orgauth.errors import StoreError
from orgauth.simulator import BackgroundSimulator, World
from orgauth.simulator.rehearsal import Size, prepare
from orgauth.stores.salesforce_cli import SalesforceCliStore

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from orgauth.simulator import Org
    from orgauth.simulator.rehearsal import Rehearsal

__all__ = ["Batch", "Plan", "Soak"]

_CLIENT = Path(__file__).with_name("client.py")
_FAILED = ("failed", "skipped")


@dataclass(frozen=True)
class Plan:
    """How to soak."""

    orgs: int = 400
    """In the manifest."""
    batch: int = 60
    """Orgs a batch, drawn anew each time."""
    fault_rate: float = 0.05
    requests_per_second: float | None = 20.0
    timeout_seconds: float = 1.0
    attempts: int = 4
    seed: int = 1

    def manifest_settings(self) -> str:
        """Return the manifest's settings: patient enough to see faults pass, and no more."""
        rate = "null" if self.requests_per_second is None else f"{self.requests_per_second:g}"
        return (
            f"settings: {{timeout_seconds: {self.timeout_seconds}, requests_per_second: {rate}}}\n"
            "retry:\n"
            "  not_approved: {initial_seconds: 0.1, max_seconds: 0.5, timeout_seconds: 3}\n"
            "  throttled: {initial_seconds: 0.1, max_seconds: 0.5, timeout_seconds: 3}\n"
            "  transient: {initial_seconds: 0.05, max_seconds: 0.2, "
            f"attempts: {self.attempts}}}\n"
        )


@dataclass
class Batch:
    """How one batch went."""

    ended: float
    """Seconds since the soak began."""
    statuses: Counter[str]
    wrong: list[str]
    """Outcomes that are not what the simulator knows to be true, in words."""
    rss_mb: float
    fds: int
    cpu_seconds: float


@dataclass
class Soak:
    """A simulator, a home, and one process that lives through all batches."""

    plan: Plan
    home: Path
    world: World
    rehearsal: Rehearsal
    simulator: BackgroundSimulator
    process: subprocess.Popen[str]
    faults: Counter[str] = field(default_factory=Counter)
    """Played so far, by name."""
    _rng: random.Random = field(default_factory=random.Random)
    _began: float = field(default_factory=time.monotonic)

    @classmethod
    @contextlib.contextmanager
    def begin(cls, plan: Plan, folder: Path) -> Iterator[Soak]:
        """Start everything in an empty folder; end it afterwards."""
        hubs = max(1, plan.orgs // 100)
        sandboxes, production = plan.orgs // 4, plan.orgs // 4
        scratch = plan.orgs - hubs - sandboxes - production
        size = Size(hubs, scratch, sandboxes, production, late=0)
        world = World(rng=random.Random(plan.seed))
        rehearsal = prepare(folder / "salesforce", size, world=world)
        home = folder / "home"
        home.mkdir()
        with BackgroundSimulator(world) as simulator:
            manifest = rehearsal.write_manifest(simulator.url)
            text, _, _ = manifest.read_text().partition("\nretry:")
            manifest.write_text(f"{text}\n{plan.manifest_settings()}")
            with _client(manifest, home) as process:
                rng = random.Random(plan.seed)
                yield cls(plan, home, world, rehearsal, simulator, process, _rng=rng)

    def batches(self, seconds: float) -> Iterator[Batch]:
        """Run batches for so long, and at least one."""
        while True:
            batch = self.one()
            yield batch
            if batch.ended >= seconds:
                return

    def one(self) -> Batch:
        """Run a batch, then compare what everybody says of it."""
        orgs = self._rng.sample(self.world.orgs, self.plan.batch)
        self.simulator.call(self._misbehave)
        before = {org.username: self._auth_file(org) for org in orgs}
        told = self._ask([org.username for org in orgs])
        played = self.simulator.call(self._faults_of_the_batch)
        wrong = self._compared(orgs, told["outcomes"], before, played)
        statuses = Counter(one["status"] for many in told["outcomes"].values() for one in many)
        held = {name: told[name] for name in ("rss_mb", "fds", "cpu_seconds")}
        return Batch(time.monotonic() - self._began, statuses, wrong, **held)

    def least_mb(self) -> float:
        """Return what the process holds once its heap has given back what is free (Linux)."""
        least: float = self._ask([])["rss_mb"]
        return least

    def _ask(self, usernames: list[str]) -> dict[str, Any]:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps(usernames) + "\n")
        self.process.stdin.flush()
        told: dict[str, Any] = json.loads(self.process.stdout.readline())
        return told

    # -- in the simulator's thread -------------------------------------------------------------

    def _misbehave(self) -> None:
        self.world.requests.clear()
        self.world.host.recovers()
        for on in ("token", "rest"):
            self.world.host.misbehaves(self.plan.fault_rate, on=on, badly=True)

    def _faults_of_the_batch(self) -> Counter[str]:
        """Count what was played; return how often each org was met, by username."""
        requests = self.world.requests
        self.faults += requests.faults
        met: Counter[str] = Counter()
        for (_, username), times in requests.faults_by_username.items():
            met[username] += times
        return met

    # -- the truth -----------------------------------------------------------------------------

    def _compared(
        self,
        orgs: Sequence[Org],
        outcomes: dict[str, list[dict[str, Any]]],
        before: dict[str, bytes | None],
        met: Counter[str],
    ) -> list[str]:
        wrong = []
        store = SalesforceCliStore(self.home, project=None, environ=_environ(self.home))
        # Who is skipped is skipped for another's sake: a Dev Hub's, or many who failed alike.
        reasons = any(said["status"] == "failed" for many in outcomes.values() for said in many)
        strangers = outcomes.keys() - before.keys()
        wrong += [f"{name} was not asked for" for name in strangers]
        for org in orgs:
            said = outcomes.get(org.username, [])
            if len(said) != 1:
                wrong.append(f"{org.username} has {len(said)} outcomes")
                continue
            reason = self._lie(org, said[0], store, before[org.username])
            if not reason and said[0]["status"] in _FAILED and not met[org.key]:
                reason = "" if said[0]["status"] == "skipped" and reasons else "no fault met it"
            if reason:
                wrong.append(f"{org.username} {said[0]}: {reason}")
        return wrong

    def _lie(
        self, org: Org, said: dict[str, Any], store: SalesforceCliStore, before: bytes | None
    ) -> str:
        """Return why an outcome is not true of the store, or nothing; forget old tokens."""
        token = ""
        with contextlib.suppress(StoreError):
            token = store.read(org.username).access_token.reveal()
        opens = self.world.bearer(token)
        self.simulator.call(lambda: self._forget(org, token))
        if token and opens is not org:
            return "the stored token does not open it"
        if said["status"] == "authorized":
            is_this = hashlib.sha256(token.encode()).hexdigest() == said["token"]
            is_new = self._auth_file(org) != before
            return "" if is_this and is_new else "the store holds another token"
        return "" if self._auth_file(org) == before else "the store was changed"

    def _forget(self, org: Org, but: str) -> None:
        """Keep the simulator small: of an org's tokens, only the stored one is needed."""
        for token in [one for one in org.tokens if one != but]:
            self.world.revoke(token)

    def _auth_file(self, org: Org) -> bytes | None:
        path = self.home / ".sfdx" / f"{org.username}.json"
        return path.read_bytes() if path.exists() else None


def _environ(home: Path) -> dict[str, str]:
    return {"HOME": str(home), "PATH": os.defpath, "SF_USE_GENERIC_UNIX_KEYCHAIN": "true"}


@contextlib.contextmanager
def _client(manifest: Path, home: Path) -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen(
        [sys.executable, str(_CLIENT), str(manifest)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=home,
        env=_environ(home),
    ) as process:
        yield process
        assert process.stdin is not None
        process.stdin.close()
        assert process.wait(30) == 0
