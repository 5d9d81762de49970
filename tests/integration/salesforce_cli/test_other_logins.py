"""Logins that tell less than all: parts of a manifest, and no call after the token."""

import pytest

HUB, SCRATCH = "hub1@acme.example.com", "test-0001@example.com"
SANDBOX, PRODUCTION = "ci@acme.example.com.sandbox1", "ci@acme1.example.com"


@pytest.mark.parametrize(
    "hub_logs_in_too", [True, False], ids=["with_its_hub", "after_its_hub_was_logged_in_by_hand"]
)
def test_a_scratch_org_is_active_in_org_list(place, hub_logs_in_too):
    """Its last day comes from the hub, or from the org itself where the hub is not asked."""
    if hub_logs_in_too:
        place.login("--only", "hub1", "--only", "hub1-1")
    else:
        place.sf.login(HUB, place.key_file, place.url, "--alias", "hub1")
        place.login("--only", "hub1-1")

    listed = place.sf("org", "list")

    (scratch,) = listed["scratchOrgs"]
    assert (scratch["alias"], scratch["status"], scratch["isExpired"]) == (
        "hub1-1",
        "Active",
        False,
    )
    assert scratch["devHubUsername"] == HUB
    assert scratch["expirationDate"] == place.world.org(SCRATCH).expires.isoformat()
    assert [hub["alias"] for hub in listed["devHubs"]] == ["hub1"]


def test_without_verification_sf_groups_the_orgs_as_the_manifest_says(place):
    """Hub, scratch org, sandbox and production; sf asks the hub for the rest by itself."""
    place.login("--no-verify")
    assert place.world.requests.total == place.world.requests.count("token") == 4

    listed = place.sf("org", "list")

    groups = {
        name: [org["username"] for org in listed[name]]
        for name in ("devHubs", "scratchOrgs", "sandboxes", "other")
    }
    assert groups == {
        "devHubs": [HUB],
        "scratchOrgs": [SCRATCH],
        "sandboxes": [SANDBOX],
        "other": [PRODUCTION],
    }
    assert listed["scratchOrgs"][0]["status"] == "Active"


def test_sf_org_logout_forgets_an_org_that_orgauth_authorized(place):
    """File, alias and default go; the others stay; and orgauth can bring it back."""
    place.login()

    place.sf("org", "logout", "--target-org", "hub1-1", "--no-prompt")

    store = place.store()
    assert store.usernames() == sorted([HUB, SANDBOX, PRODUCTION])
    assert set(store.aliases()) == {"hub1", "sandbox1", "production1"}

    place.login("--only", SCRATCH)

    assert place.sf.ask() == "Feature 1"
