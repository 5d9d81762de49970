"""Foreign text made harmless."""

import pytest

from orgauth.text import printable


def test_plain_text_stays_as_it_is():
    """Names in any script are shown as they are."""
    assert printable("Straße 東京 ok") == "Straße 東京 ok"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\x1b[31mb", "a\\x1b[31mb"),
        ("a\n::set-output name=x::y", "a\\n\\x3a:set-output name=x\\x3a:y"),
        ("a\u202eb", "a\\u202eb"),
        ("a\u2028b", "a\\u2028b"),
        ("a\ud800b", "a\\ud800b"),
        ("a\0b\x7f\x9b2Jb", "a\\x00b\\x7f\\x9b2Jb"),
        ("a\u200bb\u3164c\ufe0fd\U000e0061e", "a\\u200bb\\u3164c\\ufe0fd\\U000e0061e"),
        ("e" + "\u0301" * 6, "e" + "\u0301" * 4 + "\\u0301\\u0301"),
    ],
)
def test_what_moves_the_cursor_or_turns_text_around_is_escaped(text, shown):
    """Neither a terminal nor a CI log may be led by what a server says."""
    assert printable(text) == shown


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("::error::x", "\\x3a:error\\x3a:x"),
        (" ::ADD-MASK::a", " \\x3a:ADD-MASK::a"),
        ("a ##[add-path]/tmp", "a \\x23#[add-path]/tmp"),
        ("#\u200d#[group]", "#\\u200d#[group]"),
        (":\u200d:error::", ":\\u200d:error::"),
        ("###vso[task.setvariable variable=x]y", "#\\x23#vso[task.setvariable variable=x]y"),
        ("##VSO[task.complete]", "\\x23#VSO[task.complete]"),
        ("##teamcity[buildStop]", "\\x23#teamcity[buildStop]"),
    ],
)
def test_what_a_ci_system_obeys_is_broken(text, shown):
    """Whoever may put a text into a log would otherwise set variables of the job."""
    assert printable(text) == shown


@pytest.mark.parametrize(
    "text",
    [
        "[fe80::1]:443",
        "::ffff:127.0.0.1",
        "2001:db8::cafe refused",
        "a: b",
        "issue ##12",
        "x[0]",
        "Å e\u0301 שָׁלוֹם ที่นี่",
    ],
)
def test_what_only_looks_like_it_stays(text):
    """Addresses, numbers, and letters with as many marks as languages need."""
    assert printable(text) == text


def test_long_text_is_cut():
    """An error description of a megabyte is not an error message."""
    assert printable("x" * 600) == "x" * 499 + "…"
    assert len(printable("\x1b" * 600, limit=100)) == 100
