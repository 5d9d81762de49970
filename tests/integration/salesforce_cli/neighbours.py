"""Several orgauth and sf processes at once in one home, watched while they are at it."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from integration.salesforce_cli.sf_cli import login_words
from orgauth.errors import StoreError

if TYPE_CHECKING:
    from concurrent.futures import Future
    from pathlib import Path
    from typing import TypeAlias

    from integration.salesforce_cli.sf_cli import Place, SfResult
    from orgauth.simulator.orgs import Org

    _Visit: TypeAlias = tuple[list[SfResult], dict[str, str]]

HUB = "hub1@acme.example.com"
# What sf dies of when it reads an alias file that another sf has truncated and not yet written.
HALF_READ_BY_SF = "Unexpected end of JSON input"
DEFAULTS = (
    (".sf/config.json", "target-dev-hub"),
    (".sfdx/sfdx-config.json", "defaultdevhubusername"),
)
SLOW_ANSWERS_SECONDS = 0.15


@dataclass
class Found:
    """What one run came to."""

    lost_aliases: int = 0
    undecryptable: int = 0
    half_reads: int = 0
    """Times that a file which only orgauth writes was half."""
    our_failures: int = 0
    broken_defaults: int = 0
    """Of the two files with the default Dev Hub, those that are broken or name no hub."""
    leftovers: int = 0
    half_reads_of_theirs: int = 0
    """Times that orgauth's reader took a file for broken which sf was writing."""
    their_lost_aliases: int = 0
    their_failures: list[str] = field(default_factory=list)
    """What sf said when it failed."""
    sf_calls: int = 0
    told: list[str] = field(default_factory=list)
    """A line for each trouble."""

    @property
    def troubles(self) -> tuple[int, ...]:
        """What must be 0: all that is ours."""
        return (
            self.lost_aliases,
            self.undecryptable,
            self.half_reads,
            self.our_failures,
            self.broken_defaults,
            self.leftovers,
            self.half_reads_of_theirs,
        )


def live_together(place: Place, *, orgauths: int, sfs: int) -> Found:
    """Run so many of both at once in the place's home, sf again and again while orgauth runs.

    The place has a Dev Hub for each orgauth process. Each sf process in turn logs in to an
    org of its own with an alias, sets an alias, or sets a default.
    """
    found = Found()
    visitors = [
        place.world.production(f"visitor{number}@example.com").username for number in range(sfs)
    ]
    # Not part of the race: sf makes the key of an empty home without a lock.
    place.sf.login(HUB, place.key_file, place.url)
    place.store().prepare()
    place.world.host.latency = SLOW_ANSWERS_SECONDS

    everybody_is_done = threading.Event()
    with ThreadPoolExecutor(sfs + 1) as pool:
        watching = pool.submit(_watch, place, everybody_is_done)
        ours = [_start_orgauth(place, number) for number in range(1, orgauths + 1)]
        guests = [
            pool.submit(_visit, place, number, visitors[number], ours) for number in range(sfs)
        ]
        try:
            _wait_for_ours(ours, found)
            theirs = _wait_for_theirs(guests, found)
        finally:
            everybody_is_done.set()
        half, half_of_theirs = watching.result()
    found.half_reads, found.half_reads_of_theirs = len(half), len(half_of_theirs)
    found.told += [line.replace(f"{place.sfdx}/", "") for line in half + half_of_theirs]
    _take_stock(place, theirs, visitors, found)
    return found


def _wait_for_ours(ours: list[subprocess.Popen[str]], found: Found) -> None:
    for process in ours:
        out, _ = process.communicate(timeout=300)
        if process.returncode != 0:
            found.our_failures += 1
            found.told.append(f"orgauth: {out.strip()[-300:]}")


def _wait_for_theirs(guests: list[Future[_Visit]], found: Found) -> dict[str, str]:
    """Return the aliases that sf has promised."""
    promised: dict[str, str] = {}
    for guest in guests:
        said, aliases = guest.result()
        promised |= aliases
        found.sf_calls += len(said)
        found.their_failures += [one.message for one in said if one.status != 0]
    return promised


