"""The key in a real keyring: libsecret's secret-tool, a Secret Service, a D-Bus session."""

import contextlib
import json
import os
import subprocess
import tempfile

import pytest

SECRET_TOOL = "/usr/bin/secret-tool"  # where sf looks for it
KEYRING_DAEMON = "/usr/bin/gnome-keyring-daemon"
BUS_DAEMON = "/usr/bin/dbus-daemon"
PACKAGES = {
    SECRET_TOOL: "libsecret-tools",
    KEYRING_DAEMON: "gnome-keyring",
    BUS_DAEMON: "dbus-daemon",
}
HUB, SCRATCH = "hub1@acme.example.com", "test-0001@example.com"
VERSIONS = pytest.mark.parametrize(
    ("variables", "length"), [({}, 32), ({"SF_CRYPTO_V2": "true"}, 64)], ids=["v1", "v2"]
)


@pytest.fixture(scope="module", autouse=True)
def _the_programs_are_there():
    """Skip where a program is missing; ``ORGAUTH_REQUIRE_SF=1`` does not accept that."""
    missing = [package for path, package in PACKAGES.items() if not os.access(path, os.X_OK)]
    if missing:
        reason = f"a keyring needs Debian's {', '.join(missing)}"
        if os.environ.get("ORGAUTH_REQUIRE_SF") == "1":
            pytest.fail(f"{reason}, and ORGAUTH_REQUIRE_SF=1 asks for it")
        pytest.skip(reason)


class Keyring:
    """The keyring of one home: its D-Bus session comes and goes, what it keeps stays."""

    def __init__(self, home):
        self._home = home

    @contextlib.contextmanager
    def session(self, *, unlocked=True):
        """Run a D-Bus session; yield the variables with which programs find it."""
        # A socket's path may not be long, and that of a test's folder is.
        with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
            environ = {
                "HOME": str(self._home),
                "PATH": os.defpath,
                "XDG_RUNTIME_DIR": folder,
                "DBUS_SESSION_BUS_ADDRESS": f"unix:path={folder}/bus",
            }
            with subprocess.Popen(
                [
                    BUS_DAEMON,
                    "--session",
                    "--nofork",
                    "--nopidfile",
                    "--print-address",
                    f"--address={environ['DBUS_SESSION_BUS_ADDRESS']}",
                ],
                env=environ,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
            ) as bus:
                try:
                    assert bus.stdout.readline(), "there is no D-Bus session"
                    if unlocked:
                        self._unlock(environ)
                    names = ("XDG_RUNTIME_DIR", "DBUS_SESSION_BUS_ADDRESS")
                    yield {name: environ[name] for name in names}
                finally:
                    bus.terminate()  # with it ends the keyring's daemon

    def _unlock(self, environ):
        subprocess.run(
            [KEYRING_DAEMON, "--unlock", "--components=secrets", "--daemonize"],
            env=environ,
            input="\n",  # the password
            text=True,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            check=True,
        )
        key_in(environ)  # the first question ties the daemon to the session


def key_in(variables):
    """Return the key in the keyring of a session, or ``None``."""
    words = [SECRET_TOOL, "lookup", "user", "local", "domain", "sfdx"]
    done = subprocess.run(words, env=variables, capture_output=True, text=True, check=False)
    return done.stdout.strip() if done.returncode == 0 else None


@pytest.fixture
def keyring(place):
    """The keyring of the home, with nothing in it yet."""
    return Keyring(place.home)


@pytest.fixture
def session(place, keyring):
    """A session with the unlocked keyring, which sf and orgauth use."""
    with keyring.session() as variables:
        place.keep_the_key(**variables)
        yield variables


@VERSIONS
def test_a_key_that_we_put_into_the_keyring_is_sf_s_too(place, session, variables, length):
    """sf reads what orgauth encrypted, and orgauth what sf encrypts afterwards; no file is made."""
    assert key_in(session) is None

    place.login("--only", "hub1-1", **variables)
    key = key_in(session)
    assert len(key) == length
    assert place.world.bearer(place.sf.token("hub1-1")) is place.world.org(SCRATCH)
    place.sf.login(HUB, place.key_file, place.url)

    assert key_in(session) == key
    assert place.org_of_token(HUB) is place.world.org(HUB)
    assert not (place.sfdx / "key.json").exists()


