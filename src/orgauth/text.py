"""Foreign text made harmless to show: server answers, usernames, aliases, names of files."""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["printable"]

# Cc: terminal escapes and newlines; Cf: marks that turn the reading direction or hide;
# Cs, Co, Cn: no characters at all; Zl, Zp: line breaks by another name.
_UNSHOWN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
# Letters and marks that are drawn as nothing (Unicode's Default_Ignorable_Code_Point outside of
# Cf, and the blank of Braille).
_BLANK = frozenset(
    map(
        chr,
        (
            *(0x034F, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x2800, 0x3164, 0xFFA0),
            *range(0x180B, 0x1810),
            *range(0xFE00, 0xFE10),
            *range(0xE0100, 0xE01F0),
        ),
    )
)
_MARKS = frozenset({"Mn", "Me"})
_MOST_MARKS = 4  # on one letter; more are of no language, and are drawn over the lines around

# What CI systems obey where it stands in a log: `##[…]` and `##vso[…]` anywhere in a line (GitHub
# Actions and Azure Pipelines), `##teamcity[…]`, and at the beginning of a line, which a terminal's
# width may make anywhere, `::error::` (GitHub Actions; every command of its has a letter that no
# number in hexadecimal has, so IPv6 addresses stay as they are).
_COMMAND = re.compile(r"#(?=#\w*\[)|:(?=:[\w-]*[g-z-])", re.IGNORECASE)


def printable(text: str, *, limit: int = 500) -> str:
    """Return ``text`` on one line, its invisible characters escaped, cut to ``limit`` characters.

    What a server or a manifest says can then neither move the cursor, start a
    line that looks like ours, command a CI system, nor turn text around.
    """
    if (
        text.isascii()
        and text.isprintable()
        and len(text) <= limit
        and "::" not in text
        and "##" not in text
    ):
        return text
    shown = _COMMAND.sub(_escaped, "".join(_shown(text[: limit + 1])))
    return shown if len(shown) <= limit else shown[: limit - 1] + "…"


def _shown(text: str) -> Iterator[str]:
    marks = 0
    for character in text:
        category = unicodedata.category(character)
        marks = marks + 1 if category in _MARKS else 0
        if category in _UNSHOWN or character in _BLANK or marks > _MOST_MARKS:
            yield character.encode("unicode_escape").decode("ascii")
        else:
            yield character


def _escaped(match: re.Match[str]) -> str:
    return f"\\x{ord(match[0]):02x}"
