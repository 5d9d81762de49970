"""One key for all tokens of a home, whoever made it and in either version of the format."""

import json

import pytest

HUB, SCRATCH = "hub1@acme.example.com", "test-0001@example.com"
VERSIONS = pytest.mark.parametrize(
    ("variables", "length"), [({}, 32), ({"SF_CRYPTO_V2": "true"}, 64)], ids=["v1", "v2"]
)


def stored_key(place):
    """Return the key of the home."""
    return json.loads((place.sfdx / "key.json").read_text())["key"]


@VERSIONS
def test_a_key_that_sf_made_is_ours_too(place, variables, length):
    """orgauth reads what sf encrypted, and sf what orgauth encrypted."""
    place.sf.set_variables(variables)
    place.sf.login(HUB, place.key_file, place.url)
    key = stored_key(place)
    assert len(key) == length
    assert place.org_of_token(HUB) is place.world.org(HUB)

    place.login("--only", "hub1-1")

    assert stored_key(place) == key
    assert place.world.bearer(place.sf.token("hub1-1")) is place.world.org(SCRATCH)
    assert place.world.bearer(place.sf.token(HUB)) is place.world.org(HUB)


@VERSIONS
def test_a_key_that_we_made_is_sf_s_too(place, variables, length):
    """sf reads what orgauth encrypted, and orgauth what sf encrypts afterwards."""
    place.login("--only", "hub1-1", **variables)
    key = stored_key(place)
    assert len(key) == length
    assert place.world.bearer(place.sf.token("hub1-1")) is place.world.org(SCRATCH)

    place.sf.login(HUB, place.key_file, place.url)

    assert stored_key(place) == key
    assert place.org_of_token(HUB) is place.world.org(HUB)


def test_a_key_file_that_others_can_read_is_refused_by_both(place):
    """sf fails; orgauth says which command helps, before anybody logs in."""
    place.login("--only", "hub1")
    (place.sfdx / "key.json").chmod(0o640)

    assert place.sf.say("org", "auth", "show-access-token", "-o", "hub1").status != 0
    requests = place.world.requests.count("token")
    status, document = place.orgauth()

    assert status == 1
    assert place.world.requests.count("token") == requests
    assert f"chmod 600 {place.sfdx / 'key.json'}" in json.dumps(document)
