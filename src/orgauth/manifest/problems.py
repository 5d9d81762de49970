"""All that is wrong with a manifest, collected before anybody is told."""

from __future__ import annotations

from typing import TYPE_CHECKING

from orgauth.errors import ManifestError, Problem
from orgauth.manifest.source import ADVICE

if TYPE_CHECKING:
    from collections.abc import Callable

    from orgauth.manifest.source import Source

__all__ = ["MAX_SHOWN", "Problems"]

MAX_SHOWN = 100
"""Nobody reads more; the rest is counted."""

_MAX_KEPT = 10_000
"""A file of nothing but mistakes is not read to its end."""


class Problems:
    """Collects problems and warnings by their offset in the text."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self._kept: list[tuple[int, str | Callable[[], str]]] = []
        self._warnings: list[tuple[int, str]] = []

    def add(self, offset: int, message: str | Callable[[], str]) -> None:
        """Note a problem. A message that costs something comes as a function.

        Raises:
            ManifestError: there are so many already that the rest does not matter.
        """
        self._kept.append((offset, message))
        if len(self._kept) >= _MAX_KEPT:
            raise self.error()

    def warn(self, offset: int, message: str) -> None:
        """Note something that a person should know, though the manifest can be used."""
        if len(self._warnings) < MAX_SHOWN:
            self._warnings.append((offset, message))

    def line_of(self, offset: int) -> int:
        """Return the line of ``offset``, for a message that refers to another place."""
        return self.source.position(offset).line

    @property
    def warnings(self) -> tuple[str, ...]:
        """The warnings by their place, each ``file:line:column: message``."""
        places = sorted(self._warnings)
        return tuple(f"{self.source.position(at)}: {message}" for at, message in places)

    def raise_if_any(self) -> None:
        """Raise all problems as one ``ManifestError``; at most ``MAX_SHOWN`` are spelt out."""
        if self._kept:
            raise self.error()

    def error(self) -> ManifestError:
        """Return what was collected, sorted by place."""
        kept = sorted(self._kept, key=lambda problem: problem[0])
        shown = [
            Problem(self.source.position(at), message if isinstance(message, str) else message())
            for at, message in kept[:MAX_SHOWN]
        ]
        if more := len(kept) - len(shown):
            place = self.source.position(kept[MAX_SHOWN][0])
            number = f"at least {more:,}" if len(kept) >= _MAX_KEPT else str(more)
            shown.append(Problem(place, f"… and {number} more problem{'s' * (more > 1)}"))
        return ManifestError(shown, advice=ADVICE)
