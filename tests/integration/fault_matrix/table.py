"""The matrix as Markdown, between two marks of ``docs/reliability.md``."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from integration.fault_matrix.cases import CASES, PHASES
from integration.fault_matrix.play import CROWD, NEIGHBOURS, TIMEOUT, username_of
from orgauth.models import Authorized

if TYPE_CHECKING:
    from integration.fault_matrix.cases import Case
    from integration.fault_matrix.play import Run

__all__ = ["PAGE", "committed", "replaced", "table", "without_times"]

PAGE = Path(__file__).parents[3] / "docs/reliability.md"
_MARKED = re.compile(r"(?<=<!-- matrix begins -->\n).*(?=<!-- matrix ends -->)", re.DOTALL)
_HOST = re.compile(r"[a-z0-9.]+\.salesforce\.com(:\d+)?")
_PORT = re.compile(r"(?<=evil\.example\.com):\d+")
_OPENSSL = re.compile(r"(?<=is not trusted: )[A-Z_]+\b")
_NOT_MEASURED = "?"
_AT_ONCE = 0.1


def table(run: Run, seconds: dict[str, float] | None = None) -> str:
    """Return the tables; ``seconds`` are those of each org's longest attempt, where measured."""
    orgs = sum(len(case.calls) for case in CASES)
    passing = sum(len(case.calls) for case in CASES if case.may_pass)
    told = (
        f"{len(CASES)} faults, {orgs} orgs that have one for good, {passing} whose fault passes "
        f"after the first attempt, {CROWD} more whose name servers are silent, and {NEIGHBOURS} "
        "neighbours without any fault, all in one run.\n"
    )
    parts = [told]
    for phase in PHASES:
        parts.append(f"\n### {phase[0].upper()}{phase[1:]}\n\n")
        parts.append("| fault | kind | in the token call | in the REST call | an attempt took |\n")
        parts.append("|---|---|---|---|---|\n")
        parts += [_row(case, run, seconds or {}) for case in CASES if case.phase == phase]
    return "".join(parts)


def without_times(text: str) -> str:
    """Return the tables without the column that was measured."""
    return re.sub(r"\|[^|\n]*\|$", "|", text, flags=re.MULTILINE)


def committed() -> str:
    """Return the tables as they are in the page."""
    found = _MARKED.search(PAGE.read_text(encoding="utf-8"))
    return found[0] if found else ""


def replaced(text: str) -> str:
    """Return the page with these tables in it."""
    page = PAGE.read_text(encoding="utf-8")
    assert _MARKED.search(page), f"{PAGE} has no place for the matrix"
    return _MARKED.sub(lambda _: text, page)


def _row(case: Case, run: Run, seconds: dict[str, float]) -> str:
    said = [_said(run, case, call) for call in case.calls]
    rest = "—" if len(said) == 1 else "the same" if said[0] == said[1] else said[1]
    outcome = run.outcomes[username_of(case, "token")]
    kind = "—" if isinstance(outcome, Authorized) else str(outcome.failure.kind)
    taken = [seconds[name] for call in case.calls if (name := username_of(case, call)) in seconds]
    cells = (case.fault, kind, said[0], rest, _time(max(taken)) if taken else _NOT_MEASURED)
    return f"| {' | '.join(cells)} |\n"


def _said(run: Run, case: Case, call: str) -> str:
    outcome = run.outcomes[username_of(case, call)]
    if isinstance(outcome, Authorized):
        tries = run.watch.waits.get(outcome.org.name, 0) + 1
        return "authorized" if tries == 1 else f"authorized at attempt {tries}"
    message = _HOST.sub("HOST", outcome.failure.description)
    message = _PORT.sub("", _OPENSSL.sub("…", message))
    message = message.replace(f"within {TIMEOUT:g} s", "within `timeout_seconds`")
    return f"`{outcome.failure.code}`: {message}"


def _time(seconds: float) -> str:
    return "< 0.1 s" if seconds < _AT_ONCE else f"{seconds:.1f} s"
