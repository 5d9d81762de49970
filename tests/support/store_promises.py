"""What is promised of the Salesforce CLI's store, whatever a run meets: death, faults, neighbours.

A home is looked at as the CLI would, before and after a run; what may differ is checked here.
"""

from __future__ import annotations

import json
import os
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from support.cli_store import CliStore

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from orgauth.models import Authorized, Org
    from orgauth.ports import SaveResult

__all__ = ["Sight", "age", "keep_for_run", "look"]

_OURS = (".json.lock", ".tmp")


@dataclass(frozen=True)
class Sight:
    """A home as the CLI sees it. What it cannot read is None."""

    files: Mapping[str, bytes]
    """Everything in the home but locks and temporary files, by its path from there."""
    logins: Mapping[str, dict[str, Any] | None]
    aliases: Mapping[str, str] | None
    config: Mapping[str, Any]
    links: frozenset[str]
    debris: frozenset[str]
    """Locks and temporary files."""


def look(home: Path) -> Sight:
    """Return what is in a home; every authorization that is JSON must decrypt."""
    cli = CliStore(home)
    files, links, debris = {}, set(), set()
    for path in _walk(home):
        name = str(path.relative_to(home))
        if path.is_symlink():
            links.add(name)
        if name.endswith(_OURS):
            debris.add(name)
        elif path.is_file():
            files[name] = path.read_bytes()
    usernames = cli.auth_files()
    return Sight(
        files=files,
        logins={name: _login(cli, name) for name in usernames},
        aliases=_unless_broken(cli.aliases),
        config=cli.config(),
        links=frozenset(links),
        debris=frozenset(debris),
    )


def keep_for_run(
    home: Path, before: Sight, runs: Sequence[tuple[Sequence[Authorized], SaveResult | None]]
) -> Sight:
    """Check a run that began with the home as in ``before``; return the home as it is now.

    ``runs`` are its batches, each with what was reported of it; None where the run died in it.
    """
    after = look(home)
    wanted = {each.org.username: each for batch, _ in runs for each in batch}
    reported = {
        each.org.username: result is not None and each.org.username not in result.errors
        for batch, result in runs
        for each in batch
    }
    _keep_for_logins(before, after, wanted, reported)
    _keep_for_aliases(before, after, [each.org for each in wanted.values()], reported)
    _keep_for_config(before, after, [each.org for each in wanted.values()], reported)
    _keep_for_modes(home, before, after)
    assert before.links <= after.links, "a link of the person's own was replaced"
    for name, data in before.files.items():
        if _is_ours(name, wanted):
            assert name in after.files, f"{name} is gone"
        else:
            assert after.files.get(name) == data, f"{name} was changed"
    return after


def age(home: Path, seconds: float, *, but: Collection[Path] = ()) -> None:
    """Let so much time pass for locks and temporary files, but for those that somebody refreshes.

    The file system's clock cannot be turned on, so what it dated is turned back.
    """
    for path in _walk(home):
        if path.name.endswith(_OURS) and path not in but:
            then = path.stat().st_mtime_ns - int(seconds * 1e9)
            os.utime(path, ns=(then, then))


def _keep_for_logins(
    before: Sight,
    after: Sight,
    wanted: Mapping[str, Authorized],
    reported: Mapping[str, bool],
) -> None:
    assert set(before.logins) <= set(after.logins), "an authorization is gone"
    for username, login in after.logins.items():
        name = f".sfdx/{username}.json"
        is_old = name in before.files and after.files[name] == before.files[name]
        if is_old and not reported.get(username):
            continue
        assert login is not None, f"{name} is broken"
        new = wanted[username]
        assert login["accessToken"] == new.credentials.access_token.reveal()
        assert login["instanceUrl"] == new.credentials.instance_url
        assert login["username"] == username
        assert "refreshToken" not in login
        old = before.logins.get(username) or {}
        assert {key: login.get(key) for key in old if key.startswith("x-")} == {
            key: value for key, value in old.items() if key.startswith("x-")
        }, "a key that we do not know is gone"


def _keep_for_aliases(
    before: Sight, after: Sight, orgs: Sequence[Org], reported: Mapping[str, bool]
) -> None:
    name = ".sfdx/alias.json"
    if before.aliases is None:
        assert after.files[name] == before.files[name], "a broken file is the person's to repair"
        assert not any(org.alias and reported[org.username] for org in orgs)
        return
    assert after.aliases is not None, "the aliases are broken"
    assert set(before.aliases) <= set(after.aliases), "an alias is gone"
    given = {org.alias: org.username for org in orgs if org.alias}
    for alias, username in after.aliases.items():
        assert username in (before.aliases.get(alias), given.get(alias))
    for org in orgs:
        if org.alias and reported[org.username]:
            assert after.aliases[org.alias] == org.username
    if name in before.files:
        assert _others(before.files[name]) == _others(after.files[name])


def _keep_for_config(
    before: Sight, after: Sight, orgs: Sequence[Org], reported: Mapping[str, bool]
) -> None:
    given: dict[str, list[Any]] = {}
    for org in orgs:
        marks = {"target-org": org.set_default, "target-dev-hub": org.set_default_dev_hub}
        for key in (key for key, is_marked in marks.items() if is_marked):
            # An alias that could not be written is not what the default points to.
            given.setdefault(key, []).extend({org.name, org.username})
            if reported[org.username]:
                assert after.config[key] == org.name
    assert set(before.config) <= set(after.config), "a setting is gone"
    for key, value in after.config.items():
        if value != before.config.get(key):
            assert value in given[key]
            assert value in after.logins or value in (after.aliases or ()), "it points nowhere"


def _keep_for_modes(home: Path, before: Sight, after: Sight) -> None:
    for name, data in after.files.items():
        if before.files.get(name) != data:
            assert stat.S_IMODE((home / name).stat().st_mode) == 0o600, name
    if ".sfdx/key.json" in before.files:
        assert after.files[".sfdx/key.json"] == before.files[".sfdx/key.json"], "another key"
    if not before.files and (home / ".sfdx").exists():
        assert stat.S_IMODE((home / ".sfdx").stat().st_mode) & 0o077 == 0


def _is_ours(name: str, wanted: Mapping[str, Authorized]) -> bool:
    common = ("alias.json", "sfdx-config.json")
    names = {*(f".sfdx/{username}.json" for username in wanted), ".sf/config.json"}
    return name in names or name in {f".sfdx/{name}" for name in common}


def _walk(home: Path) -> Iterator[Path]:
    for folder, folders, files in os.walk(home, followlinks=True):
        yield from (Path(folder, name) for name in (*folders, *files))


def _login(cli: CliStore, username: str) -> dict[str, Any] | None:
    return _unless_broken(lambda: cli.read(username))


def _unless_broken(read: Any) -> Any:
    try:
        return read()
    except (json.JSONDecodeError, UnicodeDecodeError):
        return None


def _others(data: bytes) -> dict[str, Any]:
    return {name: value for name, value in json.loads(data).items() if name != "orgs"}
