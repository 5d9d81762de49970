"""``orgauth login`` from its arguments to its exit status, against the simulator."""

import base64
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from orgauth.simulator import errors, faults
from orgauth.stores.salesforce_cli import SalesforceCliStore
from support import invoke, on_a_terminal


def document(text):
    return json.loads(text)


def test_every_org_is_authorized_and_saved_where_the_salesforce_cli_finds_it(salesforce, home):
    """The main job, end to end."""
    here = salesforce()

    status, out, err = invoke("login", here.manifest)

    assert status == 0
    assert "4 authorized" in out
    assert "[4/4] authorized" in err
    store = SalesforceCliStore(home, project=None, environ=os.environ)
    assert set(store.usernames()) == {org.username for org in here.world.orgs}
    for org in here.world.orgs:
        assert here.world.bearer(store.read(org.username).access_token.reveal()) is org
    assert json.loads((home / ".sfdx/alias.json").read_text())["orgs"]["hub1"]
    assert json.loads((home / ".sf/config.json").read_text())["target-dev-hub"] == "hub1"


def test_json_is_one_document_in_the_cli_s_envelope(salesforce):
    """Everything else goes to standard error; no token is in either."""
    here = salesforce()

    status, out, err = invoke("login", here.manifest, "--json")

    value = document(out)
    assert value["status"] == status == 0
    assert value["warnings"] == []
    summary = value["result"]["summary"]
    assert summary.pop("elapsed_seconds") > 0
    assert summary == {"total": 4, "authorized": 4, "reused": 0, "failed": 0, "skipped": 0}
    hub = value["result"]["orgs"][0]
    assert hub.pop("elapsed_seconds") > 0
    assert hub == {
        "username": "hub1@acme.example.com",
        "alias": "hub1",
        "kind": "dev_hub",
        "status": "authorized",
        "org_id": here.world.org("hub1@acme.example.com").org_id18,
        "instance_url": here.url,
        "login_url": here.url,
        "attempts": 1,
        "error": None,
    }
    assert "00D" in out
    assert "!" not in out + err  # every token has one


def test_one_request_an_org_and_one_for_the_version(salesforce):
    """One login and one call an org; the API version once."""
    here = salesforce(scratch_orgs=10)

    invoke("login", here.manifest, "--store", "none")

    assert here.world.requests.count("token") == 12
    assert here.world.requests.count("batch") == 12
    assert here.world.requests.count("versions") == 1


def test_a_failed_org_is_told_with_its_cause_and_advice_and_costs_the_others_nothing(salesforce):
    """Exit status 1; the summary groups what failed alike."""
    here = salesforce(sandboxes=2)
    for org in here.world.orgs:
        if org.kind == "sandbox":
            org.refuses(errors.INACTIVE_USER)

    status, out, err = invoke("login", here.manifest)

    assert status == 1
    assert "3 authorized, 2 failed" in out
    assert "2 failed: inactive_user" in out
    assert "sandbox1, sandbox2" in out
    assert "Activate the user" in out
    assert "failed sandbox1" in err


def test_json_tells_the_error_of_each_org(salesforce):
    """Code, description, kind and advice, for programs."""
    here = salesforce()
    here.world.org("ci@acme.example.com.sandbox1").refuses(errors.INACTIVE_USER)

    status, out, _ = invoke("login", here.manifest, "--json")

    value = document(out)
    assert value["status"] == status == 1
    failed = [org for org in value["result"]["orgs"] if org["status"] == "failed"]
    assert [org["username"] for org in failed] == ["ci@acme.example.com.sandbox1"]
    assert failed[0]["error"]["code"] == "inactive_user"
    assert failed[0]["error"]["kind"] == "permanent"
    assert failed[0]["error"]["advice"]
    assert failed[0]["org_id"] is None


def test_only_the_named_orgs_are_authorized(salesforce, home):
    """By alias or by username."""
    here = salesforce()

    status, out, _ = invoke(
        "login", here.manifest, "--only", "hub1-2", "--only", "hub1@acme.example.com"
    )

    assert status == 0
    assert "2 authorized" in out
    assert len(list((home / ".sfdx").glob("*@*.json"))) == 2


