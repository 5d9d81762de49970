#!/usr/bin/env python3
"""The long version of ``test_crashes.py``: kill -9 many runs, and a table of what was lost.

    .venv/bin/python tests/integration/check_crashes.py 200 [SEED]

Each run authorizes 200 orgs and is killed at a random moment: a third anywhere from its start to
its end, the rest while it saves. Half of the homes are empty, half have yesterday's tokens, which
no org accepts any more. Then the next run, with --if-needed, has to do what is left and no more.
Prints a line a run and a Markdown table at the end. Exit status 1 if anything was lost.
"""

import random
import shutil
import statistics
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from integration.crash_place import Place
from integration.crashes import Found, any_moment, crash

ORGS = 200
PHASES = ("starting", "saving", "ending")


def main(runs: int, seed: int) -> int:
    """Run and print; return the exit status."""
    rng = random.Random(seed)
    found: list[Found] = []
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="orgauth-crashes-") as folder:
        place = Place(Path(folder), ORGS)
        with place.simulator:
            place.open()
            lives = [place.new_home(of_yesterday=False).run_to_the_end() for _ in range(3)]
            life = statistics.median(lives)
            tell(f"an undisturbed run of {ORGS} orgs takes {life:.2f} s; seed {seed}")
            while len(found) < runs:
                home = place.new_home(of_yesterday=rng.random() < 0.5)
                moment = any_moment(rng, life, ORGS)
                one = crash(place, home, moment)
                shutil.rmtree(home.path)
                if not one.was_killed:
                    continue  # too late: it had ended
                found.append(one)
                tell(line(len(found), str(moment), one))
    tell("")
    for row in table(found, time.monotonic() - began):
        tell(row)
    return 1 if any(one.troubles for one in found) else 0


def line(number: int, moment: str, one: Found) -> str:
    """Return what one run came to."""
    first = "-" if one.first_save_seconds is None else f"{one.first_save_seconds:.2f} s"
    return (
        f"{number:>3} {one.phase:<8} killed {moment}: {one.reported} reported, "
        f"{one.stored} stored, {one.temporary_files} tmp, {one.locks} locks; next: first save "
        f"{first}, {one.token_requests}/{one.left_to_do} logins, {one.next_seconds:.2f} s"
        + "".join(f"\n    TROUBLE {trouble}" for trouble in one.troubles[:5])
    )


def table(found: list[Found], seconds: float) -> list[str]:
    """Return the figures in Markdown, by what the killed runs were at."""
    groups = [[one for one in found if one.phase == phase] for phase in PHASES]
    columns = [*groups, found]

    def row(what: str, figure: object) -> str:
        return f"| {what} | " + " | ".join(figure(group) for group in columns) + " |"

    def total(name: str) -> object:
        return lambda group: f"{sum(getattr(one, name) for one in group):,}"

    def longest(name: str) -> object:
        def figure(group: list[Found]) -> str:
            values = [getattr(one, name) for one in group if getattr(one, name) is not None]
            return f"{statistics.median(values):.2f} / {max(values):.2f}" if values else "-"

        return figure

    return [
        "| killed while it was | starting | saving | ending | all |",
        "|---|---:|---:|---:|---:|",
        row("runs killed", lambda group: f"{len(group)}"),
        row("orgs in them", lambda group: f"{len(group) * ORGS:,}"),
        row("orgs reported as authorized", total("reported")),
        row("**of these lost** (token or alias)", total("lost")),
        row("**half-written files**", total("half_written")),
        row("temporary files left", total("temporary_files")),
        row("locks left", total("locks")),
        row("orgs left for the next run", total("left_to_do")),
        row("token requests that it made", total("token_requests")),
        row("its first save, s (median / longest)", longest("first_save_seconds")),
        row("the whole of it, s (median / longest)", longest("next_seconds")),
        row("**temporary files and locks after it**", total("left_behind")),
        row("**other troubles**", lambda group: f"{sum(len(one.troubles) for one in group)}"),
        "",
        f"{len(found)} runs of {ORGS} orgs in {seconds / 60:.0f} minutes.",
    ]


def tell(text: str) -> None:
    """Print a line at once."""
    print(text, flush=True)  # noqa: T201 - a program that prints


if __name__ == "__main__":
    arguments = [int(argument) for argument in sys.argv[1:]]
    sys.exit(main(*arguments, *(10, 2026)[len(arguments) :]))
