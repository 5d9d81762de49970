"""What every keychain promises; the programs behind two of them are fakes that keep a file."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from orgauth.errors import StoreError
from orgauth.stores.salesforce_cli import keychain_programs
from orgauth.stores.salesforce_cli.keychain import KeyFile
from orgauth.stores.salesforce_cli.keychain_programs import MacSecurity, SecretTool

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from orgauth.stores.salesforce_cli.keychain import Keychain

KEY = "0123456789abcdef0123456789abcdef"
OTHER_KEY = KEY[::-1]
ENVIRON = {"PATH": os.environ.get("PATH", os.defpath)}

SECRET_TOOL = """
case "$*" in
"lookup user local domain sfdx")
    [ -s keyring ] || exit 1
    cat keyring ;;
"store --label='salesforce.com' user local domain sfdx") cat > keyring ;;
*) echo "unexpected: $*" >&2; exit 2 ;;
esac
"""

SECURITY = """
case "$*" in
"find-generic-password -a local -s sfdx -g")
    [ -s keyring ] || { echo "could not be found" >&2; exit 44; }
    echo 'keychain: "login.keychain-db"'
    echo "password: \\"$(cat keyring)\\"" >&2 ;;
"-i")
    read command a name s service w key
    [ "$command $a $name $s $service $w" = "add-generic-password -a local -s sfdx -w" ] || exit 2
    [ ! -s keyring ] || { echo "already exists in the keychain" >&2; exit 45; }
    echo "$key" > keyring ;;
*) exit 2 ;;
esac
"""


@dataclass
class Rig:
    """One kind of keychain, and the place where it keeps its key."""

    folder: Path
    make: Callable[[], Keychain]
    """Makes another keychain in the same place."""
    script: str = ""
    """What the fake program does; empty for a keychain without one."""

    @property
    def program(self) -> Path:
        return self.folder / "program"

    def install(self, script: str) -> None:
        """Put a program in the place of the keychain's own; it notes how it is called."""
        record = 'echo "$*" >> calls'
        self.program.write_text(f"#!/bin/sh\ncd '{self.folder}'\n{record}\n{script}")
        self.program.chmod(0o700)

    def break_it(self) -> None:
        """Let whatever is tried go wrong, and the trouble's text hold the key."""
        if self.script:
            self.install(f"echo 'password: \"{KEY}\"' >&2; exit 3")
        else:
            (self.folder / "key.json").write_text(f'{{"key": "{KEY}"')
            (self.folder / "key.json").chmod(0o600)


def key_file(folder: Path) -> Rig:
    return Rig(folder, lambda: KeyFile(folder / "key.json", sleep=lambda _: None))


def secret_tool(folder: Path) -> Rig:
    program = str(folder / "program")
    return Rig(
        folder, lambda: SecretTool(program, environ=ENVIRON, sleep=lambda _: None), SECRET_TOOL
    )


def security(folder: Path) -> Rig:
    program = str(folder / "program")
    return Rig(folder, lambda: MacSecurity(program, environ=ENVIRON), SECURITY)


PROGRAMS = {"secret-tool": secret_tool, "security": security}
KEYCHAINS = {"key.json": key_file, **PROGRAMS}


@pytest.fixture(params=KEYCHAINS)
def rig(request: pytest.FixtureRequest, tmp_path: Path) -> Rig:
    """One kind after the other, with nothing kept yet."""
    made = KEYCHAINS[request.param](tmp_path)
    if made.script:
        made.install(made.script)
    return made


only_programs = pytest.mark.parametrize("rig", PROGRAMS, indirect=True)


def test_where_nothing_is_kept_there_is_no_key(rig: Rig) -> None:
    assert rig.make().read() is None


def test_what_was_kept_is_read_by_others_too(rig: Rig) -> None:
    rig.make().write(KEY)
    assert rig.make().read() == KEY
    assert rig.make().read() == KEY


def test_a_key_that_is_there_is_never_replaced(rig: Rig) -> None:
    """Whatever was encrypted with it could not be read again."""
    rig.make().write(KEY)
    rig.make().write(OTHER_KEY)
    assert rig.make().read() == KEY


def test_it_has_a_name_for_messages(rig: Rig) -> None:
    assert rig.make().name


def test_trouble_is_told_with_advice_and_without_the_key(rig: Rig) -> None:
    rig.break_it()
    with pytest.raises(StoreError) as caught:
        rig.make().read()
    assert caught.value.advice
    assert caught.value.path is not None
    assert KEY not in f"{caught.value!r} {caught.value} {caught.value.advice}"


@only_programs
@pytest.mark.parametrize("action", ["read", "write"])
def test_a_locked_keychain_gets_the_advice(rig: Rig, action: str) -> None:
    rig.install("echo 'Cannot autolaunch D-Bus' >&2; exit 1")
    with pytest.raises(StoreError, match="exit code 1: Cannot autolaunch D-Bus") as caught:
        rig.make().read() if action == "read" else rig.make().write(KEY)
    assert "SF_USE_GENERIC_UNIX_KEYCHAIN=true" in caught.value.advice


@only_programs
@pytest.mark.parametrize("action", ["read", "write"])
@pytest.mark.parametrize("why", ["missing", "not executable"])
def test_a_program_that_cannot_be_run_is_told(rig: Rig, action: str, why: str) -> None:
    if why == "missing":
        rig.program.unlink()
    else:
        rig.program.chmod(0o600)
    with pytest.raises(StoreError, match="cannot be run") as caught:
        rig.make().read() if action == "read" else rig.make().write(KEY)
    assert str(rig.program) in str(caught.value)
    assert KEY not in str(caught.value)


@only_programs
def test_a_program_that_hangs_is_not_waited_for_for_ever(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keychain_programs, "_PATIENCE_SECONDS", 0.05)
    rig.install("exec sleep 10")
    with pytest.raises(StoreError, match="did not answer"):
        rig.make().read()


@only_programs
def test_the_key_never_stands_on_a_command_line(rig: Rig) -> None:
    """Anybody on the machine could read it there."""
    rig.make().write(KEY)
    assert rig.make().read() == KEY
    calls = (rig.folder / "calls").read_text()
    assert calls.count("\n") >= 2
    assert KEY not in calls
