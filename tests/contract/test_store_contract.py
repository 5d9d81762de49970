"""What every store promises; a new one is added to ``STORES``."""

from __future__ import annotations

import os
import resource
import stat
from typing import TYPE_CHECKING

import pytest

from orgauth.errors import LockHeldError, StoreError
from orgauth.models import Authorized, Credentials, KeyRef, Org, OrgFacts, Reused, Secret
from orgauth.stores.dotenv import DotenvStore
from orgauth.stores.lock import Locks
from orgauth.stores.salesforce_cli import SalesforceCliStore

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from orgauth.ports import Store

LOCKS = Locks(sleep=lambda _: None)
TOKEN = "00D000000000001!AQ.made_up"


def salesforce_cli(home: Path) -> Store:
    environ = {"SF_USE_GENERIC_UNIX_KEYCHAIN": "true"}
    return SalesforceCliStore(
        home, project=None, environ=environ, sleep=lambda _: None, locks=LOCKS
    )


def dotenv(home: Path) -> Store:
    return DotenvStore(home / ".env", locks=LOCKS)


STORES = {"salesforce-cli": salesforce_cli, "env": dotenv}
# A token that the store cannot keep, and the file whose lock every save needs.
REFUSED = {"salesforce-cli": "00D\ud800", "env": "00D secret"}
LOCKED = {"salesforce-cli": ".sfdx/a@example.com.json", "env": ".env"}


@pytest.fixture(params=STORES)
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    path = tmp_path / "home"
    path.mkdir()
    return path


@pytest.fixture
def make(kind: str, home: Path) -> Callable[[], Store]:
    """Makes another store in the same place."""
    return lambda: STORES[kind](home)


@pytest.fixture
def store(make: Callable[[], Store]) -> Store:
    store = make()
    store.prepare()
    return store


def authorized(username: str, token: str = TOKEN, alias: str | None = None) -> Authorized:
    url = "https://login.salesforce.com"
    org = Org(username, "3MVG9.made_up", KeyRef("file", "/k"), url, url, alias=alias)
    credentials = Credentials(
        Secret(token), "https://acme.my.salesforce.com", "00D000000000001AAA", "005000000000001AAA"
    )
    return Authorized(org, credentials, None, 1, 0.1)


FACTS = OrgFacts("Acme", None, None, None, is_sandbox=False, is_scratch=False, is_dev_hub=False)


def reused(username: str, alias: str | None = None) -> Reused:
    known = authorized(username, alias=alias)
    return Reused(known.org, known.credentials, FACTS, 0.1)


def snapshot(home: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in home.rglob("*") if path.is_file()}


def test_a_warning_beforehand_touches_nothing(make: Callable[[], Store], home: Path) -> None:
    """`orgauth plan` asks for it, and promises to write nothing."""
    org = Org("a@example.com", "id", KeyRef("env", "SF_KEY"), "https://x", "https://x")

    assert all(isinstance(warning, str) for warning in make().forewarn([org]))
    assert list(home.iterdir()) == []


def test_it_has_the_name_that_messages_use(store: Store, kind: str) -> None:
    assert store.name.startswith(kind)


def test_preparing_twice_is_preparing_once(store: Store, home: Path) -> None:
    before = snapshot(home)
    store.prepare()
    assert snapshot(home) == before


def test_a_batch_is_saved_without_errors_or_warnings(store: Store) -> None:
    result = store.save([authorized("a@example.com", alias="a"), authorized("b@example.com")])
    assert dict(result.errors) == {}
    assert list(result.warnings) == []


def test_what_is_reused_is_neither_written_nor_refused(store: Store, home: Path) -> None:
    store.save([authorized("a@example.com", alias="a")])
    before = snapshot(home)
    result = store.save([reused("a@example.com", alias="a")])
    assert (dict(result.errors), list(result.warnings)) == ({}, [])
    assert snapshot(home) == before


def test_what_was_saved_is_recalled_by_the_next_run(
    store: Store, make: Callable[[], Store], home: Path
) -> None:
    store.save([authorized("a@example.com", alias="a"), authorized("b@example.com", f"{TOKEN}b")])
    before = snapshot(home)
    orgs = [authorized(f"{name}@example.com").org for name in "bc"]
    orgs.append(authorized("a@example.com", alias="a").org)
    found = make().recall(orgs)
    assert sorted(found) == ["a@example.com", "b@example.com"]
    assert found["b@example.com"].access_token.reveal() == f"{TOKEN}b"
    assert found["a@example.com"].access_token.reveal() == TOKEN
    assert found["a@example.com"].instance_url == "https://acme.my.salesforce.com"
    assert snapshot(home) == before


