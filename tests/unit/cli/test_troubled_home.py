"""``orgauth login`` with a full disk, a read-only or a vanishing home, or without permission.

Each time: exit status 1, each org's error names the path, the other store is written, and what
was stored before is whole.
"""

import json
import os
import resource
import subprocess
import sys
import time
from pathlib import Path

import pytest

from orgauth.stores.salesforce_cli import SalesforceCliStore
from support import invoke

# Whoever is root here is root there, and may mount, but only for itself.
IN_A_WORLD_OF_ITS_OWN = ["unshare", "--map-root-user", "--mount", "sh", "-ec"]
AS_NOBODY_SPECIAL = ["unshare", "--user", "--map-user=1000", "--map-group=1000"]


def needs(command):
    """Skip where a command is not permitted, or not there."""
    try:
        told = subprocess.run(command, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        pytest.skip(f"there is no {command[0]} here")
    if told.returncode:
        pytest.skip(f"not permitted here: {told.stderr.strip()}")


@pytest.fixture
def elsewhere(tmp_path):
    """Where the other store's file is: no trouble there."""
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    return folder / "tokens.env"


def login(here, elsewhere, *options):
    """Return how the program is started with both stores."""
    stores = ("--store", "salesforce-cli", "--store", f"env:{elsewhere}")
    program = (sys.executable, "-m", "orgauth", "login", here.manifest)
    return [str(word) for word in (*program, "--json", *stores, *options)]


def run(command):
    result = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert "Traceback" not in result.stderr
    return result.returncode, json.loads(result.stdout)


def errors_of(value):
    """Return the error of each org that failed, by username."""
    orgs = value["result"]["orgs"]
    return {org["username"]: org["error"] for org in orgs if org["status"] == "failed"}


def assert_told(errors, folder, reason):
    """Each error is of saving, and names a path below the folder and what is wrong there."""
    assert errors
    for error in errors.values():
        assert error["code"] == "not_saved"
        assert str(folder) in error["description"]
        assert reason in error["description"]
        assert error["advice"]


def assert_written(here, elsewhere):
    """The other store has every token."""
    lines = elsewhere.read_text().splitlines()
    tokens = [line.partition("=")[2] for line in lines if "_ACCESS_TOKEN=" in line]
    assert {here.world.bearer(token) for token in tokens} == set(here.world.orgs)
    assert len(tokens) == len(here.world.orgs)


def stored(here, home):
    """Return who is stored; every file must open."""
    store = SalesforceCliStore(home, project=None, environ=os.environ)
    for username in store.usernames():
        token = store.read(username).access_token.reveal()
        assert here.world.bearer(token) is here.world.org(username)
    return set(store.usernames())


def assert_next_run_does_what_is_left(here, home):
    """Who is stored but has no alias gets it without a login."""
    left = len(here.world.orgs) - len(stored(here, home))
    here.world.requests.clear()
    assert invoke("login", here.manifest, "--if-needed")[0] == 0
    assert here.world.requests.count("token") == left
    aliases = SalesforceCliStore(home, project=None, environ=os.environ).aliases()
    assert len(aliases) == len(here.world.orgs)


def test_a_disk_that_fills_up_during_the_run(salesforce, home, elsewhere, tmp_path):
    """A file system of 16 pages: some orgs fit, the aliases no more; nothing is half."""
    small = tmp_path / "small"
    small.mkdir()
    kept = tmp_path / "kept"
    mount = 'mount -t tmpfs -o size=64k tmpfs "$0"'
    needs([*IN_A_WORLD_OF_ITS_OWN, mount, str(small)])
    here = salesforce(scratch_orgs=30)
    script = f'{mount}; export HOME="$0"; set +e; "$@"; status=$?; cp -a "$0" {kept}; exit $status'

    status, value = run([*IN_A_WORLD_OF_ITS_OWN, script, str(small), *login(here, elsewhere)])

    assert status == 1
    errors = errors_of(value)
    assert_told(errors, small / ".sfdx", "no space is left on the disk")
    assert_written(here, elsewhere)
    saved = stored(here, kept)
    assert 0 < len(saved) < len(here.world.orgs)
    assert not list((kept / ".sfdx").glob("*.tmp")) + list((kept / ".sfdx").glob("*.lock"))
    assert json.loads((kept / ".sfdx/alias.json").read_text())["orgs"] is not None
    for username in set(errors) & saved:
        assert "authorized, but the alias" in errors[username]["description"]


def test_a_full_disk_as_anybody_can_have_it(salesforce, home, elsewhere):
    """A limit on the size of files: the env file grows beyond it, the auth files do not."""
    here = salesforce(scratch_orgs=30)

    def limit():
        resource.setrlimit(resource.RLIMIT_FSIZE, (5000, resource.RLIM_INFINITY))

    result = subprocess.run(
        login(here, elsewhere),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        preexec_fn=limit,
    )

    assert result.returncode == 1
    errors = errors_of(json.loads(result.stdout))
    assert_told(errors, elsewhere, "the file would grow beyond the limit")
    assert stored(here, home) == {org.username for org in here.world.orgs}


@pytest.mark.parametrize("stores", ["both", "one"])
def test_a_read_only_home(salesforce, home, elsewhere, stores):
    """With the one store only, nobody logs in at all."""
    mount = 'mount --bind "$0" "$0"; mount -o remount,bind,ro "$0"'
    needs([*IN_A_WORLD_OF_ITS_OWN, mount, str(home)])
    here = salesforce()
    command = login(here, elsewhere)
    if stores == "one":
        command = command[: command.index("--store")]
    script = f'{mount}; cd /; exec "$@"'

    status, value = run([*IN_A_WORLD_OF_ITS_OWN, script, str(home), *command])

    assert status == 1
    if stores == "one":
        assert value["message"] == f"cannot create {home}/.sfdx: the file system is read-only"
        assert value["advice"]
        assert here.world.requests.total == 0
    else:
        assert set(errors_of(value)) == {org.username for org in here.world.orgs}
        assert_told(errors_of(value), home / ".sfdx", "the file system is read-only")
        assert_written(here, elsewhere)


def test_a_home_without_permission(salesforce, home, elsewhere):
    """Somebody else's folder, or one that was closed."""
    command = [] if os.geteuid() else AS_NOBODY_SPECIAL
    needs([*command, "true"])
    (home / ".sfdx").mkdir()
    (home / ".sfdx").chmod(0o500)
    here = salesforce()

    status, value = run([*command, *login(here, elsewhere)])

    assert status == 1
    assert set(errors_of(value)) == {org.username for org in here.world.orgs}
    assert_told(errors_of(value), home / ".sfdx", "no permission")
    assert_written(here, elsewhere)


def test_a_home_that_loses_its_permission_during_the_run(salesforce, home, elsewhere):
    """What is saved by then stays; the next run does what is left."""
    command = [] if os.geteuid() else AS_NOBODY_SPECIAL
    needs([*command, "true"])

    value, saved, here = interfere(
        salesforce, home, [*command], elsewhere, lambda: (home / ".sfdx").chmod(0o500)
    )

    (home / ".sfdx").chmod(0o700)
    assert_told(errors_of(value), home / ".sfdx", "no permission")
    assert_written(here, elsewhere)
    assert saved <= stored(here, home)
    assert_next_run_does_what_is_left(here, home)


def test_a_home_that_vanishes_during_the_run(salesforce, home, elsewhere, tmp_path):
    """A network home that goes away; when it is back, the next run does what is left."""
    away = tmp_path / "away"

    value, saved, here = interfere(salesforce, home, [], elsewhere, lambda: home.rename(away))

    # An org that was saved before may find it gone when its default is set, in .sf.
    assert_told(errors_of(value), home, "the folder does not exist")
    assert_written(here, elsewhere)
    assert saved <= stored(here, away)
    assert not home.exists()
    away.rename(home)
    os.chdir(home)
    assert_next_run_does_what_is_left(here, home)


def interfere(salesforce, home, prefix, elsewhere, trouble):
    """Run, and make trouble once some orgs are saved; return the document, and who was saved."""
    here = salesforce(scratch_orgs=60, sandboxes=0)
    here.world.host.latency = 0.1
    command = [*prefix, *login(here, elsewhere, "--concurrency", "8")]
    process = subprocess.Popen(
        command, cwd=Path("/"), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    deadline = time.monotonic() + 30
    while len(list((home / ".sfdx").glob("*@*.json"))) < 9 and time.monotonic() < deadline:
        time.sleep(0.005)
    trouble()
    out, err = process.communicate(timeout=60)
    assert process.returncode == 1
    assert "Traceback" not in err
    value = json.loads(out)
    orgs = value["result"]["orgs"]
    saved = {org["username"] for org in orgs if org["status"] == "authorized"}
    assert 0 < len(saved) < len(here.world.orgs)
    return value, saved, here
