"""``--store env:FILE``: tokens as variables, for a shell, docker or python-dotenv to read.

A line is ``SF_<ALIAS>_ACCESS_TOKEN=…`` or ``SF_<ALIAS>_INSTANCE_URL=…``. Values stand
unquoted, for the three kinds of readers disagree about quotes: docker keeps them.
"""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING

from orgauth.errors import StoreError
from orgauth.models import Authorized, Secret
from orgauth.ports import Recalled, SaveResult
from orgauth.stores.atomic_file import (
    check_writable,
    read_file,
    remove_leftovers,
    write_atomically,
)
from orgauth.stores.lock import Locks
from orgauth.text import printable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from pathlib import Path

    from orgauth.models import Org, Usable
    from orgauth.stores.atomic_file import FileContent

__all__ = ["DotenvStore", "collisions", "variable_prefix"]

_PLAIN_VALUE = re.compile(r"[A-Za-z0-9_.!:/+=-]+", re.ASCII)
_NOT_IN_NAMES = re.compile(r"[^A-Z0-9]", re.ASCII)
_ASSIGNMENT = re.compile(rb"(\s*(?:export\s+)?)([A-Za-z_][A-Za-z0-9_]*)\s*=[^\r\n]*(\r?\n?)")
_OTHERS_MAY_READ = 0o077


def variable_prefix(org: Org) -> str:
    """Return ``SF_<ALIAS>``, which the names of the org's variables begin with."""
    return f"SF_{_NOT_IN_NAMES.sub('_', org.name.upper())}"


def collisions(orgs: Iterable[Org]) -> Mapping[str, Sequence[str]]:
    """Return the prefixes that several orgs share, each with the orgs' names.

    ``feature-a`` and ``feature_a`` would overwrite each other; ask before anybody logs in.
    """
    names: dict[str, list[str]] = {}
    for org in orgs:
        names.setdefault(variable_prefix(org), []).append(org.name)
    return {prefix: found for prefix, found in names.items() if len(found) > 1}


class DotenvStore:
    """Keeps tokens in one env file, mode 0600; what else is in it stays. See ``ports.Store``."""

    knows_owners = False

    def __init__(
        self,
        path: Path,
        *,
        clock: Callable[[], float] = time.time,
        sleep: Callable[[float], None] = time.sleep,
        locks: Locks | None = None,
    ) -> None:
        self._path = path.absolute()
        self.name = f"env:{path}"
        self._clock = clock
        self._locks = Locks(clock=clock, sleep=sleep) if locks is None else locks
        self._found: dict[str, str] | None = None

    def forewarn(self, orgs: Sequence[Org]) -> Sequence[str]:  # noqa: ARG002 - the family's shape
        """Return nothing: an env file takes every org."""
        return ()

    def prepare(self) -> None:
        """Check that the file can be written, by writing beside it; raise ``StoreError``."""
        folder = self._path.parent
        read_file(self._path)
        check_writable(folder)
        remove_leftovers(folder, now=self._clock())
        self._locks.remove_leftovers(folder)

    def recall(self, orgs: Sequence[Org]) -> Mapping[str, Recalled]:
        """Return the tokens that the file held when it was first asked for one.

        Once a run: the file is one for all orgs, and what the run writes to it is no news.
        """
        if self._found is None:
            self._found = self._values()
        found = {}
        for org in orgs:
            prefix = variable_prefix(org)
            token = self._found.get(f"{prefix}_ACCESS_TOKEN")
            url = self._found.get(f"{prefix}_INSTANCE_URL")
            if token and url:
                found[org.username] = Recalled(Secret(token), url, org_id=None)
        return found

    def _values(self) -> dict[str, str]:
        try:
            found = read_file(self._path)
        except StoreError:
            return {}
        lines = [] if found is None else found.data.splitlines()
        matches = filter(None, map(_ASSIGNMENT.fullmatch, lines))
        values = {
            match[2].decode("ascii"): match[0].partition(b"=")[2].decode(errors="replace")
            for match in matches
        }
        return {name: value for name, value in values.items() if _PLAIN_VALUE.fullmatch(value)}

    def save(self, batch: Sequence[Usable]) -> SaveResult:
        """Replace the batch's variables where they stand, and append the new ones."""
        errors: dict[str, StoreError] = {}
        lines: dict[bytes, bytes] = {}
        for authorized in batch:
            if not isinstance(authorized, Authorized):
                continue  # it stands there already
            try:
                lines |= _variables(authorized)
            except StoreError as error:
                errors[authorized.org.username] = error
        if not lines:
            return SaveResult(errors)
        try:
            return SaveResult(errors, self._rewrite(lines))
        except StoreError as error:
            return SaveResult(
                {each.org.username: error for each in batch if isinstance(each, Authorized)}
                | errors
            )

    def _rewrite(self, lines: Mapping[bytes, bytes]) -> list[str]:
        with self._locks.hold(self._path, keep_alive=True) as lock:
            found = read_file(self._path)
            data = _replaced(b"" if found is None else found.data, lines)
            # Durable: the other lines are somebody else's, and nobody can bring them back.
            write_atomically(self._path, data, durable=True, before_replacing=lock.ensure_held)
        return self._mode_warnings(found)

    def _mode_warnings(self, found: FileContent | None) -> list[str]:
        mode = 0 if found is None else found.status.st_mode & 0o777
        if not mode & _OTHERS_MAY_READ:
            return []
        return [f"{self._path} had mode {mode:04o}; it holds tokens now and has mode 0600"]


def _variables(authorized: Authorized) -> dict[bytes, bytes]:
    prefix = variable_prefix(authorized.org)
    values = {
        f"{prefix}_ACCESS_TOKEN": authorized.credentials.access_token.reveal(),
        f"{prefix}_INSTANCE_URL": authorized.credentials.instance_url,
    }
    for name, value in values.items():
        if not _PLAIN_VALUE.fullmatch(value):
            raise StoreError(
                f"the value of {name} for {printable(authorized.org.name)} has characters that "
                "not every reader of env files understands",
                advice="Save this org to another store.",
            )
    return {name.encode("ascii"): value.encode("ascii") for name, value in values.items()}


def _replaced(old: bytes, lines: Mapping[bytes, bytes]) -> bytes:
    """Return the file's new content; bytes, for other people's lines need not be UTF-8."""
    missing = dict(lines)
    result = []
    for line in old.splitlines(keepends=True):
        match = _ASSIGNMENT.fullmatch(line)
        value = lines.get(match[2]) if match else None
        if match is None or value is None:
            result.append(line)
        else:
            result.append(match[1] + match[2] + b"=" + value + match[3])
            missing.pop(match[2], None)
    if result and missing and not result[-1].endswith((b"\n", b"\r")):
        result.append(b"\n")
    result += [name + b"=" + value + b"\n" for name, value in missing.items()]
    return b"".join(result)
