"""A token that no longer works: sf gets another with the key path that we wrote."""

import base64

import pytest

HUB, SCRATCH = "hub1@acme.example.com", "test-0001@example.com"
SANDBOX, PRODUCTION = "ci@acme.example.com.sandbox1", "ci@acme1.example.com"


@pytest.fixture(scope="module")
def world(places):
    """A home after one orgauth login of four orgs; each test takes another of them."""
    place = places(dev_hubs=1, scratch_orgs=1)
    place.login()
    return place


@pytest.mark.parametrize(
    ("alias", "username"),
    [("hub1", HUB), ("hub1-1", SCRATCH), ("sandbox1", SANDBOX), ("production1", PRODUCTION)],
    ids=["hub", "scratch", "sandbox", "production"],
)
def test_sf_renews_a_revoked_token_by_itself(world, alias, username):
    """The query succeeds, at the price of one login, and orgauth reads the new token."""
    org = world.world.org(username)
    before = world.auth_file(username)
    world.simulator.call(org.revoke_tokens)

    assert world.sf.ask(alias) == org.name

    assert org.logins == 2  # ours and its own
    after = world.auth_file(username)
    assert world.org_of_token(username) is org
    assert after["accessToken"] != before["accessToken"]
    assert {**after, "accessToken": ""} == {**before, "accessToken": ""}


def test_a_key_from_the_environment_leaves_an_org_that_sf_can_use_but_not_renew(place):
    """Which orgauth says, once."""
    place.change_manifest("jwt_key_file: server.key", "jwt_key_env: ORG_KEY")
    key = base64.b64encode(place.key_file.read_bytes()).decode()

    document = place.login(ORG_KEY=key)

    (warning,) = document["warnings"]
    assert "sf can use these orgs but not renew their tokens" in warning
    assert place.sf.ask("sandbox1") == "Sandbox 1"
    org = place.world.org(SANDBOX)
    place.simulator.call(org.revoke_tokens)
    said = place.sf.say("data", "query", "-o", "sandbox1", "-q", "SELECT Id FROM Organization")
    assert "Session expired" in said.message
    assert org.logins == 1
