"""Start-up: ``--help`` beside ``import click``, and one org from a cold start."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from measure import HERE, Spread, run, serving
from side_by_side import NODE, ORGAUTH, Contest, orgauth, sf

if TYPE_CHECKING:
    from pathlib import Path

    import orgs

PYTHON = HERE.parent / ".venv/bin/python"


@dataclass(frozen=True, slots=True)
class Started:
    """What one start costs."""

    what: str
    seconds: Spread
    cpu_seconds: Spread


def start(key: orgs.Key, folder: Path, *, runs: int) -> list[Started]:
    """Measure the starts, in turn."""
    with serving(key) as server:
        contest = Contest(server, key, folder, 0, 0, 1)
        starts = {
            '`python -c "import click"`': lambda: run(
                [PYTHON, "-c", "import click"], count=1, folder=folder
            ),
            "`orgauth --help`": lambda: run([ORGAUTH, "--help"], count=1, folder=folder),
            "`orgauth login`, one org, full job": lambda: orgauth(contest, 1),
        }
        if NODE.exists():
            starts["`sf org login jwt`, one org"] = lambda: sf(contest)
        samples = {what: [measured()] for what, measured in starts.items()}  # and warm the disk
        for _ in range(runs):
            for what, measured in starts.items():
                if len(samples[what]) <= (3 if "sf " in what else runs):
                    samples[what].append(measured())
    return [
        Started(
            what,
            Spread.of([each.seconds for each in found[1:]]),
            Spread.of([each.cpu_seconds for each in found[1:]]),
        )
        for what, found in samples.items()
    ]
