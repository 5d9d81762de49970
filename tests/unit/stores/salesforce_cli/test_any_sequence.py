"""Any sequence of logins, deaths, faults and neighbours, in one home."""

from __future__ import annotations

import errno
import itertools
import os
import shutil
import time
from typing import TYPE_CHECKING, Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from orgauth.errors import LockHeldError, StoreError
from orgauth.models import Authorized, Credentials, KeyRef, Org, OrgKind, Secret
from orgauth.stores.lock import Locks
from orgauth.stores.salesforce_cli import SalesforceCliStore
from support.cli_store import CliStore
from support.fate import Fate, quick_folder
from support.store_promises import age, keep_for_run, look

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from orgauth.ports import SaveResult

USERNAMES = ["a@example.com", "b@example.com", "zoë@example.com.uat", "d@example.com"]
ALIASES = ["uat", "hub", "zoë", "no space"]
KEYS = {"v1": "0123456789abcdef0123456789abcdef", "v2": "0123456789abcdef" * 4, "none": ""}
LOGIN = "https://login.salesforce.com"

logins = st.fixed_dictionaries(
    {
        "username": st.sampled_from(USERNAMES),
        "alias": st.none() | st.sampled_from(ALIASES),
        "kind": st.sampled_from(OrgKind),
        "org_id": st.sampled_from(["00D000000000001AAA", "00D000000000002AAA"]),
        "set_default": st.booleans(),
        "set_default_dev_hub": st.booleans(),
    }
)


def _as_in_a_manifest(logins: list[dict[str, Any]], first: int) -> list[list[dict[str, Any]]]:
    """Return two batches: no alias is given twice, and each default is set once."""
    seen: set[Any] = set()
    for login in logins:
        for name in ("alias", "set_default", "set_default_dev_hub"):
            told = (name, login[name])
            if told in seen:
                login[name] = None if name == "alias" else False
            seen.add(told)
    return [batch for batch in (logins[:first], logins[first:]) if batch]


batches = st.builds(
    _as_in_a_manifest,
    st.lists(logins, min_size=1, max_size=4, unique_by=lambda login: login["username"]),
    st.integers(1, 4),
)
strikes = st.tuples(
    st.integers(1, 150), st.sampled_from([0, 0, 0, errno.ENOSPC, errno.EPERM, errno.EMFILE])
)


