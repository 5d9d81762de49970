"""What others put in the place of our files: links, pipes, folders, files of their own.

Every path that a run reads or writes meets everything that can stand there. A run ends, tells what
is wrong, serves the other store, and neither reads nor changes what a link of somebody else's leads
to. (A hard link is a file like any other; it is replaced, and what it was linked to stays.)
"""

import contextlib
import json
import os
import shutil
import socket
import stat
import subprocess
import sys

import click
import pytest

from orgauth.stores.salesforce_cli import SalesforceCliStore
from support import invoke

NOBODY = 65534
USERNAME = "ci@acme.example.com.sandbox1"
PLACES = [
    f".sfdx/{USERNAME}.json",
    f".sfdx/{USERNAME}.json.lock",
    ".sfdx/alias.json",
    ".sfdx/alias.json.lock",
    ".sfdx/key.json",
    ".sfdx/key.json.lock",
    ".sfdx/sfdx-config.json",
    ".sf/config.json",
    ".sf/config.json.lock",
    ".sfdx",
    ".sf",
    "tokens.env",
    "tokens.env.lock",
    "run.xml",
    "state/orgauth/keys",
    "state",
]
KINDS = ["link", "dangling-link", "link-to-a-folder", "pipe", "folder", "hard-link", "socket"]
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")


@pytest.fixture
def here(salesforce, home, monkeypatch):
    """One sandbox that is the default org; its key comes from a variable and is kept."""
    monkeypatch.setenv("XDG_STATE_HOME", str(home / "state"))
    here = salesforce(dev_hubs=0, scratch_orgs=0, sandboxes=1)
    monkeypatch.setenv("SF_JWT_KEY", (here.manifest.parent / "server.key").read_text())
    here.change_manifest("jwt_key_file: server.key", "jwt_key_env: SF_JWT_KEY")
    here.change_manifest("kind: sandbox", "kind: sandbox\n    set_default: true")
    here.change_manifest("\nretry:", "\nstores: {salesforce_cli: {keep_key: true}}\n\nretry:")
    return here


def login(here, home, *more):
    stores = ("--store", "salesforce-cli", "--store", f"env:{home / 'tokens.env'}")
    try:
        return invoke("login", here.manifest, "--report", home / "run.xml", *stores, *more)
    except click.BadParameter as error:  # a folder in a report's place, before anything happens
        return 1, "", error.message


def theirs(path):
    """Give it to somebody else."""
    os.chown(path, NOBODY, NOBODY, follow_symlinks=False)


def snapshot(folder):
    """Return everything under a folder: kind, mode, owner and content."""
    found = {}
    for path in sorted([folder, *folder.rglob("*")]):
        status = path.lstat()
        content = path.read_bytes() if stat.S_ISREG(status.st_mode) else b""
        found[path] = (status.st_mode, status.st_uid, status.st_ino, content)
    return found


def plant(kind, path, victim):
    """Put something of somebody else's at ``path`` that may lead to ``victim``."""
    match kind:
        case "link":
            path.symlink_to(victim / "precious.json")
        case "dangling-link":
            path.symlink_to(victim / "new.json")
        case "link-to-a-folder":
            path.symlink_to(victim / "folder")
        case "pipe":
            os.mkfifo(path)
        case "folder":
            path.mkdir()
            os.utime(path, (1000, 1000))  # as a lock it is dead
        case "hard-link":
            path.hardlink_to(victim / "precious.json")
        case "socket":
            with socket.socket(socket.AF_UNIX) as server, contextlib.chdir(path.parent):
                server.bind(path.name)  # the whole path may be too long for a socket's
    if kind != "hard-link":
        theirs(path)


