from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from orgauth.manifest import MAX_BYTES
from orgauth.manifest.source import Source

if TYPE_CHECKING:
    from conftest import Parse, ProblemsOf


@pytest.mark.parametrize(
    ("offset", "expected"),
    [(0, (1, 1)), (1, (1, 2)), (2, (2, 1)), (5, (3, 1)), (6, (4, 1)), (7, (4, 2)), (99, (4, 2))],
)
def test_positions_count_every_kind_of_line_end(offset: int, expected: tuple[int, int]) -> None:
    """Unix, Windows and old Mac line ends all begin a line, and no place is beyond the text."""
    position = Source("o.yaml", "a\nb\r\n\rc").position(offset)
    assert (position.line, position.column) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [("", (1, 1)), ("ab\n", (1, 3)), ("ab\r\n", (1, 3)), ("ab\n\n", (2, 1)), ("ab", (1, 3))],
)
def test_the_end_of_the_text_counts_as_its_last_line(text: str, expected: tuple[int, int]) -> None:
    """A parser that fails at the end of the file points into the file."""
    position = Source("o.yaml", text).position(len(text))
    assert (position.line, position.column) == expected


def test_a_byte_order_mark_is_no_part_of_the_text(parse: Parse, problems_of: ProblemsOf) -> None:
    """UTF-8 with a byte order mark works, and columns do not count it."""
    good = "version: 1\norgs: [{username: a@example.com, client_id: x, jwt_key_file: k}]"
    assert parse(b"\xef\xbb\xbf" + good.encode()).orgs[0].username == "a@example.com"
    assert problems_of(b"\xef\xbb\xbfversion: 2\n")[0].startswith("1:10: ")
    assert problems_of(b"\xef\xbb\xbfab\xff\n")[0].startswith("1:3: the file is not UTF-8")


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_utf16_is_refused_with_its_name(problems_of: ProblemsOf, encoding: str) -> None:
    """What PowerShell's > writes is named, not shown as garbage."""
    data = "\ufeffversion: 1".encode(encoding)
    assert problems_of(data) == ["1:1: the file is UTF-16; save it as UTF-8"]


def test_invalid_utf8_is_refused_with_its_place(problems_of: ProblemsOf) -> None:
    """The place of a broken byte counts characters before it, not bytes."""
    assert problems_of("version: 1\nä: ".encode() + b"\xc3(") == [
        "2:4: the file is not UTF-8: this byte belongs to no character"
    ]
    assert problems_of("a\u2028".encode() + b"\xff") == [
        "1:2: the character U+2028 cannot stand in YAML"
    ]


@pytest.mark.parametrize("character", ["\0", "\x1b", "\x7f", "\x85", "\u2028", "\ufeff", "\ufffe"])
def test_characters_that_cannot_be_seen_are_refused(
    problems_of: ProblemsOf, character: str
) -> None:
    """Control characters, and line ends that editors do not show, are refused with their place."""
    name = f"U+{ord(character):04X}"
    assert problems_of(f"version: 1\n# a{character}") == [
        f"2:4: the character {name} cannot stand in YAML"
    ]


def test_visible_characters_of_all_planes_are_welcome(parse: Parse) -> None:
    """A comment may hold letters and pictures of any kind."""
    text = "# ä\u2027\u202a\ud7ff\ue000\uff00\U0001f600\t\nversion: 1\norgs: [a@example.com]\n"
    manifest = parse(text + "defaults: {client_id: x, jwt_key_file: k}")
    assert len(manifest.orgs) == 1


def test_a_file_that_is_too_large_is_refused(problems_of: ProblemsOf) -> None:
    """One byte more than the limit is too much."""
    assert problems_of(b" " * (MAX_BYTES + 1)) == ["1:1: the file is larger than 32 MiB; split it"]
    assert problems_of(b"#" * 1000) != problems_of(b" " * (MAX_BYTES + 1))
