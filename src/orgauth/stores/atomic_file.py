"""Files that other programs read while we write them: whole and old, or whole and new.

A file is written under another name in the same folder and renamed into place, so
that neither a reader nor a crash ever meets half of it. Every name starts with a
dot: the Salesforce CLI takes what looks like ``user@example.com.json`` for an org.

Links are followed only where they are trusted: see ``ownership``.

Durability: a rename alone leaves a whole file after a crash of ours, though not after
a power cut on every file system. ``durable`` pays for that with ``fsync``; it is meant
for what cannot be had again (the store's key, the person's aliases), and not for a
token, which the next login brings back, at a few milliseconds an org.
"""

from __future__ import annotations

import contextlib
import errno
import itertools
import os
import secrets
import stat
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from orgauth.errors import StoreError
from orgauth.stores.maker import is_gone, maker
from orgauth.stores.os_errors import store_error
from orgauth.stores.ownership import is_trusted, own_target
from orgauth.text import printable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

__all__ = [
    "FileContent",
    "ForeignLinkError",
    "check_writable",
    "create_exclusively",
    "make_folder",
    "read_file",
    "remove_leftovers",
    "temporary_name",
    "write_atomically",
]

_PREFIX = ".orgauth-"
_SUFFIX = ".tmp"
_OURS = secrets.token_hex(4)  # a process id comes back one day
_NUMBERS = itertools.count()
_PRIVATE_FILE = 0o600
_PRIVATE_FOLDER = 0o700
_LARGEST_FILE = 256 * 1024 * 1024
_ONE_BLOCK = b"\0" * 4096
_LEFTOVER_AFTER_SECONDS = 3600.0
# Where the file system has no hard links (FAT, some network and FUSE mounts).
_NO_LINKS = frozenset({errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK})


class ForeignLinkError(StoreError):
    """A link of somebody else's stands in a file's place; it is not followed."""


@dataclass(frozen=True, slots=True)
class FileContent:
    """What one read of a file found."""

    data: bytes = field(repr=False)
    """It may hold tokens or the store's key, so it stands in no ``repr``."""
    status: os.stat_result


def read_file(path: Path) -> FileContent | None:
    """Return the whole file, or ``None`` where there is none.

    Raises ``StoreError`` for what cannot be read, and for what is no ordinary file;
    ``ForeignLinkError`` for somebody else's link.
    """
    try:
        descriptor = _open_own(str(path))
    except FileNotFoundError:
        return None
    except OSError as error:
        translated = store_error(error, path, "read")
        if error.errno == errno.ELOOP:
            raise ForeignLinkError(str(translated), path=path, advice=translated.advice) from error
        raise translated from error
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise StoreError(f"{path} is not a file", path=path, advice="Move it out of the way.")
        if status.st_size > _LARGEST_FILE:
            raise StoreError(f"{path} is too large to be true", path=path, advice="Look into it.")
        return FileContent(_read_all(descriptor), status)
    except OSError as error:
        raise store_error(error, path, "read") from error
    finally:
        os.close(descriptor)


def write_atomically(
    path: Path,
    data: bytes,
    *,
    durable: bool = False,
    before_replacing: Callable[[], None] | None = None,
) -> os.stat_result:
    """Put ``data`` at ``path`` with mode 0600, replacing what is there; return its status.

    Only a file is replaced: a device or a named pipe is somebody's, and not ours to remove.
    ``before_replacing`` is called at the last moment, and may raise to call it off.
    Raises ``StoreError``; what was there is then untouched, and nothing is left behind.
    """
    try:
        target = _replaceable(path)
        folder = os.path.dirname(target)  # noqa: PTH120 - pathlib takes longer than the write
        with _temporary(folder, data, durable=durable) as (temporary, descriptor):
            if before_replacing is not None:
                before_replacing()
            os.replace(temporary, target)  # noqa: PTH105 - likewise
            status = os.fstat(descriptor)
        if durable:
            _sync_folder(folder)
    except OSError as error:
        raise store_error(error, path, "write") from error
    return status


def create_exclusively(path: Path, data: bytes) -> bool:
    """Put ``data`` at ``path`` only if nothing is there; return whether that happened.

    Of several processes that try at once, one succeeds. Raises ``StoreError``.
    """
    try:
        with _temporary(str(path.parent), data, durable=True) as (temporary, _):
            created = _link(temporary, path)
            _remove(temporary)
        _sync_folder(str(path.parent))
    except OSError as error:
        raise store_error(error, path, "write") from error
    return created


