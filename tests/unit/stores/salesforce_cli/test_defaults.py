from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

import pytest

from orgauth.errors import StoreError
from orgauth.stores.lock import Locks
from orgauth.stores.salesforce_cli.defaults import TARGET_DEV_HUB, TARGET_ORG, DefaultsFile

if TYPE_CHECKING:
    from pathlib import Path


def make(folder: Path, **environ: str) -> DefaultsFile:
    locks = Locks(sleep=lambda _: None)
    return DefaultsFile(folder, environ=environ, locks=locks, sleep=lambda _: None)


def main(folder: Path) -> Path:
    return folder / ".sf" / "config.json"


def mirror(folder: Path) -> Path:
    return folder / ".sfdx" / "sfdx-config.json"


def put(path: Path, content: dict[str, Any], *, mtime: int) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(content))
    os.utime(path, (mtime, mtime))


def load(path: Path) -> Any:
    return json.loads(path.read_bytes())


def test_both_files_are_made_in_the_clis_own_form(tmp_path: Path) -> None:
    make(tmp_path).set({TARGET_ORG: "uat", TARGET_DEV_HUB: "hub"})
    assert main(tmp_path).read_bytes() == b'{\n  "target-org": "uat",\n  "target-dev-hub": "hub"\n}'
    assert mirror(tmp_path).read_bytes() == (
        b'{\n  "defaultusername": "uat",\n  "defaultdevhubusername": "hub"\n}'
    )
    for path in (main(tmp_path), mirror(tmp_path)):
        assert path.stat().st_mode & 0o777 == 0o600
        assert path.parent.stat().st_mode & 0o777 == 0o700


def test_the_mirror_can_be_switched_off(tmp_path: Path) -> None:
    make(tmp_path, SF_SFDX_INTEROPERABILITY="false").set({TARGET_ORG: "uat"})
    assert load(main(tmp_path)) == {TARGET_ORG: "uat"}
    assert not mirror(tmp_path).parent.exists()


def test_other_settings_survive_and_the_newer_file_wins_for_each(tmp_path: Path) -> None:
    put(main(tmp_path), {"org-api-version": "63.0", TARGET_DEV_HUB: "hub"}, mtime=2000)
    put(mirror(tmp_path), {"apiVersion": "60.0", "instanceUrl": "https://a"}, mtime=1000)
    make(tmp_path).set({TARGET_ORG: "uat"})
    assert load(main(tmp_path)) == {
        "org-api-version": "63.0",
        "org-instance-url": "https://a",
        TARGET_DEV_HUB: "hub",
        TARGET_ORG: "uat",
    }
    assert load(mirror(tmp_path)) == {
        "apiVersion": "63.0",
        "instanceUrl": "https://a",
        "defaultdevhubusername": "hub",
        "defaultusername": "uat",
    }


def test_a_newer_mirror_wins(tmp_path: Path) -> None:
    put(main(tmp_path), {"org-api-version": "63.0", "own": 1}, mtime=1000)
    put(mirror(tmp_path), {"apiVersion": "60.0"}, mtime=2000)
    make(tmp_path).set({TARGET_ORG: "uat"})
    assert load(main(tmp_path)) == {"org-api-version": "60.0", "own": 1, TARGET_ORG: "uat"}


def test_a_mirror_alone_is_taken_over(tmp_path: Path) -> None:
    put(mirror(tmp_path), {"defaultdevhubusername": "hub"}, mtime=1000)
    make(tmp_path).set({TARGET_ORG: "uat"})
    assert load(main(tmp_path)) == {TARGET_DEV_HUB: "hub", TARGET_ORG: "uat"}


def test_what_is_right_already_is_not_written(tmp_path: Path) -> None:
    make(tmp_path).set({TARGET_ORG: "uat"})
    before = [path.stat().st_ino for path in (main(tmp_path), mirror(tmp_path))]
    make(tmp_path).set({TARGET_ORG: "uat"})
    assert [path.stat().st_ino for path in (main(tmp_path), mirror(tmp_path))] == before


@pytest.mark.parametrize("which", [main, mirror])
def test_a_broken_file_is_never_overwritten(tmp_path: Path, which: Any) -> None:
    make(tmp_path).set({TARGET_ORG: "old"})
    which(tmp_path).write_bytes(b'{"target-')
    with pytest.raises(StoreError, match="is broken") as caught:
        make(tmp_path).set({TARGET_ORG: "uat"})
    assert which(tmp_path).read_bytes() == b'{"target-'
    assert caught.value.path == which(tmp_path)


def test_a_file_in_the_folders_place_is_told(tmp_path: Path) -> None:
    (tmp_path / ".sf").touch()
    with pytest.raises(StoreError, match="not a folder"):
        make(tmp_path).set({TARGET_ORG: "uat"})
