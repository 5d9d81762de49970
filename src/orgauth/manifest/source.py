"""The manifest's bytes as text, and the place of anything in it."""

from __future__ import annotations

import re
from array import array
from bisect import bisect_right
from functools import cached_property
from typing import TYPE_CHECKING

from orgauth.errors import ManifestError, Position, Problem

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["ADVICE", "MAX_BYTES", "Source", "read_source"]

MAX_BYTES = 32 * 1024 * 1024
"""A manifest larger than this is refused. 100,000 orgs take some 9 MB."""

ADVICE = "Nothing was done. Correct the manifest and check it with `orgauth plan`."

_LINE_END = re.compile(r"\r\n|[\r\n]")
# What YAML calls not printable (https://yaml.org/spec/1.2.2/#51-character-set), and the line ends
# and marks that YAML 1.1 knows but editors do not show: positions must agree with the editor's.
_UNWELCOME = re.compile(
    "[^\t\n\r\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]"
)
_UTF16_MARKS = (b"\xff\xfe", b"\xfe\xff")


class Source:
    """A manifest's text. Everything in it is known by its offset, which costs next to nothing."""

    def __init__(self, file: str, text: str) -> None:
        self.file = file
        self.text = text

    @cached_property
    def _line_starts(self) -> array[int]:
        # An array, for a file of nothing but line ends must not fill the memory.
        starts = array("L", (0,))
        starts.extend(match.end() for match in _LINE_END.finditer(self.text))
        return starts

    def position(self, offset: int) -> Position:
        """Return the line and column of ``offset``; the end of the text counts as its last line."""
        starts = self._line_starts
        line = bisect_right(starts, min(offset, len(self.text)))
        if starts[line - 1] == len(self.text) and line > 1:  # after the last line
            line -= 1
        start = starts[line - 1]
        length = len(self.text[start:offset].rstrip("\r\n"))
        return Position(self.file, line, length + 1)


def read_source(data: bytes, path: Path) -> Source:
    """Decode a manifest: UTF-8, with or without a byte order mark.

    Raises:
        ManifestError: too large, another encoding, or characters that YAML does not admit.
    """
    file = str(path)
    if len(data) > MAX_BYTES:
        limit = f"{MAX_BYTES // 1024**2} MiB"
        raise _refusal(Source(file, ""), 0, f"the file is larger than {limit}; split it")
    if data.startswith(_UTF16_MARKS):
        raise _refusal(Source(file, ""), 0, "the file is UTF-16; save it as UTF-8")
    broken: UnicodeDecodeError | None = None
    try:
        source = Source(file, data.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        # Where a byte order mark was taken off, neither the text nor the error's offset counts it.
        source = Source(file, error.object[: error.start].decode("utf-8") + "\ufffd")
        broken = error
    if unwelcome := _UNWELCOME.search(source.text):
        name = f"U+{ord(unwelcome.group()):04X}"
        raise _refusal(source, unwelcome.start(), f"the character {name} cannot stand in YAML")
    if broken:
        reason = "the file is not UTF-8: this byte belongs to no character"
        raise _refusal(source, len(source.text) - 1, reason) from broken
    return source


def _refusal(source: Source, offset: int, message: str) -> ManifestError:
    return ManifestError([Problem(source.position(offset), message)], advice=ADVICE)
