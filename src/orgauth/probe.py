"""The call after the token: is it alive, and what kind of org is it?

One request an org: a composite batch with the queries that the Salesforce CLI sends one by one. A
Dev Hub is asked in the same request for the last days of all its scratch orgs, so that none of
them has to ask. The newest API version is asked for once an instance, not once an org.
"""

from __future__ import annotations

import asyncio
import json
import re
from functools import cache
from typing import TYPE_CHECKING, Any, assert_never
from urllib.parse import quote, urlsplit

from orgauth.answers import breaks_its_word, json_of, retry_after_seconds
from orgauth.errors import AttemptFailed
from orgauth.failures import classify_rest, server_fault
from orgauth.models import FailureKind, OrgFacts, OrgKind

if TYPE_CHECKING:
    from collections.abc import Mapping

    from orgauth.models import Credentials, Failure, Org
    from orgauth.ports import HttpAnswer, HttpClient

__all__ = ["RestProbe"]

_VERSION = "v59.0"
"""Old enough for every org that is alive, young enough to be served for years."""

_ORGANIZATION = (
    "SELECT Id, Name, InstanceName, IsSandbox, TrialExpirationDate, NamespacePrefix, "
    "OrganizationType FROM Organization"
)
_IS_DEV_HUB = "SELECT Id FROM ScratchOrgInfo LIMIT 1"
_SCRATCH_ORGS = "SELECT ScratchOrg, ExpirationDate FROM ScratchOrgInfo WHERE Status = 'Active'"
_MOST_PAGES = 50  # of 2,000 rows each: far above any Dev Hub's allocation
_BAD_REQUEST = 400
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_NUMBER = re.compile(r"[0-9]{1,3}\.[0-9]")


class RestProbe:
    """Asks over the REST API. One for a whole run, because it remembers API versions."""

    def __init__(self, http: HttpClient) -> None:
        self._http = http
        self._versions: dict[str, str | None] = {}
        self._version_locks: dict[str, asyncio.Lock] = {}

    async def inspect(self, org: Org, credentials: Credentials) -> OrgFacts:
        """Return what the org says of itself; raise ``AttemptFailed`` if it takes no call."""
        results = await self._batch(credentials, org.kind)
        host = urlsplit(credentials.instance_url).netloc
        row = _first_record(host, results[0])
        told = _text(row, "Id")
        if told is not None and told[:15] != credentials.org_id[:15]:
            raise AttemptFailed(server_fault("bad_answer", f"{host} answered for another org"))
        is_dev_hub = len(results) > 1 and _is_answered(host, results[1])
        instance_name = _text(row, "InstanceName")
        trial_expiration = _text(row, "TrialExpirationDate")
        in_sandbox = row.get("IsSandbox") is True
        return OrgFacts(
            organization_name=_text(row, "Name"),
            instance_name=instance_name,
            namespace_prefix=_text(row, "NamespacePrefix"),
            edition=_text(row, "OrganizationType"),
            # As the Salesforce CLI tells the two apart.
            is_scratch=in_sandbox and trial_expiration is not None,
            is_sandbox=in_sandbox and trial_expiration is None,
            is_dev_hub=is_dev_hub,
            trial_expiration=trial_expiration,
            api_version=await self._api_version(credentials, instance_name or host),
            scratch_org_expirations=(
                await self._expirations(credentials, results[1].get("result"))
                if is_dev_hub and org.kind is OrgKind.DEV_HUB
                else {}
            ),
        )

    async def _batch(self, credentials: Credentials, kind: OrgKind) -> list[dict[str, Any]]:
        value = await self._call(
            credentials,
            "POST",
            f"/services/data/{_VERSION}/composite/batch",
            _batch_body(kind),
        )
        results = value.get("results") if isinstance(value, dict) else None
        if (
            not isinstance(results, list)
            or len(results) != len(_queries(kind))
            or not all(isinstance(result, dict) for result in results)
        ):
            raise _strange(credentials)
        return results

    async def _expirations(self, credentials: Credentials, page: object) -> dict[str, str]:
        found: dict[str, str] = {}
        for _ in range(_MOST_PAGES):
            if not isinstance(page, dict):
                break
            rows = page.get("records")
            for row in rows if isinstance(rows, list) else ():
                org_id, last_day = _text(row, "ScratchOrg"), _text(row, "ExpirationDate")
                if org_id and last_day and _DAY.fullmatch(last_day):
                    found[org_id[:15]] = last_day
            more = page.get("nextRecordsUrl")
            if not isinstance(more, str) or not more.startswith("/services/data/"):
                break
            page = await self._call(credentials, "GET", more)
        return found

    async def _api_version(self, credentials: Credentials, instance: str) -> str | None:
        lock = self._version_locks.setdefault(instance, asyncio.Lock())
        async with lock:  # who comes meanwhile waits for the answer instead of asking too
            if instance not in self._versions:
                self._versions[instance] = await self._newest_version(credentials)
            return self._versions[instance]

    async def _newest_version(self, credentials: Credentials) -> str | None:
        """Return the newest version that the instance serves; the list is public."""
        try:
            answer = await self._http.request(
                "GET",
                credentials.instance_url + "/services/data",
                headers={"Accept": "application/json"},
            )
        except AttemptFailed:
            return None  # good to know, but no reason to fail an org: the CLI asks again by itself
        value = json_of(answer)
        versions = [_text(row, "version") for row in value] if isinstance(value, list) else []
        return max(
            (version for version in versions if version and _NUMBER.fullmatch(version)),
            key=float,
            default=None,
        )

    async def _call(
        self, credentials: Credentials, method: str, path: str, body: bytes | None = None
    ) -> Any:
        headers = {
            "Authorization": f"Bearer {credentials.access_token.reveal()}",
            "Accept": "application/json",
        }
        if body is not None:
            headers["Content-Type"] = "application/json"
        answer = await self._http.request(
            method, credentials.instance_url + path, headers=headers, body=body
        )
        if answer.status // 100 != 2:  # noqa: PLR2004 - any 2xx
            raise AttemptFailed(_refusal(urlsplit(credentials.instance_url).netloc, answer))
        value = json_of(answer)
        if value is None:
            raise _strange(credentials)
        return value


