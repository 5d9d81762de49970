from __future__ import annotations

import math

import pytest

from orgauth.manifest.scalars import plain_value


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", None),
        ("~", None),
        ("null", None),
        ("true", True),
        ("FALSE", False),
        ("12", 12),
        ("-3", -3),
        ("0123", 123),
        ("0o17", 15),
        ("0xfF", 255),
        ("1e3", 1000.0),
        (".5", 0.5),
        ("+1.", 1.0),
        (".inf", math.inf),
        ("-.INF", -math.inf),
    ],
)
def test_words_of_the_core_schema_get_their_type(text: str, expected: object) -> None:
    """Numbers, switches and null are what YAML 1.2 says they are."""
    value = plain_value(text)
    assert value == expected
    assert type(value) is type(expected)


def test_nan_is_a_number() -> None:
    """The one value that is not equal to itself is recognized, too."""
    value = plain_value(".nan")
    assert isinstance(value, float)
    assert math.isnan(value)


@pytest.mark.parametrize(
    "text", ["yes", "on", "nO", "12:30", "1_000", "-", ".", "1.2.3", "0b1", "+a", "e3", "9" * 500]
)
def test_all_else_is_text(text: str) -> None:
    """What only YAML 1.1 takes for something else stays as it is written."""
    assert plain_value(text) is text
