"""What a plain (unquoted) YAML scalar means: the core schema of YAML 1.2.

Source: https://yaml.org/spec/1.2.2/#103-core-schema. Unlike YAML 1.1, ``yes``, ``on``, ``12:30``
and ``1_000`` are text, which is what the author of a list of names expects.
"""

from __future__ import annotations

import re
from typing import TypeAlias

__all__ = ["PlainValue", "plain_value"]

PlainValue: TypeAlias = str | int | float | bool | None

_WORDS: dict[str, PlainValue] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
    **dict.fromkeys((".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF"), float("inf")),
    **dict.fromkeys(("-.inf", "-.Inf", "-.INF"), float("-inf")),
    **dict.fromkeys((".nan", ".NaN", ".NAN"), float("nan")),
}
_MAX_DIGITS = 400  # more is no number that anybody means, and int() is quadratic
_INT = re.compile(r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_BASES = {"0o": 8, "0x": 16}


def plain_value(text: str) -> PlainValue:
    """Return what the plain scalar ``text`` stands for; most often itself."""
    if text in _WORDS:
        return _WORDS[text]
    if text[0] not in "0123456789+-." or len(text) > _MAX_DIGITS:
        return text
    if _INT.fullmatch(text):
        return int(text, _BASES.get(text[:2], 10))
    return float(text) if _FLOAT.fullmatch(text) else text
