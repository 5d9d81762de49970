"""The system's own keychains, each through the program that the Salesforce CLI uses."""

from __future__ import annotations

import re
import subprocess
import time
from pathlib import Path
from typing import TYPE_CHECKING

from orgauth.errors import StoreError
from orgauth.text import printable

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

__all__ = ["MacSecurity", "SecretTool"]

_PATIENCE_SECONDS = 120.0  # the system may ask the person to unlock the keychain
_TOO_FAST_TRIES = 4
_TOO_FAST_PAUSE_SECONDS = 0.2
_USE_THE_FILE = (
    "Unlock the keychain, or set SF_USE_GENERIC_UNIX_KEYCHAIN=true for orgauth and sf alike "
    "to keep the key in ~/.sfdx/key.json."
)
# What GLib logs on the way, on standard error; secret-tool's own errors begin with its name.
_LOGGED = re.compile(r"^(\*\* )?(\(.*:\d+\)|Message): .*$", re.MULTILINE)
_MAC_NOT_FOUND = 44  # errSecItemNotFound, as `security` exits
_MAC_IS_THERE = 45  # errSecDuplicateItem
_MAC_PASSWORD = re.compile(r'^password: "(.*)"$', re.MULTILINE)


class SecretTool:
    """Linux: libsecret, through ``secret-tool``."""

    name = "the keyring (secret-tool)"

    def __init__(
        self,
        program: str,
        *,
        environ: Mapping[str, str],
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """``environ`` is what the program sees; it finds the session bus there."""
        self._program = program
        self._environ = environ
        self._sleep = sleep

    def read(self) -> str | None:
        """Return the key, or ``None`` where the keyring has none. See ``Keychain``."""
        command = [self._program, "lookup", "user", "local", "domain", "sfdx"]
        done = _run(command, self._environ)
        for _ in range(_TOO_FAST_TRIES - 1):
            # Asked too often too quickly, it says this of a secret that is there.
            if "invalid or unencryptable secret" not in done.stderr:
                break
            self._sleep(_TOO_FAST_PAUSE_SECONDS)
            done = _run(command, self._environ)
        if done.returncode == 0:
            return done.stdout.strip() or None
        # A locked keyring that nobody can be asked to unlock has "no" key either; keeping a
        # new one then fails.
        if done.returncode != 1 or _LOGGED.sub("", done.stderr).strip():
            raise _failed(self._program, done)
        return None

    def write(self, key: str) -> None:
        """Keep the key in the keyring; it is handed over on standard input."""
        if self.read() is not None:
            return  # it would be replaced
        # The quotes are part of the label: the CLI starts the program without a shell.
        label = "--label='salesforce.com'"
        command = [self._program, "store", label, "user", "local", "domain", "sfdx"]
        done = _run(command, self._environ, send=f"{key}\n")
        if done.returncode != 0:
            raise _failed(self._program, done)


class MacSecurity:
    """macOS: the login keychain, through ``security``."""

    name = "the login keychain"

    def __init__(self, program: str = "/usr/bin/security", *, environ: Mapping[str, str]) -> None:
        """``environ`` is what the program sees."""
        self._program = program
        self._environ = environ

    def read(self) -> str | None:
        """Return the key, or ``None`` where the keychain has none. See ``Keychain``."""
        command = [self._program, "find-generic-password", "-a", "local", "-s", "sfdx", "-g"]
        done = _run(command, self._environ)
        if done.returncode == _MAC_NOT_FOUND:
            return None
        # With -g the password is written to standard error, after everything else.
        found = _MAC_PASSWORD.search(done.stderr)
        if done.returncode != 0 or found is None:
            raise _failed(self._program, done)
        return found[1]

    def write(self, key: str) -> None:
        """Keep the key in the login keychain; it never stands on a command line."""
        command = f"add-generic-password -a local -s sfdx -w {key}\n"
        done = _run([self._program, "-i"], self._environ, send=command)
        if done.returncode not in (0, _MAC_IS_THERE):
            raise _failed(self._program, done)


def _run(
    command: Sequence[str], environ: Mapping[str, str], *, send: str = ""
) -> subprocess.CompletedProcess[str]:
    try:
        return subprocess.run(  # noqa: S603 - a fixed program and fixed words, no shell
            command,
            input=send,
            env=dict(environ),
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
            timeout=_PATIENCE_SECONDS,
        )
    except subprocess.TimeoutExpired as error:
        raise StoreError(
            f"{command[0]} did not answer within {_PATIENCE_SECONDS:.0f} seconds",
            path=Path(command[0]),
            advice=_USE_THE_FILE,
        ) from error
    except OSError as error:
        raise StoreError(
            f"{command[0]} cannot be run: {error.strerror}",
            path=Path(command[0]),
            advice=_USE_THE_FILE,
        ) from error


def _failed(program: str, done: subprocess.CompletedProcess[str]) -> StoreError:
    # Anything that stands in quotes may be the key.
    told = printable(re.sub(r'".*"', '"…"', done.stderr.strip()), limit=200)
    return StoreError(
        f"{program} failed with exit code {done.returncode}: {told or 'it said nothing'}",
        path=Path(program),
        advice=_USE_THE_FILE,
    )
