"""Waiting is free: 4 slots, 20 ms latency, 500 ready orgs, 300 that are approved after 10 s."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from measure import Spread, serving
from side_by_side import Contest, orgauth

if TYPE_CHECKING:
    from pathlib import Path

    import orgs
    from measure import Sample

READY, LATE, SLOTS, LATENCY, LATE_SECONDS = 500, 300, 4, 0.02, 10.0
ONE_HUB = "hub000001@acme.example.com"
BOUND = LATE_SECONDS + LATE * LATENCY / SLOTS
"""No run can be shorter: then the late ones are approved, and each has to be asked for."""


@dataclass(frozen=True, slots=True)
class Waited:
    """One way of waiting, beside the run that it is compared with."""

    what: str
    ready_without: Spread
    ready_with: Spread
    whole: Spread
    requests: float
    """Token requests of the whole run."""


def wait(key: orgs.Key, folder: Path, *, runs: int) -> list[Waited]:
    """Measure the ready orgs' time with and without late ones, with the default patience."""
    ready = [f"test-000001-{number:06d}@example.com" for number in range(1, READY)]
    late = [f"test-000001-{number:06d}-late@example.com" for number in range(READY, READY + LATE)]
    early = [name.replace("-late", "") for name in late]
    after = [ONE_HUB, *ready, *late]
    alone = [ONE_HUB, *ready]
    mixed = [ONE_HUB, *_mixed(ready, late)]
    mixed_early = [ONE_HUB, *_mixed(ready, early)]
    cases = [
        ("listed after the ready ones; without them", alone, after),
        ("mixed in; the same orgs, none late", mixed_early, mixed),
    ]
    waited = []
    with serving(key, "--latency", str(LATENCY), "--late-seconds", str(LATE_SECONDS)) as server:
        contest = Contest(server, key, folder, 0, 0, 0)
        for what, without, with_late in cases:
            before = [_run(contest, without) for _ in range(runs)]
            after_all = [_run(contest, with_late) for _ in range(runs)]
            case = Waited(
                what,
                Spread.of([_ready(sample) for sample in before]),
                Spread.of([_ready(sample) for sample in after_all]),
                Spread.of([sample.seconds - _first(sample) for sample in after_all]),
                Spread.of([sample.counts["token"] for sample in after_all]).median,
            )
            print(case, flush=True)
            waited.append(case)
    return waited


def _mixed(ready: list[str], late: list[str]) -> list[str]:
    pairs = [name for pair in zip(ready, late, strict=False) for name in pair]
    return pairs + ready[len(late) :]


def _run(contest: Contest, names: list[str]) -> Sample:
    options = ("-q", "--concurrency", SLOTS, "--store", "none", "--no-verify")
    return orgauth(contest, len(names), *options, names=names)


def _first(sample: Sample) -> float:
    return float(sample.counts["first_token"])


def _ready(sample: Sample) -> float:
    """Return the seconds from the first request to the last ready org's."""
    return float(sample.counts["last_ready"]) - _first(sample)
