"""Signals and limits: each with its exit status, and nothing lost."""

import asyncio
import json
import os
import re
import resource
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

import pytest
from aiohttp import web

from orgauth.stores.salesforce_cli import SalesforceCliStore

PROGRAM = [sys.executable, "-m", "orgauth"]
SIGNALS = [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)]
names = pytest.mark.parametrize(("number", "status"), SIGNALS, ids=["INT", "TERM", "HUP"])


def start(*args, **options):
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    return subprocess.Popen([*PROGRAM, *map(str, args)], **{**pipes, **options})


def shell(command):
    return subprocess.run(
        ["/bin/bash", "-c", command], capture_output=True, text=True, check=False, timeout=60
    )


def until(happened, seconds=20.0):
    deadline = time.monotonic() + seconds
    while not happened() and time.monotonic() < deadline:
        time.sleep(0.01)
    assert happened()


def saved(home):
    """Return who is authorized, and make sure that every token can be read."""
    if not (home / ".sfdx/key.json").exists():
        return set()
    store = SalesforceCliStore(home, project=None, environ=os.environ)
    return {name for name in store.usernames() if store.read(name).access_token.reveal()}


def authorized(document):
    orgs = json.loads(document)["result"]["orgs"]
    return {org["username"] for org in orgs if org["status"] == "authorized"}


@names
def test_a_run_that_waits_for_a_lock_before_it_begins_ends_at_once(
    salesforce, home, number, status
):
    """Nobody has logged in yet; the document and the report say so of every org."""
    here = salesforce()
    (home / ".sfdx/key.json.lock").mkdir(parents=True)
    later = time.time() + 3600  # its holder keeps it alive
    os.utime(home / ".sfdx/key.json.lock", (later, later))
    process = start("login", here.manifest, "--json", "--report", home / "run.json")
    until(lambda: any(home.glob(".sfdx/key.json.lock")) and waits_in_a_thread(process))
    began = time.monotonic()
    process.send_signal(number)
    out, err = process.communicate(timeout=30)

    assert process.returncode == status
    assert time.monotonic() - began < 8  # and not the twelve seconds of a lock, or two minutes
    assert "Traceback" not in err
    value = json.loads(out)
    assert value["status"] == status
    assert {org["error"]["code"] for org in value["result"]["orgs"]} == {"interrupted"}
    assert json.loads((home / "run.json").read_text())["status"] == status
    assert here.world.requests.total == 0


def waits_in_a_thread(process):
    """Return whether the program prepares its stores: the only thread beside the main one."""
    return len(list(Path(f"/proc/{process.pid}/task").iterdir())) > 1


@pytest.mark.parametrize(
    ("first", "second", "status"),
    [
        (signal.SIGINT, signal.SIGTERM, 143),
        (signal.SIGTERM, signal.SIGINT, 130),
        (signal.SIGHUP, signal.SIGHUP, 129),
    ],
    ids=["INT-TERM", "TERM-INT", "HUP-HUP"],
)
def test_a_second_signal_ends_at_once_and_what_was_saved_is_whole(
    salesforce, home, *, first, second, status
):
    """While the aliases wait for somebody else's lock, which is not given up gently."""
    here = salesforce(scratch_orgs=0, sandboxes=10)
    (home / ".sfdx").mkdir(mode=0o700)
    (home / ".sfdx/alias.json").write_text('{"orgs":{"old":"a@b.cc"}}')
    (home / ".sfdx/alias.json.lock").mkdir()
    later = time.time() + 3600  # its holder keeps it alive
    os.utime(home / ".sfdx/alias.json.lock", (later, later))
    process = start("login", here.manifest, "-q")
    until(lambda: len(list(home.glob(".sfdx/*@*.json"))) >= 4)
    process.send_signal(first)
    assert "once more ends it at once" in process.stderr.readline()
    began = time.monotonic()
    process.send_signal(second)
    process.communicate(timeout=30)

    assert process.returncode == status
    assert time.monotonic() - began < 8
    assert len(saved(home)) >= 4
    assert json.loads((home / ".sfdx/alias.json").read_bytes()) == {"orgs": {"old": "a@b.cc"}}


def test_a_run_whose_orgs_all_sleep_wakes_for_a_signal(salesforce, home):
    """Ten minutes until the next try are no reason to stay."""
    here = salesforce(scratch_orgs=20, sandboxes=0, late=20, late_seconds=3600)
    process = start("login", here.manifest, "--json", "-v")
    waiting = 0
    while waiting < 20 and (line := process.stderr.readline()):
        waiting += "waiting for replication" in line
    began = time.monotonic()
    process.send_signal(signal.SIGTERM)
    out, _ = process.communicate(timeout=30)

    assert process.returncode == 143
    assert time.monotonic() - began < 4
    assert authorized(out) == saved(home) == {"hub1@acme.example.com"}


