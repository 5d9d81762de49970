"""``POST /services/oauth2/token``: the JWT bearer flow, checked as strictly as the real one.

Source: https://help.salesforce.com/s/articleView?id=sf.remoteaccess_oauth_jwt_flow.htm
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

from orgauth.simulator import errors
from orgauth.simulator.assertion import MalformedAssertionError, parse
from orgauth.simulator.call import Call
from orgauth.simulator.orgs import LOGIN, TEST
from orgauth.simulator.reply import json_reply, oauth_refusal
from orgauth.simulator.requests import TokenSeen

if TYPE_CHECKING:
    from orgauth.simulator.assertion import Assertion
    from orgauth.simulator.call import Asked
    from orgauth.simulator.errors import OAuthError
    from orgauth.simulator.orgs import Org
    from orgauth.simulator.reply import Reply
    from orgauth.simulator.world import World

__all__ = ["PATH", "understand"]

PATH = "/services/oauth2/token"
GRANT_TYPE = "urn:ietf:params:oauth:grant-type:jwt-bearer"
FORM_TYPE = "application/x-www-form-urlencoded"
# The Salesforce CLI writes exp in milliseconds, which reads as a year beyond 50,000;
# Salesforce accepts it. No honest client means seconds with a number like this.
MILLISECONDS_FROM = 100_000_000_000


def understand(world: World, asked: Asked) -> Call:
    """Read a token request: refused for its form, or an assertion still to be checked."""
    refused, text = _form(asked)
    if refused is None:
        try:
            assertion = parse(text)
        except MalformedAssertionError:
            refused = errors.INVALID_ASSERTION
        else:
            return _heard(world, asked, assertion)
    return Call("token", None, partial(_refuse, world, refused))


def _form(asked: Asked) -> tuple[OAuthError | None, str]:
    if asked.method != "POST":
        return errors.MUST_POST, ""
    fields = {}
    if asked.headers.get("Content-Type", "").partition(";")[0].strip().lower() == FORM_TYPE:
        pairs = parse_qsl(asked.body.decode("utf-8", "replace"), keep_blank_values=True)
        fields = dict(pairs)
        if len(pairs) != len(fields):
            return errors.UNEXPECTED_PARAMETER, ""
    if fields.get("grant_type") != GRANT_TYPE:
        return errors.UNSUPPORTED_GRANT_TYPE, ""
    if not fields.keys() <= {"grant_type", "assertion"}:
        return errors.UNEXPECTED_PARAMETER, ""
    return None, fields.get("assertion", "")


def _heard(world: World, asked: Asked, assertion: Assertion) -> Call:
    agent = asked.headers.get("User-Agent", "")
    world.requests.tokens.append(
        TokenSeen(world.now(), assertion.claims, assertion.header, asked.host, agent)
    )
    org = world.find(assertion.username)
    return Call("token", org, partial(_answer, world, asked.host_name, assertion))


def _answer(world: World, host_name: str, assertion: Assertion) -> Reply:
    refused = _refused_for_assertion(world, assertion)
    if refused is not None:
        return _refuse(world, refused)
    org = world.find(assertion.username)
    if org is None and world.any_username:
        org = _guessed(world, assertion)
    if org is None:
        # A login host that has not heard of a user says what it says of an app that the
        # user has not approved; that is how a scratch org looks before it is replicated.
        return _refuse(world, errors.NOT_APPROVED)
    if org.app is not None and org.app.client_id != assertion.client_id:
        return _refuse(world, errors.NOT_APPROVED)
    refused = org.refusal_now(host_name)
    return _refuse(world, refused) if refused is not None else _token(world, org, assertion)


def _refused_for_assertion(world: World, assertion: Assertion) -> OAuthError | None:
    """Check in Salesforce's order: client id, signature, audience, expiry."""
    app = world.apps.get(assertion.client_id)
    if app is None:
        return errors.INVALID_CLIENT_ID
    if not assertion.signed_by(app.keys):
        return errors.INVALID_ASSERTION
    org = world.find(assertion.username)
    accepted = (LOGIN, TEST) if org is None else (org.audience,)
    if assertion.claims.get("aud") not in accepted:
        return errors.AUDIENCE_INVALID
    return _refused_for_time(world, assertion.expires)


def _refused_for_time(world: World, expires: float) -> OAuthError | None:
    if expires >= MILLISECONDS_FROM:
        return None
    left = expires - world.now()
    # Written so that NaN, which JSON parsers let through, counts as expired.
    if not left > -world.clock_tolerance:
        return errors.EXPIRED_ASSERTION
    if left > world.longest_assertion + world.clock_tolerance:
        return errors.INVALID_ASSERTION
    return None


def _guessed(world: World, assertion: Assertion) -> Org:
    username = assertion.username
    if assertion.claims["aud"] == LOGIN:
        return world.production(username)
    if username.startswith("test-"):
        return world.scratch_org(username)
    return world.sandbox(username)


def _token(world: World, org: Org, assertion: Assertion) -> Reply:
    org.logins += 1
    return json_reply(
        {
            "access_token": world.issue(org),
            "scope": world.apps[assertion.client_id].scope,
            "instance_url": org.instance_url,
            "id": org.id_url,
            "token_type": "Bearer",
            "api_instance_url": org.instance_url,
        }
    )


def _refuse(world: World, error: OAuthError) -> Reply:
    world.requests.refusals[f"{error.error}: {error.description}"] += 1
    return oauth_refusal(error)