def _start_orgauth(place: Place, number: int) -> subprocess.Popen[str]:
    """Start one orgauth on one Dev Hub and its scratch orgs; each sets the defaults, too."""
    manifest = place.manifest.with_name(f"orgs{number}.yaml")
    hub = place.world.org(f"hub{number}@acme.example.com")
    lines = [
        "version: 1",
        "defaults:",
        *_defaults(place),
        "dev_hubs:",
        f"  - {{username: {hub.username}, alias: hub{number}, set_default_dev_hub: true,",
        "     scratch_orgs: [",
        *(
            f"      {{username: {org.username}, alias: {_alias_of(org.username)}}},"
            for org in hub.scratch_orgs
        ),
        "     ]}",
        "settings: {concurrency: 8, per_host: 8}",
    ]
    manifest.write_text("\n".join(lines))
    return subprocess.Popen(
        [sys.executable, "-m", "orgauth", "login", manifest, "--quiet"],
        cwd=place.home,
        env=place.process_environ(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def _defaults(place: Place) -> list[str]:
    text = place.rehearsal.manifest_text(place.url)
    names = ("client_id:", "jwt_key_file:", "instance_url:", "scratch_instance_url:")
    return [line for line in text.splitlines() if line.strip().startswith(names)]


def _alias_of(username: str) -> str:
    return username.partition("@")[0]


def _visit(place: Place, number: int, username: str, ours: list[subprocess.Popen[str]]) -> _Visit:
    """Call sf until no orgauth is at work; return what it said and the aliases it promised."""
    said: list[SfResult] = []
    promised: dict[str, str] = {}
    while not said or any(process.poll() is None for process in ours):
        turn = len(said)
        alias = f"visitor{number}-{turn}"
        match (number + turn) % 3:
            case 0:
                promised = {}  # sf begins by deleting the org's other aliases
                words = login_words(username, place.key_file, place.url)
                result = place.sf.say(*words, "--alias", alias)
            case 1:
                result = place.sf.say("alias", "set", f"{alias}={username}")
            case _:
                result = place.sf.say("config", "set", f"target-dev-hub={HUB}", "--global")
                alias = ""
        said.append(result)
        if alias and result.status == 0:
            promised[alias] = username
    return said, promised


def _watch(place: Place, everybody_is_done: threading.Event) -> tuple[list[str], list[str]]:
    """Read all the time what the others write; return where ours was half, and where theirs."""
    half: list[str] = []
    half_of_theirs: list[str] = []
    while not everybody_is_done.is_set():
        store = place.store()
        try:
            store.aliases()
        except StoreError as error:
            half_of_theirs.append(f"alias file: {error}")
        for name in (name for name in store.usernames() if name.startswith("visitor")):
            try:
                store.read(name)
            except StoreError as error:
                if (place.sfdx / f"{name}.json").exists():  # sf deletes it to log in again
                    half_of_theirs.append(f"auth file of sf: {error}")
        # What orgauth writes has to be whole for everybody at any time.
        files = place.sfdx.glob("test-*@*.json")
        half += [f"auth file: {path.name}" for path in files if "accessToken" not in _json_of(path)]
        time.sleep(0.002)
    return half, half_of_theirs


def _json_of(path: Path) -> dict[str, Any]:
    """Return what a file holds; nothing if it is broken."""
    try:
        return json.loads(path.read_bytes())
    except ValueError:
        return {}


def _take_stock(place: Place, theirs: dict[str, str], visitors: list[str], found: Found) -> None:
    """Count what is missing or broken in the home when everybody has gone."""
    store = place.store()
    aliases = store.aliases()
    wanted = {f"hub{n}": hub.username for n, hub in enumerate(_hubs(place), start=1)}
    wanted |= {
        _alias_of(org.username): org.username for hub in _hubs(place) for org in hub.scratch_orgs
    }
    found.lost_aliases = sum(aliases.get(alias) != name for alias, name in wanted.items())
    lost = [alias for alias, name in theirs.items() if aliases.get(alias) != name]
    found.their_lost_aliases = len(lost)
    for username in (*wanted.values(), *visitors):
        if username in visitors and not (place.sfdx / f"{username}.json").exists():
            continue  # its login failed, or was never its turn
        try:
            token = store.read(username).access_token.reveal()
        except StoreError as error:
            found.undecryptable += 1
            found.told.append(str(error))
        else:
            if place.world.bearer(token) is not place.world.org(username):
                found.undecryptable += 1
                found.told.append(f"{username} has another org's token")
    for name, key in DEFAULTS:
        default = _json_of(place.home / name).get(key)
        if aliases.get(default, default) not in {hub.username for hub in _hubs(place)}:
            found.broken_defaults += 1
            found.told.append(f"{name} says {default}")
    left = place.leftovers()
    found.leftovers = len(left)
    found.told += [f"left behind: {name}" for name in left]


def _hubs(place: Place) -> list[Org]:
    return [org for org in place.world.orgs if org.kind == "dev_hub"]


def start_in_an_empty_home(place: Place, processes: int) -> Counter[str]:
    """Start so many orgauths at once where there is no key yet; return the orgs each can open."""
    running = [_start_orgauth(place, number) for number in range(1, processes + 1)]
    outcome: Counter[str] = Counter()
    for process in running:
        process.communicate(timeout=120)
        outcome["failed"] += process.returncode != 0
    store = place.store()
    for hub in _hubs(place):
        try:
            opened = place.world.bearer(store.read(hub.username).access_token.reveal())
        except StoreError:
            opened = None
        outcome["opened" if opened is hub else "lost"] += 1
    return outcome
