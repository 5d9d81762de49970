"""Where the Salesforce CLI keeps the key of its store: a file, or the system's keychain.

Which one is the CLI's own choice, by platform and environment, and ours has to be the
same. Source: ``@salesforce/core``, ``lib/crypto/keyChain.js`` and ``keyChainImpl.js``.
"""

from __future__ import annotations

import json
import os
import shlex
import stat
import sys
import time
from typing import TYPE_CHECKING, Protocol

from orgauth.errors import StoreError
from orgauth.stores.atomic_file import create_exclusively
from orgauth.stores.salesforce_cli.environment import is_true
from orgauth.stores.salesforce_cli.json_file import read_json_object
from orgauth.stores.salesforce_cli.keychain_programs import MacSecurity, SecretTool

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

__all__ = ["KeyFile", "Keychain", "choose_keychain"]

_SERVICE = "sfdx"
_ACCOUNT = "local"
_SECRET_TOOL = "/usr/bin/secret-tool"  # noqa: S105 - the name of a program
_PRIVATE_FILE = 0o600


class Keychain(Protocol):
    """Keeps the one key with which all tokens of the store are encrypted."""

    @property
    def name(self) -> str:
        """Where a person finds the key, for messages."""
        ...

    def read(self) -> str | None:
        """Return the key's text, or ``None`` where there is none; raise ``StoreError``."""
        ...

    def write(self, key: str) -> None:
        """Keep ``key`` unless there is one by now; raise ``StoreError``."""
        ...


class KeyFile:
    """``~/.sfdx/key.json``, which must have mode 0600: the CLI refuses every other."""

    def __init__(
        self,
        path: Path,
        *,
        has_modes: bool = True,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """``has_modes`` is false on Windows, where files have none."""
        self._path = path
        self._has_modes = has_modes
        self._sleep = sleep

    @property
    def name(self) -> str:
        """The file's path."""
        return str(self._path)

    def read(self) -> str | None:
        """Return the key, or ``None`` without a file. See ``Keychain``."""
        loaded = read_json_object(
            self._path,
            sleep=self._sleep,
            advice=(
                "Restore it from a backup. Without one, the tokens in the store cannot be read: "
                "remove the file, and log in to all orgs again."
            ),
        )
        if loaded is None:
            return None
        mode = stat.S_IMODE(loaded.status.st_mode) & 0o777
        if self._has_modes and mode != _PRIVATE_FILE:
            raise StoreError(
                f"{self._path} has mode {mode:04o}; the Salesforce CLI accepts 0600 only",
                path=self._path,
                advice=f"chmod 600 {shlex.quote(str(self._path))}",
            )
        key = loaded.content.get("key")
        named = (loaded.content.get("service"), loaded.content.get("account"))
        if not isinstance(key, str) or named != (_SERVICE, _ACCOUNT):
            raise StoreError(
                f"{self._path} does not hold the key of service {_SERVICE!r} and account "
                f"{_ACCOUNT!r}",
                path=self._path,
                advice="Restore it from a backup, or remove it and log in to all orgs again.",
            )
        return key

    def write(self, key: str) -> None:
        """Create the file, if nobody else has by now. See ``Keychain``."""
        content = {"account": _ACCOUNT, "key": key, "service": _SERVICE}
        create_exclusively(self._path, json.dumps(content, indent=4).encode("ascii"))


def choose_keychain(
    folder: Path,
    environ: Mapping[str, str],
    *,
    platform: str = sys.platform,
    sleep: Callable[[float], None] = time.sleep,
) -> Keychain:
    """Return the keychain that the CLI itself would use, for ``~/.sfdx`` in ``folder``."""
    key_file = KeyFile(folder / "key.json", has_modes=not platform.startswith("win"), sleep=sleep)
    if _asks_for_the_file(environ):
        return key_file
    if platform == "darwin":
        return MacSecurity(environ=environ)
    if platform.startswith("linux"):
        program = environ.get("SFDX_SECRET_TOOL_PATH", _SECRET_TOOL)
        if os.access(program, os.X_OK):
            return SecretTool(program, environ=environ, sleep=sleep)
    return key_file


def _asks_for_the_file(environ: Mapping[str, str]) -> bool:
    name = "SF_USE_GENERIC_UNIX_KEYCHAIN"
    # Where it says nothing, the CLI still listens to its old name (``lib/config/envVars.js``).
    return is_true(environ, name if environ.get(name) else "SFDX_USE_GENERIC_UNIX_KEYCHAIN")
