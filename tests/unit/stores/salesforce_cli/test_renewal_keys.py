"""With which key file the CLI renews a token."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from orgauth.errors import StoreError
from orgauth.models import KeyRef, Secret
from orgauth.stores.salesforce_cli import KeptKey, RenewalKeys

if TYPE_CHECKING:
    from pathlib import Path

FILE = KeyRef("file", "/keys/server.key")
LOCKED = KeyRef("file", "/keys/locked.key", passphrase_env="PASS")
VARIABLE = KeyRef("env", "SF_KEY")
PEM = b"-----BEGIN PRIVATE KEY-----\nmade up\n"
KEPT = KeptKey("0123abcd", Secret(PEM.decode()))


def test_a_key_file_renews_where_it_is(tmp_path: Path) -> None:
    """Nothing is copied that need not be."""
    keys = RenewalKeys(tmp_path / "keys", {})

    assert keys.path(FILE) == "/keys/server.key"
    assert keys.path(VARIABLE) is None
    keys.prepare()
    assert not (tmp_path / "keys").exists()


def test_what_the_cli_cannot_use_is_told_with_the_cure(tmp_path: Path) -> None:
    """Once for keys from variables, once for those with a passphrase."""
    keys = RenewalKeys(tmp_path / "keys", {})

    assert keys.warnings([FILE]) == []
    from_nowhere, locked = keys.warnings([FILE, VARIABLE, VARIABLE, LOCKED])
    assert "came from no file" in from_nowhere
    assert "passphrase" in locked
    assert "keep_key" in from_nowhere
    assert "keep_key" in locked


def test_a_kept_key_has_a_private_file_named_by_its_fingerprint(tmp_path: Path) -> None:
    """Mode 0600 in a folder of mode 0700, and the message says where."""
    folder = tmp_path / "state" / "orgauth" / "keys"
    keys = RenewalKeys(folder, {VARIABLE: KEPT, LOCKED: KEPT})

    keys.prepare()

    file = folder / "0123abcd.pem"
    (told,) = keys.warnings([FILE, VARIABLE, LOCKED])
    assert str(folder) in told
    assert file.read_bytes() == PEM
    assert file.stat().st_mode & 0o777 == 0o600
    assert folder.stat().st_mode & 0o777 == 0o700
    assert keys.path(VARIABLE) == keys.path(LOCKED) == str(file)
    assert keys.path(FILE) == "/keys/server.key"
    assert keys.warnings([FILE]) == []


@pytest.mark.parametrize(
    ("content", "mode"), [(b"another", 0o600), (PEM, 0o644)], ids=["content", "mode"]
)
def test_a_kept_key_that_was_tampered_with_is_written_again(
    tmp_path: Path, content: bytes, mode: int
) -> None:
    """One that is as it should be stays: runs side by side do not disturb each other."""
    keys = RenewalKeys(tmp_path / "keys", {VARIABLE: KEPT})
    keys.prepare()
    file = tmp_path / "keys" / "0123abcd.pem"
    inode = file.stat().st_ino
    keys.prepare()
    assert file.stat().st_ino == inode

    file.write_bytes(content)
    file.chmod(mode)
    keys.prepare()

    assert file.read_bytes() == PEM
    assert file.stat().st_mode & 0o777 == 0o600


def test_a_folder_that_cannot_be_made_is_told_before_anybody_logs_in(tmp_path: Path) -> None:
    """With its path."""
    (tmp_path / "state").write_text("a file in the folder's place")

    with pytest.raises(StoreError, match="state"):
        RenewalKeys(tmp_path / "state" / "keys", {VARIABLE: KEPT}).prepare()


def test_a_kept_key_shows_nothing_of_itself() -> None:
    """Its repr may stand in a traceback."""
    assert repr(KEPT) == "KeptKey(fingerprint='0123abcd', pem=Secret('**********'))"
