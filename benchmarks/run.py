"""``make bench``: measures everything, and writes RESULTS.md and the plots beside this file.

    .bench/venv/bin/python benchmarks/run.py [--quick] [PART ...]

Figures are kept in .bench/figures.json; a part that is not measured again keeps its own.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import os
import platform
import subprocess
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cores
import growth
import orgs
import report
import side_by_side
import startup
import waiting
from measure import CORES, HERE, Spread

if TYPE_CHECKING:
    from collections.abc import Callable

    from measure import Sample

FIGURES = HERE.parent / ".bench/figures.json"


def main() -> None:
    """Measure the parts that were asked for, all by default."""
    parser = argparse.ArgumentParser(description="Measures orgauth and its peers.")
    parser.add_argument("parts", nargs="*", choices=[*PARTS, []], help="default: all")
    parser.add_argument("--quick", action="store_true", help="small sizes, to see that it works")
    options = parser.parse_args()
    figures: dict[str, Any] = json.loads(FIGURES.read_text()) if FIGURES.exists() else {}
    load, before = os.getloadavg(), _busy()
    own = os.times()
    with tempfile.TemporaryDirectory(prefix="orgauth-bench-") as folder:
        key = orgs.make_key(Path(folder))
        for part in options.parts or PARTS:
            figures |= PARTS[part](key, Path(folder), quick=options.quick)
            FIGURES.write_text(json.dumps(figures, indent=1))  # a later part may fail
    now = os.times()
    ours = sum(now[:4]) - sum(own[:4])
    busy, total = (after - first for after, first in zip(_busy(), before, strict=True))
    figures["machine"] = {
        **_machine(),
        "load_before": f"{load[0]:.2f}",
        "load_after": f"{os.getloadavg()[0]:.2f}",
        "others": max(0.0, busy - ours) / total,
        "runs": 2 if options.quick else 5,
    }
    FIGURES.write_text(json.dumps(figures, indent=1))
    (HERE / "RESULTS.md").write_text(report.markdown(figures), encoding="utf-8")
    if not options.quick:
        _write_readme(report.for_readme(figures))
    subprocess.run([sys.executable, HERE / "plot.py", FIGURES, HERE, "svg"], check=True)


def _write_readme(tables: str) -> None:
    """Put the tables between the marks that the README has for them."""
    path = HERE.parent / "README.md"
    before, begin, rest = path.read_text().partition("<!-- benchmarks: begin -->")
    _, end, after = rest.partition("<!-- benchmarks: end -->")
    if not end:
        raise RuntimeError("the README has no place for the tables")
    path.write_text(f"{before}{begin}\n{tables}{end}{after}")


def _contest(key: orgs.Key, folder: Path, *, quick: bool) -> dict[str, Any]:
    runs, many, few, very_few = (2, 500, 20, 2) if quick else (5, 10_000, 100, 6)
    samples = side_by_side.compete(key, folder, runs=runs, many=many, few=few, very_few=very_few)
    wrong = side_by_side.wrong_guess(key, folder, count=many)
    rows = [_row(name, found) for name, found in samples.items()]
    return {"contest": rows, "wrong_guess": {"tokens": wrong.tokens}}


def _row(name: str, samples: list[Sample]) -> dict[str, Any]:
    return {
        "name": name,
        "orgs": samples[0].orgs,
        "rate": asdict(Spread.of([sample.rate for sample in samples])),
        "cpu_ms": asdict(Spread.of([sample.cpu_ms for sample in samples])),
        "failed": _failed(samples) if "`sf" in name or "same" in name else 0,
        "tokens": max(sample.tokens for sample in samples),
        "peak_mb": max(sample.peak_mb for sample in samples),
    }


def _failed(samples: list[Sample]) -> int:
    """Return how many logins ``sf`` says nothing good of."""
    return sum(sample.orgs - sample.output.count("Successfully authorized") for sample in samples)


def _waiting(key: orgs.Key, folder: Path, *, quick: bool) -> dict[str, Any]:
    found = waiting.wait(key, folder, runs=1 if quick else 2)
    return {"waiting": [{**asdict(case), "bound": waiting.BOUND} for case in found]}


def _growth(key: orgs.Key, folder: Path, *, quick: bool) -> dict[str, Any]:
    sizes = {1000: 2, 3000: 1} if quick else {1000: 5, 10_000: 3, 100_000: 1}
    grown = growth.grow(key, folder, sizes=sizes)
    nights = growth.again(key, folder, count=1000 if quick else 10_000, runs=3)
    return {
        "growth": [asdict(size) for size in grown],
        "again": [{"orgs": night.orgs, "cpu_ms": night.cpu_ms} for night in nights],
    }


def _startup(key: orgs.Key, folder: Path, *, quick: bool) -> dict[str, Any]:
    found = startup.start(key, folder, runs=2 if quick else 10)
    return {"startup": [asdict(each) for each in found]}


def _cores(key: orgs.Key, folder: Path, *, quick: bool) -> dict[str, Any]:
    count, runs = (400, 1) if quick else (10_000, 3)
    return {
        "signing": [asdict(way) for way in cores.signing(key, folder, count=count, runs=runs)],
        "processes": [asdict(way) for way in cores.processes(key, folder, count=count, runs=runs)],
    }


PARTS: dict[str, Callable[..., dict[str, Any]]] = {
    "contest": _contest,
    "waiting": _waiting,
    "growth": _growth,
    "startup": _startup,
    "cores": _cores,
}


def _busy() -> tuple[float, float]:
    """Return the seconds that all cores have worked, and those that they have been there."""
    fields = Path("/proc/stat").read_text().splitlines()[0].split()[1:9]
    times = [int(field) / os.sysconf("SC_CLK_TCK") for field in fields]
    return sum(times) - times[3] - times[4], sum(times)


def _machine() -> dict[str, Any]:
    models = [
        line.partition(":")[2].strip()
        for line in Path("/proc/cpuinfo").read_text().splitlines()
        if line.startswith("model name")
    ]
    return {
        "date": dt.datetime.now(dt.UTC).date().isoformat(),
        "cores": len(CORES),
        "machine": models[0] if models else platform.machine(),
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
    }


main()
