"""``orgauth login --if-needed``: what is stored and works is kept, and only the rest logs in."""

import json
import os

import pytest

import orgauth
from orgauth.simulator import errors, faults
from orgauth.stores.salesforce_cli import SalesforceCliStore
from support import invoke

SANDBOX = "ci@acme.example.com.sandbox1"


@pytest.fixture
def here(salesforce):
    """A Salesforce whose orgs are all authorized already."""
    here = salesforce()
    assert invoke("login", here.manifest)[0] == 0
    here.world.requests.clear()
    return here


def auth_file(home, username=SANDBOX):
    return home / f".sfdx/{username}.json"


def change(path, **fields):
    content = json.loads(path.read_text())
    path.write_text(json.dumps({**content, **fields}))


def login(here, *options):
    """Run it; return the status and each org's own status by username."""
    status, out, _ = invoke("login", here.manifest, "--json", "--if-needed", *options)
    orgs = json.loads(out)["result"]["orgs"]
    return status, {org["username"]: org["status"] for org in orgs}


def test_tokens_that_work_are_kept_at_one_call_an_org_and_no_login(here, home):
    """The store is as it was, to the byte."""
    before = {path.name: path.read_bytes() for path in (home / ".sfdx").iterdir()}

    status, statuses = login(here)

    assert status == 0
    assert set(statuses.values()) == {"reused"}
    assert here.world.requests.count("token") == 0
    assert here.world.requests.count("batch") == len(statuses) == 4
    assert {path.name: path.read_bytes() for path in (home / ".sfdx").iterdir()} == before


def test_people_and_programs_are_told_who_was_reused(here, home):
    """Progress, summary, JSON; JUnit counts them as passed."""
    report = home / "run.xml"

    status, out, err = invoke("login", here.manifest, "--if-needed", "--report", report)

    assert status == 0
    assert "4 reused in" in out
    assert "authorized" not in out
    assert "[4/4] reused" in err
    assert 'failures="0" errors="0" skipped="0"' in report.read_text()
    _, out, _ = invoke("login", here.manifest, "--if-needed", "--json")
    summary = json.loads(out)["result"]["summary"]
    assert (summary["authorized"], summary["reused"]) == (0, 4)
    hub = json.loads(out)["result"]["orgs"][0]
    assert hub["org_id"] == here.world.org("hub1@acme.example.com").org_id18
    assert (hub["instance_url"], hub["attempts"], hub["error"]) == (here.url, 0, None)


def test_a_token_that_is_refused_is_replaced_by_a_new_one(here, home):
    """INVALID_SESSION_ID: one login, for that org alone."""
    here.world.org(SANDBOX).revoke_tokens()

    status, statuses = login(here)

    assert status == 0
    assert statuses.pop(SANDBOX) == "authorized"
    assert set(statuses.values()) == {"reused"}
    assert here.world.requests.by_kind_and_username["token", SANDBOX] == 1
    assert here.world.requests.count("token") == 1
    store = SalesforceCliStore(home, project=None, environ=os.environ)
    token = store.read(SANDBOX).access_token.reveal()
    assert here.world.bearer(token) is here.world.org(SANDBOX)


@pytest.mark.parametrize(
    "changes",
    [
        {"clientId": "3MVG9.another"},
        {"loginUrl": "https://login.salesforce.com"},
        {"username": "somebody@else.example.com"},
        {"privateKey": "/where/it/was/before/server.key"},
        {"refreshToken": "of a web login"},
        {"accessToken": "00D000000000001!a.plain.one"},
        {"accessToken": f"{'0' * 40}:{'0' * 32}"},
        {"accessToken": None},
        {"orgId": "nonsense"},
        {"instanceUrl": None},
    ],
    ids=lambda changes: f"{next(iter(changes))}={next(iter(changes.values()))}"[:30],
)
def test_what_is_not_the_login_of_the_manifest_logs_in_as_usual(here, home, changes):
    """Another app's, another URL's, another key's, an altered one: the run mends the file."""
    change(auth_file(home), **changes)

    status, statuses = login(here)

    assert status == 0
    assert statuses[SANDBOX] == "authorized"
    assert list(statuses.values()).count("reused") == 3
    assert here.world.requests.count("token") == 1
    name = next(iter(changes))
    assert json.loads(auth_file(home).read_text()).get(name) != changes[name]
    assert login(here)[1][SANDBOX] == "reused"


