from __future__ import annotations

import contextlib
import errno
import os
import shlex
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from orgauth.errors import LockHeldError, StoreError
from orgauth.stores import lock as lock_module
from orgauth.stores.lock import HeldLock, Locks, SpareFolder

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

LONG_AGO_SECONDS = 11.0


class Waiting:
    """A sleep that takes no time, and lets something happen on the way."""

    def __init__(self, then: Callable[[], None] = lambda: None, *, after: int = 3) -> None:
        self.slept: list[float] = []
        self._then = then
        self._after = after

    def __call__(self, seconds: float) -> None:
        self.slept.append(seconds)
        if len(self.slept) == self._after:
            self._then()


@pytest.fixture
def target(tmp_path: Path) -> Path:
    return tmp_path / "alias.json"


@pytest.fixture
def lock(tmp_path: Path) -> Path:
    return tmp_path / "alias.json.lock"


@pytest.fixture
def waiting() -> Waiting:
    return Waiting()


@pytest.fixture
def locks(waiting: Waiting) -> Locks:
    return Locks(sleep=waiting, jitter=lambda: 0.5)


def make_old(lock: Path) -> None:
    long_ago = time.time() - LONG_AGO_SECONDS
    os.utime(lock, (long_ago, long_ago))


def test_a_lock_is_a_folder_beside_the_file(target: Path, lock: Path, locks: Locks) -> None:
    with locks.hold(target) as held:
        assert lock.is_dir()
        assert held.is_held()
        held.ensure_held()
    assert not lock.exists()


def test_it_is_given_back_after_an_error(target: Path, lock: Path, locks: Locks) -> None:
    with pytest.raises(ZeroDivisionError), locks.hold(target):
        raise ZeroDivisionError
    assert not lock.exists()


def test_a_live_lock_is_waited_for(target: Path, lock: Path) -> None:
    lock.mkdir()
    waiting = Waiting(lock.rmdir)
    with Locks(sleep=waiting).hold(target):
        assert len(waiting.slept) == 3


def test_a_live_lock_is_never_touched_and_waited_for_in_vain(
    target: Path, lock: Path, locks: Locks, waiting: Waiting
) -> None:
    lock.mkdir()
    before = lock.stat()
    with (
        pytest.raises(LockHeldError, match="held by another process") as caught,
        locks.hold(target),
    ):
        pass
    after = lock.stat()
    assert (before.st_ino, before.st_mtime_ns) == (after.st_ino, after.st_mtime_ns)
    assert sum(waiting.slept) == pytest.approx(12.0, abs=0.1)
    assert caught.value.path == lock
    assert caught.value.advice.endswith(f"rmdir {lock}")


def test_what_people_are_told_to_type_runs_nothing_else(tmp_path: Path, locks: Locks) -> None:
    """A user name may hold quotes and a dollar, and its lock is named after it."""
    target = tmp_path / "a';$(id);'@example.com.json"
    lock = Path(f"{target}.lock")
    lock.mkdir()
    with pytest.raises(LockHeldError) as caught, locks.hold(target):
        pass
    told = caught.value.advice.partition("remove the lock: ")[2]
    assert shlex.split(told) == ["rmdir", str(lock)]


def test_a_dead_lock_is_taken_over_at_once(
    target: Path, lock: Path, locks: Locks, waiting: Waiting
) -> None:
    lock.mkdir()
    make_old(lock)
    with locks.hold(target) as held:
        assert held.is_held()
        assert time.time() - lock.stat().st_mtime < 5.0
    assert not lock.exists()
    assert waiting.slept == []


def test_a_lock_that_dies_while_we_wait_is_taken_over(target: Path, lock: Path) -> None:
    lock.mkdir()
    with Locks(sleep=Waiting(lambda: make_old(lock))).hold(target) as held:
        assert held.is_held()


