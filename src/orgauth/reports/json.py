"""The JSON document: the Salesforce CLI's envelope, one object an org. No token is ever in it."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, assert_never

from orgauth.errors import ManifestError
from orgauth.json_text import indented
from orgauth.models import Authorized, Failed, Reused, Skipped, Status

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from orgauth.errors import OrgauthError
    from orgauth.models import Org, Outcome, RunResult

__all__ = ["JsonReport", "envelope"]

_NO_ORGS = '"orgs": []'
_MARGIN = " " * 6

# What no document needs to spell out: other alphabets, DEL, and the beginning of what a CI system
# obeys wherever it stands in a log (see ``text``). A program that reads it gets the same text.
_NOT_PLAIN = re.compile(r"[^ -~\n]|#(?=#)")


class JsonReport:
    """``--report run.json``: the document that ``--json`` prints."""

    def render(self, run: RunResult) -> Iterator[str]:
        """Yield the document, an org at a time, ending with a line end."""
        result = {"summary": _summary(run), "orgs": []}
        text = envelope(result, status=run.exit_code, warnings=run.warnings)
        head, frame, tail = text.partition(_NO_ORGS)  # the first: in a warning it has \" for "
        yield head
        if run.outcomes:
            before = '"orgs": ['
            for outcome in run.outcomes:
                org = indented(_org(outcome), margin=_MARGIN, ensure_ascii=False)
                yield f"{before}\n{_MARGIN}{_plain(org)}"
                before = ","
            yield f"\n{_MARGIN[:-2]}]"
        else:
            yield frame
        yield tail

    def render_error(self, error: OrgauthError, *, exit_code: int) -> str:
        """Return the envelope that the Salesforce CLI's ``--json`` gives an error."""
        value: dict[str, Any] = {
            "status": exit_code,
            "name": type(error).__name__,
            "message": str(error),
            "advice": error.advice,
            "warnings": [],
        }
        if isinstance(error, ManifestError):
            value["problems"] = [
                {
                    "file": problem.position.file,
                    "line": problem.position.line,
                    "column": problem.position.column,
                    "message": problem.message,
                }
                for problem in error.problems
            ]
        return _text(value)


def envelope(result: object, *, status: int, warnings: Sequence[str] = ()) -> str:
    """Return ``{"status", "result", "warnings"}``, as the Salesforce CLI's ``--json`` has it."""
    value = {"status": status, "result": result, "warnings": list(warnings)}
    return _text(value)


def _text(value: object) -> str:
    return _plain(json.dumps(value, indent=2, ensure_ascii=False)) + "\n"


def _plain(text: str) -> str:
    return _NOT_PLAIN.sub(_escaped, text)


def _escaped(match: re.Match[str]) -> str:
    character = match[0]
    if "\ud800" <= character <= "\udfff":  # half a character: strict readers refuse the document
        character = "\N{REPLACEMENT CHARACTER}"
    units = character.encode("utf-16-be")
    return "".join(f"\\u{units[at : at + 2].hex()}" for at in range(0, len(units), 2))


def _summary(run: RunResult) -> dict[str, Any]:
    summary: dict[str, Any] = {"total": len(run.outcomes)}
    summary |= {status.value: run.count(status) for status in Status}
    summary["elapsed_seconds"] = round(run.elapsed_seconds, 3)
    return summary


def _org(outcome: Outcome) -> dict[str, Any]:
    org = outcome.org
    return {
        "username": org.username,
        "alias": org.alias,
        "kind": org.kind.value,
        "status": outcome.status.value,
        **_result(outcome, org),
        "attempts": outcome.attempts,
        "elapsed_seconds": round(outcome.elapsed_seconds, 3),
        "error": _error(outcome),
    }


def _result(outcome: Outcome, org: Org) -> dict[str, Any]:
    credentials = outcome.credentials if isinstance(outcome, Authorized | Reused) else None
    return {
        "org_id": credentials.org_id if credentials else None,
        "instance_url": credentials.instance_url if credentials else None,
        "login_url": org.login_url,
    }


def _error(outcome: Outcome) -> dict[str, str] | None:
    match outcome:
        case Authorized() | Reused():
            return None
        case Failed(failure=failure) | Skipped(failure=failure):
            return {
                "code": failure.code,
                "description": failure.description,
                "kind": failure.kind.value,
                "advice": failure.advice,
            }
        case _:
            assert_never(outcome)
