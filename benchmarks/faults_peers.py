"""Orgauth and its peers as programs: how each logs in to one org, and what became of it."""

from __future__ import annotations

import asyncio
import itertools
import json
import os
import re
import signal
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from integration.salesforce_cli.sf_cli import Sf, login_words, sf_command
from orgauth.simulator.rehearsal import CLIENT_ID

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from faults_stage import Case, Contact, Stage

__all__ = ["LIMIT", "PEERS", "Peer", "Seen", "run"]

LIMIT = 20.0
"""Seconds to wait for somebody, from their first word to the faulty host."""
_START_LIMIT = 90.0
_HERE = Path(__file__).parent
_BENCH_PYTHON = _HERE.parent / ".bench/venv/bin/python"
_SF_PREAMBLE = r"(?s)^.*(Here.s the error|Errors encountered): *"
_NUMBERS = itertools.count()
_MANIFEST = """version: 1
defaults: {{client_id: {client_id}, jwt_key_file: {key}, instance_url: "{url}"}}
orgs:
  - {{username: {username}}}
settings: {{timeout_seconds: 5}}
retry:
  transient: {{initial_seconds: 0.5, max_seconds: 1, attempts: 2}}
"""


@dataclass(frozen=True)
class Peer:
    """A program that logs in to one org."""

    name: str
    command: Callable[[Contact, Path], tuple[list[str], Mapping[str, str]]]
    """What to run in an empty home, and its environment."""
    elsewhere: str = "localhost"
    """The name of the site that must not get to hear anything: another port of this machine."""


@dataclass(frozen=True)
class Seen:
    """What one program did."""

    status: int | None
    """Its exit status; None where it was still waiting at the end."""
    said: str
    seconds: float
    """From its first word to the host until its end."""
    start_seconds: float
    """Until its first word."""
    peak_mb: float
    more_mb: float
    """The peak above that of a login that succeeds."""
    told: tuple[str, ...]
    """Secrets that another site got to hear."""


async def run(peer: Peer, stage: Stage, case: Case | None, usual: Seen | None = None) -> Seen:
    """Let a peer log in to an org with this trouble; ``usual`` is how it does without any."""
    username = f"peer{next(_NUMBERS)}@example.com"
    contact = await stage.enter(username, case, elsewhere=peer.elsewhere)
    home = Path(tempfile.mkdtemp(prefix="home-", dir=stage.folder))
    words, environ = peer.command(contact, home)
    began = time.monotonic()
    process = await asyncio.create_subprocess_exec(
        *words,
        cwd=home,
        env=environ,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        start_new_session=True,
    )
    talk = asyncio.create_task(process.communicate())
    first_word, peak = await _watch(process.pid, talk, contact, began, usual)
    is_waiting = not talk.done()
    ended = time.monotonic()
    if is_waiting:
        os.killpg(process.pid, signal.SIGKILL)
    out, err = await talk
    return Seen(
        None if is_waiting else process.returncode,
        _message(out, err),
        max(0.0, ended - first_word),
        first_word - began,
        peak,
        peak - (usual.peak_mb if usual else peak),
        tuple(contact.told_elsewhere()),
    )


async def _watch(
    pid: int, talk: asyncio.Task[object], contact: Contact, began: float, usual: Seen | None
) -> tuple[float, float]:
    """Wait for the end; return when it was first heard of, and its peak in MB."""
    first_word, peak = None, 0.0
    while not talk.done():
        await asyncio.wait([talk], timeout=0.05)
        now = time.monotonic()
        peak = max(peak, _peak_mb(pid))
        if first_word is None and contact.has_come():
            first_word = now
        # A host that accepts nobody cannot say when they came.
        start = first_word or began + (usual.start_seconds if usual else _START_LIMIT)
        if now - start > LIMIT:
            break
    known = first_word or began + (usual.start_seconds if usual else 0.0)
    return known, peak


def _peak_mb(pid: int) -> float:
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0.0
    found = re.search(r"^VmHWM:\s+(\d+) kB", status, re.MULTILINE)
    return int(found[1]) / 1024 if found else 0.0


def _message(out: bytes, err: bytes) -> str:
    """Return the error's name and message, or what was printed last."""
    for text in (out.decode(errors="replace"), err.decode(errors="replace")):
        try:
            said = json.loads(text)
        except ValueError:
            continue
        if "result" in said and "summary" in (said["result"] or {}):  # orgauth's
            [org] = said["result"]["orgs"]
            error = org["error"]
            return f"{error['code']}: {error['description']}" if error else "logged in"
        name = said.get("name", "")
        # sf's own words for every failure of this sort, in front of the one that happened.
        said["message"] = re.sub(_SF_PREAMBLE, "", str(said.get("message", "")))
        return f"{name}: {said['message']}" if name else said["message"] or "logged in"
    lines = (err or out).decode(errors="replace").strip().splitlines()
    errors = [line for line in lines if re.match(r"\s*(\[?\w*(Error|Exception)\b)", line)]
    return "crashes: " + (errors or lines or [""])[0].strip()


def _orgauth(contact: Contact, home: Path) -> tuple[list[str], Mapping[str, str]]:
    manifest = home / "orgs.yaml"
    values = {"client_id": CLIENT_ID, "key": contact.stage.key_file, "url": contact.url}
    manifest.write_text(_MANIFEST.format(**values, username=contact.username))
    program = Path(sys.executable).parent / "orgauth"
    words = [str(program), "login", str(manifest), "--json", "-q"]
    environ = {
        "HOME": str(home),
        "PATH": os.defpath,
        "SF_USE_GENERIC_UNIX_KEYCHAIN": "true",
        "SSL_CERT_FILE": str(contact.stage.roots),
    }
    return words, environ


def _sf(contact: Contact, home: Path) -> tuple[list[str], Mapping[str, str]]:
    sf = Sf(home)
    sf.set_variables({"NODE_EXTRA_CA_CERTS": str(contact.stage.roots)})
    words = login_words(contact.username, contact.stage.key_file, contact.url)
    return [*sf_command(), *words, "--json"], sf.environ


def _library(name: str) -> Peer:
    def command(contact: Contact, home: Path) -> tuple[list[str], Mapping[str, str]]:
        program = [str(_BENCH_PYTHON), "-W", "ignore", str(_HERE / "peers/one_login.py"), name]
        stage = contact.stage
        values = [contact.url, CLIENT_ID, stage.key_file, contact.username, stage.roots]
        return [*program, *map(str, values)], {"HOME": str(home), "PATH": os.defpath}

    return Peer(name, command)


PEERS = (
    # To orgauth, as to its users, this machine may name this machine. Not so another.
    Peer("orgauth", _orgauth, "evil.example.com"),
    Peer("sf org login jwt", _sf),
    _library("aiosalesforce"),
    _library("simple-salesforce"),
)
