"""The words of progress: what is said of an event, wherever it is shown."""

from __future__ import annotations

from typing import TYPE_CHECKING, assert_never

from orgauth.events import AudienceLearnt, ClockCorrected, GroupGivenUp, HostShut, Warned
from orgauth.models import Authorized, Cause, Failed, FailureKind, Reused, Skipped
from orgauth.text import printable

if TYPE_CHECKING:
    from orgauth.events import Event, OrgWaiting
    from orgauth.models import Outcome

__all__ = ["finished", "is_worth_a_line", "waiting", "warning_of", "why"]


_EXPLAINED_ONCE = frozenset({Cause.INTERRUPTED, Cause.HOST, Cause.BREAKER})
"""Who stops a run knows that the rest is not finished; of the others a warning tells."""


def is_worth_a_line(outcome: Outcome) -> bool:
    """Return whether an end is news, or one of many that were explained together."""
    return not (isinstance(outcome, Skipped) and outcome.failure.cause in _EXPLAINED_ONCE)


def warning_of(event: Event) -> str | None:
    """Return what an event says that a person should still know afterwards, or None."""
    match event:
        case Warned(message=message):
            return printable(message)
        case ClockCorrected(host=host, skew_seconds=skew):
            which = "behind" if skew > 0 else "ahead of"
            return (
                f"this machine's clock is {abs(skew):.0f} s {which} {printable(host)}'s; "
                "assertions are dated by the host's clock for the rest of the run"
            )
        case AudienceLearnt(host=host, audience=audience):
            return (
                f"{printable(host)} wants the audience {audience}; "
                "set `audience` in the manifest to save one request a run"
            )
        case GroupGivenUp():
            return _given_up(event)
        case HostShut(host=host, asked_seconds=asked, patience_seconds=patience):
            why = (
                f"has refused everybody for {patience:.0f} s"
                if asked is None
                else f"asks to be left alone for {asked:.0f} s, and the patience "
                f"(retry.throttled.timeout_seconds) is {patience:.0f} s"
            )
            return f"{printable(host)} {why}: its other orgs are skipped; run again later"
        case _:
            return None


def _given_up(event: GroupGivenUp) -> str:
    return (
        f"{event.failures} orgs that share the client id {printable(event.client_id)} and the key "
        f"{printable(event.key)} were refused by {printable(event.host)} "
        f"({printable(event.reason)}), and none got in; the others that share them are skipped, "
        f"because many refused logins get an address blocked. {printable(event.advice)}. "
        "--keep-going tries them all the same"
    )


def finished(outcome: Outcome) -> str:
    """Return how an org ended, on one line."""
    name = printable(outcome.org.name)
    match outcome:
        case Authorized(attempts=attempts, elapsed_seconds=elapsed):
            tries = f", {attempts} attempts" if attempts > 1 else ""
            return f"authorized {name} ({elapsed:.1f} s{tries})"
        case Reused(elapsed_seconds=elapsed):
            return f"reused {name} ({elapsed:.1f} s)"
        case Failed(failure=failure) | Skipped(failure=failure):
            reason = printable(f"{failure.code}: {failure.description}")
            return f"{outcome.status.value} {name}: {reason}"
        case _:
            assert_never(outcome)


def waiting(event: OrgWaiting) -> str:
    """Return who waits, for what and how long, on one line."""
    return printable(
        f"{event.name}: {why(event.kind)} after attempt {event.attempt}, "
        f"next try in {event.delay_seconds:.1f} s ({event.reason})"
    )


def why(kind: FailureKind) -> str:
    """Return what an org that waits is waiting for."""
    match kind:
        case FailureKind.NOT_APPROVED:
            return "waiting for replication"
        case FailureKind.THROTTLED:
            return "throttled"
        case FailureKind.TRANSIENT | FailureKind.PERMANENT:
            return "waiting after a fault"
