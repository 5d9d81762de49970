"""The auth files and requests of ``sf org login jwt`` and of orgauth, for an org of each kind."""

from collections import Counter

import pytest

HUB, SCRATCH = "hub1@acme.example.com", "test-0001@example.com"
SANDBOX, PRODUCTION = "ci@acme.example.com.sandbox1", "ci@acme1.example.com"
USERNAMES = (HUB, SCRATCH, SANDBOX, PRODUCTION)
KINDS = pytest.mark.parametrize(
    "username", USERNAMES, ids=["hub", "scratch", "sandbox", "production"]
)
EXPLAINED = {
    "accessToken": "two logins, so two tokens; and every encryption has an IV of its own",
    "loginUrl": "sf adds the slash that its URL parser adds; we write the manifest's URL",
    "instanceApiVersionLastRetrieved": "sf writes the locale's date, and reads it with Date.parse, "
    "which knows ISO 8601 for certain and other locales' dates not at all",
}
"""Every field whose value may differ, and why."""


@pytest.fixture(scope="module")
def ours(places):
    """A home after one orgauth login of an org of each kind, and the requests that it took."""
    place = places(dev_hubs=1, scratch_orgs=1)
    place.login()
    requests = {
        username: Counter(
            {
                kind: times
                for (kind, whose), times in place.world.requests.by_kind_and_username.items()
                if whose == username
            }
        )
        for username in USERNAMES
    }
    # Nobody has to be logged in to ask for the versions, so they are on no org's bill.
    requests["all"] = Counter(place.world.requests.by_kind)
    return place, requests


@pytest.fixture(scope="module")
def theirs(places):
    """The same after four logins by sf, the hub first; calls to the hub are on the org's bill."""
    place = places(dev_hubs=1, scratch_orgs=1)
    requests = {}
    for username in USERNAMES:
        before = Counter(place.world.requests.by_kind)
        place.sf.login(username, place.key_file, place.url)
        requests[username] = place.world.requests.by_kind - before
    requests["all"] = Counter(place.world.requests.by_kind)
    return place, requests


@KINDS
def test_the_auth_file_has_the_fields_that_sf_writes(ours, theirs, username):
    """None is missing and none is more."""
    assert set(ours[0].auth_file(username)) == set(theirs[0].auth_file(username))


@KINDS
def test_the_auth_file_differs_from_sf_s_in_what_is_explained_only(ours, theirs, username):
    """Value by value; what belongs to the place where they were made is told apart first."""
    differing = {}
    mine, its = ours[0].auth_file(username), theirs[0].auth_file(username)
    for name, value in its.items():
        # Each place has its own simulator and key file.
        moved = (
            value.replace(theirs[0].url, ours[0].url).replace(
                str(theirs[0].key_file), str(ours[0].key_file)
            )
            if isinstance(value, str)
            else value
        )
        if mine[name] != moved:
            differing[name] = (mine[name], moved)

    assert set(differing) == set(EXPLAINED)
    our_url, its_url = differing["loginUrl"]
    assert its_url == f"{our_url}/"
    our_date, its_date = differing["instanceApiVersionLastRetrieved"]
    assert "T" in our_date
    assert "/" in its_date


@KINDS
def test_the_auth_file_is_nobody_else_s_to_read(ours, theirs, username):
    """sf leaves what the umask leaves; ours is 0600."""
    name = f"{username}.json"
    assert (ours[0].sfdx / name).stat().st_mode & 0o777 == 0o600
    assert (theirs[0].sfdx / name).stat().st_mode & 0o777 == 0o644


@KINDS
def test_one_login_and_one_call_an_org(ours, theirs, username, record_property):
    """And the newest version once; sf needs two or three logins and three or four calls each."""
    our_requests, its_requests = ours[1][username], theirs[1][username]
    record_property("orgauth", dict(our_requests))
    record_property("sf", dict(its_requests))

    assert our_requests == {"token": 1, "batch": 1}
    assert ours[1]["all"]["versions"] == 1
    assert its_requests["token"] >= 2  # the login URL itself is its first guess for the audience
    assert its_requests.total() - its_requests["token"] >= 3


def test_sf_believes_the_api_version_that_we_wrote(ours):
    """With its date, so that it does not ask again at once."""
    place, _ = ours
    before = place.world.requests.count("versions")

    place.sf.ask(SANDBOX)

    assert place.world.requests.count("versions") == before