class StoreMachine(RuleBasedStateMachine):
    """``orgauth`` runs and the Salesforce CLI by turns; what each run may change is checked."""

    @initialize(key=st.sampled_from(sorted(KEYS)), umask=st.sampled_from([0o000, 0o022, 0o277]))
    def begin(self, key: str, umask: int) -> None:
        self._folder = quick_folder()
        self.home = self._folder.__enter__() / "home"
        self.home.mkdir()
        self._old_umask = os.umask(umask)
        self._environ = {"SF_USE_GENERIC_UNIX_KEYCHAIN": "true", "SF_CRYPTO_V2": str(key == "v2")}
        self.cli = CliStore(self.home)
        if KEYS[key]:
            self.cli.make_key(KEYS[key])
        self._stores: list[SalesforceCliStore] = []
        self._numbers = itertools.count(1)
        self._held: set[Path] = set()
        self._waited = 0.0

    def teardown(self) -> None:
        if hasattr(self, "_folder"):
            os.umask(self._old_umask)
            self._folder.__exit__(None, None, None)

    # What orgauth does.

    @rule(batches=batches, store=st.integers(0, 3))
    def login(self, batches: list[list[dict[str, Any]]], store: int) -> None:
        """A run that nothing befalls saves all but what somebody else holds or has broken."""
        before = look(self.home)
        held = {path: path.stat().st_mtime_ns for path in self._held}

        for _, result in self._run(batches, store, Fate(0)):
            assert result is not None
            for error in result.errors.values():
                is_broken = error.path == self.cli.alias_file and before.aliases is None
                assert is_broken or (isinstance(error, LockHeldError) and self._held), error
            assert self._waited <= 10.5 or self._held
        for path, modified in held.items():
            assert path.stat().st_mtime_ns == modified, "a live lock belongs to its holder"

    @rule(batches=batches, store=st.integers(0, 3), strike=strikes)
    def login_under_an_evil_star(
        self, batches: list[list[dict[str, Any]]], store: int, strike: tuple[int, int]
    ) -> None:
        """A run that dies, or is refused something."""
        call, refusal = strike
        self._run(batches, store, Fate(call, refusal=refusal))

    def _run(
        self, batches: list[list[dict[str, Any]]], number: int, fate: Fate
    ) -> list[tuple[Sequence[Authorized], SaveResult | None]]:
        before = look(self.home)
        self._waited = 0.0
        orgs = [[self._authorized(**login) for login in batch] for batch in batches]
        results: list[SaveResult | None] = []
        is_alive = False
        with fate.over():
            try:
                store = self._store(number)
            except StoreError:
                is_alive = True  # and tells it
            else:
                results.extend(map(store.save, orgs))
                is_alive = True
        if not is_alive:
            self._stores.clear()  # of one process; it is as good as any
        results += [None] * (len(orgs) - len(results))
        runs = list(zip(orgs, results, strict=True))
        keep_for_run(self.home, before, runs)
        return runs

    def _store(self, number: int) -> SalesforceCliStore:
        """Return a store that remembers what it has written, or a new one."""
        if number < len(self._stores):
            return self._stores[number]
        locks = Locks(sleep=self._sleep, jitter=lambda: 0.5, poll_seconds=0.5)
        store = SalesforceCliStore(
            self.home, project=None, environ=self._environ, sleep=self._sleep, locks=locks
        )
        store.prepare()
        self._stores.append(store)
        return store

    def _authorized(self, username: str, org_id: str, **org: Any) -> Authorized:
        number = next(self._numbers)
        key = KeyRef("file", "/keys/server.key")
        return Authorized(
            Org(username, "3MVG9.made_up", key, LOGIN, LOGIN, **org),
            Credentials(
                Secret(f"token-{number}"), f"https://my{number}.example.com", org_id, "005"
            ),
            None,
            1,
            0.1,
        )

    def _sleep(self, seconds: float) -> None:
        self._waited += seconds
        self.time_passes(seconds)

    # What others do meanwhile.

    @rule(seconds=st.sampled_from([1.0, 9.0, 11.0, 3700.0]))
    def time_passes(self, seconds: float) -> None:
        age(self.home, seconds, but=self._held)

    @precondition(lambda self: self.cli.key_file.exists())
    @rule(username=st.sampled_from(USERNAMES), value=st.integers(), is_login=st.booleans())
    def the_cli_writes_an_authorization(self, username: str, value: int, is_login: bool) -> None:  # noqa: FBT001
        is_new = not self.cli.auth_file(username).exists()
        if is_new or self._is_whole(username):
            token = {"accessToken": f"web-{value}"} if is_new or is_login else {}
            self.cli.edit(username, **token, **{"x-theirs": value})

    @rule(alias=st.sampled_from(ALIASES), username=st.none() | st.sampled_from(USERNAMES))
    def the_cli_sets_an_alias(self, alias: str, username: str | None) -> None:
        if self.cli.folder.exists() and look(self.home).aliases is not None:
            self.cli.set_alias(alias, username)

    @rule(
        name=st.sampled_from(["target-org", "target-dev-hub", "org-max-query-limit", "custom"]),
        value=st.sampled_from(USERNAMES),
        only_old_file=st.booleans(),
    )
    def the_cli_sets_a_default(self, name: str, value: str, only_old_file: bool) -> None:  # noqa: FBT001
        if self.cli.folder.exists():
            self.cli.set_config(name, value, only_old_file=only_old_file)

    @precondition(lambda self: self.cli.folder.exists())
    @rule(username=st.sampled_from([*USERNAMES, "alias"]), keep=st.floats(0, 0.99))
    def the_cli_dies_in_the_middle_of_a_file(self, username: str, keep: float) -> None:
        path = self.cli.folder / f"{username}.json"
        if path.exists():
            data = path.read_bytes()
            path.write_bytes(data[: int(len(data) * keep)])

    @precondition(lambda self: self.cli.alias_file.exists())
    @rule()
    def the_person_repairs_the_aliases(self) -> None:
        if look(self.home).aliases is None:
            self.cli.alias_file.unlink()

    @precondition(lambda self: self.cli.folder.exists())
    @rule(name=st.sampled_from([*USERNAMES, "alias", "key"]), old=st.booleans())
    def somebody_takes_a_lock(self, name: str, old: bool) -> None:  # noqa: FBT001
        """And keeps it young, or is dead."""
        path = self.cli.folder / f"{name}.json.lock"
        if not path.exists():
            path.mkdir(0o777)
            then = time.time() - (60 if old else 6)
            os.utime(path, (then, then))
            if not old:
                self._held.add(path)

    @precondition(lambda self: self._held)
    @rule()
    def everybody_gives_their_locks_back(self) -> None:
        for path in self._held:
            path.rmdir()
        self._held.clear()

    @rule(name=st.sampled_from(["notes.txt", "x@example.com.json.bak", "org/a.json"]))
    def somebody_leaves_something(self, name: str) -> None:
        if self.cli.folder.exists():
            path = self.cli.folder / name
            path.parent.mkdir(exist_ok=True)
            path.write_text(f"theirs {next(self._numbers)}")

    @rule(name=st.sampled_from([".", *(f"{name}.json" for name in [*USERNAMES, "alias", "key"])]))
    def the_person_puts_a_link_in_its_place(self, name: str) -> None:
        """As managers of dotfiles do, with the whole store or with a file."""
        path = self.cli.folder / name
        if path.exists() and not path.is_symlink() and not self._held:
            elsewhere = self.home.parent / f"dotfiles-{next(self._numbers)}"
            shutil.move(path, elsewhere)
            path.symlink_to(elsewhere)

    @invariant()
    def every_authorization_that_is_json_decrypts(self) -> None:
        if hasattr(self, "home"):
            look(self.home)

    def _is_whole(self, username: str) -> bool:
        return look(self.home).logins.get(username) is not None


StoreMachine.TestCase.settings = settings(stateful_step_count=30)
TestAnySequence = StoreMachine.TestCase