def make_folder(path: Path) -> None:
    """Make the folder with mode 0700 whatever the umask, or accept the one that is there.

    Its parent must exist. A link is accepted if it belongs to the person or to root.
    Raises ``StoreError``.
    """
    try:
        try:
            path.mkdir(_PRIVATE_FOLDER)
        except FileExistsError:
            _check_folder(path)
        else:
            path.chmod(_PRIVATE_FOLDER)
    except OSError as error:
        raise store_error(error, path, "create") from error


def check_writable(folder: Path) -> None:
    """Create and remove a file of one block, or raise the ``StoreError`` that says why not."""
    try:
        with _temporary(str(folder), _ONE_BLOCK, durable=False) as (temporary, _):
            os.unlink(temporary)  # noqa: PTH108 - text, as everywhere here
    except OSError as error:
        raise store_error(error, folder, "write in") from error


def temporary_name() -> str:
    """Return a name of ours that nobody else has, and that the CLI does not list.

    It need not be a secret: the file is made only where there is none.
    """
    return f"{_PREFIX}{maker()}-{_OURS}{next(_NUMBERS):08x}{_SUFFIX}"


def remove_leftovers(folder: Path, *, now: float) -> None:
    """Remove what killed processes of ours left behind: at once where the process is known to be
    gone, and after an hour where it may have been another machine's.
    """  # noqa: D205 - one sentence that needs two lines
    with contextlib.suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            if entry.name.startswith(_PREFIX) and entry.name.endswith(_SUFFIX):
                with contextlib.suppress(OSError):  # what cannot be removed stops no other
                    _remove_leftover(entry, now)


def _remove_leftover(entry: os.DirEntry[str], now: float) -> None:
    status = entry.stat(follow_symlinks=False)
    name = entry.name.removeprefix(_PREFIX).removesuffix(_SUFFIX)
    is_old = status.st_mtime < now - _LEFTOVER_AFTER_SECONDS
    if is_old or is_gone(name.rpartition("-")[0]):
        remove = os.rmdir if stat.S_ISDIR(status.st_mode) else os.unlink
        remove(entry.path)


@contextlib.contextmanager
def _temporary(folder: str, data: bytes, *, durable: bool) -> Iterator[tuple[str, int]]:
    """Write ``data`` to a new file, which is removed if anything fails before it is renamed."""
    path = f"{folder}/{temporary_name()}"
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
    descriptor = os.open(path, flags, _PRIVATE_FILE)
    try:
        if stat.S_IMODE(os.fstat(descriptor).st_mode) != _PRIVATE_FILE:
            os.fchmod(descriptor, _PRIVATE_FILE)  # whatever the umask has taken away
        _write_all(descriptor, data)
        if durable:
            os.fsync(descriptor)
        yield path, descriptor
    except BaseException:
        _remove(path)
        raise
    finally:
        os.close(descriptor)


def _remove(path: str) -> None:
    with contextlib.suppress(OSError):
        os.unlink(path)  # noqa: PTH108 - pathlib takes longer than the call


def _link(temporary: str, path: Path) -> bool:
    try:
        os.link(temporary, path)
    except FileExistsError:
        return False
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        # No way to be exclusive here but the caller's own lock.
        if os.path.lexists(path):
            return False
        os.replace(temporary, path)  # noqa: PTH105 - as link, which pathlib spells backwards
    return True


def _open_own(path: str) -> int:
    """Open a file to read it, through links only as far as they are the person's own."""
    # O_NONBLOCK: a named pipe in the file's place must not stop us for ever.
    flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK
    try:
        return os.open(path, flags)
    except OSError as error:
        if error.errno != errno.ELOOP:
            raise
        return os.open(own_target(path), flags)


def _replaceable(path: Path) -> str:
    """Return what to replace: where links of the person's own lead, else ``path`` itself."""
    target = str(path)
    try:
        status = os.lstat(target)
        if stat.S_ISLNK(status.st_mode):
            target = own_target(target)
            status = os.lstat(target)
    except FileNotFoundError:
        return target
    mode = status.st_mode
    if not (stat.S_ISREG(mode) or stat.S_ISLNK(mode) or stat.S_ISDIR(mode)):
        raise StoreError(
            f"{printable(target)} is a device or a pipe, not a file",
            path=path,
            advice="Name a file.",
        )
    return target


def _check_folder(path: Path) -> None:
    status = path.lstat()
    if stat.S_ISLNK(status.st_mode) and not is_trusted(status.st_uid):
        raise OSError(errno.ELOOP, "a foreign link")
    if not path.is_dir():
        raise OSError(errno.ENOTDIR, "not a folder")


def _read_all(descriptor: int) -> bytes:
    with os.fdopen(descriptor, "rb", closefd=False) as file:
        return file.read()


def _write_all(descriptor: int, data: bytes) -> None:
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(descriptor, rest) :]


def _sync_folder(folder: str) -> None:
    # The rename has happened; a file system that cannot sync folders loses nothing by it now.
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
