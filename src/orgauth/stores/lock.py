"""Locks that the Salesforce CLI respects, and that we respect when it holds them.

A lock is a folder ``<file>.lock``: making it takes the lock, removing it gives it back
(https://github.com/moxystudio/node-proper-lockfile). A holder refreshes the folder's
mtime every few seconds; one that is 10 seconds old belonged to a process that is dead.

Taking over a dead lock is where such locks usually break: of two takers, the slower
removes what the quicker has just made. Here nothing is removed. Each of our holders has
``flock`` on the folder itself for as long as it lives, and a taker must get that before
it makes the folder young again; so there is one taker, and none while the holder lives.
Where the file system has no ``flock``, a dead lock is left to the person.

Ours carry their maker's name (as an extended attribute, where the file system has them), so
nobody waits ten seconds for a process that was killed on the same machine.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import fcntl
import os
import random
import shlex
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from orgauth.errors import LockHeldError, StoreError
from orgauth.stores.atomic_file import temporary_name
from orgauth.stores.maker import sign, signer_is_gone
from orgauth.stores.os_errors import store_error

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["HeldLock", "Locks", "SpareFolder"]

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW
_AT_FDCWD = -100
_RENAME_NOREPLACE = 1

STALE_SECONDS = 10.0
"""A lock this old is dead (``stale`` in the CLI's options)."""


class HeldLock:
    """A lock that is ours, until it is released or somebody takes it from us."""

    def __init__(
        self,
        path: str,
        descriptor: int,
        *,
        spare: SpareFolder | None = None,
        identity: tuple[int, int] | None = None,
    ) -> None:
        self._path = path
        self._descriptor = descriptor
        self._spare = spare
        self._identity = identity or _identity(os.fstat(descriptor))

    def is_held(self) -> bool:
        """Whether the folder in the lock's place is still the one that we took."""
        try:
            status = os.lstat(self._path)
        except OSError:
            return False
        return _identity(status) == self._identity

    def ensure_held(self) -> None:
        """Raise ``LockHeldError`` if another process has taken the lock from us.

        ``StoreError`` where it went away with its whole folder.
        """
        if not self.is_held():
            path = Path(self._path)
            if not path.parent.is_dir():
                gone = FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT))
                raise store_error(gone, path, "keep the lock")
            raise LockHeldError(
                f"{self._path} was taken over by another process before we were done",
                path=path,
                advice="Run it again; the disk or this machine was very slow.",
            )

    def refresh(self) -> bool:
        """Make the lock young again, and say whether that was possible.

        By descriptor: even after somebody took the place, it never touches their lock.
        """
        try:
            os.utime(self._descriptor)
        except OSError:
            return False
        return True

    def release(self) -> None:
        """Give the lock back, unless it is no longer ours to give."""
        if self._spare is not None:
            self._spare.take_back(self._path if self.is_held() else None)
            return
        # A folder that cannot be removed is ten seconds from being dead.
        with contextlib.suppress(OSError):
            if self.is_held():
                os.rmdir(self._path)  # noqa: PTH106 - pathlib takes longer than the call
        os.close(self._descriptor)