def test_a_holder_of_ours_is_not_taken_for_dead_however_old_its_lock(
    target: Path, locks: Locks
) -> None:
    later = Locks(sleep=lambda _: None, clock=lambda: time.time() + 100.0)
    with locks.hold(target) as held:
        with pytest.raises(LockHeldError), later.hold(target):
            pass
        assert held.is_held()


def test_of_two_takers_the_second_sees_that_the_lock_is_young_again(
    target: Path, lock: Path, locks: Locks, monkeypatch: pytest.MonkeyPatch
) -> None:
    lock.mkdir()
    make_old(lock)

    def too_late(_: int) -> bool:
        os.utime(lock)  # the quicker one, between the slower one's two looks
        return True

    monkeypatch.setattr(lock_module, "_flock", too_late)
    with pytest.raises(LockHeldError), locks.hold(target):
        pass


def test_a_dead_lock_that_somebody_else_replaces_under_our_hands_is_theirs(
    target: Path, lock: Path, locks: Locks, monkeypatch: pytest.MonkeyPatch
) -> None:
    lock.mkdir()
    make_old(lock)

    def too_late(_: HeldLock) -> bool:
        lock.rmdir()
        lock.mkdir()
        return True

    monkeypatch.setattr(HeldLock, "refresh", too_late)
    with pytest.raises(LockHeldError), locks.hold(target):
        pass
    assert lock.exists()