def test_a_name_that_is_not_in_the_manifest_is_wrong_usage(salesforce):
    """A typing mistake must not look like success."""
    status, _, err = invoke("login", salesforce().manifest, "--only", "hub9")

    assert status == 2
    assert "not in the manifest: hub9" in err


def test_an_env_file_holds_token_and_url_by_alias(salesforce, home):
    """For programs that know no store."""
    here = salesforce()
    file = home / "tokens.env"

    status, _, _ = invoke("login", here.manifest, "--store", f"env:{file}", "--only", "hub1")

    assert status == 0
    assert file.stat().st_mode & 0o777 == 0o600
    lines = dict(line.split("=", 1) for line in file.read_text().splitlines() if "=" in line)
    assert lines["SF_HUB1_INSTANCE_URL"] == here.url
    assert here.world.bearer(lines["SF_HUB1_ACCESS_TOKEN"])
    assert not (home / ".sfdx").exists()


@pytest.mark.parametrize(
    ("stores", "message"),
    [
        (["keychain"], "there is no store keychain"),
        (["env:"], "names no file"),
        (["env"], "names no file"),
        (["env:nowhere/x.env"], "there is no folder nowhere"),
        (["none", "salesforce-cli"], "--store none goes with no other"),
    ],
)
def test_a_store_that_does_not_exist_is_wrong_usage(salesforce, stores, message):
    """Before anybody logs in."""
    here = salesforce()
    options = [part for store in stores for part in ("--store", store)]

    status, _, err = invoke("login", here.manifest, *options)

    assert status == 2
    assert message in err
    assert not here.world.requests.count("token")


def test_orgs_that_would_write_the_same_variable_are_refused(salesforce, home):
    """feature-a and feature_a are one name in an env file."""
    here = salesforce()
    here.change_manifest("alias: hub1-1\n", "alias: sand.box1\n")
    here.change_manifest("alias: sandbox1\n", "alias: sand-box1\n")

    status, _, err = invoke("login", here.manifest, "--store", f"env:{home / 'x.env'}")

    assert status == 2
    assert "same variables" in err
    assert "SAND_BOX1_… by " in err


def test_a_store_that_cannot_be_written_stops_before_anybody_logs_in(salesforce, home):
    """A token that cannot be kept need not be asked for."""
    here = salesforce()
    (home / ".sfdx").write_text("a file in the folder's place")

    status, _, err = invoke("login", here.manifest)

    assert status == 1
    assert str(home / ".sfdx") in err
    assert not here.world.requests.count("token")


def test_one_broken_store_leaves_the_other_one_served(salesforce, home):
    """The run fails, and says of what; what can be saved is saved."""
    here = salesforce()
    (home / ".sfdx").write_text("a file in the folder's place")
    file = home / "tokens.env"

    status, out, _ = invoke(
        "login", here.manifest, "--store", "salesforce-cli", "--store", f"env:{file}"
    )

    assert status == 1
    assert "4 failed: not_saved" in out
    assert file.read_text().count("ACCESS_TOKEN") == 4


def test_reports_are_written_by_suffix(salesforce, home):
    """JSON for programs, JUnit for CI systems."""
    here = salesforce()
    here.world.org("ci@acme.example.com.sandbox1").refuses(errors.INACTIVE_USER)

    status, _, _ = invoke(
        "login", here.manifest, "--report", home / "run.json", "--report", home / "run.xml"
    )

    assert status == 1
    value = document((home / "run.json").read_text())
    assert value["status"] == 1
    assert value["result"]["summary"]["failed"] == 1
    suite = ET.parse(home / "run.xml").getroot()[0]  # noqa: S314 - our own file
    assert (suite.get("tests"), suite.get("failures")) == ("4", "1")


@pytest.mark.parametrize(
    ("path", "message"),
    [("run.txt", "end in .json or .xml"), ("nowhere/run.json", "there is no folder")],
)
def test_a_report_that_cannot_be_written_is_told_before_the_run(salesforce, path, message):
    """Not after an hour."""
    here = salesforce()

    status, _, err = invoke("login", here.manifest, "--report", path)

    assert status == 2
    assert message in err
    assert not here.world.requests.count("token")


