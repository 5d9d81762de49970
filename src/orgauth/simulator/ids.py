"""Salesforce record ids: 15 case-sensitive characters, or 18 with a checksum for the case."""

from __future__ import annotations

import itertools
import string

__all__ = ["IdSource", "id18"]

_DIGITS = string.digits + string.ascii_uppercase + string.ascii_lowercase
_CHECKSUM = string.ascii_uppercase + "012345"
SHORT = 15


def id18(id15: str) -> str:
    """Return the 18-character form of a 15-character id.

    Each of the three added characters tells which of five characters are capitals.
    Source: https://developer.salesforce.com/docs/atlas.en-us.api.meta/api/field_types.htm
    """
    if len(id15) != SHORT:
        raise ValueError(f"a Salesforce id has 15 characters, this one {len(id15)}: {id15!r}")
    groups = (id15[start : start + 5] for start in (0, 5, 10))
    return id15 + "".join(
        _CHECKSUM[sum(1 << place for place, char in enumerate(group) if char in _UPPER)]
        for group in groups
    )


_UPPER = frozenset(string.ascii_uppercase)


class IdSource:
    """Gives out 15-character ids of one kind of record, such as ``00D…`` for orgs.

    Neighbours differ by case alone now and then, as real ones do.
    """

    def __init__(self, prefix: str) -> None:
        self._prefix = prefix
        self._numbers = itertools.count(1)

    def next(self) -> str:
        """Return the next id, 15 characters."""
        number = next(self._numbers)
        tail = ""
        while number:
            number, digit = divmod(number, len(_DIGITS))
            tail = _DIGITS[digit] + tail
        return self._prefix + tail.rjust(SHORT - len(self._prefix), "0")
