"""The errors of the token endpoint, as Salesforce words them.

Source: https://help.salesforce.com/s/articleView?id=sf.remoteaccess_oauth_flow_errors.htm
and what clients have reported since.
"""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus

__all__ = ["TABLE", "OAuthError"]


@dataclass(frozen=True, slots=True)
class OAuthError:
    """One row: ``error`` and ``error_description`` of the JSON body, and the HTTP status."""

    error: str
    description: str
    status: int = HTTPStatus.BAD_REQUEST


NOT_APPROVED = OAuthError("invalid_grant", "user hasn't approved this consumer")
NOT_ADMIN_APPROVED = OAuthError(
    "invalid_app_access", "user is not admin approved to access this app"
)
APP_NOT_FOUND = OAuthError("app_not_found", "External client app is not installed in this org")
INVALID_CLIENT_ID = OAuthError("invalid_client_id", "client identifier invalid")
INVALID_CLIENT = OAuthError("invalid_client", "invalid client credentials")
AUDIENCE_INVALID = OAuthError("invalid_grant", "audience is invalid")
AUDIENCE_VALIDATION_FAILED = OAuthError("invalid_grant", "Audience validation failed")
INVALID_ASSERTION = OAuthError("invalid_grant", "invalid assertion")
EXPIRED_ASSERTION = OAuthError("invalid_grant", "expired authorization code")
IP_RESTRICTED_OR_HOURS = OAuthError("invalid_grant", "ip restricted or invalid login hours")
IP_RESTRICTED = OAuthError("invalid_grant", "ip restricted")
INACTIVE_USER = OAuthError("inactive_user", "user is inactive")
INACTIVE_ORG = OAuthError("inactive_org", "organization is locked, closed, or suspended")
AUTHENTICATION_FAILURE = OAuthError("invalid_grant", "authentication failure")
UNSUPPORTED_GRANT_TYPE = OAuthError("unsupported_grant_type", "grant type not supported")
LOGIN_RATE_EXCEEDED = OAuthError("invalid_grant", "login rate exceeded")
RATE_LIMIT_EXCEEDED = OAuthError("rate_limit_exceeded", "login rate exceeded")
UNKNOWN_ERROR = OAuthError("unknown_error", "retry your request")
MUST_POST = OAuthError("invalid_request", "must use HTTP POST")
# Not Salesforce's words: a simulator may be stricter than the host it stands for.
UNEXPECTED_PARAMETER = OAuthError("invalid_request", "unexpected parameter")

TABLE: dict[str, OAuthError] = {
    "not_approved": NOT_APPROVED,
    "not_admin_approved": NOT_ADMIN_APPROVED,
    "app_not_found": APP_NOT_FOUND,
    "invalid_client_id": INVALID_CLIENT_ID,
    "invalid_client": INVALID_CLIENT,
    "audience_invalid": AUDIENCE_INVALID,
    "audience_validation_failed": AUDIENCE_VALIDATION_FAILED,
    "invalid_assertion": INVALID_ASSERTION,
    "expired_assertion": EXPIRED_ASSERTION,
    "ip_restricted_or_hours": IP_RESTRICTED_OR_HOURS,
    "ip_restricted": IP_RESTRICTED,
    "inactive_user": INACTIVE_USER,
    "inactive_org": INACTIVE_ORG,
    "authentication_failure": AUTHENTICATION_FAILURE,
    "unsupported_grant_type": UNSUPPORTED_GRANT_TYPE,
    "login_rate_exceeded": LOGIN_RATE_EXCEEDED,
    "rate_limit_exceeded": RATE_LIMIT_EXCEEDED,
    "unknown_error": UNKNOWN_ERROR,
}
"""Every error a token request can be refused with, by a short name (``Org.refuses``)."""
