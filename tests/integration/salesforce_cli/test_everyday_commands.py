"""After one ``orgauth login``, what a person does next with ``sf`` works."""

import pytest

HUB1, HUB2 = "hub1@acme.example.com", "hub2@acme.example.com"
SCRATCH = [f"test-{number:04d}@example.com" for number in (1, 2, 3, 4)]
SANDBOX, PRODUCTION = "ci@acme.example.com.sandbox1", "ci@acme1.example.com"


@pytest.fixture(scope="module")
def world(places):
    """A home after one orgauth login of eight orgs, which the tests only look at."""
    place = places()
    document = place.login()
    assert document["result"]["summary"]["authorized"] == 8
    assert document["warnings"] == []
    return place


@pytest.fixture(scope="module")
def listed(world):
    """What ``sf org list`` shows, asked once."""
    return world.sf("org", "list")


def shown(orgs):
    """Return alias and default marker by username."""
    return {org["username"]: (org["alias"], org.get("defaultMarker")) for org in orgs}


def test_org_list_shows_dev_hubs_with_alias_and_default_marker(listed):
    """Both hubs, and none but the hubs; (D) marks the default Dev Hub."""
    assert shown(listed["devHubs"]) == {HUB1: ("hub1", "(D)"), HUB2: ("hub2", None)}


def test_org_list_shows_scratch_orgs_as_active_with_alias_and_default_marker(listed):
    """Not expired, as their hubs say when sf asks them; (U) marks the default org."""
    assert shown(listed["scratchOrgs"]) == {
        SCRATCH[0]: ("hub1-1", "(U)"),
        SCRATCH[1]: ("hub2-1", None),
        SCRATCH[2]: ("hub1-2", None),
        SCRATCH[3]: ("hub2-2", None),
    }
    states = {(org["status"], org["isExpired"]) for org in listed["scratchOrgs"]}
    assert states == {("Active", False)}


def test_org_list_shows_of_each_scratch_org_its_hub_and_its_last_day(listed, world):
    """As orgauth wrote them, and as the hub confirms."""
    hubs = {org["username"]: org["devHubUsername"] for org in listed["scratchOrgs"]}
    assert hubs == dict(zip(SCRATCH, [HUB1, HUB2, HUB1, HUB2], strict=True))
    for org in listed["scratchOrgs"]:
        assert org["expirationDate"] == world.world.org(org["username"]).expires.isoformat()


def test_org_list_shows_sandboxes_and_production_apart(listed):
    """The sandbox under sandboxes, the production org under the others."""
    assert shown(listed["sandboxes"]) == {SANDBOX: ("sandbox1", None)}
    assert shown(listed["other"]) == {PRODUCTION: ("production1", None)}


def test_org_list_finds_every_org_connected(listed):
    """Each token that we wrote was tried by sf and works."""
    asked = [*listed["devHubs"], *listed["sandboxes"], *listed["other"]]
    assert {org["connectedStatus"] for org in asked} == {"Connected"}


@pytest.mark.parametrize("name", ["hub2-1", SCRATCH[1]], ids=["alias", "username"])
def test_org_display_tells_a_scratch_org_by_alias_and_by_username(world, name):
    """With hub, status and last day, which sf takes from the hub that we named."""
    org = world.sf("org", "display", "--target-org", name)

    simulated = world.world.org(SCRATCH[1])
    assert org["username"] == SCRATCH[1]
    assert org["alias"] == "hub2-1"
    assert org["id"] == simulated.org_id18
    assert org["devHubId"] == HUB2
    assert org["status"] == "Active"
    assert org["expirationDate"] == simulated.expires.isoformat()
    assert org["instanceUrl"] == world.url


@pytest.mark.parametrize("name", ["sandbox1", SANDBOX], ids=["alias", "username"])
def test_show_access_token_gives_the_token_by_alias_and_by_username(world, name):
    """sf decrypts what we encrypted, and it is the token that Salesforce gave us."""
    assert world.world.bearer(world.sf.token(name)) is world.world.org(SANDBOX)


@pytest.mark.parametrize("name", ["production1", PRODUCTION], ids=["alias", "username"])
def test_data_query_works_by_alias_and_by_username(world, name):
    """A query, without another login."""
    assert world.sf.ask(name) == "Production 1"
    assert world.world.org(PRODUCTION).logins == 1


def test_data_query_asks_the_default_org_where_none_is_named(world):
    """target-org, as the manifest's set_default says."""
    assert world.sf.ask() == "Feature 1"


def test_alias_list_shows_every_alias(world):
    """All eight, each with its username."""
    assert {row["alias"]: row["value"] for row in world.sf("alias", "list")} == {
        "hub1": HUB1,
        "hub2": HUB2,
        "hub1-1": SCRATCH[0],
        "hub1-2": SCRATCH[2],
        "hub2-1": SCRATCH[1],
        "hub2-2": SCRATCH[3],
        "sandbox1": SANDBOX,
        "production1": PRODUCTION,
    }


def test_sf_asks_nobody_but_this_machine(world):
    """Nothing that we wrote sends sf elsewhere, and neither do its telemetry and updates."""
    world.sf("org", "display", "--target-org", "hub1")

    assert world.sf.reached_for() == set()
