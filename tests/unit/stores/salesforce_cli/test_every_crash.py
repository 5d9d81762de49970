"""One run, killed at each single call that changes the disk, and refused at each; then the next."""

from __future__ import annotations

import contextlib
import errno
import json
import shutil
from typing import TYPE_CHECKING

import pytest

from orgauth.errors import StoreError
from orgauth.models import OrgKind
from orgauth.stores.lock import Locks
from orgauth.stores.salesforce_cli import SalesforceCliStore
from support.cli_store import CliStore
from support.fate import Fate, quick_folder
from support.store_promises import age, keep_for_run, look

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from orgauth.models import Authorized
    from orgauth.ports import SaveResult

    Make = Callable[..., Authorized]

MOST_CALLS = 200
ENVIRON = {"SF_USE_GENERIC_UNIX_KEYCHAIN": "true"}


class Run:
    """One run of the store in a home, whose waiting takes no time."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.waited = 0.0
        locks = Locks(sleep=self._sleep, jitter=lambda: 0.5, poll_seconds=0.5)
        self.store = SalesforceCliStore(
            home, project=None, environ=ENVIRON, sleep=self._sleep, locks=locks
        )

    def of(self, batches: Sequence[Sequence[Authorized]], fate: Fate) -> list[SaveResult | None]:
        """Save the batches one after the other; None stands for each that was not reported."""
        results: list[SaveResult | None] = []
        with fate.over(), contextlib.suppress(StoreError):
            self.store.prepare()
            results.extend(map(self.store.save, batches))
        return results + [None] * (len(batches) - len(results))

    def _sleep(self, seconds: float) -> None:
        self.waited += seconds
        age(self.home, seconds)


@pytest.fixture
def folder() -> Iterator[Path]:
    with quick_folder() as path:
        yield path


@pytest.fixture
def batches(authorized: Make) -> list[list[Authorized]]:
    return [
        [
            authorized("hub@example.com", token="hub-2", alias="hub", kind=OrgKind.DEV_HUB),
            authorized("web@example.com", token="web-2", alias="moves", set_default=True),
            authorized("plain@example.com", token="plain-2"),
            authorized("last@example.com", token="last-2"),
        ],
        [
            authorized("old@example.com", token="old-2"),
            authorized("new@example.com", token="new-2", alias="added", set_default_dev_hub=True),
        ],
    ]


def empty(home: Path) -> None:
    """A machine on which nobody has logged in yet."""
    home.mkdir()


def lived_in(home: Path) -> None:
    """A home with logins, aliases and settings of the CLI's, and with other things of theirs."""
    home.mkdir()
    cli = CliStore(home)
    cli.make_key("0123456789abcdef0123456789abcdef")
    cli.edit("web@example.com", accessToken="web-1", **{"x-theirs": {"a": [1]}})
    cli.edit("old@example.com", accessToken="old-1", **{"x-theirs": 1})
    cli.edit("other@example.com", accessToken="other-1")
    cli.alias_file.write_text(json.dumps({"orgs": {}, "others": {"a": 1}}))
    cli.set_alias("moves", "other@example.com")
    cli.set_alias("stays", "old@example.com")
    cli.set_config("target-org", "stays")
    cli.set_config("org-max-query-limit", 5, only_old_file=True)
    (cli.folder / "notes.txt").write_text("theirs")


@pytest.mark.parametrize("furnish", [empty, lived_in])
def test_killed_anywhere_a_run_leaves_old_or_new_and_the_next_one_completes_it(
    folder: Path, furnish: Callable[[Path], None], batches: list[list[Authorized]]
) -> None:
    """Of every org that was reported, everything is there; of no other, anything is half."""
    furnish(folder / "untouched")
    for call in range(1, MOST_CALLS):
        home = folder / str(call)
        shutil.copytree(folder / "untouched", home)
        before = look(home)
        fate = Fate(call)

        results = Run(home).of(batches, fate)
        between = keep_for_run(home, before, list(zip(batches, results, strict=True)))

        following = Run(home)
        results = following.of(batches, Fate(0))
        assert [result and dict(result.errors) for result in results] == [{}, {}]
        keep_for_run(home, between, list(zip(batches, results, strict=True)))
        assert following.waited <= 10.5
        age(home, 3601)
        following.store.prepare()
        # The lock of a key that is made is dead, and taken no more.
        assert look(home).debris <= {".sfdx/key.json.lock"}
        if not fate.struck:
            break
    assert 40 < call < MOST_CALLS - 1


@pytest.mark.parametrize("refusal", [errno.ENOSPC, errno.EPERM, errno.EMFILE])
@pytest.mark.parametrize("furnish", [empty, lived_in])
def test_refused_anywhere_a_run_goes_on_and_tells_what_it_could_not_save(
    folder: Path,
    furnish: Callable[[Path], None],
    batches: list[list[Authorized]],
    refusal: int,
) -> None:
    """A full disk, for one: nothing is raised, and what is not reported as saved is as it was."""
    furnish(folder / "untouched")
    for call in range(1, MOST_CALLS):
        home = folder / str(call)
        shutil.copytree(folder / "untouched", home)
        before = look(home)
        fate = Fate(call, refusal=refusal)

        run = Run(home)
        results = run.of(batches, fate)
        after = keep_for_run(home, before, list(zip(batches, results, strict=True)))

        if fate.struck not in ("rename", "rmdir", "unlink"):
            assert not after.debris, fate.struck
        failed = [name for result in results if result for name in result.errors]
        assert len(failed) <= 2, "as many as share an alias file; others cost nobody anything"
        if not fate.struck:
            assert not failed
            break
    assert 40 < call < MOST_CALLS - 1
