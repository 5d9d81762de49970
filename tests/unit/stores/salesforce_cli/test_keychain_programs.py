from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

import pytest

from orgauth.errors import StoreError
from orgauth.stores.salesforce_cli import keychain_programs
from orgauth.stores.salesforce_cli.keychain_programs import MacSecurity, SecretTool

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Make = Callable[..., SecretTool | MacSecurity]

KEY = "0123456789abcdef0123456789abcdef"
ENVIRON = {"PATH": os.environ.get("PATH", "/usr/bin:/bin")}

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
    echo "$key" > keyring ;;
*) exit 2 ;;
esac
"""


@pytest.fixture
def program(tmp_path: Path) -> Callable[[str], str]:
    """Makes a program that keeps its keyring in the test's folder."""

    def make(script: str) -> str:
        path = tmp_path / "program"
        path.write_text(f"#!/bin/sh\ncd '{tmp_path}'\n{script}")
        path.chmod(0o700)
        return str(path)

    return make


@pytest.fixture(params=["secret-tool", "security"])
def make_keychain(request: pytest.FixtureRequest, program: Callable[[str], str]) -> Make:
    """Makes each keychain over a program of its kind, or over the script that is given."""

    def make(script: str | None = None) -> SecretTool | MacSecurity:
        if request.param == "security":
            return MacSecurity(program(script or SECURITY), environ=ENVIRON)
        return SecretTool(program(script or SECRET_TOOL), environ=ENVIRON, sleep=lambda _: None)

    return make


def test_a_key_is_kept(make_keychain: Make) -> None:
    keychain = make_keychain()
    assert keychain.read() is None
    keychain.write(KEY)
    assert keychain.read() == KEY
    assert keychain.name


@pytest.mark.parametrize("action", ["read", "write"])
def test_a_locked_keychain_gets_the_advice(make_keychain: Make, action: str) -> None:
    keychain = make_keychain("echo 'Cannot autolaunch D-Bus' >&2; exit 1")
    with pytest.raises(StoreError, match="exit code 1: Cannot autolaunch D-Bus") as caught:
        keychain.read() if action == "read" else keychain.write(KEY)
    assert "SF_USE_GENERIC_UNIX_KEYCHAIN=true" in caught.value.advice


def test_what_a_failing_program_says_in_quotes_is_not_repeated(make_keychain: Make) -> None:
    keychain = make_keychain(f"echo 'password: \"{KEY}\"' >&2; exit 3")
    with pytest.raises(StoreError, match="exit code 3") as caught:
        keychain.read()
    assert KEY not in str(caught.value)


def test_a_program_that_cannot_be_run_is_told(make_keychain: Make, tmp_path: Path) -> None:
    keychain = make_keychain()
    (tmp_path / "program").chmod(0o600)
    with pytest.raises(StoreError, match="cannot be run"):
        keychain.read()


def test_a_program_that_hangs_is_not_waited_for_for_ever(
    make_keychain: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keychain_programs, "_PATIENCE_SECONDS", 0.05)
    with pytest.raises(StoreError, match="did not answer"):
        make_keychain("exec sleep 10").read()


def test_the_key_never_stands_on_a_command_line(
    make_keychain: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    commands: list[list[str]] = []
    real = subprocess.run

    def watch(command: list[str], **options: object) -> subprocess.CompletedProcess[str]:
        commands.append(command)
        return real(command, **options)  # type: ignore[call-overload, no-any-return]  # passed on as they came

    monkeypatch.setattr(subprocess, "run", watch)
    make_keychain().write(KEY)
    assert commands
    assert KEY not in str(commands)


def test_secret_tool_is_asked_again_when_it_was_asked_too_fast(
    program: Callable[[str], str], tmp_path: Path
) -> None:
    (tmp_path / "keyring").write_text(KEY)
    script = f"""
if [ ! -e asked ]; then
    touch asked; echo 'invalid or unencryptable secret' >&2; exit 1
fi
{SECRET_TOOL}"""
    slept: list[float] = []
    keychain = SecretTool(program(script), environ=ENVIRON, sleep=slept.append)
    assert keychain.read() == KEY
    assert len(slept) == 1


def test_secret_tool_is_not_asked_for_ever(program: Callable[[str], str]) -> None:
    slept: list[float] = []
    script = "echo 'invalid or unencryptable secret' >&2; exit 1"
    with pytest.raises(StoreError, match="invalid or unencryptable"):
        SecretTool(program(script), environ=ENVIRON, sleep=slept.append).read()
    assert len(slept) == 3


def test_security_without_a_password_in_its_answer_has_failed(
    program: Callable[[str], str],
) -> None:
    with pytest.raises(StoreError, match="exit code 0"):
        MacSecurity(program("exit 0"), environ=ENVIRON).read()