def test_where_nothing_can_be_read_nothing_is_recalled(make: Callable[[], Store]) -> None:
    assert dict(make().recall([authorized("a@example.com").org])) == {}


@pytest.mark.parametrize("garbage", [b"", b"\xff\x00", b"{", b"SF_A_ACCESS_TOKEN", b"[" * 100000])
def test_garbage_is_not_recalled(
    store: Store, make: Callable[[], Store], kind: str, home: Path, garbage: bytes
) -> None:
    store.save([authorized("a@example.com", alias="a")])
    (home / LOCKED[kind]).write_bytes(garbage)
    assert dict(make().recall([authorized("a@example.com", alias="a").org])) == {}


def test_an_empty_batch_is_nothing_to_do(store: Store, home: Path) -> None:
    before = snapshot(home)
    result = store.save([])
    assert (dict(result.errors), list(result.warnings)) == ({}, [])
    assert snapshot(home) == before


def test_saving_works_without_preparing(make: Callable[[], Store], kind: str, home: Path) -> None:
    if kind == "salesforce-cli":
        (home / ".sfdx").mkdir()
    assert dict(make().save([authorized("a@example.com")]).errors) == {}


@pytest.fixture(params=[0o000, 0o277])
def umask(request: pytest.FixtureRequest, home: Path) -> Iterator[int]:
    # After the folder of the test: nobody but root could write in one made under 0277.
    old = os.umask(request.param)
    yield request.param
    os.umask(old)


@pytest.mark.usefixtures("umask")
def test_nobody_else_can_read_what_was_written(make: Callable[[], Store], home: Path) -> None:
    store = make()
    store.prepare()
    store.save([authorized("a@example.com", alias="a")])
    written = [path for path in home.rglob("*") if path.is_file()]
    assert written
    assert {stat.S_IMODE(path.stat().st_mode) for path in written} == {0o600}


def test_one_orgs_trouble_is_its_own_and_shows_no_secret(store: Store, kind: str) -> None:
    bad = REFUSED[kind]
    result = store.save([authorized("bad@example.com", bad), authorized("a@example.com")])
    assert list(result.errors) == ["bad@example.com"]
    assert bad not in str(result.errors["bad@example.com"])


def test_what_was_saved_before_outlives_a_failure(store: Store, kind: str, home: Path) -> None:
    store.save([authorized("a@example.com")])
    before = snapshot(home)
    store.save([authorized("a@example.com", REFUSED[kind])])
    assert snapshot(home) == before


def test_a_lock_of_somebody_else_is_an_error_with_path_and_advice(
    store: Store, kind: str, home: Path
) -> None:
    lock = home / f"{LOCKED[kind]}.lock"
    lock.mkdir()
    error = store.save([authorized("a@example.com")]).errors["a@example.com"]
    assert isinstance(error, LockHeldError)
    assert error.path == lock
    assert error.advice
    assert lock.is_dir()


def test_no_locks_and_no_temporary_files_are_left(store: Store, kind: str, home: Path) -> None:
    store.save([authorized("a@example.com", alias="a"), authorized("b@example.com", REFUSED[kind])])
    left = [path.name for path in home.rglob("*") if path.suffix in (".lock", ".tmp")]
    assert left == []


def test_a_full_disk_is_an_error_for_each_org_and_loses_nothing(store: Store, home: Path) -> None:
    store.save([authorized("a@example.com", alias="a")])
    before = snapshot(home)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (5, hard))
    try:
        result = store.save([authorized("a@example.com"), authorized("b@example.com", alias="b")])
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert sorted(result.errors) == ["a@example.com", "b@example.com"]
    assert all(error.path and error.advice for error in result.errors.values())
    assert snapshot(home) == before


def test_a_home_that_is_gone_is_told_before_anybody_logs_in(
    make: Callable[[], Store], home: Path
) -> None:
    home.rmdir()
    with pytest.raises(StoreError) as caught:
        make().prepare()
    assert caught.value.path is not None
    assert caught.value.advice


def test_a_home_that_goes_away_later_is_an_error_for_each_org(
    store: Store, home: Path, tmp_path: Path
) -> None:
    home.rename(tmp_path / "elsewhere")
    result = store.save([authorized("a@example.com"), authorized("b@example.com")])
    assert sorted(result.errors) == ["a@example.com", "b@example.com"]