def test_a_run_that_was_stopped_and_goes_on_loses_nothing(salesforce, home):
    """Ctrl-Z, or a laptop's lid: what took too long meanwhile is tried again."""
    here = salesforce(scratch_orgs=0, sandboxes=30)
    here.world.host.latency = 0.05
    here.change_manifest(
        "\nretry:",
        "\nsettings: {timeout_seconds: 0.3, concurrency: 4}\n"
        "\nretry:\n  transient: {initial_seconds: 0.01, max_seconds: 0.1, attempts: 100}\n#",
    )
    process = start("login", here.manifest, "--json")
    for _ in range(3):
        done = len(list(home.glob(".sfdx/*@*.json")))
        until(lambda done=done: len(list(home.glob(".sfdx/*@*.json"))) > done)
        process.send_signal(signal.SIGSTOP)
        time.sleep(0.5)
        process.send_signal(signal.SIGCONT)
    out, _ = process.communicate(timeout=60)

    assert process.returncode == 0
    assert authorized(out) == saved(home)
    assert len(saved(home)) == 31


@pytest.mark.parametrize(
    ("command", "status"),
    [
        ("login M | head -0", 1),
        ("login M --json | head -0", 1),
        ("login M -q | head -0", 0),
        ("login M 2>&1 | head -0", 1),
        ("login M --json -vv 2> >(head -0)", 0),
    ],
)
def test_a_closed_pager_costs_no_org(salesforce, home, command, status):
    """Who has seen enough has not asked to stop; only a result that nobody got is no success."""
    here = salesforce(scratch_orgs=10)
    here.world.host.latency = 0.02
    program = " ".join(PROGRAM)

    result = shell(
        f"{program} {command.replace('M', str(here.manifest))}; echo ${{PIPESTATUS[0]}} >&2"
    )

    assert result.stderr.splitlines()[-1:] == [str(status)]
    assert "Traceback" not in result.stderr
    assert "BrokenPipe" not in result.stderr
    assert len(saved(home)) == 12


@contextmanager
def hosts_of_their_own(here):
    """Let every org's REST API be on a port of its own: to a client, a host of its own."""
    simulator = here.simulator

    def call(coroutine):
        return asyncio.run_coroutine_threadsafe(coroutine, simulator._loop).result()

    async def listen():
        loop, server = asyncio.get_running_loop(), web.Server(simulator._simulator._handle)
        made = [await loop.create_server(server, "127.0.0.1", 0) for _ in here.world.orgs]
        return server, made

    async def close():
        for listener in listeners:
            listener.close()
        await server.shutdown(0.1)

    server, listeners = call(listen())
    for org, listener in zip(here.world.orgs, listeners, strict=True):
        org.instance_url_override = f"http://127.0.0.1:{listener.sockets[0].getsockname()[1]}"
    yield
    call(close())


def with_descriptors(soft, hard, *args):
    """Run the program with so many descriptors allowed, and at most."""
    limits = f'ulimit -Sn {soft} && ulimit -Hn {hard} && exec "$@"'
    return subprocess.run(
        ["/bin/sh", "-c", limits, "sh", *PROGRAM, *map(str, args)],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def test_5000_at_once_with_1024_descriptors_is_capped_and_told(salesforce, home):
    """And every org is authorized."""
    here = salesforce(scratch_orgs=0, sandboxes=600)
    here.world.host.latency = 0.3

    done = with_descriptors(1024, 1024, "login", here.manifest, "--json", "--concurrency", 5000)

    assert done.returncode == 0, done.stderr
    (warning,) = json.loads(done.stdout)["warnings"]
    told = re.fullmatch(
        r"5000 requests at once need more open files than this process may have "
        r"\(ulimit -n 1024\); there will be at most (\d+)",
        warning,
    )
    assert 100 < here.world.requests.in_flight_peak <= int(told[1]) < 512
    assert len(saved(home)) == 601

    here.change_manifest("\nretry:", "\nsettings: {concurrency: 5000}\n\nretry:")
    planned = with_descriptors(1024, 1024, "plan", here.manifest).stdout
    assert f"601 orgs, at most {told[1]} at once" in planned


def test_a_limit_that_may_be_raised_is_raised(salesforce, home):
    """Most systems give 1,024 and allow more."""
    if resource.getrlimit(resource.RLIMIT_NOFILE)[1] < 4096:
        pytest.skip("this system allows no more")
    here = salesforce(scratch_orgs=0, sandboxes=1)

    done = with_descriptors(256, 4096, "login", here.manifest, "--json", "--concurrency", 1000)

    assert done.returncode == 0
    assert json.loads(done.stdout)["warnings"] == []


@pytest.mark.parametrize("descriptors", [128, 40])
def test_orgs_with_a_host_each_do_not_use_the_descriptors_up(salesforce, home, descriptors):
    """As production's orgs are: a connection that idles at each would be one too many."""
    here = salesforce(scratch_orgs=0, sandboxes=150)

    with hosts_of_their_own(here):
        done = with_descriptors(descriptors, descriptors, "login", here.manifest, "--json")

    assert done.returncode == 0, done.stdout
    assert len(saved(home)) == 151
