"""``--store salesforce-cli``: after it, ``sf`` works as if each org had been logged in by hand."""

from __future__ import annotations

import contextlib
import os
import sys
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from orgauth.errors import LockHeldError, StoreError
from orgauth.models import Authorized, Reused
from orgauth.ports import SaveResult
from orgauth.stores.atomic_file import (
    ForeignLinkError,
    check_writable,
    make_folder,
    read_file,
    remove_leftovers,
    write_atomically,
)
from orgauth.stores.lock import Locks, SpareFolder
from orgauth.stores.os_errors import store_error
from orgauth.stores.ownership import who_else_may_write
from orgauth.stores.salesforce_cli import auth_file
from orgauth.stores.salesforce_cli.aliases import AliasFile
from orgauth.stores.salesforce_cli.defaults import TARGET_DEV_HUB, TARGET_ORG, DefaultsFile
from orgauth.stores.salesforce_cli.json_file import encode_json, parse_json_object
from orgauth.stores.salesforce_cli.keychain import choose_keychain
from orgauth.stores.salesforce_cli.recall import recalled
from orgauth.stores.salesforce_cli.renewal_keys import RenewalKeys
from orgauth.stores.salesforce_cli.store_key import obtain_key
from orgauth.text import printable

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from orgauth.models import Org, Usable
    from orgauth.ports import Recalled
    from orgauth.stores.salesforce_cli.auth_file import StoredAuthorization
    from orgauth.stores.salesforce_cli.crypto import Cipher
    from orgauth.stores.salesforce_cli.keychain import Keychain

__all__ = ["SalesforceCliStore"]

_NEW_KEY = (
    "the Salesforce CLI's store had no key; a new one was made in {keychain}. "
    "The authorizations that were in {folder} before cannot be read with it: log in to them again"
)