def test_where_the_file_system_has_no_flock_a_dead_lock_is_left_alone(
    target: Path, lock: Path, locks: Locks, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unsupported(*_: object) -> None:
        raise OSError(errno.EBADF, "Bad file descriptor")

    monkeypatch.setattr(lock_module.fcntl, "flock", unsupported)
    with locks.hold(target):
        assert lock.is_dir()
    lock.mkdir()
    make_old(lock)
    with pytest.raises(LockHeldError), locks.hold(target):
        pass


def test_a_dead_lock_that_is_not_ours_to_touch_is_left_alone(
    target: Path, lock: Path, locks: Locks, monkeypatch: pytest.MonkeyPatch
) -> None:
    lock.mkdir()
    make_old(lock)

    theirs, real = lock.stat().st_ino, os.utime

    def refuse(descriptor: int) -> None:
        if os.fstat(descriptor).st_ino == theirs:
            raise PermissionError(errno.EPERM, "Operation not permitted")
        real(descriptor)

    monkeypatch.setattr(os, "utime", refuse)
    with pytest.raises(LockHeldError), locks.hold(target):
        pass


def test_a_lock_that_vanishes_between_two_looks_is_tried_again(
    target: Path, lock: Path, locks: Locks, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lock_module, "_exclusive_rename", lambda: None)
    lock.mkdir()
    calls: list[str] = []

    def vanishing(real: Callable[[str], int | None]) -> Callable[[str], int | None]:
        def vanish(path: str) -> int | None:
            calls.append(path)
            if len(calls) <= 2:  # once when taking over, once when just made
                lock.rmdir()
            return real(path)

        return vanish

    for name in ("_open", "_open_new"):
        monkeypatch.setattr(lock_module, name, vanishing(getattr(lock_module, name)))
    with locks.hold(target) as held:
        assert held.is_held()
    assert len(calls) > 2


def test_a_lock_taken_from_us_is_noticed_and_left_to_its_taker(
    target: Path, lock: Path, locks: Locks
) -> None:
    with locks.hold(target) as held:
        lock.rmdir()
        assert not held.is_held()
        lock.mkdir()
        make_old(lock)
        theirs = lock.stat().st_mtime_ns
        held.refresh()
        with pytest.raises(LockHeldError, match="taken over"):
            held.ensure_held()
    assert lock.stat().st_mtime_ns == theirs


def test_a_folder_that_went_away_with_our_lock_is_told(tmp_path: Path, locks: Locks) -> None:
    folder = tmp_path / "home"
    folder.mkdir()
    with locks.hold(folder / "alias.json") as held:
        folder.rename(tmp_path / "away")
        with pytest.raises(StoreError, match="the folder does not exist") as caught:
            held.ensure_held()
    assert not isinstance(caught.value, LockHeldError)


def test_work_that_takes_long_keeps_its_lock_young(target: Path, lock: Path) -> None:
    with Locks(refresh_seconds=0.001).hold(target, keep_alive=True):
        make_old(lock)
        deadline = time.monotonic() + 5.0
        while time.time() - lock.stat().st_mtime > 5.0:
            assert time.monotonic() < deadline
            time.sleep(0.001)


def test_something_else_in_the_locks_place_is_told(target: Path, lock: Path, locks: Locks) -> None:
    lock.touch()
    with pytest.raises(StoreError, match="stands where a lock has to be made"), locks.hold(target):
        pass


def test_a_missing_folder_is_told(tmp_path: Path, locks: Locks) -> None:
    with pytest.raises(StoreError, match="cannot make the lock"), locks.hold(tmp_path / "no" / "a"):
        pass


def test_a_lock_that_cannot_be_opened_is_given_back(
    target: Path, lock: Path, locks: Locks, monkeypatch: pytest.MonkeyPatch
) -> None:
    def too_many(_: str) -> int:
        raise OSError(errno.EMFILE, "Too many open files")

    monkeypatch.setattr(lock_module, "_exclusive_rename", lambda: None)
    monkeypatch.setattr(lock_module, "_open_new", too_many)
    with pytest.raises(StoreError, match="too many files are open"), locks.hold(target):
        pass
    assert not lock.exists()


TAKE_AND_DIE = """
import os, pathlib, signal, sys
from orgauth.stores.lock import Locks, SpareFolder
target = pathlib.Path(sys.argv[1])
spare = SpareFolder(target.parent) if sys.argv[2] == "spare" else None
with Locks().hold(target, spare=spare):
    os.kill(os.getpid(), signal.SIGKILL)
"""


class TestKilledHolder:
    """Nobody waits for a process that was killed on this machine."""

    @pytest.fixture(autouse=True)
    def signed(self, tmp_path: Path) -> None:
        try:
            os.setxattr(tmp_path, "user.orgauth.test", b"")
        except (OSError, AttributeError):
            pytest.skip("folders cannot be signed here, so ten seconds are waited")

    @pytest.fixture(params=["made", "spare"])
    def left(self, request: pytest.FixtureRequest, target: Path, lock: Path) -> Path:
        command = [sys.executable, "-c", TAKE_AND_DIE, str(target), request.param]
        subprocess.run(command, check=False)
        assert lock.is_dir()
        return lock

    def test_its_lock_is_taken_over_at_once(
        self, left: Path, target: Path, locks: Locks, waiting: Waiting
    ) -> None:
        with locks.hold(target) as held:
            assert held.is_held()
            assert waiting.slept == []
            with pytest.raises(LockHeldError), locks.hold(target):
                pass  # it is ours now, and no dead one's
        assert not left.exists()

    def test_its_lock_is_removed_where_nobody_needs_it(
        self, left: Path, target: Path, locks: Locks, tmp_path: Path
    ) -> None:
        theirs = tmp_path / "theirs.lock"
        theirs.mkdir()
        (tmp_path / "file.lock").touch()
        with locks.hold(tmp_path / "mine"):
            locks.remove_leftovers(tmp_path)
            assert (tmp_path / "mine.lock").is_dir()
        assert not left.exists()
        assert theirs.is_dir()
        assert (tmp_path / "file.lock").is_file()

    def test_where_there_is_no_folder_there_is_nothing_to_do(
        self, locks: Locks, tmp_path: Path
    ) -> None:
        locks.remove_leftovers(tmp_path / "no")


class TestSpareFolder:
    """One folder that is moved into the place of many locks in turn."""

    @pytest.fixture
    def spare(self, tmp_path: Path) -> Iterator[SpareFolder]:
        with contextlib.closing(SpareFolder(tmp_path)) as spare:
            yield spare
        assert list(tmp_path.glob(".orgauth-*")) == []

    @pytest.fixture(params=["moved", "no such function", "not in this file system"])
    def way(self, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
        """How locks are taken: as on Linux, as elsewhere, or as on a file system that cannot."""
        if request.param == "no such function":
            monkeypatch.setattr(lock_module.ctypes, "CDLL", lambda *_, **__: object())
        if request.param == "not in this file system":
            monkeypatch.setattr(lock_module, "_exclusive_rename", lambda: lambda *_: errno.EINVAL)
        return str(request.param)

    def test_it_takes_one_lock_after_the_other(
        self, way: str, spare: SpareFolder, target: Path, lock: Path, locks: Locks
    ) -> None:
        found = []
        for _ in range(3):
            for folder in target.parent.glob(".orgauth-*"):
                make_old(folder)  # it has lain about for a while
            with locks.hold(target, spare=spare) as held:
                assert held.is_held()
                assert time.time() - lock.stat().st_mtime < 5.0
                found.append(lock.stat().st_ino)
            assert not lock.exists()
        is_moved = way == "moved" and sys.platform == "linux"
        assert len(set(found)) == 1 or not is_moved

    @pytest.mark.usefixtures("way")
    def test_a_live_lock_is_neither_taken_nor_touched(
        self, spare: SpareFolder, target: Path, lock: Path, locks: Locks
    ) -> None:
        lock.mkdir()
        before = lock.stat()
        with pytest.raises(LockHeldError), locks.hold(target, spare=spare):
            pass
        after = lock.stat()
        assert (before.st_ino, before.st_mtime_ns) == (after.st_ino, after.st_mtime_ns)

    @pytest.mark.usefixtures("way")
    def test_a_dead_lock_is_taken_over(
        self, spare: SpareFolder, target: Path, lock: Path, locks: Locks
    ) -> None:
        lock.mkdir()
        make_old(lock)
        with locks.hold(target, spare=spare) as held:
            assert held.is_held()
        assert not lock.exists()

    @pytest.mark.usefixtures("way")
    def test_a_lock_taken_from_us_is_left_to_its_taker(
        self, spare: SpareFolder, target: Path, lock: Path, locks: Locks
    ) -> None:
        with locks.hold(target, spare=spare) as held:
            lock.rmdir()
            lock.mkdir()
            assert not held.is_held()
        assert lock.exists()
        lock.rmdir()
        with locks.hold(target, spare=spare) as held:
            assert held.is_held()
        assert not lock.exists()

    @pytest.mark.usefixtures("way")
    def test_a_folder_that_has_gone_is_told(self, tmp_path: Path, locks: Locks) -> None:
        folder = tmp_path / "store"
        folder.mkdir()
        spare = SpareFolder(folder)
        with locks.hold(folder / "a", spare=spare):
            pass
        folder.rename(tmp_path / "elsewhere")
        with (
            pytest.raises(StoreError, match="the folder does not exist"),
            locks.hold(folder / "a", spare=spare),
        ):
            pass
        spare.close()


COUNT = """
import pathlib, sys
from orgauth.stores.lock import Locks, SpareFolder
target = pathlib.Path(sys.argv[1])
locks = Locks(poll_seconds=0.001)
spare = SpareFolder(target.parent) if sys.argv[2] == "spare" else None
for _ in range(25):
    with locks.hold(target, spare=spare):
        count = int(target.read_text())
        target.write_text(str(count + 1))
if spare is not None:
    spare.close()
"""


def test_processes_exclude_each_other_from_a_dead_lock_on(target: Path, lock: Path) -> None:
    target.write_text("0")
    lock.mkdir()
    make_old(lock)
    command = [sys.executable, "-c", COUNT, str(target)]
    running = [subprocess.Popen([*command, how]) for how in ("spare", "made") * 2]
    assert [process.wait(timeout=60) for process in running] == [0] * 4
    assert target.read_text() == "100"
    assert [path.name for path in target.parent.iterdir()] == [target.name]
