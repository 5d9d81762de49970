from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from orgauth.errors import LockHeldError, StoreError
from orgauth.models import KeyRef, OrgKind
from orgauth.stores.lock import Locks
from orgauth.stores.salesforce_cli import RenewalKeys, SalesforceCliStore
from orgauth.stores.salesforce_cli import store as store_module

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from orgauth.models import Authorized

    Make = Callable[..., Authorized]

ENVIRON = {"SF_USE_GENERIC_UNIX_KEYCHAIN": "true"}


def make_store(home: Path, *, project: Path | None = None) -> SalesforceCliStore:
    return SalesforceCliStore(
        home,
        project=project,
        environ=ENVIRON,
        sleep=lambda _: None,
        locks=Locks(sleep=lambda _: None),
    )


@pytest.fixture
def home(tmp_path: Path) -> Path:
    path = tmp_path / "home"
    path.mkdir()
    return path


@pytest.fixture
def sfdx(home: Path) -> Path:
    return home / ".sfdx"


@pytest.fixture
def store(home: Path) -> SalesforceCliStore:
    store = make_store(home)
    store.prepare()
    return store


@pytest.fixture(params=[0o000, 0o277])
def umask(request: pytest.FixtureRequest, home: Path) -> Iterator[int]:
    # After the folder of the test: nobody but root could write in one made under 0277.
    old = os.umask(request.param)
    yield request.param
    os.umask(old)


def load(path: Path) -> Any:
    return json.loads(path.read_bytes())


def names(folder: Path) -> list[str]:
    return sorted(os.listdir(folder))  # noqa: PTH208 - names are what is compared


class TestPrepare:
    @pytest.mark.usefixtures("umask")
    def test_an_empty_home_gets_folder_key_and_aliases(self, home: Path, sfdx: Path) -> None:
        make_store(home).prepare()
        assert stat.S_IMODE(sfdx.stat().st_mode) == 0o700
        assert names(sfdx) == ["alias.json", "key.json"]
        assert {stat.S_IMODE(path.stat().st_mode) for path in sfdx.iterdir()} == {0o600}

    def test_again_it_changes_nothing(self, home: Path, sfdx: Path) -> None:
        make_store(home).prepare()
        key = (sfdx / "key.json").read_bytes()
        make_store(home).prepare()
        assert (sfdx / "key.json").read_bytes() == key

    def test_a_missing_home_is_told(self, home: Path) -> None:
        home.rmdir()
        with pytest.raises(StoreError, match="the folder does not exist") as caught:
            make_store(home).prepare()
        assert caught.value.path == home / ".sfdx"

    def test_a_file_in_the_folders_place_is_told(self, home: Path, sfdx: Path) -> None:
        sfdx.touch()
        with pytest.raises(StoreError, match="not a folder"):
            make_store(home).prepare()

    def test_a_key_of_the_wrong_mode_is_told(self, home: Path, sfdx: Path) -> None:
        make_store(home).prepare()
        (sfdx / "key.json").chmod(0o644)
        with pytest.raises(StoreError, match="mode 0644"):
            make_store(home).prepare()

    @pytest.mark.parametrize("folder", ["home/.sfdx", "app/.sf", "app/.sfdx", "state/keys"])
    def test_leftovers_of_a_killed_process_are_removed_wherever_it_wrote(
        self, tmp_path: Path, home: Path, folder: str
    ) -> None:
        """They may hold a token or a private key."""
        left = tmp_path / folder / ".orgauth-1-ab.tmp"
        left.parent.mkdir(parents=True)
        left.touch()
        os.utime(left, (1000, 1000))
        SalesforceCliStore(
            home,
            project=tmp_path / "app",
            environ=ENVIRON,
            renewal_keys=RenewalKeys(tmp_path / "state/keys", {}),
        ).prepare()
        assert not left.exists()

    def test_a_new_key_beside_old_authorizations_is_a_warning_once(
        self, home: Path, sfdx: Path, authorized: Make
    ) -> None:
        sfdx.mkdir()
        (sfdx / "old@example.com.json").write_text("{}")
        store = make_store(home)
        store.prepare()
        (warning,) = store.save([authorized()]).warnings
        assert "log in to them again" in warning
        assert str(sfdx / "key.json") in warning
        assert list(store.save([authorized()]).warnings) == []


