from __future__ import annotations

import time as real_time

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from orgauth.simulator import errors
from orgauth.simulator.ids import id18

HUB = "hub@acme.example.com"
SCRATCH = "test-abc@example.com"
GRANT_TYPE = "urn:ietf:params:oauth:grant-type:jwt-bearer"
LOGIN = "https://login.salesforce.com"
TEST = "https://test.salesforce.com"


def refused(answer, error):
    return (answer.status, answer.json) == (
        400,
        {"error": error.error, "error_description": error.description},
    )


async def test_success(client, world):
    """A good assertion is answered with everything a client reads."""
    answer = await client.login(HUB)
    hub = world.org(HUB)
    assert answer.status == 200
    token = answer.json.pop("access_token")
    assert token.startswith(f"{hub.org_id}!")
    assert len(hub.org_id) == 15
    assert answer.json == {
        "scope": "web api",
        "instance_url": client.simulator.url,
        "id": f"{LOGIN}/id/{hub.org_id18}/{id18(hub.user_id)}",
        "token_type": "Bearer",
        "api_instance_url": client.simulator.url,
    }
    assert world.bearer(token) is hub
    assert hub.logins == 1


async def test_tokens_differ(client):
    """Each login gives a token of its own."""
    assert await client.token(HUB) != await client.token(HUB)


async def test_usernames_in_any_case(client):
    """Salesforce knows a username in any case."""
    assert (await client.login(HUB.upper())).status == 200


@pytest.mark.parametrize(
    ("form", "error"),
    [
        ({}, errors.UNSUPPORTED_GRANT_TYPE),
        ({"grant_type": "password", "assertion": "x"}, errors.UNSUPPORTED_GRANT_TYPE),
        ({"grant_type": GRANT_TYPE, "assertion": "x", "y": "z"}, errors.UNEXPECTED_PARAMETER),
        (f"grant_type={GRANT_TYPE}&assertion=a&assertion=b", errors.UNEXPECTED_PARAMETER),
        ({"grant_type": GRANT_TYPE}, errors.INVALID_ASSERTION),
        ({"grant_type": GRANT_TYPE, "assertion": "no jwt"}, errors.INVALID_ASSERTION),
    ],
)
async def test_forms(client, world, form, error):
    """Exactly grant_type and assertion, each once, and nothing else."""
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    assert refused(await client.post(form, headers=headers), error)
    assert world.requests.refusals == {f"{error.error}: {error.description}": 1}


async def test_other_content_types(client):
    """A JSON body is no form."""
    answer = await client.request("POST", "/services/oauth2/token", json={"grant_type": GRANT_TYPE})
    assert refused(answer, errors.UNSUPPORTED_GRANT_TYPE)


async def test_get(client):
    """The endpoint takes POST only."""
    answer = await client.request("GET", "/services/oauth2/token")
    assert refused(answer, errors.MUST_POST)


async def test_unknown_client_id_goes_before_the_signature(client):
    """A wrong consumer key is told as such, whoever signed."""
    other = rsa.generate_private_key(65537, 2048)
    answer = await client.login(HUB, iss="unknown", key=other)
    assert refused(answer, errors.INVALID_CLIENT_ID)


async def test_wrong_key_goes_before_the_audience(client):
    """A signature by another key is refused before anything else is believed."""
    other = rsa.generate_private_key(65537, 2048)
    answer = await client.login(HUB, key=other, aud="https://example.com", exp=0)
    assert refused(answer, errors.INVALID_ASSERTION)


@pytest.mark.parametrize("algorithm", ["none", "HS256", "RS512", "PS256"])
async def test_algorithms(client, algorithm):
    """Only RS256 is accepted, however well the rest is made."""
    key = {"none": None, "HS256": "0" * 32}.get(algorithm, client.key)
    now = int(client.simulator.world.clock())
    claims = {"iss": "3MVG9.test", "sub": HUB, "aud": LOGIN, "exp": now + 180}
    text = jwt.encode(claims, key, algorithm)
    answer = await client.post({"grant_type": GRANT_TYPE, "assertion": text})
    assert refused(answer, errors.INVALID_ASSERTION)


