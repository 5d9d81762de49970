from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orgauth.simulator.soql import Condition, MalformedQueryError, Query, parse


@pytest.mark.parametrize(
    ("text", "query"),
    [
        ("SELECT Id FROM ScratchOrgInfo limit 1", Query(("Id",), "ScratchOrgInfo", limit=1)),
        (
            "select Id, CreatedBy.Username from Info where ScratchOrg='00D' and Status = 'x'",
            Query(
                ("Id", "CreatedBy.Username"),
                "Info",
                (Condition("ScratchOrg", "=", "00D"), Condition("Status", "=", "x")),
            ),
        ),
        (
            "SELECT Id FROM T WHERE a IN ('x','y') AND b NOT IN (1) AND (c != null)",
            Query(
                ("Id",),
                "T",
                (
                    Condition("a", "in", ("x", "y")),
                    Condition("b", "not in", (1,)),
                    Condition("c", "!=", None),
                ),
            ),
        ),
        (
            "SELECT Id FROM T WHERE a >= 2026-01-01 AND b < 1.5 AND c=TRUE ORDER BY a DESC LIMIT 5",
            Query(
                ("Id",),
                "T",
                (
                    Condition("a", ">=", "2026-01-01"),
                    Condition("b", "<", 1.5),
                    Condition("c", "=", value=True),
                ),
                ("a", True),
                5,
            ),
        ),
        ("SELECT Id FROM T ORDER BY a ASC NULLS FIRST", Query(("Id",), "T", order=("a", False))),
        (
            "SELECT Id FROM T ORDER BY a DESC NULLS LAST OFFSET 2",
            Query(("Id",), "T", order=("a", True), offset=2),
        ),
        ("SELECT Id FROM T ORDER BY a", Query(("Id",), "T", order=("a", False))),
        (
            r"SELECT Id FROM T WHERE a = 'O\'Hara'",
            Query(("Id",), "T", (Condition("a", "=", "O'Hara"),)),
        ),
        ("SELECT COUNT() FROM T\n", Query(("COUNT()",), "T")),
    ],
)
def test_understood(text, query):
    """What clients of the login flow send is understood."""
    assert parse(text) == query


@pytest.mark.parametrize(
    "text",
    [
        "",
        "DELETE FROM T",
        "SELECT Id",
        "SELECT Id FROM T WHERE a LIKE 'x'",
        "SELECT Id FROM T WHERE a NOT LIKE 'x'",
        "SELECT Id FROM T LIMIT many",
        "SELECT Id FROM T WHERE a = 'open",
        "SELECT Id FROM T WHERE a IN 'x'",
        "SELECT Id FROM T ORDER BY a NULLS",
        "SELECT Id FROM T nonsense",
        "SELECT COUNT(Id) FROM T",
    ],
)
def test_malformed(text):
    """Anything else is malformed."""
    with pytest.raises(MalformedQueryError):
        parse(text)


@given(st.text())
def test_any_text(text):
    """No text does more harm than being malformed."""
    with contextlib.suppress(MalformedQueryError):
        parse(text)


@pytest.mark.parametrize(
    ("condition", "value", "holds"),
    [
        (Condition("a", "=", "active"), "Active", True),
        (Condition("a", "!=", "active"), "Active", False),
        (Condition("a", "<>", "x"), None, True),
        (Condition("a", "=", None), None, True),
        (Condition("a", "<", "2026-02-01"), "2026-01-31", True),
        (Condition("a", ">", "2026-02-01"), None, False),
        (Condition("a", "<=", 3), 3, True),
        (Condition("a", "in", ("X", "y")), "x", True),
        (Condition("a", "not in", ("X", "y")), "x", False),
    ],
)
def test_conditions(condition, value, holds):
    """Texts compare without case, and nothing is greater or less than null."""
    assert condition.holds(value) is holds
