"""JSON over several lines, as ``json.dumps(value, indent=2)`` gives it, and several times as fast.

Python's encoder is written in C, but not where it indents: a hundred thousand orgs, each in a
file and in a report, spend seconds there. Our objects are nearly flat, so each value is encoded
by itself, and only what is nested goes the long way.
"""

from __future__ import annotations

import json
from json.encoder import encode_basestring, encode_basestring_ascii
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["indented"]

_WORDS = {None: "null", True: "true", False: "false"}


def indented(content: Mapping[str, object], *, margin: str = "", ensure_ascii: bool = True) -> str:
    """Return the object's text.

    Args:
        content: what can be JSON, under names.
        margin: stands before each line but the first, where the object is part of another.
        ensure_ascii: escape every character that is not ASCII.
    """
    if not content:
        return "{}"
    quoted = encode_basestring_ascii if ensure_ascii else encode_basestring
    inner = f"{margin}  "
    lines = []
    for name, value in content.items():
        if isinstance(value, str):
            text = quoted(value)
        elif value is None or isinstance(value, bool):
            text = _WORDS[value]
        else:
            # No text holds a line end as such: JSON escapes it.
            text = json.dumps(value, indent=2, ensure_ascii=ensure_ascii)
            text = text.replace("\n", f"\n{inner}")
        lines.append(f"{inner}{quoted(name)}: {text}")
    return "{\n" + ",\n".join(lines) + f"\n{margin}}}"