async def test_audience_by_kind(client, world, app):
    """Production orgs and hubs want login, sandboxes and scratch orgs test."""
    world.production("p@acme.example.com", app=app)
    world.sandbox("s@acme.example.com.uat", app=app)
    world.scratch_org(SCRATCH, hub=world.org(HUB))
    wanted = {HUB: LOGIN, "p@acme.example.com": LOGIN, "s@acme.example.com.uat": TEST}
    wanted[SCRATCH] = TEST
    for username, audience in wanted.items():
        other = TEST if audience == LOGIN else LOGIN
        assert refused(await client.login(username, aud=other), errors.AUDIENCE_INVALID)
        assert (await client.login(username, aud=audience)).status == 200


async def test_audience_of_one_org(client, world):
    """An org can want another audience, its site's for example."""
    world.org(HUB).audience = "https://acme.my.site.com"
    assert refused(await client.login(HUB), errors.AUDIENCE_INVALID)
    assert (await client.login(HUB, aud="https://acme.my.site.com")).status == 200


async def test_audience_goes_before_expiry(client):
    """Of two mistakes the audience is told first."""
    assert refused(await client.login(HUB, aud=TEST, exp=0), errors.AUDIENCE_INVALID)


@pytest.mark.parametrize(
    ("ahead", "error"),
    [
        (-181, errors.EXPIRED_ASSERTION),
        (-179, None),
        (0, None),
        (300, None),
        (479, None),
        (481, errors.INVALID_ASSERTION),
        (float("nan"), errors.EXPIRED_ASSERTION),
        (10**400, None),
    ],
)
async def test_expiry(client, time, ahead, error):
    """Three minutes of skew are forgiven on both sides of a few minutes' life."""
    exp = ahead if isinstance(ahead, float) else int(time.now) + ahead
    answer = await client.login(HUB, exp=exp)
    assert answer.status == 200 if error is None else refused(answer, error)


async def test_expiry_in_milliseconds(client):
    """The Salesforce CLI's mistake is accepted, as Salesforce accepts it."""
    assert (await client.login(HUB, exp=int(real_time.time() * 1000) + 300)).status == 200


@pytest.mark.parametrize(
    ("skew", "error"),
    [(600, errors.EXPIRED_ASSERTION), (-600, errors.INVALID_ASSERTION), (100, None)],
)
async def test_clock_skew(client, world, skew, error):
    """A host whose clock is off refuses honest assertions, and its Date tells why."""
    world.host.clock_skew = skew
    answer = await client.login(HUB)
    assert answer.status == 200 if error is None else refused(answer, error)
    date = real_time.strptime(answer.headers["Date"], "%a, %d %b %Y %H:%M:%S GMT")
    stamp = real_time.mktime(date) - real_time.timezone
    assert abs(stamp - (world.clock() + skew)) < 1


async def test_unknown_user(client):
    """A user nobody knows looks like one who has not approved, with either audience."""
    for audience in (LOGIN, TEST):
        answer = await client.login("who@example.com", aud=audience)
        assert refused(answer, errors.NOT_APPROVED)
    answer = await client.login("who@example.com", aud="https://example.com")
    assert refused(answer, errors.AUDIENCE_INVALID)


@pytest.mark.parametrize(
    ("attribute", "error"),
    [
        ("org_active", errors.INACTIVE_ORG),
        ("user_active", errors.INACTIVE_USER),
        ("approved", errors.NOT_APPROVED),
    ],
)
async def test_switched_off(client, world, attribute, error):
    """An org, a user or an approval that is switched off is refused until it is back."""
    setattr(world.org(HUB), attribute, False)
    assert refused(await client.login(HUB), error)
    setattr(world.org(HUB), attribute, True)
    assert (await client.login(HUB)).status == 200


async def test_another_app(client, world, key):
    """An app that the org does not have is not approved there."""
    world.connected_app("other", key.public_key())
    assert refused(await client.login(HUB, iss="other"), errors.NOT_APPROVED)
    world.org(HUB).app = None
    assert (await client.login(HUB, iss="other")).status == 200


