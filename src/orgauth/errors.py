"""Every error that orgauth raises on purpose.

::

    OrgauthError            .advice says what to do next
    ├── ManifestError       .problems: all that is wrong with a manifest, each with its place
    ├── UsageError          options that cannot be followed
    ├── KeySourceError      a private key cannot be loaded
    ├── AttemptFailed       one request failed; .failure says how it is classed
    │   └── NotTried        it was not sent: what others met made it hopeless
    └── StoreError          something cannot be saved; .path
        └── LockHeldError   another process holds the lock for too long

Errors of other libraries are translated where they happen, with ``raise … from``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from orgauth.models import Failure

__all__ = [
    "AttemptFailed",
    "KeySourceError",
    "LockHeldError",
    "ManifestError",
    "NotTried",
    "OrgauthError",
    "Position",
    "Problem",
    "StoreError",
    "UsageError",
]


class OrgauthError(Exception):
    """The root of everything that orgauth raises on purpose."""

    def __init__(self, message: str, *, advice: str = "") -> None:
        super().__init__(message)
        self.advice = advice


@dataclass(frozen=True, slots=True, order=True)
class Position:
    """A place in a file that a person wrote; lines and columns count from 1."""

    file: str
    line: int = 1
    column: int = 1

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One thing that is wrong, and where."""

    position: Position
    message: str

    def __str__(self) -> str:
        return f"{self.position}: {self.message}"


class ManifestError(OrgauthError):
    """The manifest cannot be used. Its text is one ``file:line:column: message`` a line."""

    def __init__(self, problems: Sequence[Problem], *, advice: str = "") -> None:
        self.problems = tuple(sorted(problems))
        super().__init__("\n".join(str(problem) for problem in self.problems), advice=advice)


class UsageError(OrgauthError):
    """Options that cannot be followed, or that contradict each other."""


class KeySourceError(OrgauthError):
    """A private key cannot be loaded. The text names the place, never the content."""


class AttemptFailed(OrgauthError):
    """One request for one org failed, classified."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(f"{failure.code}: {failure.description}", advice=failure.advice)
        self.failure = failure


class NotTried(AttemptFailed):
    """One request for one org was not sent, because of what others met."""


class StoreError(OrgauthError):
    """Something cannot be saved or read back."""

    def __init__(self, message: str, *, path: Path | None = None, advice: str = "") -> None:
        super().__init__(message, advice=advice)
        self.path = path


class LockHeldError(StoreError):
    """Another process has held the lock for longer than we wait."""
