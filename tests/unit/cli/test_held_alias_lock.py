"""``orgauth login`` while another program keeps the lock of the alias file and never lets go."""

import json
import os
import time
from functools import partial

import pytest

from orgauth.stores import salesforce_cli
from orgauth.stores.salesforce_cli import SalesforceCliStore
from support import invoke


@pytest.fixture
def lock(home):
    """The lock of the alias file, held by somebody for the next hour."""
    (home / ".sfdx").mkdir(mode=0o700)
    (home / ".sfdx/alias.json").write_text('{"orgs":{"theirs":"somebody@example.com"}}')
    lock = home / ".sfdx/alias.json.lock"
    lock.mkdir()
    later = time.time() + 3600
    os.utime(lock, (later, later))
    return lock


@pytest.fixture
def slept(monkeypatch):
    """How long the program's stores have waited; no time passes meanwhile."""
    waits = []
    store = partial(SalesforceCliStore, sleep=waits.append)
    monkeypatch.setattr(salesforce_cli, "SalesforceCliStore", store)
    return waits


def test_the_aliases_that_were_not_written_are_told_and_every_token_is_kept(
    salesforce, home, lock, slept
):
    """Each org's outcome names its alias, the lock, and what to do; the lock stays as it is."""
    here = salesforce()
    before = lock.stat().st_mtime_ns

    status, out, _ = invoke("login", here.manifest, "--json")

    assert status == 1
    assert sum(slept) >= 12
    orgs = json.loads(out)["result"]["orgs"]
    assert len(orgs) == len(here.world.orgs) == 4
    for org in orgs:
        error = org["error"]
        assert (org["status"], error["code"]) == ("failed", "not_saved")
        assert f"authorized, but the alias {org['alias']} was not written" in error["description"]
        assert f"{lock} is held by another process" in error["description"]
        assert "Let the other sf or orgauth process end" in error["advice"]
    store = SalesforceCliStore(home, project=None, environ=os.environ)
    for org in here.world.orgs:
        assert here.world.bearer(store.read(org.username).access_token.reveal()) is org
    assert store.aliases() == {"theirs": "somebody@example.com"}
    # The default names what exists: the username, for there is no such alias.
    config = json.loads((home / ".sf/config.json").read_text())
    assert config["target-dev-hub"] == "hub1@acme.example.com"
    assert lock.stat().st_mtime_ns == before


def test_the_next_run_writes_them(salesforce, home, lock, slept):
    """Once the other program is gone, running it again is all there is to do."""
    here = salesforce()
    assert invoke("login", here.manifest)[0] == 1
    lock.rmdir()

    status, _, _ = invoke("login", here.manifest)

    assert status == 0
    aliases = SalesforceCliStore(home, project=None, environ=os.environ).aliases()
    assert len(aliases) == 1 + len(here.world.orgs)
    assert aliases["theirs"] == "somebody@example.com"
