"""One table: what the token endpoint answers → what it means, what happens next, what to do.

The rows are in ``failure_table.py``. Anything that no row knows is permanent with a 4xx and
transient with a 5xx.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from orgauth.failure_table import (
    APP_NOT_INSTALLED,
    MARK_NEW,
    NO_CALL_ACCEPTED,
    NOT_ADMITTED,
    NOT_REPLICATED,
    REST_ADVICE,
    SERVER_ADVICE,
    STILL_NEW,
    TABLE,
)
from orgauth.models import Cause, Failure, FailureKind, OrgKind
from orgauth.text import printable

if TYPE_CHECKING:
    from orgauth.errors import KeySourceError, StoreError
    from orgauth.models import Org

__all__ = [
    "breaker",
    "classify",
    "classify_rest",
    "classify_status",
    "dev_hub_failed",
    "host_shut",
    "internal_error",
    "interrupted",
    "key_unusable",
    "not_saved",
    "server_fault",
]


_PERMANENT = FailureKind.PERMANENT
_TOO_MANY_REQUESTS, _UNAVAILABLE, _SERVER_ERRORS, _REDIRECTS = 429, 503, 500, range(300, 400)
_WORTH_REPEATING = (408, 425)  # Request Timeout, Too Early


def classify(
    org: Org,
    status: int,
    error: str,
    description: str,
    *,
    retry_after: float | None = None,
    server_time: float | None = None,
) -> Failure:
    """Return what an error answer of the token endpoint means for this org. Total: never raises.

    Args:
        org: whose answer it is; only a new org can be "not approved yet".
        status: the HTTP status.
        error: the answer's ``error``.
        description: the answer's ``error_description``.
        retry_after: ``Retry-After`` in seconds, where the answer has one.
        server_time: the answer's ``Date`` in seconds since 1970.
    """
    code, folded = error.casefold(), description.casefold()
    row = next((row for row in TABLE if row.matches(code, folded)), None)
    slow_down = _asks_to_slow_down(status, retry_after)
    if row is None or (slow_down and row.kind is not FailureKind.THROTTLED):
        by_status = classify_status(org.login_host, status, retry_after=retry_after)
        return _in_its_own_words(by_status, error, description)
    in_table = Failure(
        code,
        f"{org.login_host} answered HTTP {status}",
        _PERMANENT if _is_final(row.kind, org) else row.kind,
        row.cause,
        row.advice or _approval_advice(org, code),
        retry_after=retry_after,
        server_time=server_time,
    )
    return _in_its_own_words(in_table, error, description)


def classify_status(host: str, status: int, *, retry_after: float | None = None) -> Failure:
    """Return what an HTTP status means where the body says nothing that the table knows."""
    code, description = f"http_{status}", f"{host} answered HTTP {status}"
    if _asks_to_slow_down(status, retry_after):
        return Failure(
            code,
            f"{host} asks to slow down (HTTP {status}{_for_how_long(retry_after)})",
            FailureKind.THROTTLED,
            Cause.SERVER,
            "Lower settings.concurrency, or set settings.requests_per_second",
            retry_after=retry_after,
        )
    if status in _REDIRECTS:
        return Failure(
            code,
            f"{host} redirects (HTTP {status}), and a secret is never sent elsewhere",
            _PERMANENT,
            Cause.LOGIN_URL,
            "Set instance_url to the login URL that it redirects to",
        )
    if status >= _SERVER_ERRORS or status in _WORTH_REPEATING:
        return Failure(
            code,
            description,
            FailureKind.TRANSIENT,
            Cause.SERVER,
            SERVER_ADVICE,
            retry_after=retry_after,
        )
    return Failure(code, description, _PERMANENT, Cause.OTHER, SERVER_ADVICE)


def server_fault(code: str, description: str) -> Failure:
    """Return the failure of an answer that no token endpoint gives: HTML, half a JSON, too long."""
    return Failure(code, description, FailureKind.TRANSIENT, Cause.SERVER, SERVER_ADVICE)


def classify_rest(
    host: str, status: int, code: str, message: str, *, retry_after: float | None = None
) -> Failure:
    """Return what a refused REST call means, right after the login succeeded. Total.

    Args:
        host: the org's own host.
        status: the HTTP status.
        code: Salesforce's ``errorCode``, or empty.
        message: Salesforce's ``message``, or empty.
        retry_after: ``Retry-After`` in seconds, where the answer has one.
    """
    by_status = classify_status(host, status, retry_after=retry_after)
    if by_status.kind is not _PERMANENT:
        return by_status
    return replace(
        _in_its_own_words(by_status, code, message),
        cause=Cause.REJECTED_TOKEN,
        advice=REST_ADVICE.get(code, NO_CALL_ACCEPTED),
    )


def key_unusable(error: KeySourceError) -> Failure:
    """Return the failure of an org whose key could be found, but does not sign."""
    advice = error.advice or "See what `orgauth plan` says about the key"
    return Failure("key_unusable", printable(str(error)), _PERMANENT, Cause.KEY, advice)


def not_saved(error: StoreError) -> Failure:
    """Return the failure of an org that is authorized but could not be saved."""
    advice = error.advice or "Mend what keeps the store from being written, and run again"
    return Failure("not_saved", printable(str(error)), _PERMANENT, Cause.STORE, printable(advice))


def breaker(org: Org, refusal: Failure, refused: int) -> Failure:
    """Return why an org is not tried: so many others were refused for what it shares with them."""
    return Failure(
        "breaker",
        f"not tried: {refused} orgs with the same client id and key were refused by "
        f'{org.login_host} with "{refusal.description}", and none got in',
        _PERMANENT,
        Cause.BREAKER,
        "Mend what those that failed say; --keep-going tries every org all the same",
    )


def dev_hub_failed(hub: Org, failure: Failure) -> Failure:
    """Return why a scratch org is not tried: its Dev Hub failed for a reason that they share."""
    how = (
        "was not tried, because others with its key and client id were refused"
        if failure.cause is Cause.BREAKER
        else f'was refused with "{failure.description}"'
    )
    return Failure(
        "dev_hub_failed",
        f"not tried: its Dev Hub {printable(hub.name)} {how}, and the scratch org shares its key "
        "and client id",
        _PERMANENT,
        Cause.DEV_HUB,
        f"Mend the Dev Hub {printable(hub.name)} first",
    )


def host_shut(host: str, asked: float | None, patience: float) -> Failure:
    """Return why the orgs of a host are not tried: it asks for more patience than there is.

    Args:
        host: the host, of logins or of REST calls.
        asked: its ``Retry-After`` in seconds; None where it only refused, for all that patience.
        patience: ``retry.throttled.timeout_seconds``.
    """
    why = (
        f"asks to be left alone for {asked:.0f} s, longer than {patience:.0f} s"
        if asked is not None
        else f"has refused everybody for {patience:.0f} s"
    )
    return Failure(
        "host_shut",
        f"not tried: {printable(host)} {why}",
        _PERMANENT,
        Cause.HOST,
        "Run again later, with a lower settings.concurrency or with settings.requests_per_second; "
        "or raise retry.throttled.timeout_seconds",
        retry_after=asked,
    )


def internal_error(error: Exception) -> Failure:
    """Return the failure of an org that met a mistake of orgauth's own."""
    return Failure(
        "internal_error",
        f"orgauth made a mistake ({type(error).__name__}); the other orgs are not concerned",
        _PERMANENT,
        Cause.OTHER,
        "Please report it, with the traceback above it",
    )