@VERSIONS
def test_a_key_that_sf_put_into_the_keyring_is_ours_too(place, session, variables, length):
    """orgauth reads what sf encrypted, and sf what orgauth encrypts afterwards."""
    place.sf.set_variables(variables)
    place.sf.login(HUB, place.key_file, place.url)
    key = key_in(session)
    assert len(key) == length
    assert place.org_of_token(HUB) is place.world.org(HUB)

    document = place.login("--only", "hub1-1")

    assert document["warnings"] == []
    assert key_in(session) == key
    assert place.world.bearer(place.sf.token("hub1-1")) is place.world.org(SCRATCH)
    assert place.world.bearer(place.sf.token(HUB)) is place.world.org(HUB)
    assert not (place.sfdx / "key.json").exists()


def test_a_locked_keyring_fails_both_and_keeps_its_key(place, keyring):
    """Nobody can be asked to unlock it here. Afterwards everything is as it was."""
    with keyring.session() as variables:
        place.keep_the_key(**variables)
        place.login("--only", "hub1")
        key = key_in(variables)

    with keyring.session(unlocked=False) as variables:
        place.keep_the_key(**variables)
        # sf takes an org that it cannot decrypt for one that it does not know.
        said = place.sf.say("org", "auth", "show-access-token", "--target-org", "hub1")
        assert "No authorization information found" in said.message
        assert_login_is_refused(place, why="Cannot create an item in a locked collection")

    with keyring.session() as variables:
        place.keep_the_key(**variables)
        assert key_in(variables) == key
        assert place.world.bearer(place.sf.token("hub1")) is place.world.org(HUB)


@pytest.mark.parametrize("name", ["SF_USE_GENERIC_UNIX_KEYCHAIN", "SFDX_USE_GENERIC_UNIX_KEYCHAIN"])
def test_without_a_session_nothing_is_kept_until_both_are_told_to_use_the_file(place, name):
    """secret-tool is there and useless, as in a container; the switch's old name works too."""
    place.keep_the_key()
    # sf says that it has logged in, and has kept nothing.
    place.sf.login(HUB, place.key_file, place.url)
    assert place.store().usernames() == []
    assert_login_is_refused(place, why="D-Bus")

    place.keep_the_key(**{name: "true"})
    place.login("--only", "hub1")

    assert place.world.bearer(place.sf.token("hub1")) is place.world.org(HUB)
    assert (place.sfdx / "key.json").exists()


def test_another_program_can_be_named(place, session, tmp_path):
    """Both run the one in SFDX_SECRET_TOOL_PATH."""
    program, calls = tmp_path / "my-secret-tool", tmp_path / "calls"
    program.write_text(f'#!/bin/sh\necho "$1" >> {calls}\nexec {SECRET_TOOL} "$@"\n')
    program.chmod(0o755)
    place.keep_the_key(**session, SFDX_SECRET_TOOL_PATH=str(program))

    place.login("--only", "hub1")
    ours = calls.read_text().split()
    assert "store" in ours
    assert place.world.bearer(place.sf.token("hub1")) is place.world.org(HUB)

    assert len(calls.read_text().split()) > len(ours)
    assert key_in(session) is not None


@pytest.mark.parametrize("mode", [None, 0o600], ids=["missing", "not executable"])
def test_where_the_named_program_cannot_be_run_both_use_the_file(place, session, tmp_path, mode):
    """The keyring that is there stays empty."""
    program = tmp_path / "my-secret-tool"
    if mode is not None:
        program.touch(mode)
    place.keep_the_key(**session, SFDX_SECRET_TOOL_PATH=str(program))

    place.login("--only", "hub1")

    assert place.world.bearer(place.sf.token("hub1")) is place.world.org(HUB)
    key = json.loads((place.sfdx / "key.json").read_text())["key"]
    assert len(key) == 32
    assert key_in(session) is None


def assert_login_is_refused(place, *, why):
    """orgauth tells why and what helps, before anybody logs in, and makes no key of its own."""
    before = place.world.requests.count("token")
    status, document = place.orgauth()
    assert status == 1
    assert why in document["message"]
    assert "SF_USE_GENERIC_UNIX_KEYCHAIN=true for orgauth and sf alike" in document["advice"]
    assert place.world.requests.count("token") == before
    assert not (place.sfdx / "key.json").exists()
