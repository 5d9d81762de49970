"""JUnit XML, which every CI system shows as a table: one test case an org."""

from __future__ import annotations

from typing import TYPE_CHECKING, assert_never
from xml.sax.saxutils import escape, quoteattr

from orgauth.models import Authorized, Failed, Reused, Skipped, Status
from orgauth.text import printable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from orgauth.errors import OrgauthError
    from orgauth.models import Failure, Outcome, RunResult

__all__ = ["JunitReport"]

_LONGEST = 2000  # characters of one line


class JunitReport:
    """``--report run.xml``: a test suite with one case an org; a skipped org is a skipped case."""

    def render(self, run: RunResult) -> Iterator[str]:
        """Yield the document, an org at a time, ending with a line end."""
        suite = (
            f'name="orgauth" tests="{len(run.outcomes)}" failures="{run.count(Status.FAILED)}" '
            f'errors="0" skipped="{run.count(Status.SKIPPED)}" time="{run.elapsed_seconds:.3f}"'
        )
        head, tail = _document(suite)
        yield head
        for outcome in run.outcomes:
            yield _case(outcome)
        if run.warnings:
            told = "\n".join(run.warnings)
            yield f"<system-err>{_content(told)}</system-err>\n"
        yield tail

    def render_error(self, error: OrgauthError, *, exit_code: int) -> str:
        """Return a suite with one case, which could not run."""
        name = type(error).__name__
        case = (
            f"<testcase classname={_attribute('orgauth')} name={_attribute(f'exit {exit_code}')}>"
            f"<error message={_attribute(str(error))} type={_attribute(name)}>"
            f"{_content(error.advice)}</error></testcase>"
        )
        head, tail = _document('name="orgauth" tests="1" failures="0" errors="1" skipped="0"')
        return f"{head}{case}\n{tail}"


def _document(suite: str) -> tuple[str, str]:
    """Return what stands before and after the cases."""
    head = f'<?xml version="1.0" encoding="UTF-8"?>\n<testsuites>\n<testsuite {suite}>\n'
    return head, "</testsuite>\n</testsuites>\n"


def _case(outcome: Outcome) -> str:
    org = outcome.org
    head = (
        f"<testcase classname={_attribute('orgauth.' + org.kind.value)} "
        f'name={_attribute(org.name)} time="{outcome.elapsed_seconds:.3f}"'
    )
    match outcome:
        case Authorized() | Reused():
            return f"{head}/>\n"
        case Failed(failure=failure):
            return f"{head}>{_detail('failure', failure)}</testcase>\n"
        case Skipped(failure=failure):
            return f"{head}>{_detail('skipped', failure)}</testcase>\n"
        case _:
            assert_never(outcome)


def _detail(tag: str, failure: Failure) -> str:
    message = f"{failure.code}: {failure.description}"
    text = _content(failure.advice)
    return f"<{tag} message={_attribute(message)} type={_attribute(failure.kind)}>{text}</{tag}>"


def _content(value: str) -> str:
    return escape(_shown(value))


def _attribute(value: str) -> str:
    return quoteattr(_shown(value))


def _shown(value: str) -> str:
    """Return a text without what XML 1.0 cannot write at all, or what leads who looks at it."""
    if "\n" not in value:
        return printable(value, limit=_LONGEST)
    return "\n".join(printable(line, limit=_LONGEST) for line in value.split("\n"))
