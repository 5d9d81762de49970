"""Kill orgauth -9 at a chosen moment, look at what it left behind, and let the next run finish."""

from __future__ import annotations

import re
import signal
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from integration.crash_place import json_of

if TYPE_CHECKING:
    import random
    import subprocess
    from collections.abc import Callable

    from integration.crash_place import Home, Place

_REPORTED = re.compile(r"^\[ *\d+/\d+\] (?:authorized|reused) (\S+) \(.*\n", re.MULTILINE)
_LOOK_EVERY_SECONDS = 0.0002
_PATIENCE_SECONDS = 60.0


@dataclass(frozen=True)
class Moment:
    """When to kill: ``seconds`` after the start, or after what has to be seen."""

    seconds: float
    files: int = 0
    """So many auth files have been written."""
    lock: str = ""
    """This lock is there."""

    def __str__(self) -> str:
        seen = [f"{self.files} files"] * bool(self.files) + [self.lock] * bool(self.lock)
        return f"{self.seconds * 1000:.1f} ms after {' and '.join(seen) or 'the start'}"


def any_moment(rng: random.Random, life_seconds: float, orgs: int) -> Moment:
    """Return a moment: a third anywhere in the process's life, the rest while it saves."""
    sort = rng.random()
    if sort < 0.35:
        return Moment(rng.uniform(0.0, life_seconds))
    if sort < 0.8:
        return Moment(rng.uniform(0.0, 0.002), files=rng.randint(1, orgs))
    if sort < 0.95:
        files = rng.choice([0, rng.randint(1, orgs)])
        return Moment(rng.uniform(0.0, 0.006), files, ".sfdx/alias.json.lock")
    return Moment(rng.uniform(0.0, 0.006), lock=".sf/config.json.lock")


@dataclass
class Found:
    """What one killed run and the run after it came to."""

    phase: str = "had ended"
    """What the killed run was at: ``starting``, ``saving``, ``ending``."""
    reported: int = 0
    stored: int = 0
    """Orgs that the killed run had saved."""
    lost: int = 0
    """Orgs that were reported and are not stored, cannot be opened, or have no alias."""
    half_written: int = 0
    temporary_files: int = 0
    """Left by the killed run, as are ``locks``."""
    locks: int = 0
    first_save_seconds: float | None = None
    """From the start of the next run to its first save; None where nothing was left to save."""
    next_seconds: float = 0.0
    left_to_do: int = 0
    token_requests: int = 0
    """Of the next run: must be ``left_to_do``."""
    left_behind: int = 0
    """Temporary files and locks, after the next run."""
    troubles: list[str] = field(default_factory=list)

    @property
    def was_killed(self) -> bool:
        return self.phase != "had ended"


def crash(place: Place, home: Home, moment: Moment) -> Found:
    """Kill a run at a moment, see what it left, let the next run finish, and see again."""
    found = Found()
    before = home.auth_files()
    old, _ = home.stored() if before else ({}, [])
    process = home.start()
    assert process.stderr is not None
    try:
        was_killed = _kill(process, home, before, moment)
        reported = _REPORTED.findall(process.stderr.read())
    finally:
        process.stderr.close()
    if not was_killed:
        return found
    _wait(place.is_quiet)
    saved = home.saved_since(before)
    found.phase = "starting" if not saved else "saving" if saved < len(place.orgs) else "ending"
    kept = _look(place, home, reported, old, found)
    _finish(place, home, kept, found)
    return found


def _kill(
    process: subprocess.Popen[str], home: Home, before: dict[str, int], moment: Moment
) -> bool:
    """Wait for the moment and kill; return False if the process ended before."""

    def has_come() -> bool:
        if moment.lock and not (home.path / moment.lock).exists():
            return False
        return not moment.files or home.saved_since(before) >= moment.files

    while not has_come():
        if process.poll() is not None:
            return False
        time.sleep(_LOOK_EVERY_SECONDS)
    time.sleep(moment.seconds)
    process.send_signal(signal.SIGKILL)
    return process.wait() == -signal.SIGKILL


def _look(
    place: Place, home: Home, reported: list[str], old: dict[str, str], found: Found
) -> set[str]:
    """Take stock of what the killed run left; return whose new token is stored."""
    tokens, broken = home.stored()
    fresh = {name for name, token in tokens.items() if old.get(name) != token}
    aliases = home.aliases()
    username_of = {alias: username for username, alias in place.alias_of.items()}
    lost = []
    for alias in reported:
        username = username_of[alias]
        opened = place.world.bearer(tokens.get(username, ""))
        if username not in fresh or opened is None or opened.username != username:
            lost.append(f"{alias} was reported and its token is not stored")
        elif aliases.get(alias) != username:
            lost.append(f"{alias} was reported and has no alias")
    gone = [name for name in old if name not in tokens]
    left = home.leftovers()
    found.reported, found.stored = len(reported), len(fresh)
    found.lost, found.half_written = len(lost) + len(gone), len(broken)
    found.temporary_files = sum(name.endswith(".tmp") for name in left)
    found.locks = len(left) - found.temporary_files
    found.troubles += [*lost, *broken, *(f"{name} is gone" for name in gone)]
    return fresh


def _finish(place: Place, home: Home, kept: set[str], found: Found) -> None:
    """Let the next run do what is left, and take stock again."""
    place.simulator.call(place.world.requests.clear)
    before, began = home.auth_files(), time.monotonic()
    document = home.path / "document.json"
    process = home.start("--if-needed", "--json", out=document)
    assert process.stderr is not None
    while process.poll() is None:
        if found.first_save_seconds is None and home.saved_since(before):
            found.first_save_seconds = time.monotonic() - began
        time.sleep(0.002)
    found.next_seconds = time.monotonic() - began
    told = process.stderr.read()
    process.stderr.close()
    if process.returncode != 0:
        found.troubles.append(f"the next run ended with {process.returncode}: {told}")
        return
    orgs = (json_of(document) or {})["result"]["orgs"]
    reused = {org["username"] for org in orgs if org["status"] == "reused"}
    rest = {org["username"] for org in orgs if org["status"] == "authorized"}
    everybody = {org.username for org in place.orgs}
    asked = place.world.requests.by_kind_and_username
    found.left_to_do, found.token_requests = (
        len(everybody - kept),
        place.world.requests.count("token"),
    )
    if reused != kept or rest != everybody - kept:
        found.troubles.append(f"{len(reused)} reused and {len(rest)} authorized, not {len(kept)}")
    if any(asked["token", username] != (username in rest) for username in everybody):
        found.troubles.append("the next run did not ask once for each org that was left")
    _look_in_the_end(place, home, found)


def _look_in_the_end(place: Place, home: Home, found: Found) -> None:
    tokens, broken = home.stored()
    found.troubles += broken
    for org in place.orgs:
        if place.world.bearer(tokens.get(org.username, "")) is not org:
            found.troubles.append(f"{org.username} is not authorized in the end")
    if home.aliases() != {alias: username for username, alias in place.alias_of.items()}:
        found.troubles.append("the aliases are not complete in the end")
    config = json_of(home.path / ".sf/config.json")
    if config != {"target-dev-hub": "hub1", "target-org": "hub1-1"}:
        found.troubles.append(f"the defaults are {config} in the end")
    left = home.leftovers()
    found.left_behind = len(left)
    found.troubles += [f"left behind in the end: {name}" for name in left]


def _wait(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.005)