@pytest.mark.parametrize("content", [None, b"", b'{"accessToken": ', b"[1]", b"\xff" * 40])
def test_a_file_that_is_missing_or_broken_costs_one_login(here, home, content):
    """As a crash of somebody else may leave it."""
    auth_file(home).unlink()
    if content is not None:
        auth_file(home).write_bytes(content)

    status, statuses = login(here)

    assert status == 0
    assert statuses[SANDBOX] == "authorized"
    assert here.world.requests.count("token") == 1


@pytest.mark.parametrize(
    "url",
    [
        "https://evil.example.com",
        "http://acme.my.salesforce.com",
        "https://evil.example.com\\.salesforce.com",
        "https://user@acme.my.salesforce.com.evil.example.com",
        "http://169.254.169.254",
        "file:///etc/passwd",
        "",
    ],
)
def test_a_planted_instance_url_never_gets_the_token(here, home, url, caplog):
    """It is trusted as a token endpoint's answer would be, and no further."""
    caplog.set_level("DEBUG")
    change(auth_file(home), instanceUrl=url)

    status, statuses = login(here, "-vv")

    assert status == 0
    assert statuses[SANDBOX] == "authorized"
    asked = [record.getMessage() for record in caplog.records if ": HTTP " in record.getMessage()]
    assert asked
    assert all(here.url in message for message in asked)
    assert "no connection" not in caplog.text  # nor was it tried
    assert json.loads(auth_file(home).read_text())["instanceUrl"] == here.url


def test_aliases_and_defaults_that_are_missing_are_mended_without_a_token_request(here, home):
    """A run that died between the auth files and the alias file left them so."""
    aliases = json.loads((home / ".sfdx/alias.json").read_text())["orgs"]
    left = {"sandbox1": "stale@example.com", "theirs": "somebody@example.com"}
    (home / ".sfdx/alias.json").write_text(json.dumps({"orgs": left}))
    (home / ".sf/config.json").unlink()
    (home / ".sfdx/sfdx-config.json").unlink()

    status, out, _ = invoke("login", here.manifest, "--json", "--if-needed")

    assert status == 0
    value = json.loads(out)
    assert value["result"]["summary"]["reused"] == 4
    assert value["warnings"] == [f"alias sandbox1 moved from stale@example.com to {SANDBOX}"]
    assert here.world.requests.count("token") == 0
    mended = json.loads((home / ".sfdx/alias.json").read_text())["orgs"]
    assert mended == {**aliases, "theirs": "somebody@example.com"}
    config = json.loads((home / ".sf/config.json").read_text())
    assert config == {"target-dev-hub": "hub1", "target-org": "hub1-1"}


def test_an_alias_that_cannot_be_mended_is_a_failure(here, home):
    """The org is usable, but not by the name that was asked for."""
    (home / ".sfdx/alias.json").write_text("{")

    status, statuses = login(here)

    assert status == 1
    assert set(statuses.values()) == {"failed"}


def test_a_passing_fault_of_the_call_is_waited_for(here):
    """As after a login; nobody logs in for it."""
    here.change_manifest("\nretry:", "\nretry:\n  transient: {initial_seconds: 0.01}\n#")
    here.world.org(SANDBOX).answers(faults.status(503), times=2, on="rest")

    status, statuses = login(here)

    assert status == 0
    assert set(statuses.values()) == {"reused"}
    assert here.world.requests.count("token") == 0


def test_a_host_that_never_answers_for_the_stored_token_costs_patience_and_then_a_login(here):
    """The org may have moved: only a login tells where to."""
    here.change_manifest(
        "\nretry:", "\nretry:\n  transient: {initial_seconds: 0.01, attempts: 3}\n#"
    )
    here.world.org(SANDBOX).answers(faults.status(503), times=3, on="rest")

    status, statuses = login(here)

    assert status == 0
    assert statuses[SANDBOX] == "authorized"


