"""A host with room for ten and a thousand orgs at it, and what others notice. In virtual time."""

import asyncio
from collections import Counter

import pytest

from orgauth import failures
from orgauth.errors import AttemptFailed
from orgauth.events import HostPaused, HostShut
from orgauth.models import Authorized, Cause, Credentials, Failed, FailureKind, Secret, Skipped
from orgauth.settings import RetryPolicies
from support import make_org
from support.login_hosts import FACTS, authorize

ROOM, LATENCY = 10, 0.1


class SmallHosts:
    """Hosts that refuse whoever finds no room; an org's instance host is in its username."""

    def __init__(self, room, retry_after=None):
        self.room = room
        self.retry_after = retry_after
        self.under_way = Counter()
        self.requests = Counter()
        self.refusals = Counter()
        self.last_answer = {}

    async def exchange(self, org, assertion):
        await self._answer(org.login_host)
        ids = "00D000000000000AAA", "005000000000000AAA"
        return Credentials(Secret("token"), f"https://{instance_host(org)}", *ids)

    async def inspect(self, org, credentials):
        await self._answer(instance_host(org))
        return FACTS

    async def _answer(self, host):
        self.requests[host] += 1
        if self.under_way[host] >= self.room.get(host, 10_000):
            self.refusals[host] += 1
            await asyncio.sleep(0.01)
            throttled = failures.classify_status(host, 429, retry_after=self.retry_after)
            raise AttemptFailed(throttled)
        self.under_way[host] += 1
        await asyncio.sleep(LATENCY)
        self.under_way[host] -= 1
        self.last_answer[host] = asyncio.get_running_loop().time()


def instance_host(org):
    return org.username.partition("@")[2]


class Signer:
    """Signs with nothing: nobody verifies here."""

    def sign(self, message):
        return b"signature"


def orgs_at(host, count, login_host=None):
    login_url = f"https://{login_host or host}"
    return [make_org(f"{number}@{host}", login_url=login_url) for number in range(count)]


def run(orgs, world, **options):
    options = {"slots": 64, "in_play": 128, "policies": RetryPolicies(), **options}
    return authorize(orgs, world, signer=lambda ref: Signer(), **options)


@pytest.mark.parametrize("retry_after", [1.0, None])
def test_a_thousand_orgs_at_a_host_with_room_for_ten(retry_after):
    """All are authorized, few requests are in vain, and most of the room is used."""
    world = SmallHosts({"small.example.com": ROOM}, retry_after)

    outcomes, observer, elapsed = run(orgs_at("small.example.com", 1000), world)

    assert all(isinstance(outcome, Authorized) for outcome in outcomes.values())
    refused, requests = world.refusals.total(), world.requests.total()
    assert refused <= 0.035 * requests
    assert elapsed <= 1.7 * 2000 * LATENCY / ROOM
    assert len(observer.of(HostPaused)) <= 8  # told once a burst


def test_nobody_else_is_slowed():
    """A host behind it in the file is done as if it were alone, as far as slots allow."""
    small, large = orgs_at("small.example.com", 1000), orgs_at("large.example.com", 500)
    alone = SmallHosts({})
    run(large, alone)
    world = SmallHosts({"small.example.com": ROOM}, retry_after=30.0)

    outcomes, _, _ = run(small + large, world)

    assert all(isinstance(outcome, Authorized) for outcome in outcomes.values())
    # It has 54 of the 64 slots, and waits for the answers of the small host's first burst.
    fair = alone.last_answer["large.example.com"] * 64 / 54 + 3 * LATENCY
    assert world.last_answer["large.example.com"] <= 1.1 * fair
    assert not world.refusals["large.example.com"]


def test_nobody_else_is_slowed_by_calls_either():
    """All log in at one host, and it is the calls after it that only some hosts refuse."""
    orgs = orgs_at("small.example.com", 1000, "login.example.com")
    orgs += orgs_at("large.example.com", 500, "login.example.com")
    unhindered = SmallHosts({})
    run(orgs, unhindered)
    world = SmallHosts({"small.example.com": ROOM}, retry_after=30.0)

    outcomes, _, _ = run(orgs, world)

    assert all(isinstance(outcome, Authorized) for outcome in outcomes.values())
    assert world.last_answer["large.example.com"] <= unhindered.last_answer["large.example.com"]


def test_a_host_that_takes_nobody_is_given_up_after_the_patience():
    """A few requests in a quarter of an hour, not some for each of a thousand orgs."""
    world = SmallHosts({"full.example.com": 0})

    outcomes, observer, elapsed = run(orgs_at("full.example.com", 1000), world)

    assert Counter(type(outcome) for outcome in outcomes.values()).keys() <= {Failed, Skipped}
    assert world.requests.total() <= 64 + 40
    assert 900 <= elapsed <= 900 + 120 + 120
    assert len(observer.of(HostShut)) == 1


def test_a_host_that_asks_for_more_than_the_patience_is_left_alone_at_once():
    """Who is under way fails of its own; nobody else is sent."""
    world = SmallHosts({"shut.example.com": 0}, retry_after=3600.0)
    orgs = orgs_at("shut.example.com", 1000) + orgs_at("open.example.com", 50)

    outcomes, observer, elapsed = run(orgs, world)

    here = [outcomes[org.username] for org in orgs[:1000]]
    failed = [outcome for outcome in here if isinstance(outcome, Failed)]
    skipped = [outcome for outcome in here if isinstance(outcome, Skipped)]
    assert len(failed) == world.requests["shut.example.com"] <= 64
    assert {outcome.failure.kind for outcome in failed} == {FailureKind.THROTTLED}
    assert len(failed) + len(skipped) == 1000
    assert {outcome.failure.cause for outcome in skipped} == {Cause.HOST}
    assert {outcome.failure.code for outcome in skipped} == {"host_shut"}
    assert {outcome.attempts for outcome in skipped} == {0}
    assert all(isinstance(outcomes[org.username], Authorized) for org in orgs[1000:])
    assert len(observer.of(HostShut)) == 1
    assert elapsed < 5


def test_who_is_skipped_takes_nobodys_turn():
    """With one request a second, a thousand skipped orgs must not take a quarter of an hour."""
    world = SmallHosts({"shut.example.com": 0}, retry_after=3600.0)

    _, _, elapsed = run(orgs_at("shut.example.com", 1000), world, per_second=1.0)

    assert world.requests.total() == 1
    assert elapsed < 5
