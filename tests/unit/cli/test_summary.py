"""The end of a run, for people."""

import click

from orgauth.cli.summary import summary_lines
from orgauth.models import Cause, Failed, Failure, FailureKind, RunResult, Skipped
from support import make_org


def failed(name, description, advice="Do this"):
    failure = Failure("code", description, FailureKind.PERMANENT, Cause.OTHER, advice)
    return Failed(make_org(f"{name}@acme.example.com", alias=name), failure, 1, 1.0)


def summary(*outcomes, width=None):
    run = RunResult(outcomes, elapsed_seconds=2.345, exit_code=1)
    return [click.unstyle(line) for line in summary_lines(run, width=width)]


def test_failures_are_grouped_by_cause_the_largest_group_first():
    """Forty orgs with one mistake are one thing to mend."""
    skipped = Skipped(
        make_org("z@acme.example.com"),
        Failure("interrupted", "stopped", FailureKind.PERMANENT, Cause.INTERRUPTED, ""),
    )
    lines = summary(failed("a", "rare"), failed("b", "often"), failed("c", "often"), skipped)

    assert lines == [
        "3 failed, 1 skipped in 2.3 s",
        "",
        "2 failed: code: often",
        "  b, c",
        "  Do this.",
        "",
        "1 failed: code: rare",
        "  a",
        "  Do this.",
        "",
        "1 skipped: interrupted: stopped",
        "  z@acme.example.com",
    ]


def test_a_thousand_names_are_not_listed():
    """Ten say which kind of org it is; the report has them all."""
    lines = summary(*(failed(f"o{number}", "same") for number in range(1000)))

    assert lines[3].endswith("o9 and 990 more")


def test_long_advice_is_folded_to_the_terminal_and_left_whole_elsewhere():
    """A terminal breaks words; a log is searched."""
    advice = (
        "word " * 40 + "https://example.com/a-very-long-address-that-must-stay-whole-to-be-clicked"
    )

    assert len(summary(failed("a", "x", advice))) == 5
    folded = summary(failed("a", "x", advice), width=60)[4:]
    assert all(line.startswith("  word") or "https://" in line for line in folded)
    assert max(len(line) for line in folded[:-1]) <= 60
    assert "a-very-long-address-that-must-stay-whole" in folded[-1]


def test_no_orgs_is_said():
    """Rather than nothing."""
    assert summary() == ["no orgs in 2.3 s"]


def test_what_differs_only_in_an_orgs_own_name_is_one_cause():
    """Three hundred orgs on a full disk are one thing to mend."""
    lines = summary(
        *(
            failed(f"org{number}", f"cannot write /h/org{number}@acme.example.com.json: full")
            for number in range(300)
        )
    )

    assert lines[2] == "300 failed: code: cannot write /h/….json: full"
    assert len(lines) == 5


def test_advice_that_asks_needs_no_full_stop():
    """Nor does advice that has one."""
    assert summary(failed("a", "x", "Is it?"))[4] == "  Is it?"
    assert summary(failed("a", "x", "It is."))[4] == "  It is."
