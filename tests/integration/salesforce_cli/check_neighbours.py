#!/usr/bin/env python3
"""The long version of ``test_neighbours.py``: many runs in a row, and a table of what went wrong.

    .venv/bin/python tests/integration/salesforce_cli/check_neighbours.py 20

In each run 4 orgauth processes (500 orgs in all) and 4 sf processes (logins, alias set, config set)
live in one home; then 8 orgauth processes start in an empty one. Exit status 1 if anything of ours
was lost, broken or left behind in any run.
"""

import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from integration.salesforce_cli.neighbours import (
    Found,
    live_together,
    start_in_an_empty_home,
)
from integration.salesforce_cli.sf_cli import Place
from orgauth.simulator.rehearsal import Size, prepare

COLUMNS = (
    ("run", 3),
    ("seconds", 7),
    ("lost aliases", 12),
    ("undecryptable", 13),
    ("half reads", 10),
    ("failed", 6),
    ("bad defaults", 12),
    ("left behind", 11),
    ("half reads of sf's", 18),
    ("keys of 8", 9),
    ("sf calls", 8),
    ("sf failed", 9),
    ("sf lost aliases", 15),
)
EIGHT = 8


def main(runs: int) -> int:
    """Run and print; return the exit status."""
    with tempfile.TemporaryDirectory(prefix="orgauth-neighbours-") as folder:
        key = make_key(Path(folder, "key"))
        tell(" ".join(f"{name:>{width}}" for name, width in COLUMNS))
        is_good = True
        notes: Counter[str] = Counter()
        for number in range(1, runs + 1):
            began = time.monotonic()
            found = one_run(Path(folder, f"run{number}"), key)
            keys = eight_at_once(Path(folder, f"eight{number}"), key)
            row = (
                *(number, f"{time.monotonic() - began:.0f}", *found.troubles, keys),
                *(found.sf_calls, len(found.their_failures)),
                found.their_lost_aliases,
            )
            cells = zip(row, COLUMNS, strict=True)
            tell(" ".join(f"{cell:>{width}}" for cell, (_, width) in cells))
            notes.update(found.told)
            notes.update(f"sf: {message[:200]}" for message in found.their_failures)
            troubles = (*found.troubles, keys - 1)
            is_good = is_good and not any(troubles)
    for line, times in sorted(notes.items()):
        tell(f"{times}x {line}")
    return 0 if is_good else 1


def tell(line: str) -> None:
    """Print a line at once: a row comes every 20 seconds."""
    print(line, flush=True)  # noqa: T201 - a program that prints


def one_run(folder: Path, key: tuple[bytes, bytes]) -> Found:
    """Let 4 and 4 live together in a new home."""
    folder.mkdir()
    place = Place(folder, key, dev_hubs=4, scratch_orgs=496, sandboxes=0, production=0)
    with place.simulator:
        return live_together(place, orgauths=4, sfs=4)


def eight_at_once(folder: Path, key: tuple[bytes, bytes]) -> int:
    """Start 8 orgauths in an empty home; return how many keys it took to open their orgs."""
    folder.mkdir()
    place = Place(folder, key, dev_hubs=EIGHT, scratch_orgs=0, sandboxes=0, production=0)
    with place.simulator:
        outcome = start_in_an_empty_home(place, EIGHT)
    return 1 + outcome["lost"] + outcome["failed"]


def make_key(folder: Path) -> tuple[bytes, bytes]:
    """Return a new key and its certificate."""
    nobody = Size(dev_hubs=0, scratch_orgs=0, sandboxes=0, late=0)
    rehearsal = prepare(folder, nobody)
    return rehearsal.key_file.read_bytes(), rehearsal.certificate_file.read_bytes()


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 1))
