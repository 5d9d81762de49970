"""``run.py SECONDS [TARGET…]``: each fuzzer in turn for so long; what reached new code is kept.

Works in ``.fuzz``, which git ignores. A find ends that fuzzer, is left in ``.fuzz/finds``, and
makes the exit status 1.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import corpus

HERE = Path(__file__).resolve().parent
WORK = HERE.parents[1] / ".fuzz"
OPTIONS = ("-timeout=10", "-rss_limit_mb=2048", "-print_final_stats=1", "-verbosity=1")


def main(seconds: int, targets: list[str]) -> int:
    shutil.rmtree(WORK / "corpus", ignore_errors=True)
    corpus.unpack(WORK / "corpus")
    (WORK / "finds").mkdir(exist_ok=True)
    statuses = [fuzz(target, seconds) for target in targets]
    for target in targets:
        shrink(target)
    corpus.pack(WORK / "corpus")
    return max(statuses)


def fuzz(target: str, seconds: int) -> int:
    """Run one fuzzer; its output goes to ``.fuzz/<target>.log``."""
    words = "manifest" if target == "manifest" else "answers"
    log = WORK / f"{target}.log"
    with log.open("wb") as output:
        found = subprocess.call(
            [
                sys.executable,
                HERE / f"fuzz_{target}.py",
                f"-max_total_time={seconds}",
                f"-dict={HERE / words}.dict",
                f"-artifact_prefix={WORK}/finds/{target}-",
                *OPTIONS,
                WORK / "corpus" / target,
            ],
            stdout=output,
            stderr=output,
        )
    lines = log.read_text(errors="replace").splitlines()
    told = [line for line in lines if "stat::" in line or "DONE" in line]
    print(f"{target}: {'A FIND' if found else 'nothing found'}", *told, sep="\n  ")
    return 1 if found else 0


def shrink(target: str) -> None:
    """Keep of the corpus what reaches every line that it reaches, in few and short inputs."""
    # libFuzzer starts the program again by its name.
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    old, new = WORK / "corpus" / target, WORK / f"{target}.merged"
    shutil.rmtree(new, ignore_errors=True)
    new.mkdir()
    with (WORK / f"{target}.merge.log").open("wb") as output:
        subprocess.run(
            [HERE / f"fuzz_{target}.py", "-merge=1", "-use_counters=0", new, old],
            stdout=output,
            stderr=output,
            check=True,
            env={**os.environ, "PATH": path},
        )
    shutil.rmtree(old)
    new.rename(old)


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), sys.argv[2:] or list(corpus.TARGETS)))
