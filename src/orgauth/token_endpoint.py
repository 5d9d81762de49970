"""The token endpoint: one POST → ``Credentials``, or a classified failure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from orgauth.answers import breaks_its_word, json_of, retry_after_seconds, server_time
from orgauth.errors import AttemptFailed
from orgauth.failures import classify, classify_status, server_fault
from orgauth.models import Cause, Credentials, Failure, FailureKind, Secret
from orgauth.text import printable
from orgauth.trust import is_token, trusted_origin

if TYPE_CHECKING:
    from collections.abc import Mapping

    from orgauth.models import Org
    from orgauth.ports import HttpAnswer, HttpClient

__all__ = ["JwtBearerEndpoint"]

_PATH = "/services/oauth2/token"
_HEADERS = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"}
# A JWT consists of characters that a form leaves as they are, so the body needs no encoder.
_BODY = b"grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer&assertion="
_OK = 200
_ID_URL = re.compile(r"/id/(00D[A-Za-z0-9]{15})/(005[A-Za-z0-9]{15})\Z")


class JwtBearerEndpoint:
    """``POST {login_url}/services/oauth2/token`` with the JWT bearer grant (RFC 7523).

    One for a whole run, because it remembers whose login was whose.
    """

    def __init__(self, http: HttpClient) -> None:
        self._http = http
        self._usernames: dict[tuple[str, str | None], str] = {}
        """Username by org id and user id: a sandbox has its users' ids from production."""

    async def exchange(self, org: Org, assertion: Secret) -> Credentials:
        """Post the assertion; raise ``AttemptFailed`` if it is refused or the answer is no good."""
        answer = await self._http.request(
            "POST",
            org.login_url + _PATH,
            headers=_HEADERS,
            body=_BODY + assertion.reveal().encode("ascii"),
        )
        value = json_of(answer)
        fields = value if isinstance(value, dict) else None
        if answer.status == _OK:
            return self._ones_own(org, _credentials(org, fields))
        raise AttemptFailed(_refusal(org, answer, fields))

    def _ones_own(self, org: Org, credentials: Credentials) -> Credentials:
        """Return the credentials, or raise if another username has got this user's before.

        A user has one username. Where a server or a proxy mixes answers up, nobody must find
        another org under the alias of theirs.
        """
        user = (credentials.org_id, credentials.user_id)
        whose = self._usernames.setdefault(user, org.username)
        if whose != org.username:
            raise AttemptFailed(
                server_fault(
                    "bad_answer", f"{org.login_host} answered with the login of {printable(whose)}"
                )
            )
        return credentials


def _refusal(org: Org, answer: HttpAnswer, fields: Mapping[str, Any] | None) -> Failure:
    retry_after = retry_after_seconds(answer)
    error = fields.get("error") if fields else None
    if breaks_its_word(answer):
        return server_fault("bad_answer", f"{org.login_host} broke off in the middle of its answer")
    if fields is None or not isinstance(error, str):
        return classify_status(org.login_host, answer.status, retry_after=retry_after)
    description = fields.get("error_description")
    return classify(
        org,
        answer.status,
        error,
        description if isinstance(description, str) else "",
        retry_after=retry_after,
        server_time=server_time(answer),
    )


def _credentials(org: Org, fields: Mapping[str, Any] | None) -> Credentials:
    if fields is None:
        raise AttemptFailed(
            server_fault(
                "bad_answer", f"{org.login_host} answered with something that is no JSON object"
            )
        )
    token, instance_url, identity = (
        fields.get(name) for name in ("access_token", "instance_url", "id")
    )
    if not (isinstance(token, str) and isinstance(instance_url, str) and isinstance(identity, str)):
        raise AttemptFailed(
            server_fault(
                "bad_answer", f"{org.login_host} left out access_token, instance_url or id"
            )
        )
    ids = _ID_URL.search(identity)
    if ids is None or not is_token(token):
        raise AttemptFailed(
            server_fault("bad_answer", f"{org.login_host} sent an id or a token of a strange form")
        )
    return Credentials(Secret(token), _trusted(org, instance_url), ids[1], ids[2])


def _trusted(org: Org, instance_url: str) -> str:
    """Return the origin of ``instance_url`` if a token may be sent there, or raise."""
    origin = trusted_origin(org.login_url, instance_url)
    if origin is not None:
        return origin
    raise AttemptFailed(
        Failure(
            "untrusted_instance_url",
            f"{org.login_host} sent an instance_url that is no Salesforce host over https: "
            + printable(instance_url, limit=200),
            FailureKind.PERMANENT,
            Cause.SERVER,
            "The token was thrown away. Check instance_url: is it really Salesforce's login host?",
        )
    )
