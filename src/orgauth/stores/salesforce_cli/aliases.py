"""The aliases of all orgs: ``~/.sfdx/alias.json``, ``{"orgs":{"alias":"username"}}``."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

from orgauth.errors import StoreError
from orgauth.stores.atomic_file import create_exclusively, write_atomically
from orgauth.stores.salesforce_cli.json_file import encode_json, read_json_object
from orgauth.text import printable

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from orgauth.stores.lock import Locks

__all__ = ["AliasFile"]

_GROUP = "orgs"


class AliasFile:
    """Reads and changes ``alias.json``, once a batch however many aliases it has."""

    def __init__(
        self, path: Path, *, locks: Locks, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        self._path = path
        self._locks = locks
        self._sleep = sleep
        self._known: _Known | None = None

    def create_if_missing(self) -> None:
        """Make an empty file where there is none; raise ``StoreError``.

        A CLI that finds none makes an empty one, without a lock and a moment later, and
        so over the aliases that somebody has written in between. It must find one.
        """
        if not self._path.exists():
            create_exclusively(self._path, encode_json({_GROUP: {}}))

    def read(self) -> dict[str, str]:
        """Return username by alias; raise ``StoreError`` for a broken file."""
        try:
            orgs = self._load()[_GROUP]
        except StoreError:
            # The CLI truncates in place and may take its time, but it holds the lock meanwhile.
            with self._locks.hold(self._path):
                orgs = self._load()[_GROUP]
        return {alias: name for alias, name in orgs.items() if isinstance(name, str)}

    def assign(self, wanted: Mapping[str, str]) -> Sequence[str]:
        """Give each alias in ``wanted`` to its username; return a warning for each that moved.

        Raises ``StoreError``; the file is then as it was.
        """
        with self._locks.hold(self._path, keep_alive=True) as lock:
            content = self._load()
            orgs = content[_GROUP]
            new = {
                alias: username for alias, username in wanted.items() if orgs.get(alias) != username
            }
            moved = [
                f"alias {printable(alias)} moved from {printable(str(orgs[alias]))} "
                f"to {printable(username)}"
                for alias, username in new.items()
                if alias in orgs
            ]
            if new:
                data = self._encode(content, new, is_addition=not moved)
                status = write_atomically(
                    self._path, data, durable=True, before_replacing=lock.ensure_held
                )
                orgs.update(new)
                self._known = _Known(_identity(status), content, data)
        return moved

    def _encode(
        self, content: dict[str, Any], new: Mapping[str, str], *, is_addition: bool
    ) -> bytes:
        known = self._known
        if is_addition and known is not None and known.content is content and len(content) == 1:
            # What we wrote ends with }} and is not encoded again; {"a":"b"} goes before that.
            comma = b"," if content[_GROUP] else b""
            return known.data[:-2] + comma + encode_json(dict(new))[1:] + b"}"
        return encode_json({**content, _GROUP: {**content[_GROUP], **new}})

    def _load(self) -> dict[str, Any]:
        # A home can have a hundred thousand aliases, and a run a thousand batches: what
        # is on the disk as we left it is neither parsed nor encoded again. Truncating in
        # place, as the CLI writes, changes the file's times.
        if self._known is not None and self._known.identity == self._identity_on_disk():
            return self._known.content
        loaded = read_json_object(
            self._path,
            sleep=self._sleep,
            advice="Repair it, or remove it if you can do without the aliases in it.",
        )
        content = {} if loaded is None else loaded.content
        if not isinstance(content.setdefault(_GROUP, {}), dict):
            raise StoreError(
                f"{self._path} is broken: {_GROUP!r} is not a JSON object",
                path=self._path,
                advice="Repair it, or remove it if you can do without the aliases in it.",
            )
        return content

    def _identity_on_disk(self) -> _Identity | None:
        try:
            return _identity(self._path.stat())
        except OSError:
            return None


_Identity: TypeAlias = tuple[int, int, int, int, int]


@dataclass(frozen=True, slots=True)
class _Known:
    """The file as we left it."""

    identity: _Identity
    content: dict[str, Any]
    data: bytes


def _identity(status: os.stat_result) -> _Identity:
    return (
        status.st_dev,
        status.st_ino,
        status.st_size,
        status.st_mtime_ns,
        status.st_ctime_ns,
    )
