#!/usr/bin/env python3
"""The same faults given to orgauth and its peers: what each does, and for how long.

    .venv/bin/python benchmarks/faults_side_by_side.py [--only TEXT]

Writes its table into docs/reliability.md. Needs ``make bench``'s .bench/venv and ``make sf-cli``.
Takes about ten minutes, most of it waiting: nobody is waited for longer than 20 seconds.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).parent
sys.path += [str(HERE.parent / "tests"), str(HERE)]

import faults_peers as peers  # noqa: E402 - found in the folder that was just added
import faults_report as report  # noqa: E402 - likewise
from faults_stage import CASES, Stage  # noqa: E402 - likewise

AT_ONCE = 3
"""Most of them wait; a third program does not slow the others down."""


async def main() -> None:
    """Give every fault to everybody, then write the table."""
    parser = argparse.ArgumentParser(description="Gives the same faults to orgauth and its peers.")
    parser.add_argument("--only", default="", help="only faults whose name has this text")
    only = parser.parse_args().only
    cases = [case for case in CASES if only in case.name]
    with tempfile.TemporaryDirectory(prefix="orgauth-faults-") as folder:
        async with Stage(Path(folder)) as stage:
            usual = {peer.name: await peers.run(peer, stage, None) for peer in peers.PEERS}
            for name, seen in usual.items():
                print("no fault |", name, "|", report.cell(seen), f"{seen.peak_mb:.0f} MB")
                assert seen.status == 0, seen.said
            room = asyncio.Semaphore(AT_ONCE)

            async def one(case: object, peer: peers.Peer) -> peers.Seen:
                async with room:
                    seen = await peers.run(peer, stage, case, usual[peer.name])
                    print(case.name, "|", peer.name, "|", report.cell(seen), flush=True)
                    return seen

            rows = [
                (case.name, [asyncio.create_task(one(case, peer)) for peer in peers.PEERS])
                for case in cases
            ]
            table = report.table([(name, [await task for task in tasks]) for name, tasks in rows])
    if not only:
        report.write(table)


asyncio.run(main())
