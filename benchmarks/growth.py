"""The full job on 1,000, 10,000 and 100,000 orgs: does an org cost the same?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from measure import HERE, Spread, run, serving
from side_by_side import Contest, orgauth

if TYPE_CHECKING:
    from pathlib import Path

    import orgs
    from measure import Sample

_LOAD = """
import os, sys, time
from pathlib import Path
from orgauth import preparing
begin = time.monotonic()
manifest = preparing.read_manifest(Path(sys.argv[1]), os.environ)
print(len(manifest.orgs), time.monotonic() - begin)
"""


@dataclass(frozen=True, slots=True)
class Grown:
    """One size."""

    orgs: int
    ms: Spread
    """Milliseconds an org on the clock, start-up included."""
    cpu_ms: Spread
    peak_mb: float
    first_request: float
    """Seconds from the start to the first request."""
    load_seconds: Spread
    """Reading and checking the manifest, in a program that has imported everything."""
    runs: int


def grow(key: orgs.Key, folder: Path, *, sizes: dict[int, int]) -> list[Grown]:
    """Measure each size; ``sizes`` says how many runs."""
    grown = []
    with serving(key) as server:
        contest = Contest(server, key, folder, 0, 0, 0)
        for count, runs in sizes.items():
            options = ("--json", "--concurrency", 64)
            samples = [orgauth(contest, count, *options) for _ in range(runs)]
            size = Grown(
                count,
                Spread.of([1000 * sample.seconds / count for sample in samples]),
                Spread.of([sample.cpu_ms for sample in samples]),
                max(sample.peak_mb for sample in samples),
                Spread.of([sample.counts["first_token"] for sample in samples]).median,
                Spread.of([_load(folder, count) for _ in range(min(3, runs + 1))]),
                runs,
            )
            print(size, flush=True)
            grown.append(size)
    return grown


def again(key: orgs.Key, folder: Path, *, count: int, runs: int) -> list[Sample]:
    """Run the full job in one home, night after night: every file is there and is replaced."""
    with serving(key) as server:
        contest = Contest(server, key, folder, 0, 0, 0)
        home = contest.home()
        return [orgauth(contest, count, "-q", "--concurrency", 64, home=home) for _ in range(runs)]


def _load(folder: Path, count: int) -> float:
    python = HERE.parent / ".venv/bin/python"
    sample: Sample = run([python, "-c", _LOAD, folder / "orgs.yaml"], count=count, folder=folder)
    found, seconds = sample.output.split()
    if int(found) != count:
        raise RuntimeError(f"the manifest has {found} orgs, not {count}")
    return float(seconds)
