#!/usr/bin/env python3
"""One long-living process, batch after batch, against a Salesforce that misbehaves at random.

    .venv/bin/python tests/integration/soak/check_soak.py 60 [--requests-per-second 20] [--write]

The argument is in minutes. After each batch every org's outcome is compared with what the
simulator knows and with what the store holds. Exit status 1 if one was wrong. At the default
pace it takes about a fifth of one core. ``--write`` puts the table into docs/reliability.md.
"""

from __future__ import annotations

import argparse
import datetime as dt
import os
import platform
import re
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

sys.path.insert(0, str(Path(__file__).parents[2]))

from integration.soak.soaking import Plan, Soak

if TYPE_CHECKING:
    from integration.soak.soaking import Batch

PAGE = Path(__file__).parents[3] / "docs/reliability.md"
MARKED = re.compile(r"(?<=<!-- soak begins -->\n).*(?=<!-- soak ends -->)", re.DOTALL)
SETTLED_AFTER = 300.0
"""Seconds: what a process holds by then, it may hold for ever."""


def main() -> int:
    """Soak and tell; return the exit status."""
    parser = argparse.ArgumentParser(description="Soaks orgauth.")
    parser.add_argument("minutes", type=float)
    parser.add_argument("--requests-per-second", type=float, default=Plan.requests_per_second)
    parser.add_argument("--fault-rate", type=float, default=Plan.fault_rate)
    parser.add_argument("--batch", type=int, default=Plan.batch, help="orgs a batch")
    parser.add_argument("--seed", type=int, default=Plan.seed)
    parser.add_argument("--write", action="store_true", help="into docs/reliability.md")
    options = vars(parser.parse_args())
    writes = options.pop("write")
    seconds = 60 * options.pop("minutes")
    done: list[Batch] = []
    with tempfile.TemporaryDirectory(prefix="orgauth-soak-") as folder:
        with Soak.begin(Plan(**options), Path(folder)) as soak:
            began = time.monotonic()
            for batch in soak.batches(seconds):
                done.append(batch)
                for lie in batch.wrong:
                    tell(f"WRONG in batch {len(done)}: {lie}")
                if len(done) == 1 or batch.ended // 60 > done[-2].ended // 60:
                    tell(progress(len(done), batch))
            spent = time.monotonic() - began
            least = soak.least_mb()
        table = summary(done, spent, least, soak.faults)
        tell(f"\n{table}\n{by_sort(soak.faults)}")
        if writes:
            write(table)
    return 1 if any(batch.wrong for batch in done) else 0


def progress(number: int, batch: Batch) -> str:
    """Return a line a minute."""
    return (
        f"{batch.ended / 60:5.1f} min, batch {number}: "
        f"{batch.rss_mb:.1f} MB, {batch.fds:.0f} descriptors, {dict(batch.statuses)}"
    )


def summary(done: list[Batch], spent: float, least: float, faults: Counter[str]) -> str:
    """Return the table of the end."""
    settled = next((one for one in done if one.ended >= SETTLED_AFTER), done[len(done) // 2])
    last = done[-1]
    statuses = sum((batch.statuses for batch in done), Counter())
    simulator = sum(os.times()[:2])
    rows = {
        "minutes": f"{spent / 60:.1f}",
        "batches": str(len(done)),
        "orgs": f"{statuses.total():,} ({', '.join(f'{n:,} {s}' for s, n in statuses.items())})",
        "faults": f"{faults.total():,} of {len(faults)} sorts",
        "wrong outcomes": str(sum(len(batch.wrong) for batch in done)),
        f"memory at {settled.ended / 60:.0f} min, at the end": (
            f"{settled.rss_mb:.1f} MB, {last.rss_mb:.1f} MB"
        ),
        "the same, the heap's free memory given back": f"{least:.1f} MB",
        "most memory": f"{max(batch.rss_mb for batch in done):.1f} MB",
        "descriptors after the first batch, at the end": f"{done[0].fds:.0f}, {last.fds:.0f}",
        "of one core": (
            f"orgauth {last.cpu_seconds / spent:.0%}, the simulator {simulator / spent:.0%}"
        ),
    }
    table = "".join(f"| {name} | {value} |\n" for name, value in rows.items())
    day = dt.datetime.now(dt.UTC).date()
    return f"{day}, Python {platform.python_version()}.\n\n| | |\n|---|---|\n{table}"


def by_sort(faults: Counter[str]) -> str:
    """Return how often each fault was played."""
    return "".join(f"{times:8} {name}\n" for name, times in sorted(faults.items()))


def write(table: str) -> None:
    """Put the table into the page."""
    page = PAGE.read_text(encoding="utf-8")
    assert MARKED.search(page), f"{PAGE} has no place for the table"
    PAGE.write_text(MARKED.sub(lambda _: table, page), encoding="utf-8")


def tell(line: str) -> None:
    """Print a line at once."""
    print(line, flush=True)  # noqa: T201 - a program that prints


if __name__ == "__main__":
    sys.exit(main())
