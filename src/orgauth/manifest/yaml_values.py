"""Mappings and lists that remember where their parts stand, as one integer each."""

from __future__ import annotations

from typing import Any, Final

__all__ = ["UNUSABLE", "Unusable", "YamlMapping", "YamlSequence"]


class Unusable:
    """Stands where a value is wrong and the problem is already told."""


UNUSABLE: Final = Unusable()


class YamlMapping(dict[str, Any]):
    """A mapping. ``places`` holds the offsets of key, value, key, value … in its own order."""

    __slots__ = ("places",)

    def __init__(self) -> None:
        super().__init__()
        self.places: list[int] = []

    def add(self, key: str, value: Any, key_place: int, place: int) -> None:
        """Take a new key."""
        self[key] = value
        self.places += (key_place, place)

    def merge(self, other: YamlMapping) -> None:
        """Take what ``other`` has and this one has not."""
        for index, (key, value) in enumerate(other.items()):
            if key not in self:
                self.add(key, value, *other.places[2 * index : 2 * index + 2])

    def key_place(self, key: str) -> int:
        """Return the offset at which ``key`` stands."""
        return self.places[2 * list(self).index(key)]

    def value_place(self, key: str) -> int:
        """Return the offset at which the value of ``key`` stands."""
        return self.places[2 * list(self).index(key) + 1]


class YamlSequence(list[Any]):
    """A list. ``places`` holds the offset of each item."""

    __slots__ = ("places",)

    def __init__(self) -> None:
        super().__init__()
        self.places: list[int] = []
