"""Starting programs on their own core, and reading from the kernel what they cost."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import urllib.request
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

import orgs

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

HERE = Path(__file__).parent
CORES = sorted(os.sched_getaffinity(0))
SERVER_CORE, CLIENT_CORE = {CORES[0]}, {CORES[-1]}


@dataclass(frozen=True, slots=True)
class Sample:
    """One run of one program."""

    orgs: int
    seconds: float
    cpu_seconds: float
    """User and system time of the program and of what it started, all threads."""
    peak_mb: float
    counts: Mapping[str, Any]
    """What the server was asked."""
    output: str

    @property
    def rate(self) -> float:
        """Orgs a second."""
        return self.orgs / self.seconds

    @property
    def cpu_ms(self) -> float:
        """CPU milliseconds an org."""
        return 1000 * self.cpu_seconds / self.orgs

    @property
    def tokens(self) -> float:
        """Token requests an org."""
        return float(self.counts.get("token", 0)) / self.orgs


@dataclass(frozen=True, slots=True)
class Spread:
    """The median, the least and the greatest of some runs."""

    median: float
    least: float
    greatest: float

    @classmethod
    def of(cls, values: Sequence[float]) -> Spread:
        """Return the spread of some figures."""
        return cls(median(values), min(values), max(values))


class Server:
    """The lean server, in its own process."""

    def __init__(self, url: str) -> None:
        self.url = url

    def counts(self) -> dict[str, Any]:
        """Return what was asked since ``reset``."""
        return self._ask("GET")

    def reset(self) -> None:
        """Begin to count anew."""
        self._ask("POST")

    def _ask(self, method: str) -> dict[str, Any]:
        request = urllib.request.Request(f"{self.url}/counts", method=method)
        with urllib.request.urlopen(request, timeout=10) as answer:
            counts: dict[str, Any] = json.load(answer)
        return counts


@contextmanager
def serving(key: orgs.Key, *options: str) -> Iterator[Server]:
    """Run the lean server on its core."""
    with _on(SERVER_CORE):
        process = subprocess.Popen(
            [
                sys.executable,
                HERE / "lean_server.py",
                "--public-key",
                key.public,
                "--client-id",
                orgs.CLIENT_ID,
                *options,
            ],
            stdout=subprocess.PIPE,
            text=True,
        )
    try:
        if process.stdout is None:
            raise RuntimeError("the server has no output")
        yield Server(process.stdout.readline().strip())
    finally:
        process.terminate()
        process.wait()


def run(
    command: Sequence[object],
    *,
    count: int,
    server: Server | None = None,
    environ: Mapping[str, str] | None = None,
    all_cores: bool = False,
    may_fail: bool = False,
    folder: Path,
) -> Sample:
    """Run a program to its end; raise ``RuntimeError`` where it fails.

    A program that prints a JSON object with ``seconds`` and ``cpu_seconds`` in its last line
    has measured itself: the limits, which leave their preparation out.
    """
    if server is not None:
        server.reset()
    output = folder / "output.txt"
    with _on(set(CORES) if all_cores else CLIENT_CORE), output.open("wb") as file:
        begin = time.monotonic()
        process = subprocess.Popen(
            [str(part) for part in command],
            stdout=file,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            env={**os.environ, **(environ or {})},
        )
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.monotonic() - begin
    process.returncode = os.waitstatus_to_exitcode(status)
    text = output.read_text(errors="replace")
    if process.returncode and not may_fail:
        raise RuntimeError(f"{command[0]} ended with {process.returncode}: {text[-2000:]}")
    cpu = usage.ru_utime + usage.ru_stime
    last = text.rstrip().rpartition("\n")[2]
    if last.startswith('{"seconds"'):
        own = json.loads(last)
        seconds, cpu = own["seconds"], own["cpu_seconds"]
    counts = dict(server.counts()) if server is not None else {}
    if counts.get("first_token") is not None:
        counts["first_token"] -= begin
    if counts.get("last_ready") is not None:
        counts["last_ready"] -= begin
    return Sample(count, seconds, cpu, usage.ru_maxrss / 1024, counts, text)


@contextmanager
def _on(cores: set[int]) -> Iterator[None]:
    """Start what is started in the body on these cores."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cores)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)
