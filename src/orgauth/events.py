"""What observers are told while a run goes on: names and reasons, never a payload."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from orgauth.models import FailureKind, Outcome

__all__ = [
    "AudienceLearnt",
    "ClockCorrected",
    "Event",
    "GroupGivenUp",
    "HostPaused",
    "HostShut",
    "OrgFinished",
    "OrgStarted",
    "OrgWaiting",
    "RunStarted",
    "Warned",
]


@dataclass(frozen=True, slots=True)
class RunStarted:
    """The run begins with so many orgs."""

    total: int


@dataclass(frozen=True, slots=True)
class OrgStarted:
    """The first attempt for an org begins."""

    name: str


@dataclass(frozen=True, slots=True)
class OrgWaiting:
    """An attempt failed in a way that waiting can mend; the next one follows."""

    name: str
    kind: FailureKind
    reason: str
    """``code: description`` of the failure."""
    attempt: int
    """The attempt that just failed, counted from 1."""
    delay_seconds: float


@dataclass(frozen=True, slots=True)
class OrgFinished:
    """An org has its outcome. The outcome's secrets mask themselves."""

    outcome: Outcome


@dataclass(frozen=True, slots=True)
class HostPaused:
    """A host asked to be left alone; nobody sends anything to it for so long."""

    host: str
    delay_seconds: float


@dataclass(frozen=True, slots=True)
class HostShut:
    """A host wants to be left alone for longer than anybody waits; its orgs are skipped."""

    host: str
    asked_seconds: float | None
    """Its ``Retry-After``; None where it only refused everybody for all that patience."""
    patience_seconds: float


@dataclass(frozen=True, slots=True)
class GroupGivenUp:
    """Orgs that share a client id and a key were all refused alike; the others are skipped."""

    host: str
    client_id: str
    key: str
    """Where the key is: a path, or a variable's name."""
    failures: int
    reason: str
    """``code: description`` of the last refusal."""
    advice: str


@dataclass(frozen=True, slots=True)
class AudienceLearnt:
    """A login host refused one audience and took the other; the rest of the run uses it."""

    host: str
    audience: str


@dataclass(frozen=True, slots=True)
class ClockCorrected:
    """Our clock differs from a login host's; assertions are dated by the host's from now on."""

    host: str
    skew_seconds: float
    """Positive where the host is ahead of us."""


@dataclass(frozen=True, slots=True)
class Warned:
    """Something a person should know, though nothing failed."""

    message: str


Event: TypeAlias = (
    RunStarted
    | OrgStarted
    | OrgWaiting
    | OrgFinished
    | HostPaused
    | HostShut
    | GroupGivenUp
    | AudienceLearnt
    | ClockCorrected
    | Warned
)
