from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from orgauth.errors import LockHeldError, StoreError
from orgauth.stores.lock import Locks
from orgauth.stores.salesforce_cli.store_key import obtain_key

if TYPE_CHECKING:
    from pathlib import Path

V1_KEY = "0123456789abcdef0123456789abcdef"
LOCKS = Locks(sleep=lambda _: None)


class Memory:
    """A keychain that forgets, or gets a key from elsewhere, when the test wants it to."""

    name = "the keychain of the test"

    def __init__(self, *answers: str | None, keeps: bool = True) -> None:
        self._answers = list(answers)
        self._keeps = keeps
        self.written: list[str] = []

    def read(self) -> str | None:
        if self._answers:
            return self._answers.pop(0)
        return self.written[-1] if self.written and self._keeps else None

    def write(self, key: str) -> None:
        self.written.append(key)


def test_a_key_that_is_there_is_taken_without_a_lock(tmp_path: Path) -> None:
    (tmp_path / "key.json.lock").mkdir()
    keychain = Memory(V1_KEY)
    key = obtain_key(tmp_path, keychain, locks=LOCKS, environ={})
    assert (key.cipher.version, key.is_new, keychain.written) == (1, False, [])


@pytest.mark.parametrize(
    ("environ", "version"),
    [
        ({}, 1),
        ({"SF_CRYPTO_V2": "TRUE"}, 2),
        ({"SF_CRYPTO_V2": "1"}, 1),
        ({"SF_CRYPTO_V2": "false"}, 1),
    ],
)
def test_without_a_key_one_is_made(tmp_path: Path, environ: dict[str, str], version: int) -> None:
    keychain = Memory()
    key = obtain_key(tmp_path, keychain, locks=LOCKS, environ=environ)
    assert key.is_new
    assert key.cipher.version == version
    assert len(keychain.written) == 1


def test_a_key_that_came_while_we_waited_for_the_lock_is_taken(tmp_path: Path) -> None:
    keychain = Memory(None, V1_KEY)
    key = obtain_key(tmp_path, keychain, locks=LOCKS, environ={})
    assert not key.is_new
    assert keychain.written == []


def test_a_key_that_the_cli_made_as_we_were_about_to_is_taken(tmp_path: Path) -> None:
    """It takes no lock for that; the keychain keeps the first one."""
    keychain = Memory(None, None, V1_KEY)
    key = obtain_key(tmp_path, keychain, locks=LOCKS, environ={})
    assert not key.is_new


def test_a_lock_held_for_too_long_is_told(tmp_path: Path) -> None:
    (tmp_path / "key.json.lock").mkdir()
    with pytest.raises(LockHeldError):
        obtain_key(tmp_path, Memory(), locks=LOCKS, environ={})


def test_a_keychain_that_forgets_is_told(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="cannot be read back from the keychain of the test"):
        obtain_key(tmp_path, Memory(keeps=False), locks=LOCKS, environ={})


def test_a_key_of_the_wrong_length_is_told_with_its_place(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=r"5 characters.*the keychain of the test") as caught:
        obtain_key(tmp_path, Memory("short"), locks=LOCKS, environ={})
    assert "backup" in caught.value.advice
    assert "short" not in str(caught.value)
