from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

import pytest

from orgauth.errors import StoreError
from orgauth.stores.lock import Locks
from orgauth.stores.salesforce_cli import aliases as aliases_module
from orgauth.stores.salesforce_cli.aliases import AliasFile

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "alias.json"


@pytest.fixture
def aliases(path: Path) -> AliasFile:
    return AliasFile(path, locks=Locks(sleep=lambda _: None), sleep=lambda _: None)


def on_disk(path: Path) -> dict[str, str]:
    """What the file says, each alias once."""
    ((group, pairs),) = json.loads(path.read_bytes(), object_pairs_hook=list)
    assert group == "orgs"
    assert len(dict(pairs)) == len(pairs)
    return dict(pairs)


def test_a_missing_file_is_made_and_one_that_is_there_is_kept(
    aliases: AliasFile, path: Path
) -> None:
    aliases.create_if_missing()
    assert path.read_bytes() == b'{"orgs":{}}'
    path.write_bytes(b'{"orgs":{"a":"b"}}')
    aliases.create_if_missing()
    assert path.read_bytes() == b'{"orgs":{"a":"b"}}'


def test_aliases_are_added_in_the_clis_own_form(aliases: AliasFile, path: Path) -> None:
    path.write_bytes(b'{"orgs":{"old":"old@example.com"}}')
    assert list(aliases.assign({"uat": "a@example.com", "too": "a@example.com"})) == []
    assert path.read_bytes() == (
        b'{"orgs":{"old":"old@example.com","uat":"a@example.com","too":"a@example.com"}}'
    )
    assert path.stat().st_mode & 0o777 == 0o600
    assert aliases.read() == {
        "old": "old@example.com",
        "uat": "a@example.com",
        "too": "a@example.com",
    }


def test_an_alias_that_moves_is_told(aliases: AliasFile) -> None:
    aliases.assign({"x": "a@example.com", "y": "y@example.com"})
    assert list(aliases.assign({"x": "b@example.com", "y": "y@example.com"})) == [
        "alias x moved from a@example.com to b@example.com"
    ]


def test_what_is_right_already_is_not_written(aliases: AliasFile, path: Path) -> None:
    aliases.assign({"x": "a@example.com"})
    before = path.stat()
    aliases.assign({"x": "a@example.com"})
    assert path.stat().st_ino == before.st_ino


def test_what_we_do_not_know_survives(aliases: AliasFile, path: Path) -> None:
    path.write_bytes(b'{"other":[1],"orgs":{"odd":7}}')
    aliases.assign({"x": "a@example.com"})
    assert json.loads(path.read_bytes()) == {
        "other": [1],
        "orgs": {"odd": 7, "x": "a@example.com"},
    }
    assert aliases.read() == {"x": "a@example.com"}


@pytest.mark.parametrize("content", [b"", b'{"orgs":{"a":', b"[]", b'{"orgs":[]}', b'{"orgs":"x"}'])
def test_a_broken_file_is_never_overwritten(aliases: AliasFile, path: Path, content: bytes) -> None:
    path.write_bytes(content)
    with pytest.raises(StoreError, match="is broken") as caught:
        aliases.assign({"x": "a@example.com"})
    assert path.read_bytes() == content
    assert caught.value.path == path
    assert "Repair it" in caught.value.advice


def test_what_is_as_we_left_it_is_not_read_again(
    aliases: AliasFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    aliases.assign({"a": "a@example.com"})
    with monkeypatch.context() as patched:
        patched.setattr(aliases_module, "read_json_object", None)
        aliases.assign({"b": "b@example.com"})
    assert aliases.read() == {"a": "a@example.com", "b": "b@example.com"}


def test_batch_after_batch_the_file_is_what_encoding_it_whole_would_give(
    aliases: AliasFile, path: Path
) -> None:
    aliases.create_if_missing()
    expected: dict[str, str] = {}
    for batch in (
        {"a": "a@example.com"},
        {"b": "b@example.com", 'q"\\': "é@example.com"},
        {"c": "c@example.com", "a": "moved@example.com"},
        {"d": "d@example.com", "half": "\ud83d@example.com"},
        {"e": "e@example.com"},
    ):
        expected |= batch
        aliases.assign(batch)
        assert on_disk(path) == expected
        assert aliases.read() == expected
        assert b" " not in path.read_bytes()


def test_a_write_that_fails_leaves_what_is_known_as_it_is(
    aliases: AliasFile, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise StoreError("full")

    aliases.assign({"a": "a@example.com"})
    with monkeypatch.context() as patched:
        patched.setattr(aliases_module, "write_atomically", fail)
        with pytest.raises(StoreError, match="full"):
            aliases.assign({"b": "b@example.com"})
    aliases.assign({"c": "c@example.com"})
    assert json.loads(path.read_bytes())["orgs"] == {"a": "a@example.com", "c": "c@example.com"}


def test_what_the_cli_has_written_in_between_is_read_again(aliases: AliasFile, path: Path) -> None:
    aliases.assign({"a": "a@example.com"})
    status = path.stat()
    with path.open("r+") as file:  # truncated in place, at the same length and mtime
        file.truncate(0)
        file.write('{"orgs":{"b":"b@example.com"}}')
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    aliases.assign({"c": "c@example.com"})
    assert on_disk(path) == {"b": "b@example.com", "c": "c@example.com"}


def test_a_file_that_has_gone_is_made_again(aliases: AliasFile, path: Path) -> None:
    aliases.assign({"a": "a@example.com"})
    path.unlink()
    aliases.assign({"b": "b@example.com"})
    assert aliases.read() == {"b": "b@example.com"}


def test_names_cannot_move_the_cursor(aliases: AliasFile) -> None:
    aliases.assign({"\x1b[2J": "a@example.com"})
    (warning,) = aliases.assign({"\x1b[2J": "b@example.com"})
    assert "\x1b" not in warning