def test_a_reused_hub_still_tells_its_scratch_orgs_last_days(here, home):
    """Who logs in anew has them in its auth file."""
    scratch = "test-0001@example.com"
    auth_file(home, scratch).unlink()

    status, statuses = login(here)

    assert status == 0
    assert statuses["hub1@acme.example.com"] == "reused"
    stored = SalesforceCliStore(home, project=None, environ=os.environ).read(scratch)
    assert stored.dev_hub_username == "hub1@acme.example.com"
    assert stored.expiration_date == str(here.world.org(scratch).expires)


def test_a_hub_whose_token_and_login_are_refused_takes_its_scratch_orgs_along(here, home):
    """They had no tokens of their own; the order of hubs is as always."""
    for name in ("test-0001@example.com", "test-0002@example.com"):
        auth_file(home, name).unlink()
    hub = here.world.org("hub1@acme.example.com")
    hub.revoke_tokens()
    hub.refuses(errors.INVALID_ASSERTION)

    status, statuses = login(here)

    assert status == 1
    assert sorted(statuses.values()) == ["failed", "reused", "skipped", "skipped"]
    assert here.world.requests.count("token") == 1


def test_an_env_file_beside_it_must_hold_the_same_token(here, home):
    """Else the org logs in, and both have the new one; then both are kept."""
    file = home / "tokens.env"
    options = ("--store", "salesforce-cli", "--store", f"env:{file}")

    assert set(login(here, *options)[1].values()) == {"authorized"}
    assert set(login(here, *options)[1].values()) == {"reused"}
    before = file.read_bytes()
    lines = before.splitlines(keepends=True)
    file.write_bytes(b"".join(line for line in lines if b"SANDBOX1_ACCESS_TOKEN" not in line))
    here.world.requests.clear()

    statuses = login(here, *options)[1]

    assert statuses.pop(SANDBOX) == "authorized"
    assert set(statuses.values()) == {"reused"}
    assert here.world.requests.count("token") == 1
    token = file.read_text().split("SF_SANDBOX1_ACCESS_TOKEN=")[1].split("\n")[0]
    stored = SalesforceCliStore(home, project=None, environ=os.environ).read(SANDBOX)
    assert stored.access_token.reveal() == token


def test_a_broken_store_beside_it_is_told_and_costs_no_logins(here, home):
    """Every org fails for that store's sake; what the other one has works, and stays."""
    file = home / "tokens.env"
    file.mkdir()

    status, statuses = login(here, "--store", "salesforce-cli", "--store", f"env:{file}")

    assert status == 1
    assert set(statuses.values()) == {"failed"}
    assert here.world.requests.count("token") == 0


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--no-verify",), "goes not with --no-verify"),
        (("--store", "none"), "no store to look in"),
        (("--store", "env:tokens.env"), "no store to look in"),
    ],
)
def test_what_cannot_be_followed_is_wrong_usage(here, options, message):
    """Nothing is sent."""
    status, _, err = invoke("login", here.manifest, "--if-needed", *options)

    assert status == 2
    assert message in err
    assert here.world.requests.total == 0


def test_without_it_every_org_logs_in(here):
    """A run is a run, unless somebody says otherwise."""
    assert invoke("login", here.manifest)[0] == 0
    assert here.world.requests.count("token") == 4


async def test_python_gets_the_stored_token(here):
    """To use it like a new one."""
    stores = ["salesforce-cli"]

    outcomes = [
        outcome async for outcome in orgauth.authorize(here.manifest, stores=stores, if_needed=True)
    ]

    for outcome in outcomes:
        assert isinstance(outcome, orgauth.Reused)
        assert outcome.status is orgauth.Status.REUSED
        token = outcome.credentials.access_token.reveal()
        assert here.world.bearer(token).username == outcome.org.username
        assert outcome.credentials.instance_url == here.url
        assert outcome.credentials.user_id is None
        assert outcome.facts.organization_name
        assert token not in repr(outcome)
    assert len(outcomes) == 4


def test_python_is_told_what_it_cannot_ask_for(here):
    """Without a store there is nothing to reuse."""
    with pytest.raises(orgauth.UsageError, match="no store to look in"):
        orgauth.authorize_all(here.manifest, if_needed=True)