def interrupted() -> Failure:
    """Return why an org was not finished: somebody stopped the run."""
    return Failure(
        "interrupted",
        "not finished: the run was stopped",
        _PERMANENT,
        Cause.INTERRUPTED,
        "Run again to authorize the rest",
    )


def _asks_to_slow_down(status: int, retry_after: float | None) -> bool:
    return status == _TOO_MANY_REQUESTS or (status == _UNAVAILABLE and retry_after is not None)


def _for_how_long(retry_after: float | None) -> str:
    return "" if retry_after is None else f", for {retry_after:.0f} s"


def _in_its_own_words(failure: Failure, code: str, description: str) -> Failure:
    """Return the failure told in the server's words, where it has any."""
    return replace(
        failure,
        code=printable(code, limit=80) or failure.code,
        description=printable(description) or failure.description,
    )


def _is_final(kind: FailureKind, org: Org) -> bool:
    return kind is FailureKind.NOT_APPROVED and not org.is_new


def _approval_advice(org: Org, code: str) -> str:
    if org.kind is OrgKind.SCRATCH:
        return NOT_REPLICATED
    advice = (
        APP_NOT_INSTALLED
        if code == "app_not_found"
        else NOT_ADMITTED.format(where="Dev Hub" if org.kind is OrgKind.DEV_HUB else "org")
    )
    return advice + (STILL_NEW if org.is_new else MARK_NEW)
