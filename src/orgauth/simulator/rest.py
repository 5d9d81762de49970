"""The REST API and the OAuth endpoints beside the token: what clients ask after a login."""

from __future__ import annotations

import json
import re
from functools import partial
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, unquote, urlsplit

from orgauth.simulator import query, tables
from orgauth.simulator.call import Call
from orgauth.simulator.ids import id18
from orgauth.simulator.reply import Reply, json_reply, rest_refusal

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from orgauth.simulator.call import Asked
    from orgauth.simulator.orgs import Org
    from orgauth.simulator.world import World

__all__ = ["understand"]

OLDEST_VERSION = 31
BATCH_LIMIT = 25
_VERSIONED = re.compile(r"/services/data/v(?P<number>\d{2,3})\.0(?P<rest>/.*)?")
_BATCH_URL = re.compile(r"/?(?:services/data/)?(?P<rest>v\d{2,3}\.0/.*)")


def understand(world: World, asked: Asked) -> Call:
    """Read any request but the token's."""
    token = asked.headers.get("Authorization", "").removeprefix("Bearer ").strip()
    org = world.bearer(token)
    if asked.path.rstrip("/") == "/services/data":
        return Call("versions", org, partial(_versions, world))
    if asked.path == "/services/oauth2/revoke":
        return Call("revoke", org, partial(_revoke, world, asked))
    if asked.path == "/services/oauth2/userinfo":
        return Call("userinfo", org, partial(_userinfo, org))
    kind, answer = _resource(world, asked.method, asked.path, asked.query, asked.body)
    if answer is None:
        return Call("other", org, _not_found)
    return Call(kind, org, _no_session if org is None else partial(answer, org))


def _no_session() -> Reply:
    message = "Session expired or invalid"
    return rest_refusal(HTTPStatus.UNAUTHORIZED, "INVALID_SESSION_ID", message)


def _not_found() -> Reply:
    message = "The requested resource does not exist"
    return rest_refusal(HTTPStatus.NOT_FOUND, "NOT_FOUND", message)


def _resource(
    world: World, method: str, path: str, parameters: Mapping[str, str], body: bytes
) -> tuple[str, Callable[[Org], Reply] | None]:
    """Return the kind of a resource under ``/services/data/vNN.0`` and how to answer an org."""
    match = _VERSIONED.fullmatch(path)
    if match is None or not OLDEST_VERSION <= int(match["number"]) <= world.host.api_version:
        return "other", None
    version, rest = f"v{match['number']}.0", (match["rest"] or "").rstrip("/")
    rest = rest.removeprefix("/tooling") if rest.startswith("/tooling/query") else rest
    if method == "POST" and rest == "/composite/batch":
        return "batch", partial(_batch, world, body=body)
    if method != "GET":
        return "other", None
    if rest in {"/query", "/queryAll"}:
        return "query", partial(_query, world, version, parameters)
    if rest.startswith("/query/"):
        return "query_more", partial(_more, world, version, rest.removeprefix("/query/"))
    if rest.startswith("/sobjects/"):
        return "sobject", partial(_sobject, version, rest.removeprefix("/sobjects/"))
    fixed = {"": ("resources", _resources), "/limits": ("limits", _limits)}
    kind, answer = fixed.get(rest, ("other", None))
    return kind, None if answer is None else partial(answer, version)


def _versions(world: World) -> Reply:
    return json_reply(
        [
            {
                "label": f"{_SEASONS[number % 3]} '{25 + (number - 62) // 3:02d}",
                "url": f"/services/data/v{number}.0",
                "version": f"{number}.0",
            }
            for number in range(OLDEST_VERSION, world.host.api_version + 1)
        ]
    )


_SEASONS = ("Spring", "Summer", "Winter")  # v63.0 was Spring '25, v64.0 Summer '25


def _revoke(world: World, asked: Asked) -> Reply:
    form = dict(parse_qsl(asked.body.decode("utf-8", "replace")))
    token = {**asked.query, **form}.get("token", "")
    if world.revoke(token):
        return Reply(HTTPStatus.OK, b"")
    body = {"error": "invalid_token", "error_description": "invalid token"}
    return json_reply(body, HTTPStatus.BAD_REQUEST)