async def test_several_certificates(client, world, key):
    """An app with an old and a new certificate accepts both."""
    new = rsa.generate_private_key(65537, 2048)
    world.org(HUB).app = None
    world.connected_app("both", key.public_key(), new.public_key())
    for signing in (key, new):
        assert (await client.login(HUB, iss="both", key=signing)).status == 200


async def test_replication_by_attempts(client, world):
    """A new scratch org is unknown for the first attempts, then it is there."""
    scratch = world.scratch_org(SCRATCH, hub=world.org(HUB))
    scratch.replicates_after(attempts=2)
    answers = [await client.login(SCRATCH, aud=TEST) for _ in range(3)]
    assert [refused(one, errors.NOT_APPROVED) for one in answers] == [True, True, False]
    assert answers[2].status == 200
    assert scratch.token_requests == 3


async def test_replication_by_time(client, world, time):
    """The delay counts from the org's first token request, not from the start of the world."""
    scratch = world.scratch_org(SCRATCH, hub=world.org(HUB))
    scratch.replicates_after(seconds=5, error=errors.APP_NOT_FOUND)
    time.now += 100
    assert refused(await client.login(SCRATCH, aud=TEST), errors.APP_NOT_FOUND)
    time.now += 4.9
    assert refused(await client.login(SCRATCH, aud=TEST), errors.APP_NOT_FOUND)
    time.now += 0.1
    assert (await client.login(SCRATCH, aud=TEST)).status == 200


async def test_my_domain_knows_at_once(client, world):
    """Posting to the org's own host name works before the login host has heard of it."""
    scratch = world.scratch_org(SCRATCH, hub=world.org(HUB))
    scratch.replicates_after(attempts=100)
    scratch.my_domain = "acme.scratch.my.salesforce.com"
    other = await client.login(SCRATCH, aud=TEST)
    assert refused(other, errors.NOT_APPROVED)
    own = {"Host": "Acme.scratch.my.salesforce.com:443"}
    assert (await client.login(SCRATCH, aud=TEST, headers=own)).status == 200
    port = client.simulator.url.rpartition(":")[2]
    assert scratch.login_url == f"http://acme.scratch.my.salesforce.com:{port}"


async def test_login_rate(client, world, time):
    """More logins in an hour than allowed are refused until the hour has passed."""
    world.org(HUB).logins_per_hour = 2
    assert [(await client.login(HUB)).status for _ in range(3)] == [200, 200, 400]
    time.now += 1800
    assert refused(await client.login(HUB), errors.LOGIN_RATE_EXCEEDED)
    time.now += 1801
    assert (await client.login(HUB)).status == 200


@pytest.mark.parametrize("name", errors.TABLE)
async def test_each_error_on_demand(client, world, name):
    """Every row of the table can be had as often as wanted, in its exact words."""
    world.org(HUB).refuses(errors.TABLE[name], times=1)
    assert refused(await client.login(HUB), errors.TABLE[name])
    assert (await client.login(HUB)).status == 200


@pytest.mark.parametrize(
    ("username", "audience", "kind"),
    [
        ("me@acme.example.com", LOGIN, "production"),
        ("me@acme.example.com.uat", TEST, "sandbox"),
        (SCRATCH, TEST, "scratch"),
    ],
)
async def test_any_username(client, world, username, audience, kind):
    """With any_username an unknown user gets an org of the kind that the audience suggests."""
    world.any_username = True
    assert (await client.login(username, aud=audience)).status == 200
    assert world.org(username).kind == kind
    assert (await client.login(username, aud=audience)).status == 200


async def test_any_username_still_needs_the_key(client, world):
    """any_username makes no exception for signatures."""
    world.any_username = True
    other = rsa.generate_private_key(65537, 2048)
    assert refused(await client.login("x@example.com", key=other), errors.INVALID_ASSERTION)
    assert world.find("x@example.com") is None


async def test_instance_url_of_one_org(client, world):
    """An org can have an instance URL of its own."""
    world.org(HUB).instance_url_override = "https://acme.my.salesforce.com"
    assert (await client.login(HUB)).json["instance_url"] == "https://acme.my.salesforce.com"
