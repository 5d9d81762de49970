"""Foreign text made harmless to show: server answers, usernames, aliases."""

from __future__ import annotations

import unicodedata

__all__ = ["printable"]

# Cc: terminal escapes and newlines; Cf: marks that turn the reading direction or hide;
# Cs, Co, Cn: no characters at all; Zl, Zp: line breaks by another name.
_UNSHOWN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})


def printable(text: str, *, limit: int = 500) -> str:
    """Return ``text`` on one line, its invisible characters escaped, cut to ``limit`` characters.

    What a server or a manifest says can then neither move the cursor, start a
    line that looks like ours (a CI command, for one), nor turn text around.
    """
    if text.isascii() and text.isprintable() and len(text) <= limit:
        return text
    shown = "".join(
        character
        if unicodedata.category(character) not in _UNSHOWN
        else character.encode("unicode_escape").decode("ascii")
        for character in text[: limit + 1]
    )
    return shown if len(shown) <= limit else shown[: limit - 1] + "…"
