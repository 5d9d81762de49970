from __future__ import annotations

import os
import stat
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from orgauth.errors import LockHeldError, StoreError
from orgauth.stores.dotenv import DotenvStore, collisions, variable_prefix
from orgauth.stores.lock import Locks

if TYPE_CHECKING:
    from collections.abc import Callable

    from orgauth.models import Authorized

    Make = Callable[..., Authorized]

TOKEN = "00D000000000001!AQ.made_up"
URL = "https://acme.my.salesforce.com"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / ".env"


@pytest.fixture
def store(path: Path) -> DotenvStore:
    return DotenvStore(path, sleep=lambda _: None)


def test_the_store_is_named_as_it_was_asked_for() -> None:
    assert DotenvStore(Path("ci.env")).name == "env:ci.env"


@pytest.mark.parametrize(
    ("alias", "prefix"),
    [("uat", "SF_UAT"), ("Feature-a.1", "SF_FEATURE_A_1"), (None, "SF_CI_EXAMPLE_COM")],
)
def test_variables_are_named_after_the_alias_or_the_username(
    authorized: Make, alias: str | None, prefix: str
) -> None:
    assert variable_prefix(authorized(alias=alias).org) == prefix


def test_orgs_whose_variables_collide_are_named(authorized: Make) -> None:
    aliases = ["feature-a", "feature_a", "other", "Feature.A"]
    orgs = [authorized(alias=alias).org for alias in aliases]
    assert collisions(orgs) == {"SF_FEATURE_A": ["feature-a", "feature_a", "Feature.A"]}


def test_a_new_file_is_0600_and_can_be_sourced(
    store: DotenvStore, path: Path, authorized: Make
) -> None:
    store.prepare()
    result = store.save([authorized(alias="uat"), authorized("b@example.com")])
    assert (result.errors, list(result.warnings)) == ({}, [])
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    script = f'. "{path}"; echo "$SF_UAT_ACCESS_TOKEN $SF_B_EXAMPLE_COM_INSTANCE_URL"'
    done = subprocess.run(["/bin/sh", "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout == f"{TOKEN} {URL}\n"


def test_other_lines_and_their_order_are_kept(
    store: DotenvStore, path: Path, authorized: Make
) -> None:
    path.write_bytes(
        b"# mine\r\nA='x y'\n  export SF_UAT_ACCESS_TOKEN = \"old\"\r\n\xff\xfe not text\n"
        b"SF_UAT_ACCESS_TOKEN=older\nLAST=1"
    )
    path.chmod(0o600)
    store.save([authorized(alias="uat")])
    assert path.read_bytes() == (
        b"# mine\r\nA='x y'\n  export SF_UAT_ACCESS_TOKEN=" + TOKEN.encode() + b"\r\n"
        b"\xff\xfe not text\nSF_UAT_ACCESS_TOKEN=" + TOKEN.encode() + b"\nLAST=1\n"
        b"SF_UAT_INSTANCE_URL=" + URL.encode() + b"\n"
    )


def test_saving_again_changes_nothing(store: DotenvStore, path: Path, authorized: Make) -> None:
    store.save([authorized(alias="uat")])
    before = path.read_bytes()
    store.save([authorized(alias="uat")])
    assert path.read_bytes() == before


@pytest.mark.parametrize("token", ["a b", "a'b", "$(id)", "a\nX=1", "", "é", "a#b", "`id`"])
def test_a_value_that_would_need_quotes_is_refused_for_its_org_alone(
    store: DotenvStore, path: Path, authorized: Make, token: str
) -> None:
    result = store.save([authorized("bad@example.com", token=token), authorized(alias="uat")])
    assert list(result.errors) == ["bad@example.com"]
    error = result.errors["bad@example.com"]
    assert "SF_BAD_EXAMPLE_COM_ACCESS_TOKEN" in str(error)
    assert not token or token not in str(error)
    assert error.advice
    assert b"BAD" not in path.read_bytes()
    assert b"SF_UAT" in path.read_bytes()


def test_without_anything_to_write_the_file_is_not_touched(
    store: DotenvStore, path: Path, authorized: Make
) -> None:
    assert list(store.save([authorized(token=" ")]).errors) == ["ci@example.com"]
    assert not path.exists()


def test_a_file_that_others_may_read_is_closed_with_a_warning_once(
    store: DotenvStore, path: Path, authorized: Make
) -> None:
    path.write_text("A=1\n")
    path.chmod(0o644)
    (warning,) = store.save([authorized()]).warnings
    assert "0644" in warning
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert list(store.save([authorized()]).warnings) == []


def test_a_folder_in_the_files_place_is_told_before_anybody_logs_in(
    store: DotenvStore, path: Path
) -> None:
    path.mkdir()
    with pytest.raises(StoreError, match="is not a file") as caught:
        store.prepare()
    assert caught.value.path == path


def test_a_missing_folder_is_told_before_anybody_logs_in(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="the folder does not exist"):
        DotenvStore(tmp_path / "no" / ".env").prepare()


def test_a_relative_path_stays_where_it_was_when_the_program_moves(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, authorized: Make
) -> None:
    monkeypatch.chdir(tmp_path)
    store = DotenvStore(Path("ci.env"))
    (tmp_path / "deeper").mkdir()
    monkeypatch.chdir(tmp_path / "deeper")
    store.save([authorized()])
    assert (tmp_path / "ci.env").exists()


def test_leftovers_of_a_killed_process_are_removed(store: DotenvStore, tmp_path: Path) -> None:
    leftover = tmp_path / ".orgauth-1-ab.tmp"
    leftover.touch()
    os.utime(leftover, (1000, 1000))
    store.prepare()
    assert not leftover.exists()


def test_a_trouble_of_the_file_is_the_trouble_of_every_org_of_the_batch(
    path: Path, authorized: Make
) -> None:
    Path(f"{path}.lock").mkdir()
    store = DotenvStore(path, locks=Locks(sleep=lambda _: None))
    result = store.save([authorized("a@example.com"), authorized("b@example.com", token=" ")])
    assert isinstance(result.errors["a@example.com"], LockHeldError)
    assert not isinstance(result.errors["b@example.com"], LockHeldError)