def _userinfo(org: Org | None) -> Reply:
    if org is None:
        # The OAuth endpoints' own words, unlike the REST API's.
        return Reply(HTTPStatus.FORBIDDEN, b"Bad_OAuth_Token", "text/html;charset=UTF-8")
    return json_reply(
        {
            "sub": org.id_url,
            "user_id": id18(org.user_id),
            "organization_id": id18(org.org_id),
            "preferred_username": org.username,
            "name": "Integration User",
            "email": org.username,
            "active": org.user_active,
            "urls": {"rest": f"{org.instance_url}/services/data/v{{version}}/"},
        }
    )


def _query(world: World, version: str, parameters: Mapping[str, str], org: Org) -> Reply:
    text = parameters.get("q", "")
    if parameters.get("columns") == "true":
        return query.column_metadata(org, text)
    return query.run(org, version, text, world.cursors)


def _more(world: World, version: str, locator: str, org: Org) -> Reply:
    return world.cursors.more(org, version, locator)


def _sobject(version: str, rest: str, org: Org) -> Reply:
    name, _, record_id = rest.partition("/")
    found = tables.table(org, name)
    if found is None or not record_id:
        return _not_found()
    for subject in found.subjects(org):
        full = found.columns["Id"](subject)
        if record_id in {full, full[:15]}:
            fields = [field for field in found.columns if "." not in field]
            return json_reply(query.record(found, subject, fields, version))
    return _not_found()


def _resources(version: str, org: Org) -> Reply:
    names = ("limits", "query", "sobjects", "composite")
    urls = {name: f"/services/data/{version}/{name}" for name in names}
    return json_reply({**urls, "identity": org.id_url})


def _limits(_version: str, org: Org) -> Reply:
    limits = {"DailyApiRequests": {"Max": 15_000, "Remaining": 14_998}}
    if org.kind == "dev_hub":
        active = sum(scratch.status == "Active" for scratch in org.scratch_orgs)
        limits["ActiveScratchOrgs"] = {"Max": 100_000, "Remaining": 100_000 - active}
    return json_reply(limits)


def _batch(world: World, org: Org, *, body: bytes) -> Reply:
    """Answer up to 25 requests in one.

    Source: https://developer.salesforce.com/docs/atlas.en-us.api_rest.meta/api_rest/resources_composite_batch.htm
    """
    try:
        asked: Any = json.loads(body)
        wanted = [(str(one["method"]), str(one["url"])) for one in asked["batchRequests"]]
        halts = bool(asked.get("haltOnError", False))
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        return rest_refusal(HTTPStatus.BAD_REQUEST, "JSON_PARSER_ERROR", str(error))
    if len(wanted) > BATCH_LIMIT:
        message = f"A batch has at most {BATCH_LIMIT} requests"
        return rest_refusal(HTTPStatus.BAD_REQUEST, "LIMIT_EXCEEDED", message)
    results: list[Reply] = []
    for method, url in wanted:
        failed = any(result.status >= HTTPStatus.BAD_REQUEST for result in results)
        results.append(_halted() if failed and halts else _batched(world, org, method, url))
    return json_reply(
        {
            "hasErrors": any(result.status >= HTTPStatus.BAD_REQUEST for result in results),
            "results": [
                {"statusCode": int(result.status), "result": json.loads(result.body)}
                for result in results
            ],
        }
    )


def _halted() -> Reply:
    message = "Batch processing halted per request"
    return rest_refusal(HTTPStatus.PRECONDITION_FAILED, "BATCH_PROCESSING_HALTED", message)


def _batched(world: World, org: Org, method: str, url: str) -> Reply:
    match = _BATCH_URL.fullmatch(url)
    if match is None:
        return _not_found()
    parts = urlsplit(f"/services/data/{match['rest']}")
    parameters = dict(parse_qsl(parts.query))
    kind, answer = _resource(world, method.upper(), unquote(parts.path), parameters, b"")
    # A batch in a batch is not allowed.
    return _not_found() if answer is None or kind == "batch" else answer(org)