def _queries(kind: OrgKind) -> list[str]:
    match kind:
        case OrgKind.DEV_HUB:
            return [_ORGANIZATION, _SCRATCH_ORGS]
        case OrgKind.PRODUCTION:
            return [_ORGANIZATION, _IS_DEV_HUB]
        case OrgKind.SCRATCH | OrgKind.SANDBOX:
            return [_ORGANIZATION]
        case _:
            assert_never(kind)


@cache
def _batch_body(kind: OrgKind) -> bytes:
    requests = [
        {"method": "GET", "url": f"{_VERSION}/query?q={quote(query)}"} for query in _queries(kind)
    ]
    return json.dumps({"batchRequests": requests}).encode()


def _refusal(host: str, answer: HttpAnswer) -> Failure:
    if breaks_its_word(answer):
        return server_fault("bad_answer", f"{host} broke off in the middle of its answer")
    code, message = _rest_error(json_of(answer))
    return classify_rest(
        host, answer.status, code, message, retry_after=retry_after_seconds(answer)
    )


def _rest_error(value: object) -> tuple[str, str]:
    """Return ``errorCode`` and ``message`` of Salesforce's ``[{…}]``; empty where it is another."""
    first = value[0] if isinstance(value, list) and value else None
    return _text(first, "errorCode") or "", _text(first, "message") or ""


def _first_record(host: str, result: Mapping[str, Any]) -> dict[str, Any]:
    if not _succeeded(result):
        raise AttemptFailed(_part_failed(host, result))
    page = result.get("result")
    records = page.get("records") if isinstance(page, dict) else None
    row = records[0] if isinstance(records, list) and records else None
    if not isinstance(row, dict):
        raise AttemptFailed(server_fault("bad_answer", f"{host} told nothing about its org"))
    return row


def _is_answered(host: str, result: Mapping[str, Any]) -> bool:
    """Return whether the org knows scratch orgs; raise where it could not say for the moment."""
    if _succeeded(result):
        return True
    failure = _part_failed(host, result)
    if failure.kind is not FailureKind.PERMANENT:
        raise AttemptFailed(failure)
    return False


def _part_failed(host: str, result: Mapping[str, Any]) -> Failure:
    status = result.get("statusCode")
    code, message = _rest_error(result.get("result"))
    return classify_rest(host, status if isinstance(status, int) else _BAD_REQUEST, code, message)


def _succeeded(result: Mapping[str, Any]) -> bool:
    status = result.get("statusCode")
    return isinstance(status, int) and status < _BAD_REQUEST


def _text(row: object, name: str) -> str | None:
    value = row.get(name) if isinstance(row, dict) else None
    return value if isinstance(value, str) else None


def _strange(credentials: Credentials) -> AttemptFailed:
    host = urlsplit(credentials.instance_url).netloc
    return AttemptFailed(
        server_fault("bad_answer", f"{host} answered a REST call with something else")
    )