class SpareFolder:
    """One folder that is moved into the place of many locks in turn, instead of a new one each.

    ext4 does not use the inode of a removed folder again for a minute, and looks at all
    of them each time a file is created: a lock folder for each of a thousand auth files
    makes the files ten times as dear. Linux can rename without replacing, which takes a
    lock as surely as making it. Elsewhere, locks are made and removed.
    """

    def __init__(self, folder: Path) -> None:
        """``folder`` is where the locked files are. Nothing is made there before the first."""
        self._path = f"{folder}/{temporary_name()}"
        self._descriptor: int | None = None
        self._identity = (0, 0)
        self._rename = _exclusive_rename()

    def take(self, path: str) -> HeldLock | None:
        """Take the lock ``path``, or return ``None`` where somebody has it."""
        if self._rename is None:
            return _make(path)
        if self._descriptor is None:
            os.mkdir(self._path, 0o700)  # noqa: PTH102 - text, as everywhere here
            try:
                self._descriptor = _open_new(self._path)
            except OSError:
                self.close()
                raise
            self._identity = _identity(os.fstat(self._descriptor))
            _flock(self._descriptor)
            sign(self._descriptor)
        os.utime(self._descriptor)  # young before anybody can see it
        refusal = self._rename(self._path, path)
        if refusal == 0:
            return HeldLock(path, self._descriptor, spare=self, identity=self._identity)
        if refusal == errno.EEXIST:
            return None
        # This file system cannot; or the folder has gone, which making a lock will tell.
        self._rename = None
        return _make(path)

    def take_back(self, path: str | None) -> None:
        """Move the folder back from the lock ``path``; ``None`` where it was taken from us."""
        if path is not None:
            with contextlib.suppress(OSError):
                os.rename(path, self._path)  # noqa: PTH104 - text, as everywhere here
                return
        self.close()

    def close(self) -> None:
        """Remove the folder. The next lock makes another."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None
        with contextlib.suppress(OSError):
            os.rmdir(self._path)  # noqa: PTH106 - text, as everywhere here


@dataclass(frozen=True, slots=True)
class Locks:
    """How locks are waited for. All times are in seconds."""

    clock: Callable[[], float] = time.time
    """Wall-clock time: a lock's age is that of a file."""
    sleep: Callable[[float], None] = time.sleep
    jitter: Callable[[], float] = random.random
    """From 0 to 1; keeps processes that wait for each other out of step."""
    wait_seconds: float = 12.0
    """How long to wait in all. The CLI tries for ten seconds; two more, because it dates a
    new lock up to a second ahead, and a lock whose holder just died must be outlived."""
    poll_seconds: float = 0.05
    refresh_seconds: float = STALE_SECONDS / 2

    @contextlib.contextmanager
    def hold(
        self, target: Path, *, keep_alive: bool = False, spare: SpareFolder | None = None
    ) -> Iterator[HeldLock]:
        """Hold the lock of the file ``target``.

        ``keep_alive`` refreshes it in a thread, for work that may take seconds; ``spare``
        makes many short locks in one folder cheap. Raises
        ``LockHeldError`` where somebody else keeps the lock, ``StoreError`` where none
        can be made.
        """
        if spare is None:
            # Signed before anybody can see it: a process may be killed at any moment.
            with (
                contextlib.closing(SpareFolder(target.parent)) as own,
                self.hold(target, keep_alive=keep_alive, spare=own) as held,
            ):
                yield held
            return
        held = self._acquire(f"{target}.lock", spare.take)
        try:
            with self._kept_alive(held) if keep_alive else contextlib.nullcontext():
                yield held
        finally:
            held.release()

    def remove_leftovers(self, folder: Path) -> None:
        """Remove the locks in ``folder`` whose makers, processes of ours, are gone for certain.

        Somebody who needs such a lock takes it over; this is for those that nobody needs.
        """
        with contextlib.suppress(OSError), os.scandir(folder) as entries:
            for path in [entry.path for entry in entries if entry.name.endswith(".lock")]:
                with contextlib.suppress(OSError):
                    held = self._take_over(path, signer_is_gone)
                    if held is not None:
                        held.release()

    def _acquire(self, path: str, take: Callable[[str], HeldLock | None]) -> HeldLock:
        waited = 0.0
        try:
            while (held := take(path) or self._take_over(path, self._is_dead)) is None:
                if waited >= self.wait_seconds:
                    raise _held_for_too_long(path, waited)
                delay = self.poll_seconds * (0.5 + self.jitter())
                self.sleep(delay)
                waited += delay
        except OSError as error:
            raise _cannot_lock(error, path) from error
        return held

    def _take_over(self, path: str, is_dead: Callable[[int], bool]) -> HeldLock | None:
        descriptor = _open(path)
        if descriptor is None:
            return None
        # Looked at again under flock: another taker may have been quicker.
        if is_dead(descriptor) and _flock(descriptor) and is_dead(descriptor):
            held = HeldLock(path, descriptor)
            if held.refresh() and held.is_held():
                sign(descriptor)
                return held
        os.close(descriptor)
        return None

    def _is_dead(self, descriptor: int) -> bool:
        is_old = os.fstat(descriptor).st_mtime < self.clock() - STALE_SECONDS
        return is_old or signer_is_gone(descriptor)

    @contextlib.contextmanager
    def _kept_alive(self, held: HeldLock) -> Iterator[None]:
        done = threading.Event()

        def refresh() -> None:
            while not done.wait(self.refresh_seconds):
                held.refresh()

        thread = threading.Thread(target=refresh, name="orgauth-lock", daemon=True)
        thread.start()
        try:
            yield
        finally:
            done.set()
            thread.join()


def _identity(status: os.stat_result) -> tuple[int, int]:
    return status.st_dev, status.st_ino


def _make(path: str) -> HeldLock | None:
    try:
        os.mkdir(path, 0o700)  # noqa: PTH102 - pathlib takes longer than the call
    except FileExistsError:
        return None
    try:
        descriptor = _open_new(path)
    except FileNotFoundError:
        return None
    except OSError:
        os.rmdir(path)  # noqa: PTH106 - likewise
        raise
    _flock(descriptor)  # nobody else can have it: a lock this young is not taken over
    sign(descriptor)
    return HeldLock(path, descriptor)


def _open(path: str) -> int | None:
    try:
        return os.open(path, _FOLDER)
    except FileNotFoundError:
        return None


def _open_new(path: str) -> int:
    """Open a folder that we have just made; a umask such as 0777 leaves even us no right to."""
    try:
        return os.open(path, _FOLDER)
    except PermissionError:
        os.chmod(path, 0o700)  # noqa: PTH101 - text, as everywhere here
        return os.open(path, _FOLDER)


def _flock(descriptor: int) -> bool:
    """Whether the lock's folder is ours alone; not where the file system cannot tell."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def _exclusive_rename() -> Callable[[str, str], int] | None:
    """Linux' ``renameat2`` with ``RENAME_NOREPLACE``: returns 0, or why not as an errno."""
    renameat2 = getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None)
    if renameat2 is None:
        return None

    def rename(source: str, target: str) -> int:
        here = _AT_FDCWD
        names = os.fsencode(source), os.fsencode(target)
        if renameat2(here, names[0], here, names[1], _RENAME_NOREPLACE) == 0:
            return 0
        return ctypes.get_errno()

    return rename


def _held_for_too_long(path: str, waited: float) -> LockHeldError:
    return LockHeldError(
        f"{path} is held by another process; waited {waited:.0f} seconds for it",
        path=Path(path),
        advice=(
            "Let the other sf or orgauth process end, then run it again. "
            f"If there is none, remove the lock: rmdir {shlex.quote(path)}"
        ),
    )


def _cannot_lock(error: OSError, path: str) -> StoreError:
    if error.errno in (errno.ENOTDIR, errno.ELOOP) and os.path.lexists(path):
        return StoreError(
            f"{path} stands where a lock has to be made", path=Path(path), advice="Remove it."
        )
    return store_error(error, path, "make the lock")
