"""The fuzzers' corpora: one input a line, as a JSON string that keeps every byte.

``corpus/*.seeds.jsonl`` were written by hand, ``corpus/*.jsonl`` were found.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

FOLDER = Path(__file__).resolve().parent / "corpus"
EXAMPLE = FOLDER.parents[2] / "orgs.example.yaml"
TARGETS = ("manifest", "token_answer", "rest_answers")


def inputs(target: str) -> list[bytes]:
    """Return the kept inputs of one fuzzer, those that were written by hand first."""
    return [*seeds(target), *_read(FOLDER / f"{target}.jsonl")]


def seeds(target: str) -> list[bytes]:
    """Return what a fuzzer begins with."""
    if target == "manifest":
        return [EXAMPLE.read_bytes()]
    return _read(FOLDER / f"{target}.seeds.jsonl")


def unpack(folder: Path) -> None:
    """Write each input, as libFuzzer wants it, to ``folder/<target>/<hash>``."""
    for target in TARGETS:
        own = folder / target
        own.mkdir(parents=True, exist_ok=True)
        for data in inputs(target):
            (own / hashlib.sha256(data).hexdigest()[:40]).write_bytes(data)


def pack(folder: Path) -> None:
    """Keep what was found and is in ``folder/<target>``, and nothing else, in a stable order."""
    for target in TARGETS:
        found = {path.read_bytes() for path in (folder / target).iterdir()} - {*seeds(target)}
        lines = [
            json.dumps(data.decode("utf-8", "surrogateescape")) + "\n"
            for data in sorted(found, key=lambda data: (len(data), data))
        ]
        (FOLDER / f"{target}.jsonl").write_text("".join(lines), encoding="ascii")


def _read(path: Path) -> list[bytes]:
    lines = path.read_text(encoding="ascii").splitlines()
    return [json.loads(line).encode("utf-8", "surrogateescape") for line in lines]
