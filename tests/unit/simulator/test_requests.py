from __future__ import annotations

import io
import json

HUB = "hub@acme.example.com"


async def test_counts(client, world):
    """Requests are counted by kind, by username and by both, in any case."""
    token = await client.token(HUB)
    await client.query("SELECT Id FROM User", token)
    await client.login("who@example.com")
    await client.request("GET", "/services/data")
    requests = world.requests
    assert requests.by_kind == {"token": 2, "query": 1, "versions": 1}
    assert (requests.count(), requests.total) == (4, 4)
    assert requests.count("token") == 2
    assert requests.count(username=HUB.upper()) == 2
    assert requests.count("token", HUB) == 1
    assert requests.count("batch") == 0
    assert (requests.in_flight, requests.in_flight_peak) == (0, 1)


async def test_claims(client, world, time):
    """Each token request's claims are there to look at, with its host and user agent."""
    await client.login(HUB, headers={"Host": "acme.my.salesforce.com", "User-Agent": "me/1"})
    await client.login("Who@example.com", jti="7")
    assert world.requests.claims("who@example.com")[0]["jti"] == "7"
    assert [claims["sub"] for claims in world.requests.claims()] == [HUB, "Who@example.com"]
    seen = world.requests.tokens[0]
    assert (seen.host, seen.user_agent, seen.at) == ("acme.my.salesforce.com", "me/1", time.now)
    assert seen.header["alg"] == "RS256"


async def test_clear(client, world):
    """Everything can be forgotten, to count from a point on."""
    await client.login("who@example.com")
    world.requests.clear()
    assert world.requests.total == 0
    assert not world.requests.refusals
    assert not world.requests.claims()
    assert world.requests.in_flight_peak == 0


async def test_summary(client, world):
    """The summary is for people: kinds, refusals, faults and throttling."""
    world.host.throttle(1)
    await client.login("who@example.com")
    world.host.misbehaves(1.0, on="versions")
    world.host.throttle(0)
    await client.request("GET", "/services/data")
    world.requests.faults["half JSON"] += 1
    assert world.requests.summary().splitlines() == [
        "2 requests, 1 at most at once",
        "  token: 1",
        "  versions: 1",
        "  throttled: 1",
        "  refused, invalid_grant: user hasn't approved this consumer: 1",
        "  fault, half JSON: 1",
    ]


async def test_log(client, world, time):
    """A log has a JSON line for each request, without a secret in it."""
    world.requests.log = io.StringIO()
    token = await client.token(HUB)
    await client.request("GET", "/nonsense")
    lines = world.requests.log.getvalue().splitlines()
    assert [json.loads(line) for line in lines] == [
        {"at": time.now, "kind": "token", "username": HUB, "status": 200},
        {"at": time.now, "kind": "other", "username": None, "status": 404},
    ]
    assert token not in world.requests.log.getvalue()