def test_a_report_that_fails_in_the_end_costs_the_good_status_and_nothing_else(salesforce, home):
    """The tokens are saved all the same."""
    (home / "run.json").mkdir()
    here = salesforce()

    # click refuses a folder by itself, so the folder comes by a link
    (home / "link.json").symlink_to(home / "gone" / "run.json")
    status, out, err = invoke("login", here.manifest, "--json", "--report", home / "link.json")

    assert status == document(out)["status"] == 1
    assert document(out)["result"]["summary"]["authorized"] == 4
    assert document(out)["warnings"]
    assert "warning" in err


def test_quiet_says_nothing_where_nothing_failed(salesforce):
    """For cron, which mails whatever is printed."""
    assert invoke("login", salesforce().manifest, "-q") == (0, "", "")


def test_quiet_still_tells_what_failed(salesforce):
    """Silence would be a lie."""
    here = salesforce()
    here.world.org("ci@acme.example.com.sandbox1").refuses(errors.INACTIVE_USER)

    status, out, err = invoke("login", here.manifest, "-q")

    assert status == 1
    assert "inactive_user" in out
    assert err == ""


def test_a_wrong_key_costs_one_request_a_hub(salesforce, home):
    """The scratch orgs are skipped with the hub's reason."""
    here = salesforce(scratch_orgs=20, sandboxes=0)
    here.world.org("hub1@acme.example.com").refuses(errors.INVALID_ASSERTION)

    status, out, _ = invoke("login", here.manifest)

    assert status == 1
    assert here.world.requests.count("token") == 1
    assert "1 failed, 20 skipped" in out
    assert list((home / ".sfdx").glob("*@*.json")) == []


def test_a_failed_login_leaves_the_old_authorization_as_it_was(salesforce, home):
    """Never worse than before."""
    here = salesforce()
    invoke("login", here.manifest)
    file = home / ".sfdx/ci@acme.example.com.sandbox1.json"
    before = file.read_bytes()
    here.world.org("ci@acme.example.com.sandbox1").refuses(errors.INACTIVE_USER)

    assert invoke("login", here.manifest)[0] == 1

    assert file.read_bytes() == before
    assert json.loads((home / ".sfdx/alias.json").read_text())["orgs"]["sandbox1"]


def test_a_token_that_no_call_accepts_is_a_failure_unless_nobody_asks(salesforce):
    """--no-verify leaves the proof out."""
    here = salesforce(scratch_orgs=0)
    here.world.org("ci@acme.example.com.sandbox1").refuses_calls()

    status, out, _ = invoke("login", here.manifest)
    assert status == 1
    assert "API Enabled" in out

    status, _, _ = invoke("login", here.manifest, "--no-verify")
    assert status == 0


def test_verbose_tells_every_wait(salesforce, caplog):
    """-v names who waits, for what, and until when."""
    here = salesforce()
    here.world.org("ci@acme.example.com.sandbox1").answers(faults.status(503), times=1)
    here.change_manifest("retry:", "retry:\n  transient: {initial_seconds: 0.01}\n#")

    status, _, _ = invoke("login", here.manifest, "-v")

    assert status == 0
    assert "sandbox1: waiting after a fault after attempt 1" in caplog.text


