"""A process that dies, or is refused, at a chosen one of the calls with which it changes the disk.

Death is not an exception for the program: whatever its ``finally`` and ``except`` blocks do after
it has no effect on the disk, and its descriptors (and so its ``flock``) are gone, as after kill -9.
"""

from __future__ import annotations

import contextlib
import errno
import os
import tempfile
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unittest import mock

from orgauth.stores import lock

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["Death", "Fate", "quick_folder"]

_CHANGING = (
    "chmod",
    "fchmod",
    "fsync",
    "link",
    "mkdir",
    "rename",
    "replace",
    "rmdir",
    "unlink",
    "utime",
    "write",
)
_REMOVING = frozenset({"rename", "rmdir", "unlink"})


@contextlib.contextmanager
def quick_folder() -> Iterator[Path]:
    """Make a folder for thousands of files, in memory where the system has such a place."""
    memory = Path("/dev/shm")  # noqa: S108 - the folder in it is private
    with tempfile.TemporaryDirectory(dir=memory if os.access(memory, os.W_OK) else None) as folder:
        yield Path(folder)


class Death(BaseException):
    """Raised in a process that is dead by now, to get out of it."""


class Fate:
    """Counts the calls that change the disk, and strikes at one of them.

    Args:
        strikes_at: the number of that call, from 1; 0 for never.
        refusal: the errno that it is refused with, once; 0 where the process dies at it.
    """

    def __init__(self, strikes_at: int, *, refusal: int = 0) -> None:
        self._owner = threading.get_ident()
        self._strikes_at = strikes_at
        self._refusal = refusal
        self._is_dead = False
        self._open: set[int] = set()
        self._real = {name: getattr(os, name) for name in (*_CHANGING, "open", "close")}
        # Who dies loses nothing that the system has taken; only a power cut would.
        self._real["fsync"] = lambda _: None
        self.calls = 0
        self.struck = ""
        """The call that was struck, by name."""

    @property
    def left_something(self) -> bool:
        """Whether what was struck could not clean up after itself."""
        return self._is_dead or self.struck in _REMOVING

    @contextlib.contextmanager
    def over(self) -> Iterator[None]:
        """Be over the code in the body, which ends where it dies."""

        def counted(name: str) -> Callable[..., Any]:
            def call(*args: Any, **keywords: Any) -> Any:
                self._count(name, *args)
                return self._real[name](*args, **keywords)

            return call

        changed = {name: counted(name) for name in _CHANGING}
        changed |= {"open": self._opened, "close": self._closed}
        rename = self._renaming(lock._exclusive_rename())
        renames = mock.patch.object(lock, "_exclusive_rename", return_value=rename)
        with mock.patch.multiple(os, **changed), renames, contextlib.suppress(Death):
            yield
        while self._open:
            self._real["close"](self._open.pop())

    def _count(self, name: str, *args: Any) -> None:
        if threading.get_ident() != self._owner:
            return
        if self._is_dead:
            raise Death
        self.calls += 1
        if self.calls != self._strikes_at:
            return
        self.struck = name
        if self._refusal:
            raise OSError(self._refusal, os.strerror(self._refusal))
        self._is_dead = True
        if name == "write":
            descriptor, data = args
            self._real["write"](descriptor, data[: len(data) // 2])
        raise Death

    def _opened(self, path: Any, flags: int, *args: Any, **keywords: Any) -> int:
        if flags & os.O_CREAT or self._refusal:  # any file may be one too many
            self._count("open")
        descriptor: int = self._real["open"](path, flags, *args, **keywords)
        if threading.get_ident() == self._owner:
            self._open.add(descriptor)
        return descriptor

    def _closed(self, descriptor: int) -> None:
        self._open.discard(descriptor)
        self._real["close"](descriptor)

    def _renaming(self, real: Callable[[str, str], int] | None) -> Callable[[str, str], int] | None:
        if real is None:
            return None

        def rename(source: str, target: str) -> int:
            try:
                self._count("rename")
            except OSError as error:
                return error.errno or errno.EIO
            return real(source, target)

        return rename
