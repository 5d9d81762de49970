"""One table: what the token endpoint answers → what it means, what happens next, what to do.

Sources: Salesforce's "OAuth 2.0 Authorization Flow Errors", the Salesforce CLI's source, and
public threads about each description. Anything that no row knows is permanent with a 4xx and
transient with a 5xx.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from orgauth.models import Cause, Failure, FailureKind, OrgKind
from orgauth.text import printable

if TYPE_CHECKING:
    from orgauth.errors import KeySourceError, StoreError
    from orgauth.models import Org

__all__ = [
    "classify",
    "classify_rest",
    "classify_status",
    "dev_hub_failed",
    "interrupted",
    "key_unusable",
    "not_saved",
    "server_fault",
]


@dataclass(frozen=True, slots=True)
class _Row:
    """One row: an answer matches if its error is named and its description contains the words."""

    errors: tuple[str, ...]
    words: str
    """A regular expression, searched in the folded description; empty for any."""
    kind: FailureKind
    cause: Cause
    advice: str

    def matches(self, error: str, description: str) -> bool:
        return error in self.errors and re.search(self.words, description) is not None


_PERMANENT = FailureKind.PERMANENT
_RATE_ADVICE = (
    "Salesforce allows 3,600 logins an hour a user. Wait an hour, and authorize each org less often"
)

# Order counts: the first row that matches decides. NOT_APPROVED becomes permanent below for an org
# that is not new.
_TABLE = (
    _Row(
        ("invalid_grant", "rate_limit_exceeded"),
        r"login rate exceeded",
        FailureKind.THROTTLED,
        Cause.USER,
        _RATE_ADVICE,
    ),
    _Row(("rate_limit_exceeded",), "", FailureKind.THROTTLED, Cause.USER, _RATE_ADVICE),
    _Row(
        ("invalid_grant",),
        r"hasn't approved this consumer",
        FailureKind.NOT_APPROVED,
        Cause.APPROVAL,
        "",
    ),
    _Row(
        ("invalid_app_access",),
        "",
        FailureKind.NOT_APPROVED,
        Cause.APPROVAL,
        "",
    ),
    _Row(("app_not_found",), "", FailureKind.NOT_APPROVED, Cause.APPROVAL, ""),
    _Row(
        ("invalid_client_id",),
        "",
        _PERMANENT,
        Cause.CLIENT_ID,
        "Check client_id: it is the app's consumer key. An app made a few minutes ago may need up "
        "to 10 minutes before Salesforce knows it",
    ),
    _Row(
        ("invalid_client",),
        "",
        _PERMANENT,
        Cause.CLIENT_ID,
        "Check client_id: it is the app's consumer key",
    ),
    _Row(
        ("invalid_grant",),
        r"audience is invalid|audience validation failed",
        _PERMANENT,
        Cause.AUDIENCE,
        "Check instance_url and kind. If the org logs in through a site of its own, set audience "
        "to that site's URL; otherwise leave audience out, and orgauth finds it",
    ),
    _Row(
        ("invalid_grant",),
        r"invalid assertion",
        _PERMANENT,
        Cause.KEY,
        "The private key does not match the certificate in the app, or the login URL belongs to "
        "another org. `orgauth plan` compares the key with a certificate that lies beside it; "
        "upload that certificate to the app, or correct jwt_key_file or instance_url",
    ),
    _Row(
        ("invalid_grant",),
        r"expired authorization code",
        _PERMANENT,
        Cause.CLOCK,
        "Salesforce says the assertion has expired. Set this machine's clock (NTP)",
    ),
    _Row(
        ("invalid_grant",),
        r"ip restricted|invalid login hours",
        _PERMANENT,
        Cause.USER,
        "The user's profile allows logins from certain networks or hours only. Add this machine's "
        "address to the profile's login IP ranges, relax IP restrictions in the app's policies, or "
        "run within the login hours",
    ),
    _Row(
        ("inactive_user",),
        "",
        _PERMANENT,
        Cause.USER,
        "Activate the user in the org's Setup, or name another user",
    ),
    _Row(
        ("inactive_org",),
        "",
        _PERMANENT,
        Cause.USER,
        "The org is inactive, locked or deleted; take it out of the manifest",
    ),
    _Row(
        ("invalid_grant",),
        r"authentication failure",
        _PERMANENT,
        Cause.USER,
        "The org refused the login by a policy of its own. Look at the user's Login History in the "
        "org's Setup",
    ),
    _Row(
        ("unsupported_grant_type",),
        "",
        _PERMANENT,
        Cause.LOGIN_URL,
        "instance_url is not a login URL. Use https://login.salesforce.com, "
        "https://test.salesforce.com, or the org's https://….my.salesforce.com",
    ),
    _Row(
        ("unknown_error",),
        "",
        FailureKind.TRANSIENT,
        Cause.SERVER,
        "A fault on Salesforce's side; see https://status.salesforce.com and run again",
    ),
)

_SERVER_ADVICE = (
    "Check that instance_url is a Salesforce login URL and that no proxy answers in its place; "
    "if https://status.salesforce.com shows maintenance, run again later"
)
_NO_CALL_ACCEPTED = (
    "The login succeeded, but the org accepts the token for no call. Give the user the permission "
    '"API Enabled", give the app the OAuth scope "api" (Manage user data via APIs), and look for '
    "session policies (high assurance, IP restrictions) of the app; --no-verify leaves the call out"
)
_REST_ADVICE = {
    "REQUEST_LIMIT_EXCEEDED": (
        "The org has used up its API requests for today; --no-verify leaves the call out"
    ),
    "API_DISABLED_FOR_ORG": "The org's edition has no API, or the API is switched off",
    "API_CURRENTLY_DISABLED": "Salesforce has switched off the org's API for now; run again later",
}
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
    if status == _TOO_MANY_REQUESTS or (status == _UNAVAILABLE and retry_after is not None):
        throttled = classify_status(org.login_host, status, retry_after=retry_after)
        return replace(throttled, description=printable(description) or throttled.description)
    folded = description.replace("\N{RIGHT SINGLE QUOTATION MARK}", "'").casefold()
    for row in _TABLE:
        if row.matches(error.casefold(), folded):
            return Failure(
                code=printable(error, limit=80),
                description=printable(description),
                kind=_PERMANENT if _is_final(row.kind, org) else row.kind,
                cause=row.cause,
                advice=row.advice or _approval_advice(org, error),
                retry_after=retry_after,
                server_time=server_time,
            )
    unknown = classify_status(org.login_host, status, retry_after=retry_after)
    return replace(
        unknown,
        code=printable(error, limit=80) or unknown.code,
        description=printable(description) or unknown.description,
    )


def classify_status(host: str, status: int, *, retry_after: float | None = None) -> Failure:
    """Return what an HTTP status means where the body says nothing that the table knows."""
    code, description = f"http_{status}", f"{host} answered HTTP {status}"
    if status == _TOO_MANY_REQUESTS or (status == _UNAVAILABLE and retry_after is not None):
        return Failure(
            code,
            f"{host} asks to slow down (HTTP {status})",
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
        return Failure(code, description, FailureKind.TRANSIENT, Cause.SERVER, _SERVER_ADVICE)
    return Failure(code, description, _PERMANENT, Cause.OTHER, _SERVER_ADVICE)


def server_fault(code: str, description: str) -> Failure:
    """Return the failure of an answer that no token endpoint gives: HTML, half a JSON, too long."""
    return Failure(code, description, FailureKind.TRANSIENT, Cause.SERVER, _SERVER_ADVICE)


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
        by_status,
        code=printable(code, limit=80) or by_status.code,
        description=printable(message) or by_status.description,
        cause=Cause.REJECTED_TOKEN,
        advice=_REST_ADVICE.get(code, _NO_CALL_ACCEPTED),
    )


def key_unusable(error: KeySourceError) -> Failure:
    """Return the failure of an org whose key could be found, but does not sign."""
    return Failure("key_unusable", printable(str(error)), _PERMANENT, Cause.KEY, error.advice)


def not_saved(error: StoreError) -> Failure:
    """Return the failure of an org that is authorized but could not be saved."""
    return Failure("not_saved", printable(str(error)), _PERMANENT, Cause.STORE, error.advice)


def dev_hub_failed(hub: Org, failure: Failure) -> Failure:
    """Return why a scratch org is not tried: its Dev Hub failed for a reason that they share."""
    return Failure(
        "dev_hub_failed",
        f"not tried: its Dev Hub {printable(hub.name)} was refused with "
        f'"{failure.description}", and the scratch org shares its key and client id',
        _PERMANENT,
        Cause.DEV_HUB,
        failure.advice,
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


def _is_final(kind: FailureKind, org: Org) -> bool:
    return kind is FailureKind.NOT_APPROVED and not org.is_new


def _approval_advice(org: Org, error: str) -> str:
    if org.kind is OrgKind.SCRATCH:
        return (
            "A new scratch org is refused like this until it is replicated, which takes minutes. "
            "Raise retry.not_approved.timeout_seconds, or set instance_url to the scratch org's "
            "own https://….scratch.my.salesforce.com, which knows it at once. If the org is old, "
            "it has expired, or the Dev Hub's app does not admit its user"
        )
    if error.casefold() == "app_not_found":
        return (
            "The app is not installed in this org, or the login URL belongs to another org. "
            "Install or package the app there; mark an org that was made or refreshed just now "
            "with `new: true`, and orgauth waits for it"
        )
    where = "Dev Hub" if org.kind is OrgKind.DEV_HUB else "org"
    return (
        f"In the {where}'s Setup, open the app's OAuth policies, set Permitted Users to "
        '"Admin approved users are pre-authorized", and assign the app to the user\'s profile or '
        "permission set. Mark an org that was made or refreshed just now with `new: true`"
    )