@pytest.mark.parametrize(
    ("number", "status"),
    [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)],
    ids=["INT", "TERM", "HUP"],
)
def test_an_interrupted_run_saves_and_reports_what_was_authorized(salesforce, home, number, status):
    """The document is whole, and says of every org what became of it."""
    here = salesforce(scratch_orgs=30, sandboxes=10, late=30, late_seconds=600)
    process = subprocess.Popen(
        [sys.executable, "-m", "orgauth", "login", here.manifest, "--json"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    deadline = time.monotonic() + 20
    while len(list((home / ".sfdx").glob("*@*.json"))) < 11 and time.monotonic() < deadline:
        time.sleep(0.02)
    process.send_signal(number)
    out, _ = process.communicate(timeout=20)

    assert process.returncode == status
    value = document(out)
    assert value["status"] == status
    assert value["result"]["summary"]["total"] == 41
    authorized = {
        org["username"] for org in value["result"]["orgs"] if org["status"] == "authorized"
    }
    assert len(authorized) == 11
    store = SalesforceCliStore(home, project=None, environ=os.environ)
    assert set(store.usernames()) == authorized
    assert all(store.read(username).access_token.reveal() for username in authorized)
    rest = [org for org in value["result"]["orgs"] if org["status"] != "authorized"]
    assert {org["error"]["code"] for org in rest} == {"interrupted"}


def test_a_terminal_gets_the_live_picture(salesforce):
    """Escape sequences on a terminal, and none elsewhere."""
    here = salesforce()
    status, shown = on_a_terminal("login", here.manifest)

    assert status == 0
    assert "\x1b[" in shown
    assert "4 authorized" in shown


@pytest.mark.parametrize("keep", [False, True])
def test_a_key_from_a_variable_is_kept_for_the_cli_only_if_asked_for(
    salesforce, home, monkeypatch, keep
):
    """Without it the CLI can use the orgs but not renew them; both are told."""
    monkeypatch.setenv("XDG_STATE_HOME", str(home / "state"))
    here = salesforce(scratch_orgs=0)
    key = here.manifest.parent / "server.key"
    monkeypatch.setenv("SF_JWT_KEY", base64.b64encode(key.read_bytes()).decode())
    key.unlink()
    here.change_manifest("jwt_key_file: server.key", "jwt_key_env: SF_JWT_KEY")
    if keep:
        here.change_manifest("\nretry:", "\nstores: {salesforce_cli: {keep_key: true}}\n\nretry:")

    status, out, _ = invoke("login", here.manifest, "--json")

    assert status == 0
    (warning,) = document(out)["warnings"]
    store = SalesforceCliStore(home, project=None, environ=os.environ)
    path = store.read("hub1@acme.example.com").private_key
    if keep:
        assert "kept in" in warning
        kept = load_pem_private_key(Path(path).read_bytes(), None)
        original = load_pem_private_key(base64.b64decode(os.environ["SF_JWT_KEY"]), None)
        assert kept.private_numbers() == original.private_numbers()
    else:
        assert "not renew" in warning
        assert path is None
        assert not (home / "state").exists()


def test_a_run_that_cannot_begin_leaves_no_old_report_behind(salesforce, home):
    """Yesterday's green file must not stand for today."""
    here = salesforce()
    report = home / "run.json"
    invoke("login", here.manifest, "--report", report)
    assert document(report.read_text())["status"] == 0
    here.change_manifest("version: 1", "version: 1\nnonsense: 1")

    assert invoke("login", here.manifest, "--report", report)[0] == 2

    assert document(report.read_text())["status"] == 2
    assert document(report.read_text())["problems"]


def test_everything_is_told_at_twice_verbose_but_no_data(salesforce, caplog):
    """Each request with its answer's status; never what was sent."""
    invoke("login", salesforce().manifest, "-vv")

    assert "/services/oauth2/token: HTTP 200" in caplog.text
    assert "composite/batch: HTTP 200" in caplog.text
    assert "eyJ" not in caplog.text


def test_quiet_says_what_it_held_back_once_something_failed(salesforce):
    """A warning may be the reason."""
    here = salesforce()
    (here.manifest.parent / "server.key").chmod(0o644)
    assert invoke("login", here.manifest, "-q") == (0, "", "")
    here.world.org("ci@acme.example.com.sandbox1").refuses(errors.INACTIVE_USER)

    _, _, err = invoke("login", here.manifest, "-q")

    assert "chmod 600" in err


def test_a_second_interrupt_ends_a_run_that_waits_for_somebody_elses_lock(salesforce, home):
    """Who presses Ctrl-C twice means it."""
    here = salesforce(scratch_orgs=0)
    (home / ".sfdx").mkdir(mode=0o700)
    (home / ".sfdx/alias.json").write_text('{"orgs":{}}')
    lock = home / ".sfdx/alias.json.lock"
    lock.mkdir()
    later = time.time() + 3600  # a lock that its holder keeps alive
    os.utime(lock, (later, later))
    process = subprocess.Popen(
        [sys.executable, "-m", "orgauth", "login", here.manifest],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    deadline = time.monotonic() + 20
    while saved_orgs(home) < 1 and time.monotonic() < deadline:
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    assert "once more ends it at once" in process.stderr.readline()
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=10)  # and not the twelve seconds for which a lock is waited for

    assert process.returncode == 130
    assert lock.is_dir()


def saved_orgs(home):
    return len(list((home / ".sfdx").glob("*@*.json")))
