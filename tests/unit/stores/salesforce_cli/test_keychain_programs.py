"""What is peculiar to each program; what they share is in ``tests/contract/test_keychains.py``."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from orgauth.errors import StoreError
from orgauth.stores.salesforce_cli.keychain_programs import MacSecurity, SecretTool

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

KEY = "0123456789abcdef0123456789abcdef"
ENVIRON = {"PATH": os.environ.get("PATH", os.defpath)}
TOO_FAST = "echo 'invalid or unencryptable secret' >&2; exit 1"


@pytest.fixture
def program(tmp_path: Path) -> Callable[[str], str]:
    """Makes a program that runs in the test's folder."""

    def make(script: str) -> str:
        path = tmp_path / "program"
        path.write_text(f"#!/bin/sh\ncd '{tmp_path}'\n{script}")
        path.chmod(0o700)
        return str(path)

    return make


def test_secret_tool_is_asked_again_when_it_was_asked_too_fast(
    program: Callable[[str], str],
) -> None:
    script = f"if [ ! -e asked ]; then touch asked; {TOO_FAST}; fi; echo {KEY}"
    slept: list[float] = []
    keychain = SecretTool(program(script), environ=ENVIRON, sleep=slept.append)
    assert keychain.read() == KEY
    assert len(slept) == 1


def test_secret_tool_is_not_asked_for_ever(program: Callable[[str], str]) -> None:
    slept: list[float] = []
    with pytest.raises(StoreError, match="invalid or unencryptable"):
        SecretTool(program(TOO_FAST), environ=ENVIRON, sleep=slept.append).read()
    assert len(slept) == 3


@pytest.mark.parametrize(
    "logged",
    [
        "** Message: 12:00:00.000: Remote error from secret service: no prompter",
        "(secret-tool:4711): GLib-GIO-WARNING **: 12:00:00.000: no schema",
        "\n** (secret-tool:4711): CRITICAL **: 12:00:00.000: something is NULL\n",
    ],
)
def test_what_secret_tool_logs_is_no_failure(program: Callable[[str], str], logged: str) -> None:
    """The CLI makes a key then, and so do we."""
    script = f"echo '{logged}' >&2; exit 1"
    assert SecretTool(program(script), environ=ENVIRON).read() is None


def test_a_failure_beside_what_is_logged_is_one(program: Callable[[str], str]) -> None:
    script = "echo '** Message: a prelude' >&2; echo 'secret-tool: Timeout was reached' >&2; exit 1"
    with pytest.raises(StoreError, match="Timeout was reached"):
        SecretTool(program(script), environ=ENVIRON).read()


def test_a_secret_tool_that_dies_silently_has_not_said_that_there_is_no_key(
    program: Callable[[str], str],
) -> None:
    with pytest.raises(StoreError, match="exit code -9: it said nothing"):
        SecretTool(program("kill -9 $$"), environ=ENVIRON).read()


def test_security_without_a_password_in_its_answer_has_failed(
    program: Callable[[str], str],
) -> None:
    with pytest.raises(StoreError, match="exit code 0"):
        MacSecurity(program("exit 0"), environ=ENVIRON).read()


def test_security_that_cannot_keep_a_key_is_told(program: Callable[[str], str]) -> None:
    with pytest.raises(StoreError, match="exit code 36: not allowed"):
        MacSecurity(program("echo not allowed >&2; exit 36"), environ=ENVIRON).write(KEY)
