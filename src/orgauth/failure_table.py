"""What the token endpoint answers, and what it means: the rows and the words for people, as data.

Sources: Salesforce's "OAuth 2.0 Authorization Flow Errors", the Salesforce CLI's source, and
public threads about each description. ``failures.py`` reads it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from orgauth.models import Cause, FailureKind

__all__ = [
    "APP_NOT_INSTALLED",
    "MARK_NEW",
    "NOT_ADMITTED",
    "NOT_REPLICATED",
    "NO_CALL_ACCEPTED",
    "REST_ADVICE",
    "SERVER_ADVICE",
    "STILL_NEW",
    "TABLE",
    "Row",
]


@dataclass(frozen=True, slots=True)
class Row:
    """One row: an answer matches if its error is named and its description contains the words."""

    errors: tuple[str, ...]
    words: str
    """A regular expression, searched in the folded description; empty for any."""
    kind: FailureKind
    cause: Cause
    advice: str

    def matches(self, error: str, description: str) -> bool:
        """Return whether a row is about this answer; both texts are folded to lower case."""
        return error in self.errors and re.search(self.words, description) is not None


_PERMANENT = FailureKind.PERMANENT
_RATE_ADVICE = (
    "Salesforce allows 3,600 logins an hour a user. Wait an hour, and authorize each org less often"
)

# Order counts: the first row that matches decides. NOT_APPROVED becomes permanent below for an org
# that is not new.
TABLE = (
    Row(
        ("invalid_grant", "rate_limit_exceeded"),
        r"login rate exceeded",
        FailureKind.THROTTLED,
        Cause.USER,
        _RATE_ADVICE,
    ),
    Row(("rate_limit_exceeded",), "", FailureKind.THROTTLED, Cause.USER, _RATE_ADVICE),
    Row(
        ("invalid_grant",),
        r"has(n.{0,6}t| not) approved this consumer",  # whatever the apostrophe has become
        FailureKind.NOT_APPROVED,
        Cause.APPROVAL,
        "",
    ),
    Row(
        ("invalid_app_access",),
        "",
        FailureKind.NOT_APPROVED,
        Cause.APPROVAL,
        "",
    ),
    Row(("app_not_found",), "", FailureKind.NOT_APPROVED, Cause.APPROVAL, ""),
    Row(
        ("invalid_client_id",),
        "",
        _PERMANENT,
        Cause.CLIENT_ID,
        "Check client_id: it is the app's consumer key. An app made a few minutes ago may need up "
        "to 10 minutes before Salesforce knows it",
    ),
    Row(
        ("invalid_client",),
        "",
        _PERMANENT,
        Cause.CLIENT_ID,
        "Check client_id: it is the app's consumer key",
    ),
    Row(
        ("invalid_grant",),
        r"audience is invalid|audience validation failed",
        _PERMANENT,
        Cause.AUDIENCE,
        "Check instance_url and kind. If the org logs in through a site of its own, set audience "
        "to that site's URL; otherwise leave audience out, and orgauth finds it",
    ),
    Row(
        ("invalid_grant",),
        r"invalid assertion",
        _PERMANENT,
        Cause.KEY,
        "The private key does not match the certificate in the app, or the login URL belongs to "
        "another org. `orgauth plan` compares the key with a certificate that lies beside it; "
        "upload that certificate to the app, or correct jwt_key_file or instance_url",
    ),
    Row(
        ("invalid_grant",),
        r"expired authorization code",
        _PERMANENT,
        Cause.CLOCK,
        "Salesforce says the assertion has expired. Set this machine's clock (NTP)",
    ),
    Row(
        ("invalid_grant",),
        r"ip restricted|invalid login hours",
        _PERMANENT,
        Cause.USER,
        "The user's profile allows logins from certain networks or hours only. Add this machine's "
        "address to the profile's login IP ranges, relax IP restrictions in the app's policies, or "
        "run within the login hours",
    ),
    Row(
        ("inactive_user",),
        "",
        _PERMANENT,
        Cause.USER,
        "Activate the user in the org's Setup, or name another user",
    ),
    Row(
        ("inactive_org",),
        "",
        _PERMANENT,
        Cause.USER,
        "The org is inactive, locked or deleted; take it out of the manifest",
    ),
    Row(
        ("invalid_grant",),
        r"authentication failure",
        _PERMANENT,
        Cause.USER,
        "The org refused the login by a policy of its own. Look at the user's Login History in the "
        "org's Setup",
    ),
    Row(
        ("unsupported_grant_type",),
        "",
        _PERMANENT,
        Cause.LOGIN_URL,
        "instance_url is not a login URL. Use https://login.salesforce.com, "
        "https://test.salesforce.com, or the org's https://….my.salesforce.com",
    ),
    Row(
        ("unknown_error",),
        "",
        FailureKind.TRANSIENT,
        Cause.SERVER,
        "A fault on Salesforce's side; see https://status.salesforce.com and run again",
    ),
)

SERVER_ADVICE = (
    "Check that instance_url is a Salesforce login URL and that no proxy answers in its place; "
    "if https://status.salesforce.com shows maintenance, run again later"
)
NO_CALL_ACCEPTED = (
    "The login succeeded, but the org accepts the token for no call. Give the user the permission "
    '"API Enabled", give the app the OAuth scope "api" (Manage user data via APIs), and look for '
    "session policies (high assurance, IP restrictions) of the app; --no-verify leaves the call out"
)
REST_ADVICE = {
    "REQUEST_LIMIT_EXCEEDED": (
        "The org has used up its API requests for today; --no-verify leaves the call out"
    ),
    "API_DISABLED_FOR_ORG": (
        'Give the user the permission "API Enabled"; if the user has it, the org\'s edition has no '
        "API, or the API is switched off. --no-verify leaves the call out"
    ),
    "API_CURRENTLY_DISABLED": "Salesforce has switched off the org's API for now; run again later",
}

NOT_REPLICATED = (
    "A new scratch org is refused like this until it is replicated, which takes minutes. "
    "Raise retry.not_approved.timeout_seconds, or set instance_url to the scratch org's "
    "own https://….scratch.my.salesforce.com, which knows it at once. If the org is old, "
    "it has expired, was created through another app, or this app does not admit its user"
)
"""A scratch org that was waited for in vain."""
APP_NOT_INSTALLED = (
    "The app is not installed in this org, or the login URL belongs to another org. "
    "Install or package the app there"
)
NOT_ADMITTED = (
    "In the {where}'s Setup, open the app's OAuth policies, set Permitted Users to "
    '"Admin approved users are pre-authorized", and assign the app to the user\'s profile or '
    "permission set"
)
"""``where``: Dev Hub or org."""
MARK_NEW = (
    ". Mark an org that was made or refreshed just now with `new: true`, and orgauth waits for it"
)
STILL_NEW = (
    ". It is marked as new and was waited for; if it still is not replicated, raise "
    "retry.not_approved.timeout_seconds"
)
