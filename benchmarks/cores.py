"""Signing in batches, and more than one core: what a thread brings, and what processes would.

Two processes with half of the orgs each are the most that splitting one run over two processes
could bring: there is no common progress and no common report to pay for.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import orgs
from measure import HERE, Spread, serving
from side_by_side import ORGAUTH, Contest

if TYPE_CHECKING:
    from pathlib import Path

    from measure import Sample

PYTHON = HERE.parent / ".venv/bin/python"
OPTIONS = ["-q", "--concurrency", "64"]
EXCHANGE_ONLY = ["--store", "none", "--no-verify"]

_IN_BATCHES = "import orgauth.assertion as a; a._BATCH = {}; "
_ON_THE_SPOT = """
import orgauth.assertion as a
async def build(self, org, *, audience, skew_seconds=0.0):
    signed = self._sign_one(a._Request(org, audience, self._clock() + skew_seconds))
    if isinstance(signed, Exception):
        raise signed
    return signed
a.AssertionBuilder.build = build
"""
_RUN = "from orgauth.cli.main import run; run()"

SIGNING = {
    "on the event loop, one at a time": _ON_THE_SPOT,
    "in a thread, batches of 1": _IN_BATCHES.format(1),
    "in a thread, batches of 8": _IN_BATCHES.format(8),
    "in a thread, batches of 32 (as it is)": _IN_BATCHES.format(32),
    "in a thread, batches of 128": _IN_BATCHES.format(128),
}


@dataclass(frozen=True, slots=True)
class Used:
    """One way to use cores."""

    what: str
    rate: Spread
    cpu_ms: Spread

    @classmethod
    def of(cls, what: str, samples: list[Sample]) -> Used:
        """Return what some runs show."""
        rate = Spread.of([sample.rate for sample in samples])
        used = cls(what, rate, Spread.of([sample.cpu_ms for sample in samples]))
        print(used, flush=True)
        return used


def signing(key: orgs.Key, folder: Path, *, count: int, runs: int) -> list[Used]:
    """Measure ways to sign, on one core and on all."""
    with serving(key) as server:
        contest = Contest(server, key, folder, 0, 0, 0)
        manifest = _manifest(contest, "orgs.yaml", orgs.usernames(count))
        samples: dict[str, list[Sample]] = {}
        for _ in range(runs):
            for how, code in SIGNING.items():
                for where, all_cores in ((", one core", False), (", all cores", True)):
                    command = [PYTHON, "-c", code + _RUN, "login", manifest, *OPTIONS]
                    sample = contest.run([*command, *EXCHANGE_ONLY], count, all_cores=all_cores)
                    samples.setdefault(how + where, []).append(sample)
    return [Used.of(what, found) for what, found in samples.items()]


def processes(key: orgs.Key, folder: Path, *, count: int, runs: int) -> list[Used]:
    """Measure the full job in one process and in two, each with half of the Dev Hubs."""
    with serving(key) as server:
        contest = Contest(server, key, folder, 0, 0, 0)
        names = orgs.usernames(count)
        whole = [_manifest(contest, "orgs.yaml", names)]
        middle = count // 2 // (orgs.SCRATCH_ORGS_PER_HUB + 1) * (orgs.SCRATCH_ORGS_PER_HUB + 1)
        halves = [
            _manifest(contest, "first.yaml", names[:middle]),
            _manifest(contest, "second.yaml", names[middle:]),
        ]
        ways = {
            "one process, one core": (whole, False),
            "one process, all cores": (whole, True),
            "two processes, all cores": (halves, True),
        }
        samples: dict[str, list[Sample]] = {what: [] for what in ways}
        for _ in range(runs):
            for what, (manifests, all_cores) in ways.items():
                samples[what].append(_run(contest, manifests, count, all_cores=all_cores))
    return [Used.of(what, found) for what, found in samples.items()]


def _run(contest: Contest, manifests: list[Path], count: int, *, all_cores: bool) -> Sample:
    listed = contest.folder / "manifests.txt"
    listed.write_text("\n".join(map(str, manifests)) + "\n")
    command = ["xargs", "-a", listed, "-P", str(len(manifests)), "-I", "{}"]
    return contest.run(
        [*command, ORGAUTH, "login", "{}", *OPTIONS],
        count,
        environ=contest.home(),
        all_cores=all_cores,
    )


def _manifest(contest: Contest, name: str, names: list[str]) -> Path:
    path = contest.folder / name
    return orgs.write_manifest(path, names, url=contest.server.url, key=contest.key)