@as_root
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("place", PLACES)
def test_nothing_of_somebody_elses_is_shown_changed_or_waited_for(
    here, home, tmp_path, *, place, kind
):
    """Exit 0 where it could be replaced, or 1 and a message that names the place."""
    victim = tmp_path / "victim"
    (victim / "folder").mkdir(parents=True)
    (victim / "precious.json").write_text('{"precious":"canary","orgs":{"canary":"x@y.zz"}}')
    (victim / "precious.json").chmod(0o600)
    path = home / place
    for folder in reversed(path.relative_to(home).parents[:-1]):
        (home / folder).mkdir(mode=0o700)
    plant(kind, path, victim)
    before = snapshot(victim)

    status, out, err = login(here, home, "--if-needed")  # which reads, too, before it writes

    assert "Traceback" not in err
    assert snapshot(victim) == before
    if kind != "hard-link":  # which nobody can tell from a file
        own = [each for each in home.rglob("*") if each.is_file() and not each.is_symlink()]
        assert [each for each in own if b"canary" in each.read_bytes()] == []
    if status == 0:
        (username,) = SalesforceCliStore(home, project=None, environ=os.environ).usernames()
        assert username == USERNAME
    else:
        assert status == 1
        # What follows a link is told by the link's name; what is kept beside it, by its own.
        assert place.removesuffix(".lock") in out + err
        assert "canary" not in out + err
        if place.startswith(".sf"):
            assert "ACCESS_TOKEN=" in (home / "tokens.env").read_text()


@as_root
def test_a_store_that_belongs_to_somebody_else_is_told(here, home):
    """He could replace the key with one that he knows."""
    (home / ".sfdx").mkdir(mode=0o755)
    theirs(home / ".sfdx")

    status, _, err = login(here, home)

    assert status == 0
    assert f"its owner, user {NOBODY}, can replace what is in {home}/.sfdx" in err


@as_root
def test_files_that_somebody_else_wrote_are_replaced_by_our_own(here, home):
    """Their owner cannot read what we write into them."""
    assert login(here, home)[0] == 0
    files = [path for path in home.rglob("*") if path.is_file() and path.name != "key.json"]
    for path in files:
        theirs(path)
        path.chmod(0o666)

    status, _, err = login(here, home)

    assert status == 0, err
    replaced = [path for path in files if path.stat().st_uid == 0]
    for path in replaced:
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    # What did not change is not written again, and holds no secret.
    assert {path.name for path in files} - {path.name for path in replaced} <= {
        "alias.json",
        "config.json",
        "sfdx-config.json",
    }


@pytest.mark.parametrize("umask", ["0000", "0002", "0077", "0277", "0777"])
def test_files_are_0600_and_folders_0700_whatever_the_umask(here, home, umask):
    """Also for somebody who is not root, whom a mode keeps out of his own folders."""
    powerless = []
    if os.geteuid() == 0:
        program = shutil.which("setpriv")
        if program is None:
            pytest.skip("no setpriv here to give root's powers up")
        powerless = [program, "--bounding-set=-all", "--inh-caps=-all"]
    (home / "python").mkdir()  # byte code is no state of ours
    environ = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
    environ.pop("COVERAGE_PROCESS_CONFIG", None)  # it could not read its own file again
    for _ in range(2):  # once to make, once to replace
        done = subprocess.run(
            [
                *(*powerless, sys.executable, "-m", "orgauth", "login", here.manifest, "-q"),
                *("--store", "salesforce-cli", "--store", f"env:{home / 'tokens.env'}"),
                *("--report", home / "run.xml", "--report", home / "run.json"),
            ],
            capture_output=True,
            check=False,
            env=environ,
            umask=int(umask, 8),
        )
        assert (done.returncode, done.stderr) == (0, b"")

    modes = {
        path.relative_to(home): stat.S_IMODE(path.lstat().st_mode)
        for path in home.rglob("*")
        if path.name != "python"
    }
    assert {name for name, mode in modes.items() if mode != 0o600} == {
        name for name, mode in modes.items() if mode == 0o700
    }
    assert sum(mode == 0o600 for mode in modes.values()) >= 9
    assert (home / "state/orgauth/keys").stat().st_mode & 0o777 == 0o700
    assert json.loads((home / ".sfdx/alias.json").read_bytes())["orgs"] == {"sandbox1": USERNAME}
