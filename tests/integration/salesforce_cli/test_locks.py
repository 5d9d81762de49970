"""Locks between orgauth and sf, each with its own library."""

import contextlib
import json
import os
import subprocess
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from integration.salesforce_cli.sf_cli import FOLDER, HERE, node
from orgauth.errors import LockHeldError
from orgauth.models import Authorized, Credentials, Secret
from orgauth.stores.lock import Locks
from orgauth.stores.salesforce_cli import SalesforceCliStore
from support import make_org

USERNAME = "ci@acme.example.com"


@contextlib.contextmanager
def held_by_node(path):
    """Hold the lock of a file in another process, with the library that sf locks with."""
    library = FOLDER / "node_modules/proper-lockfile"
    with subprocess.Popen(
        [node(), HERE / "hold_lock.cjs", library, path],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout.readline() == "held\n"
        yield process
    assert process.returncode == 0, "the holder lost its lock"


@pytest.fixture
def home(place):
    """A home with a key and an empty alias file."""
    place.store().prepare()
    return place


def authorized(alias="uat", **org):
    """Return one org that Salesforce has let in."""
    credentials = Credentials(
        Secret("00D000000000001!AQ.made_up"),
        "https://acme.my.salesforce.com",
        "00D000000000001AAA",
        "005000000000001AAA",
    )
    return Authorized(make_org(USERNAME, alias=alias, **org), credentials, None, 1, 0.1)


@pytest.mark.parametrize(
    "name", [".sfdx/alias.json", ".sf/config.json", ".sfdx/hub1@acme.example.com.json"]
)
def test_the_lock_of_a_dead_process_is_taken_over_after_ten_seconds(home, name):
    """Nobody has to remove it by hand, and nothing is left of it."""
    lock = home.home / f"{name}.lock"
    lock.parent.mkdir(exist_ok=True)
    lock.mkdir()
    long_ago = time.time() - 10.5
    os.utime(lock, (long_ago, long_ago))

    home.login()

    assert home.leftovers() == []
    assert home.store().aliases()["hub1"] == "hub1@acme.example.com"
    assert json.loads((home.home / ".sf/config.json").read_text())["target-dev-hub"] == "hub1"


def test_the_lock_of_a_living_process_is_waited_for_and_not_touched(home):
    """Its holder, which looks at its lock every second, finds it as it left it."""
    path = home.sfdx / "alias.json"
    waits = threading.Semaphore(0)

    def sleep(seconds):
        waits.release()
        time.sleep(seconds)

    store = SalesforceCliStore(
        home.home, project=None, environ=home.environ(), locks=Locks(sleep=sleep)
    )
    with ThreadPoolExecutor(1) as pool:
        with held_by_node(path) as holder:
            saving = pool.submit(store.save, [authorized()])
            for _ in range(30):  # at least 0.75 seconds, and two looks of the holder
                assert waits.acquire(timeout=10)
            before = (home.sfdx / "alias.json.lock").stat().st_mtime
            while (home.sfdx / "alias.json.lock").stat().st_mtime == before:
                assert waits.acquire(timeout=10)  # until the holder has refreshed it
            assert not saving.done()
            assert store.aliases() == {}
            holder.stdin.close()
        result = saving.result(timeout=10)

    assert not result.errors
    assert store.aliases() == {"uat": USERNAME}
    assert home.leftovers() == []


def test_a_lock_that_is_held_too_long_costs_the_aliases_and_keeps_the_tokens(home):
    """The error tells the lock, the step, the alias, and what to do; time is not waited for."""
    slept = []
    store = SalesforceCliStore(
        home.home, project=None, environ=home.environ(), locks=Locks(sleep=slept.append)
    )
    with held_by_node(home.sfdx / "alias.json"):
        result = store.save([authorized(set_default=True)])
        assert (home.sfdx / "alias.json.lock").is_dir()

    assert 12 <= sum(slept) < 13
    error = result.errors[USERNAME]
    assert isinstance(error, LockHeldError)
    assert "authorized, but the alias uat was not written" in str(error)
    assert f"{home.sfdx / 'alias.json.lock'} is held by another process" in str(error)
    assert "Let the other sf or orgauth process end" in error.advice
    assert store.read(USERNAME).access_token.reveal() == "00D000000000001!AQ.made_up"
    # The default names what exists: the username, for there is no such alias.
    config = json.loads((home.home / ".sf/config.json").read_text())
    assert config["target-org"] == USERNAME


@pytest.mark.parametrize("name", ["alias.json", "hub1@acme.example.com.json"])
def test_half_a_file_is_read_when_its_writer_has_let_go_of_it(home, name):
    """sf truncates a file and then writes it, holding its lock all the time."""
    home.login()
    path = home.sfdx / name
    whole = path.read_bytes()
    waits = threading.Semaphore(0)

    def sleep(seconds):
        waits.release()
        time.sleep(seconds)

    store = SalesforceCliStore(
        home.home, project=None, environ=home.environ(), locks=Locks(sleep=sleep)
    )
    with ThreadPoolExecutor(1) as pool:
        with held_by_node(path) as holder:
            path.write_bytes(b"")
            reading = pool.submit(lambda: (store.aliases(), store.read("hub1@acme.example.com")))
            assert waits.acquire(timeout=10)
            path.write_bytes(whole)
            holder.stdin.close()
        aliases, authorization = reading.result(timeout=10)

    assert aliases["hub1"] == "hub1@acme.example.com"
    assert authorization.is_dev_hub


def test_sf_waits_for_our_lock(home, tmp_path):
    """And then writes its alias beside ours."""
    path = home.sfdx / "alias.json"
    tries = tmp_path / "tries"
    tries.touch()
    home.sf.preload(HERE / "tell_lock_tries.cjs")
    home.sf.set_variables({"SF_TEST_LOCK_TRIES": str(tries)})
    with Locks().hold(path, keep_alive=True):
        process = home.sf.start("alias", "set", "theirs=somebody@example.com")
        while f"{path}.lock EEXIST" not in tries.read_text():
            assert process.poll() is None
            time.sleep(0.01)
        assert home.store().aliases() == {}
    said = home.sf.finish(process)

    assert said.status == 0, said.message
    assert tries.read_text().splitlines()[-1] == f"{path}.lock made"
    assert home.store().aliases() == {"theirs": "somebody@example.com"}
    assert home.leftovers() == []
