"""Answers without end cost no memory: the real program, and what it took at its peak."""

from __future__ import annotations

import json
import re
import subprocess
import sys

import pytest

from orgauth.simulator import faults

EACH = 4
"""Orgs a fault, all at once."""
ENDLESS = {
    "endless body": faults.endless_body(),
    "endless chunks": faults.endless_chunks(),
    "endless headers": faults.endless_headers(),
    "endless header": faults.endless_header(),
    "100 Continue for ever": faults.continue_for_ever(),
    "50 MB": faults.huge(50),
    "gzip bomb": faults.gzip_bomb(50),
    "deep JSON": faults.deep_json(500_000),
    "long number": faults.body(b'{"access_token":%s}' % (b"1" * 1_000_000)),
}
ALLOWED = 80 << 20
"""Bytes: each org may hold its answer of at most a megabyte, and what was made of it."""
PROGRAM = """
import atexit, runpy, sys

def peak():
    [line] = [one for one in open("/proc/self/status") if one.startswith("VmHWM")]
    print(line, file=sys.stderr)

atexit.register(peak)
sys.argv[0] = "orgauth"
runpy.run_module("orgauth", run_name="__main__")
"""


def login(salesforce):
    """Run ``orgauth login``; return the error codes and the peak of its memory in bytes."""
    said = subprocess.run(
        [sys.executable, "-c", PROGRAM, "login", salesforce.manifest, "--json", "--store", "none"],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    orgs = json.loads(said.stdout)["result"]["orgs"]
    [kilobytes] = re.findall(r"^VmHWM:\s+(\d+) kB$", said.stderr, re.MULTILINE)
    return {org["error"] and org["error"]["code"] for org in orgs}, int(kilobytes) * 1024


@pytest.mark.skipif(sys.platform != "linux", reason="asks Linux what a process took")
@pytest.mark.parametrize("on", ["token", "batch"])
def test_answers_without_end_cost_no_memory(salesforce, on):
    """Four at once of each sort take hardly more than as many logins that succeed."""
    here = salesforce(dev_hubs=0, scratch_orgs=0, sandboxes=EACH * len(ENDLESS))
    here.change_manifest(
        "\nretry:",
        "\nsettings: {concurrency: 100, timeout_seconds: 2}\nretry:\n"
        "  transient: {initial_seconds: 0.01, max_seconds: 0.01, attempts: 1}",
    )
    _, needed = login(here)
    for number, org in enumerate(here.world.orgs):
        org.answers(list(ENDLESS.values())[number % len(ENDLESS)], times=None, on=on)

    codes, taken = login(here)

    assert codes == {"answer_too_large", "bad_http", "bad_answer", "timeout"}
    assert taken < needed + ALLOWED, f"{taken >> 20} MB instead of {needed >> 20} MB"
