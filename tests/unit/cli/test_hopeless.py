"""``orgauth login`` where going on would only get an address blocked, against the simulator."""

import json
from collections import Counter

import pytest

import orgauth
from orgauth.simulator.rehearsal import CLIENT_ID
from support import invoke, private_key

SANDBOXES = {"dev_hubs": 0, "scratch_orgs": 0, "sandboxes": 30}


def with_another_key(here):
    """Let the app know another key than the one that the manifest names."""
    here.world.connected_app(CLIENT_ID, private_key().public_key())
    return here


def codes(document):
    return Counter(org["error"] and org["error"]["code"] for org in document["result"]["orgs"])


def test_a_wrong_key_is_five_requests_and_one_explanation(salesforce):
    """Whatever the concurrency."""
    here = with_another_key(salesforce(**SANDBOXES))

    status, out, err = invoke("login", here.manifest, "--json", "--concurrency", 64)

    document = json.loads(out)
    assert status == document["status"] == 1
    assert here.world.requests.count() == 5
    summary = document["result"]["summary"]
    assert (summary["failed"], summary["skipped"]) == (5, 25)
    assert codes(document) == {"invalid_grant": 5, "breaker": 25}
    (warning,) = document["warnings"]
    for part in (CLIENT_ID, str(here.rehearsal.key_file), "127.0.0.1", "invalid assertion"):
        assert part in warning
    assert "orgauth plan" in warning
    assert "--keep-going" in warning
    assert err.count("skipped") == err.count(warning) == 1  # no line for each of the 25


def test_a_wrong_client_id_is_told_as_that(salesforce):
    """With the advice for a client id, not for a key."""
    here = salesforce(**SANDBOXES)
    here.change_manifest(CLIENT_ID, "3MVG9.mistyped")

    status, out, err = invoke("login", here.manifest)

    assert status == 1
    assert here.world.requests.count() == 5
    assert "the client id 3MVG9.mistyped" in err
    assert "Check client_id" in err
    assert "5 failed, 25 skipped" in out
    assert "25 skipped: breaker: not tried: 5 orgs with the same client id and key" in out


def test_keep_going_tries_every_org(salesforce):
    """Also those whose Dev Hub was refused."""
    here = with_another_key(salesforce(dev_hubs=1, scratch_orgs=10, sandboxes=10))

    status, out, _ = invoke("login", here.manifest, "--json", "--keep-going")

    document = json.loads(out)
    assert status == 1
    assert here.world.requests.count("token") == 21
    assert codes(document) == {"invalid_grant": 21}
    assert document["warnings"] == []


def test_a_dev_hub_that_is_refused_takes_its_scratch_orgs_along_first(salesforce):
    """One request for a hub and all its scratch orgs, and the breaker need not say anything."""
    here = with_another_key(salesforce(dev_hubs=2, scratch_orgs=20, sandboxes=0))

    _, out, _ = invoke("login", here.manifest, "--json")

    assert here.world.requests.count("token") == 2
    assert codes(json.loads(out)) == {"invalid_grant": 2, "dev_hub_failed": 20}


@pytest.mark.parametrize(("keep_going", "requests"), [(False, 5), (True, 30)])
def test_the_python_api_stops_and_keeps_going_alike(salesforce, keep_going, requests):
    """Skipped orgs are outcomes, too."""
    here = with_another_key(salesforce(**SANDBOXES))

    outcomes = orgauth.authorize_all(here.manifest, keep_going=keep_going)

    assert here.world.requests.count() == requests
    assert Counter(type(outcome) for outcome in outcomes)[orgauth.Skipped] == 30 - requests


def test_a_host_that_asks_for_an_hour_is_left_alone(salesforce):
    """Beyond what is under way when it says so."""
    here = salesforce(**SANDBOXES)
    here.world.host.throttle(0, retry_after=3600)

    status, out, err = invoke("login", here.manifest)

    assert status == 1
    assert here.world.requests.count() <= 5
    assert "asks to be left alone for 3600 s" in err
    assert "skipped: host_shut: not tried: 127.0.0.1" in out
    assert err.count("skipped") == 1


def test_a_host_with_room_for_ten_serves_everybody(salesforce):
    """Refused requests are told as pauses, a few of them, and cost no org anything."""
    here = salesforce(dev_hubs=0, scratch_orgs=0, sandboxes=80)
    here.world.host.latency = 0.02
    here.world.host.throttle(10, retry_after=None)
    patience = "throttled: {initial_seconds: 0.2, max_seconds: 0.2}"
    here.change_manifest("  not_approved:", f"  {patience}\n  not_approved:")

    status, out, err = invoke("login", here.manifest, "--concurrency", 64, "--store", "none")

    assert status == 0
    assert "80 authorized" in out
    assert 0 < here.world.requests.throttled <= 64
    assert err.count("asks to slow down") <= 5
    assert here.world.requests.in_flight_peak <= 64


@pytest.mark.parametrize("skew", [600.0, -600.0])
def test_a_clock_that_is_ten_minutes_off_is_corrected_and_told(salesforce, skew):
    """Ahead or behind: one refusal each for those under way, and a warning with the size."""
    here = salesforce(**SANDBOXES)
    here.world.host.clock_skew = skew

    status, out, _ = invoke("login", here.manifest, "--json", "--concurrency", 64)

    document = json.loads(out)
    assert status == 0
    assert document["result"]["summary"]["authorized"] == 30
    assert 31 <= here.world.requests.count("token") <= 35
    (warning,) = document["warnings"]
    which = "behind" if skew > 0 else "ahead of"
    assert any(f"clock is {size} s {which}" in warning for size in (599, 600, 601))


def test_two_hosts_whose_clocks_differ_by_twenty_minutes(salesforce, home):
    """In one run: what one host teaches is not applied to the other."""
    ahead, behind = salesforce(dev_hubs=0, scratch_orgs=0, sandboxes=5), salesforce(**SANDBOXES)
    ahead.world.host.clock_skew, behind.world.host.clock_skew = 600.0, -600.0
    lines = ["version: 1", "defaults:", f"  client_id: {CLIENT_ID}"]
    lines += [
        f"  jwt_key_file: {ahead.rehearsal.key_file}",
        "  audience: https://test.salesforce.com",
    ]
    lines += ["orgs:"]
    for here, orgs in ((ahead, ahead.world.orgs[:5]), (behind, behind.world.orgs[5:])):
        for org in orgs:
            lines += [f"  - username: {org.username}", f"    instance_url: {here.url}"]
    (home / "both.yaml").write_text("\n".join(lines))

    status, out, _ = invoke("login", home / "both.yaml", "--json", "--store", "none")

    document = json.loads(out)
    assert status == 0
    assert len(document["result"]["orgs"]) == 30
    assert sorted(" behind " in warning for warning in document["warnings"]) == [False, True]
