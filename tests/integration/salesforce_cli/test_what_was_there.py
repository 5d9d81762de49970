"""What was in the home before orgauth came: replaced cleanly, or left alone."""

import json

import pytest

from orgauth.simulator import errors
from orgauth.stores.salesforce_cli.crypto import Cipher

HUB, SCRATCH = "hub1@acme.example.com", "test-0001@example.com"
SANDBOX, PRODUCTION = "ci@acme.example.com.sandbox1", "ci@acme1.example.com"


@pytest.fixture
def used(place):
    """A home in which sf has logged in to the sandbox by hand, with an alias and as default."""
    place.sf.login(SANDBOX, place.key_file, place.url, "--alias", "by-hand", "--set-default")
    return place


def change(place, username, **fields):
    """Change an auth file as other programs do."""
    path = place.sfdx / f"{username}.json"
    path.write_text(json.dumps({**place.auth_file(username), **fields}, indent=2))


def snapshot(place):
    """Return everything in the store but the folder itself."""
    folders = (place.sfdx, place.home / ".sf")
    return {path: path.read_bytes() for folder in folders for path in folder.iterdir()}


def test_an_old_web_login_is_replaced_so_that_sf_renews_with_the_key(used):
    """With a refreshToken left in the file, sf would not use the key."""
    key = json.loads((used.sfdx / "key.json").read_text())["key"]
    change(used, SANDBOX, refreshToken=Cipher(key).encrypt("5Aep861.made.up"), clientSecret="")
    org = used.world.org(SANDBOX)
    used.simulator.call(org.revoke_tokens)
    said = used.sf.say("data", "query", "-o", SANDBOX, "-q", "SELECT Id FROM User")
    assert "refresh token" in said.message

    used.login("--only", SANDBOX)
    used.simulator.call(org.revoke_tokens)

    assert used.sf.ask("sandbox1") == "Sandbox 1"
    assert not {"refreshToken", "clientSecret"} & set(used.auth_file(SANDBOX))


def test_an_alias_that_moves_is_a_warning_and_sf_follows(used):
    """The org that had it keeps its other aliases."""
    used.sf("alias", "set", f"production1={SANDBOX}")

    document = used.login()

    assert document["warnings"] == [f"alias production1 moved from {SANDBOX} to {PRODUCTION}"]
    aliases = {row["alias"]: row["value"] for row in used.sf("alias", "list")}
    assert aliases["production1"] == PRODUCTION
    assert aliases["by-hand"] == aliases["sandbox1"] == SANDBOX


def test_a_failed_login_leaves_everything_as_sf_left_it(used):
    """Authorization, alias and default; where sf itself would have deleted all three first."""
    used.world.org(SANDBOX).refuses(errors.INACTIVE_USER)
    before = snapshot(used)

    status, _ = used.orgauth("--only", SANDBOX)

    assert status == 1
    assert snapshot(used) == before
    assert used.sf.ask() == "Sandbox 1"  # by default, alias and token

    said = used.sf.say(
        *("org", "login", "jwt", "--username", SANDBOX, "--client-id", "made-up"),
        *("--jwt-key-file", str(used.key_file), "--instance-url", used.url),
    )
    assert said.status != 0
    assert not (used.sfdx / f"{SANDBOX}.json").exists()


def test_unknown_keys_survive_both_programs(used):
    """Those of a newer sf, or of somebody's own tools."""
    change(used, SANDBOX, tracksSource=True, fromTheFuture={"nested": [1, 2]})

    used.login()
    org = used.world.org(SANDBOX)
    used.simulator.call(org.revoke_tokens)
    used.sf.ask("sandbox1")  # which makes sf write the file again

    after = used.auth_file(SANDBOX)
    assert after["tracksSource"] is True
    assert after["fromTheFuture"] == {"nested": [1, 2]}