class TestAuthFiles:
    def test_an_org_is_saved_as_the_cli_would(
        self, store: SalesforceCliStore, sfdx: Path, authorized: Make
    ) -> None:
        result = store.save([authorized(alias="uat")])
        assert (result.errors, list(result.warnings)) == ({}, [])
        path = sfdx / "ci@example.com.json"
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert path.read_text().startswith('{\n  "accessToken": "')
        assert path.read_text().endswith("\n}")
        assert "made_up" not in load(path)["accessToken"]
        assert names(sfdx) == ["alias.json", "ci@example.com.json", "key.json"]

    def test_it_is_read_back(self, store: SalesforceCliStore, authorized: Make) -> None:
        store.save([authorized("b@example.com", alias="uat"), authorized("a@example.com")])
        assert store.usernames() == ["a@example.com", "b@example.com"]
        assert store.aliases() == {"uat": "b@example.com"}
        read = store.read("b@example.com")
        assert read.username == "b@example.com"
        assert read.access_token.reveal() == "00D000000000001!AQ.made_up"

    def test_unknown_keys_survive_and_a_web_login_is_replaced(
        self, store: SalesforceCliStore, sfdx: Path, authorized: Make
    ) -> None:
        path = sfdx / "ci@example.com.json"
        path.write_text(json.dumps({"refreshToken": "x", "tracksSource": True, "userId": "005"}))
        store.save([authorized()])
        found = load(path)
        assert "refreshToken" not in found
        assert (found["tracksSource"], found["userId"]) == (True, "005")

    def test_a_username_that_has_come_to_mean_another_org_is_told(
        self, store: SalesforceCliStore, authorized: Make
    ) -> None:
        assert list(store.save([authorized()]).warnings) == []
        assert list(store.save([authorized()]).warnings) == []
        (warning,) = store.save([authorized(org_id="00D000000000002AAA")]).warnings
        assert warning == "ci@example.com was org 00D000000000001AAA, and is 00D000000000002AAA now"

    @pytest.mark.parametrize("content", [b'{"accessTok', b"", b"[]", b"\xff"])
    def test_a_broken_old_file_is_replaced_with_a_warning(
        self, store: SalesforceCliStore, sfdx: Path, authorized: Make, content: bytes
    ) -> None:
        path = sfdx / "ci@example.com.json"
        path.write_bytes(content)
        result = store.save([authorized()])
        assert result.errors == {}
        (warning,) = result.warnings
        assert str(path) in warning
        assert store.read("ci@example.com").org_id == "00D000000000001AAA"

    def test_a_link_of_somebody_elses_is_replaced_not_followed(
        self,
        store: SalesforceCliStore,
        tmp_path: Path,
        sfdx: Path,
        authorized: Make,
        foreign_link: Callable[[Path, Path], None],
    ) -> None:
        victim = tmp_path / "victim"
        victim.write_text("{}")
        foreign_link(sfdx / "ci@example.com.json", victim)
        result = store.save([authorized()])
        assert result.errors == {}
        assert len(result.warnings) == 1
        assert victim.read_text() == "{}"

    def test_one_orgs_trouble_costs_its_neighbours_nothing(
        self, store: SalesforceCliStore, sfdx: Path, authorized: Make
    ) -> None:
        (sfdx / "blocked@example.com.json").mkdir()
        (sfdx / "locked@example.com.json.lock").mkdir()
        usernames = [
            "blocked@example.com",
            "locked@example.com",
            "../../x@example.com",
            "user@localhost",
            "a" * 300 + "@example.com",
            "fine@example.com",
        ]
        result = store.save([authorized(username) for username in usernames])
        assert list(result.errors) == usernames[:-1]
        assert isinstance(result.errors["locked@example.com"], LockHeldError)
        assert "is not a file" in str(result.errors["blocked@example.com"])
        assert "the name is too long" in str(result.errors["a" * 300 + "@example.com"])
        assert all(error.advice for error in result.errors.values())
        assert store.usernames() == ["blocked@example.com", "fine@example.com"]
        assert not (sfdx.parent.parent / "x@example.com.json").exists()

    def test_nobody_waits_for_his_neighbours_lock(
        self, home: Path, sfdx: Path, authorized: Make
    ) -> None:
        seen: list[list[str]] = []

        def sleep(_: float) -> None:
            seen.append(names(sfdx))
            (sfdx / "a@example.com.json.lock").rmdir()

        store = SalesforceCliStore(home, project=None, environ=ENVIRON, sleep=sleep)
        store.prepare()
        (sfdx / "a@example.com.json.lock").mkdir()
        result = store.save([authorized("a@example.com"), authorized("b@example.com")])
        assert dict(result.errors) == {}
        assert len(seen) == 1
        assert "b@example.com.json" in seen[0]
        assert "a@example.com.json" not in seen[0]
        assert store.usernames() == ["a@example.com", "b@example.com"]

    def test_a_lock_lost_on_the_way_leaves_the_old_file(
        self,
        store: SalesforceCliStore,
        sfdx: Path,
        authorized: Make,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        store.save([authorized()])
        path = sfdx / "ci@example.com.json"
        before = path.read_bytes()
        real = store_module.read_file

        def slow(path: Path) -> Any:
            path.with_name(f"{path.name}.lock").rmdir()
            return real(path)

        monkeypatch.setattr(store_module, "read_file", slow)
        result = store.save([authorized()])
        assert isinstance(result.errors["ci@example.com"], LockHeldError)
        assert path.read_bytes() == before

    def test_a_home_that_vanished_is_told_for_every_org(
        self, store: SalesforceCliStore, sfdx: Path, authorized: Make
    ) -> None:
        for path in sfdx.iterdir():
            path.unlink()
        sfdx.rmdir()
        result = store.save([authorized("a@example.com"), authorized("b@example.com")])
        assert sorted(result.errors) == ["a@example.com", "b@example.com"]
        assert store.usernames() == []

    def test_without_a_usable_key_every_org_has_the_reason(
        self, home: Path, sfdx: Path, authorized: Make
    ) -> None:
        sfdx.mkdir()
        (sfdx / "key.json").write_text("{")
        result = make_store(home).save([authorized("a@example.com"), authorized("b@example.com")])
        assert sorted(result.errors) == ["a@example.com", "b@example.com"]
        assert result.errors["a@example.com"].path == sfdx / "key.json"

    def test_a_link_of_ones_own_keeps_the_whole_store_elsewhere(
        self, home: Path, sfdx: Path, tmp_path: Path, authorized: Make
    ) -> None:
        (tmp_path / "dotfiles").mkdir()
        sfdx.symlink_to(tmp_path / "dotfiles")
        store = make_store(home)
        store.prepare()
        assert store.save([authorized()]).errors == {}
        assert (tmp_path / "dotfiles" / "ci@example.com.json").exists()
        assert store.usernames() == ["ci@example.com"]


class TestRenewal:
    def test_a_key_from_the_environment_is_told_beforehand_and_leaves_no_path(
        self, store: SalesforceCliStore, sfdx: Path, authorized: Make
    ) -> None:
        store.save([authorized("a@example.com")])
        env = KeyRef("env", "SF_KEY", passphrase_env="SF_PASS")
        batch = [authorized(f"{c}@example.com", key=env) for c in "abc"]
        (warning,) = store.forewarn([each.org for each in batch])
        assert "not renew" in warning
        assert list(store.save(batch).warnings) == []
        assert "privateKey" not in load(sfdx / "a@example.com.json")

    def test_a_key_file_with_a_passphrase_is_told_beforehand(
        self, store: SalesforceCliStore, sfdx: Path, authorized: Make
    ) -> None:
        key = KeyRef("file", "/keys/locked.key", passphrase_env="SF_PASS")
        (warning,) = store.forewarn([authorized(key=key).org])
        assert "passphrase" in warning
        store.save([authorized(key=key)])
        assert load(sfdx / "ci@example.com.json")["privateKey"] == "/keys/locked.key"


class TestAliases:
    def test_an_alias_that_moves_is_a_warning(
        self, store: SalesforceCliStore, authorized: Make
    ) -> None:
        store.save([authorized("a@example.com", alias="x")])
        result = store.save([authorized("b@example.com", alias="x")])
        assert list(result.warnings) == ["alias x moved from a@example.com to b@example.com"]

    def test_a_trouble_of_the_alias_file_is_one_of_the_orgs_that_have_aliases(
        self, store: SalesforceCliStore, sfdx: Path, authorized: Make
    ) -> None:
        (sfdx / "alias.json").write_text('{"orgs":')
        batch = [authorized("a@example.com", alias="x"), authorized("b@example.com")]
        result = store.save(batch)
        assert list(result.errors) == ["a@example.com"]
        error = result.errors["a@example.com"]
        assert "the alias x was not written" in str(error)
        assert error.path == sfdx / "alias.json"
        assert "Repair it" in error.advice
        assert store.usernames() == ["a@example.com", "b@example.com"]
        assert (sfdx / "alias.json").read_text() == '{"orgs":'

    def test_a_lock_held_for_too_long_keeps_its_kind(
        self, store: SalesforceCliStore, sfdx: Path, authorized: Make
    ) -> None:
        (sfdx / "alias.json.lock").mkdir()
        error = store.save([authorized(alias="x")]).errors["ci@example.com"]
        assert isinstance(error, LockHeldError)
        assert "rmdir" in error.advice
        assert store.usernames() == ["ci@example.com"]

    def test_an_org_that_was_not_saved_gets_no_alias(
        self, store: SalesforceCliStore, sfdx: Path, authorized: Make
    ) -> None:
        (sfdx / "a@example.com.json").mkdir()
        store.save([authorized("a@example.com", alias="x", set_default=True)])
        assert store.aliases() == {}
        assert not (sfdx.parent / ".sf").exists()


class TestDefaults:
    @pytest.mark.parametrize("in_project", [True, False])
    def test_they_are_set_in_the_project_or_else_in_the_home(
        self,
        home: Path,
        tmp_path: Path,
        authorized: Make,
        in_project: bool,  # noqa: FBT001 - a parameter of the test
    ) -> None:
        store = make_store(home, project=tmp_path if in_project else None)
        store.prepare()
        store.save(
            [
                authorized("hub@example.com", kind=OrgKind.DEV_HUB, set_default_dev_hub=True),
                authorized("a@example.com", alias="uat", set_default=True),
                authorized("b@example.com"),
            ]
        )
        folder = tmp_path if in_project else home
        assert load(folder / ".sf" / "config.json") == {
            "target-dev-hub": "hub@example.com",
            "target-org": "uat",
        }
        assert load(folder / ".sfdx" / "sfdx-config.json") == {
            "defaultdevhubusername": "hub@example.com",
            "defaultusername": "uat",
        }
        assert (home / ".sf").exists() is not in_project

    def test_a_default_never_points_to_an_alias_that_was_not_written(
        self, store: SalesforceCliStore, home: Path, sfdx: Path, authorized: Make
    ) -> None:
        (sfdx / "alias.json").write_text("")
        store.save([authorized(alias="uat", set_default=True)])
        assert load(home / ".sf" / "config.json") == {"target-org": "ci@example.com"}

    def test_their_trouble_is_one_of_the_orgs_concerned(
        self, store: SalesforceCliStore, home: Path, authorized: Make
    ) -> None:
        (home / ".sf").touch()
        result = store.save(
            [authorized("a@example.com", set_default=True), authorized("b@example.com", alias="b")]
        )
        assert list(result.errors) == ["a@example.com"]
        assert "target-org was not set" in str(result.errors["a@example.com"])
        assert store.usernames() == ["a@example.com", "b@example.com"]

    def test_both_troubles_of_one_org_are_told(
        self, store: SalesforceCliStore, home: Path, sfdx: Path, authorized: Make
    ) -> None:
        (sfdx / "alias.json.lock").mkdir()
        (home / ".sf").touch()
        error = store.save([authorized(alias="x", set_default=True)]).errors["ci@example.com"]
        assert isinstance(error, LockHeldError)
        assert "the alias x was not written" in str(error)
        assert "target-org was not set" in str(error)


class TestRead:
    def test_an_org_that_is_not_there_is_told(self, store: SalesforceCliStore) -> None:
        with pytest.raises(StoreError, match="is not authorized"):
            store.read("no@example.com")

    def test_a_username_cannot_leave_the_folder(self, store: SalesforceCliStore) -> None:
        with pytest.raises(StoreError, match="cannot keep"):
            store.read("../key@example.com")

    def test_a_broken_file_is_told(self, store: SalesforceCliStore, sfdx: Path) -> None:
        (sfdx / "a@example.com.json").write_text("{")
        with pytest.raises(StoreError, match="is broken") as caught:
            store.read("a@example.com")
        assert caught.value.path == sfdx / "a@example.com.json"

    def test_a_file_without_a_token_is_told_with_its_path(
        self, store: SalesforceCliStore, sfdx: Path
    ) -> None:
        (sfdx / "a@example.com.json").write_text("{}")
        with pytest.raises(StoreError, match="holds no access token") as caught:
            store.read("a@example.com")
        assert caught.value.path == sfdx / "a@example.com.json"
        assert caught.value.advice == "Log in to this org again."

    def test_a_token_of_another_key_is_told(
        self, store: SalesforceCliStore, home: Path, sfdx: Path, authorized: Make
    ) -> None:
        store.save([authorized()])
        (sfdx / "key.json").unlink()
        with pytest.raises(StoreError, match="another key"):
            make_store(home).read("ci@example.com")

    def test_a_folder_that_cannot_be_listed_is_told(
        self, store: SalesforceCliStore, sfdx: Path
    ) -> None:
        for path in sfdx.iterdir():
            path.unlink()
        sfdx.rmdir()
        sfdx.touch()
        with pytest.raises(StoreError, match="cannot read"):
            store.usernames()


SAVE_ONE = """
import pathlib, sys
from orgauth.models import Authorized, Credentials, KeyRef, Org, Secret
from orgauth.stores.salesforce_cli import RenewalKeys, SalesforceCliStore
home, number = pathlib.Path(sys.argv[1]), sys.argv[2]
url = "https://login.salesforce.com"
store = SalesforceCliStore(home, project=None, environ={"SF_USE_GENERIC_UNIX_KEYCHAIN": "true"})
org = Org(f"{number}@example.com", "id", KeyRef("file", "/k"), url, url, alias=f"alias-{number}")
credentials = Credentials(Secret(f"token-{number}"), url, "00D000000000001AAA", "005")
print("ready", flush=True)
sys.stdin.readline()
store.prepare()
result = store.save([Authorized(org, credentials, None, 1, 0.0)])
assert not result.errors and not result.warnings, result
"""


def test_processes_that_start_together_in_an_empty_home_make_one_key(home: Path) -> None:
    command = [sys.executable, "-c", SAVE_ONE, str(home)]
    running = [
        subprocess.Popen(
            [*command, str(number)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        for number in range(6)
    ]
    for process in running:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in running:
        process.communicate("go\n", timeout=60)
    assert [process.returncode for process in running] == [0] * 6
    store = make_store(home)
    tokens = [store.read(username).access_token.reveal() for username in store.usernames()]
    assert tokens == [f"token-{number}" for number in range(6)]
    assert store.aliases() == {f"alias-{n}": f"{n}@example.com" for n in range(6)}
    assert not [name for name in names(home / ".sfdx") if name.endswith((".lock", ".tmp"))]
