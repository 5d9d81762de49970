"""What everybody did, as a table of ``docs/reliability.md``."""

from __future__ import annotations

import datetime as dt
import json
import platform
import re
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

from faults_peers import LIMIT, PEERS

from orgauth import __version__

if TYPE_CHECKING:
    from collections.abc import Callable

    from faults_peers import Seen

__all__ = ["cell", "table", "write"]

_PROJECT = Path(__file__).parents[1]
_PAGE = _PROJECT / "docs/reliability.md"
_MARKED = re.compile(
    r"(?<=<!-- side by side begins -->\n).*(?=<!-- side by side ends -->)", re.DOTALL
)
_TOKEN = re.compile(r"00D\w{12}!A[\w.]{6,}")
_MUCH_MB = 100
_LONGEST = 110


def table(rows: list[tuple[str, list[Seen]]]) -> str:
    """Return the table, with versions and the day."""
    head = f"| fault | {' | '.join(peer.name for peer in PEERS)} |\n"
    lines = [head, "|---" * (len(PEERS) + 1) + "|\n"]
    for name, seen in rows:
        lines.append(f"| {name} | {' | '.join(cell(one) for one in seen)} |\n")
    return f"{_versions()}\n\n{_counts(rows)}\n{''.join(lines)}"


def cell(seen: Seen) -> str:
    """Return one program's outcome."""
    if seen.status is None:
        what = f"**still waiting after {LIMIT:.0f} s**"
    elif seen.status == 0:
        what = f"logs in ({_time(seen.seconds)})"
    else:
        what = f"{_shortened(seen.said)} ({_time(seen.seconds)})"
    if _shows_token(seen):
        what += "; **shows the token**"
    if seen.told:
        what += f"; **told another site {' and '.join(seen.told)}**"
    if _is_swollen(seen):
        what += f"; **{seen.more_mb:.0f} MB more than usual**"
    return what


def _time(seconds: float) -> str:
    return "< 1 s" if seconds < 1 else f"{seconds:.0f} s"


def _shows_token(seen: Seen) -> bool:
    return _TOKEN.search(seen.said) is not None


def _is_swollen(seen: Seen) -> bool:
    return seen.more_mb > _MUCH_MB


def _counts(rows: list[tuple[str, list[Seen]]]) -> str:
    """Return a table of how often each did what a night's run should be spared."""
    sorts: dict[str, Callable[[Seen], bool]] = {
        f"still waiting after {LIMIT:.0f} s": lambda seen: seen.status is None,
        f"took more than {_MUCH_MB} MB more than usual": _is_swollen,
        "told another site a secret": lambda seen: bool(seen.told),
        "showed the token in its error": _shows_token,
    }
    lines = [f"| of {len(rows)} faults | {' | '.join(peer.name for peer in PEERS)} |\n"]
    lines.append("|---" + "|---:" * len(PEERS) + "|\n")
    for name, is_so in sorts.items():
        counts = [sum(is_so(seen[place]) for _, seen in rows) for place in range(len(PEERS))]
        lines.append(f"| {name} | {' | '.join(map(str, counts))} |\n")
    return "".join(lines)


def write(text: str) -> None:
    """Put the table into the page."""
    page = _PAGE.read_text(encoding="utf-8")
    if not _MARKED.search(page):
        raise SystemExit(f"{_PAGE} has no place for the table")
    _PAGE.write_text(_MARKED.sub(lambda _: text, page), encoding="utf-8")


def _shortened(said: str) -> str:
    line = _TOKEN.sub("TOKEN", " ".join(said.split()))
    line = re.sub(r"^(\w+): .*\(Caused by (.*)\)$", r"\1: \2", line)
    line = re.sub(r"\b(\w[\w ]+?)(?: \1\b)+", r"\1", line)  # "fetch failed fetch failed"
    line = re.sub(r"localhost:\d+|127\.0\.0\.1:\d+", "HOST", line)
    line = re.sub(r"(?<=evil\.example\.com):\d+", "", line)
    line = re.sub(r"port=\d+", "port=…", line)
    line = re.sub(r"0x[0-9a-f]+", "0x…", line).replace("|", "/").replace("`", "'")
    line = re.sub(r"0{20,}", "000…", line)
    line = line if len(line) <= _LONGEST else line[: _LONGEST - 1] + "…"
    line = line.removesuffix(":")
    return f"`{line}`"


def _versions() -> str:
    package = _PROJECT / ".sf-cli/node_modules/@salesforce/cli/package.json"
    sf = json.loads(package.read_text())["version"]
    python = _PROJECT / ".bench/venv/bin/python"
    frozen = subprocess.run(
        [python, "-m", "pip", "freeze"], capture_output=True, text=True, check=True
    )
    installed = dict(line.split("==") for line in frozen.stdout.split() if "==" in line)
    peers = ", ".join(
        f"{name} {installed[name]}" for name in ("aiosalesforce", "simple-salesforce")
    )
    day = dt.datetime.now(dt.UTC).date()
    return (
        f"{day}, orgauth {__version__}, @salesforce/cli {sf}, {peers}, "
        f"Python {platform.python_version()}."
    )