class SalesforceCliStore:
    """Keeps authorizations where the Salesforce CLI finds them. See ``ports.Store``."""

    name = "salesforce-cli"
    knows_owners = True

    def __init__(
        self,
        home: Path,
        *,
        project: Path | None,
        environ: Mapping[str, str],
        platform: str = sys.platform,
        keychain: Keychain | None = None,
        clock: Callable[[], float] = time.time,
        sleep: Callable[[float], None] = time.sleep,
        random_bytes: Callable[[int], bytes] = os.urandom,
        locks: Locks | None = None,
        renewal_keys: RenewalKeys | None = None,
    ) -> None:
        """``home`` is the person's; ``project`` is the folder of ``sfdx-project.json``, if any.

        ``keychain`` stands in for the one that platform and environment decide on.
        ``renewal_keys`` knows the key files with which the CLI renews tokens.
        """
        self._folder = home / ".sfdx"
        self._environ = environ
        self._clock = clock
        self._random_bytes = random_bytes
        self._locks = Locks(clock=clock, sleep=sleep) if locks is None else locks
        self._keychain = keychain or choose_keychain(
            self._folder, environ, platform=platform, sleep=sleep
        )
        self._aliases = AliasFile(self._folder / "alias.json", locks=self._locks, sleep=sleep)
        self._defaults = DefaultsFile(
            project or home, environ=environ, locks=self._locks, sleep=sleep
        )
        self._renewal_keys = renewal_keys or RenewalKeys(self._folder, {})
        self._cipher: Cipher | None = None
        self._pending_warnings: list[str] = []

    def forewarn(self, orgs: Sequence[Org]) -> Sequence[str]:
        """Return who else can touch the store, and what the CLI will not be able to renew."""
        warnings = self._renewal_keys.warnings(org.key for org in orgs)
        who = who_else_may_write(self._folder)
        if who is not None:
            warnings.append(f"{who} can replace what is in {self._folder}: take that right away")
        return warnings

    def prepare(self) -> None:
        """Make the folder, keys and the alias file, and write once to see that it works.

        Raises ``StoreError``, which names the path.
        """
        make_folder(self._folder)
        check_writable(self._folder)
        for folder in (self._folder, *self._defaults.folders, self._renewal_keys.folder):
            remove_leftovers(folder, now=self._clock())
        self._locks.remove_leftovers(self._folder)
        self._ready_cipher()
        self._aliases.create_if_missing()
        self._renewal_keys.prepare()

    def save(self, batch: Sequence[Usable]) -> SaveResult:
        """Write the orgs' auth files, then all their aliases, then the defaults.

        What is reused keeps its auth file: sf may have renewed the token in it meanwhile.
        """
        errors: dict[str, StoreError] = {}
        try:
            cipher = self._ready_cipher()
        except StoreError as error:
            return SaveResult({each.org.username: error for each in batch})
        warnings = self._pending_warnings
        self._pending_warnings = []
        saved: list[Usable] = [each for each in batch if isinstance(each, Reused)]
        left: list[Authorized] = [each for each in batch if isinstance(each, Authorized)]
        # Nobody waits for his neighbour's lock: who can be saved at once is saved first.
        for locks in (replace(self._locks, wait_seconds=0.0), self._locks):
            saved_now, left = self._save_orgs(left, cipher, locks, errors, warnings)
            saved += saved_now
        warnings += self._save_aliases(saved, errors)
        self._save_defaults(saved, errors)
        return SaveResult(errors, warnings)

    def recall(self, orgs: Sequence[Org]) -> Mapping[str, Recalled]:
        """Return by username whose file holds the login that the manifest describes."""
        try:
            cipher = self._ready_cipher()
        except StoreError:
            return {}
        found = {}
        for org in orgs:
            # What cannot be read is logged in to again; saving then says what is wrong with it.
            with contextlib.suppress(StoreError, ValueError):
                auth_file.check_username(org.username)
                content = _content(self._path_of(org.username))
                key_file = self._renewal_keys.path(org.key)
                known = content and recalled(org, content, cipher, key_file=key_file)
                if known:
                    found[org.username] = known
        return found

    def usernames(self) -> list[str]:
        """Return the usernames that are authorized, sorted; raise ``StoreError``."""
        return sorted(name.removesuffix(".json") for name in self._auth_files())

    def aliases(self) -> dict[str, str]:
        """Return username by alias; raise ``StoreError``."""
        return self._aliases.read()

    def read(self, username: str) -> StoredAuthorization:
        """Return one authorization, its token decrypted; raise ``StoreError``."""
        auth_file.check_username(username)
        path = self._path_of(username)
        try:
            content = self._content_of(path)
        except ValueError as error:
            raise StoreError(
                f"{path} is broken: {error}", path=path, advice="Log in to this org again."
            ) from error
        if content is None:
            raise StoreError(
                f"{printable(username)} is not authorized: there is no {path}",
                path=path,
                advice="Log in to it first.",
            )
        try:
            return auth_file.parse_authorization(username, content, self._ready_cipher())
        except StoreError as error:
            advice = error.advice or "Log in to this org again."
            raise StoreError(f"{path} cannot be used: {error}", path=path, advice=advice) from error

    def _content_of(self, path: Path) -> dict[str, Any] | None:
        """Return what an auth file holds, ``None`` without one; ``ValueError`` if broken."""
        try:
            return _content(path)
        except ValueError:
            # The CLI truncates in place and may take its time, but it holds the lock meanwhile.
            with self._locks.hold(path):
                return _content(path)

    def _ready_cipher(self) -> Cipher:
        if self._cipher is None:
            key = obtain_key(
                self._folder,
                self._keychain,
                locks=self._locks,
                environ=self._environ,
                random_bytes=self._random_bytes,
            )
            if key.is_new and self._auth_files():
                self._pending_warnings.append(
                    _NEW_KEY.format(keychain=self._keychain.name, folder=self._folder)
                )
            self._cipher = key.cipher
        return self._cipher

    def _save_orgs(
        self,
        batch: Sequence[Authorized],
        cipher: Cipher,
        locks: Locks,
        errors: dict[str, StoreError],
        warnings: list[str],
    ) -> tuple[list[Authorized], list[Authorized]]:
        """Write auth files; return who is saved, and who could not get his lock."""
        saved, locked = [], []
        with contextlib.closing(SpareFolder(self._folder)) as spare:
            for authorized in batch:
                try:
                    warnings += self._save_org(authorized, cipher, locks, spare)
                except StoreError as error:
                    errors[authorized.org.username] = error
                    if isinstance(error, LockHeldError):
                        locked.append(authorized)
                else:
                    errors.pop(authorized.org.username, None)
                    saved.append(authorized)
        return saved, locked

    def _save_org(
        self, authorized: Authorized, cipher: Cipher, locks: Locks, spare: SpareFolder
    ) -> list[str]:
        username = authorized.org.username
        auth_file.check_username(username)
        path = self._path_of(username)
        own = auth_file.own_fields(
            authorized,
            cipher=cipher,
            key_file=self._renewal_keys.path(authorized.org.key),
            now=self._clock(),
        )
        with locks.hold(path, spare=spare) as lock:
            old, warnings = _read_old(path)
            before = old.get("orgId")
            if isinstance(before, str) and before != own["orgId"]:
                name = printable(username)
                warnings.append(f"{name} was org {printable(before)}, and is {own['orgId']} now")
            data = encode_json(auth_file.merge(old, own), in_lines=True)
            write_atomically(path, data, before_replacing=lock.ensure_held)
        return warnings

    def _save_aliases(
        self, saved: Sequence[Usable], errors: dict[str, StoreError]
    ) -> Sequence[str]:
        wanted = {each.org.alias: each.org.username for each in saved if each.org.alias}
        if not wanted:
            return ()
        try:
            return self._aliases.assign(wanted)
        except StoreError as error:
            for alias, username in wanted.items():
                what = f"authorized, but the alias {printable(alias)} was not written"
                _add(errors, username, what, error)
        return ()

    def _save_defaults(self, saved: Sequence[Usable], errors: dict[str, StoreError]) -> None:
        values: dict[str, str] = {}
        owners: set[str] = set()
        for org in (each.org for each in saved):
            # An alias that could not be written would leave the default pointing nowhere.
            name = org.username if org.username in errors else org.name
            if org.set_default:
                values[TARGET_ORG] = name
            if org.set_default_dev_hub:
                values[TARGET_DEV_HUB] = name
            if org.set_default or org.set_default_dev_hub:
                owners.add(org.username)
        if not values:
            return
        try:
            self._defaults.set(values)
        except StoreError as error:
            for username in owners:
                _add(errors, username, f"authorized, but {' and '.join(values)} was not set", error)

    def _auth_files(self) -> list[str]:
        try:
            with os.scandir(self._folder) as entries:
                return [entry.name for entry in entries if auth_file.is_auth_file(entry.name)]
        except FileNotFoundError:
            return []
        except OSError as error:
            raise store_error(error, self._folder, "read") from error

    def _path_of(self, username: str) -> Path:
        return self._folder / f"{username}.json"


def _content(path: Path) -> dict[str, Any] | None:
    found = read_file(path)
    return None if found is None else parse_json_object(found.data)


def _read_old(path: Path) -> tuple[dict[str, Any], list[str]]:
    """Return what the file held, or nothing and a warning where it cannot be used."""
    try:
        found = read_file(path)
        return ({} if found is None else parse_json_object(found.data)), []
    except (ValueError, ForeignLinkError) as error:
        return {}, [f"the old authorization in {path} could not be read and was replaced: {error}"]


def _add(errors: dict[str, StoreError], username: str, what: str, why: StoreError) -> None:
    """Tell one org's owner of one more trouble, keeping the kind of the first."""
    first = errors.get(username)
    text = f"{what}: {why}"
    if first is None:
        error = type(why)(text, path=why.path, advice=why.advice)
        error.__cause__ = why
        errors[username] = error
    else:
        error = type(first)(f"{first}; {text}", path=first.path, advice=first.advice)
        error.__cause__ = first
        errors[username] = error
