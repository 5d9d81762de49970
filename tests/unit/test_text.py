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
        ("a\n::set-output name=x::y", "a\\n::set-output name=x::y"),
        ("a\u202eb", "a\\u202eb"),
        ("a\u2028b", "a\\u2028b"),
        ("a\ud800b", "a\\ud800b"),
    ],
)
def test_what_moves_the_cursor_or_turns_text_around_is_escaped(text, shown):
    """Neither a terminal nor a CI log may be led by what a server says."""
    assert printable(text) == shown


def test_long_text_is_cut():
    """An error description of a megabyte is not an error message."""
    assert printable("x" * 600) == "x" * 499 + "…"
    assert len(printable("\x1b" * 600, limit=100)) == 100
