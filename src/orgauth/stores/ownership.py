"""Whose a file, link or folder is: the person's own, or somebody else's.

Where a file is a symbolic link that belongs to the person (or to root), as
dotfile managers make them, the file that it points to is replaced and the link stays.
A link of anybody else's is replaced itself, and is never read through, also where one
of the person's own leads to it.
"""

from __future__ import annotations

import errno
import os
import stat
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["is_trusted", "own_target", "who_else_may_write"]

_MOST_LINKS = 40  # as many as Linux follows


def own_target(path: str) -> str:
    """Where links of the person's own lead, and ``path`` itself in every other case."""
    for _ in range(_MOST_LINKS):
        try:
            status = os.lstat(path)
        except FileNotFoundError:
            return path
        if not (stat.S_ISLNK(status.st_mode) and is_trusted(status.st_uid)):
            return path
        path = os.path.join(os.path.dirname(path), os.readlink(path))  # noqa: PTH115, PTH118, PTH120 - text, as everywhere here
    raise OSError(errno.ELOOP, "links that lead in a circle")


def is_trusted(owner: int) -> bool:
    """Return whether an owner is the person, or root."""
    return owner in (0, os.geteuid())


def who_else_may_write(folder: Path) -> str | None:
    """Return who but the person and root can replace what is in ``folder``, or None.

    A group of the person's own is usual (a umask of 0002), so groups do not count.
    """
    try:
        status = folder.stat()
    except OSError:
        return None  # nobody, or whoever uses it is told
    if not is_trusted(status.st_uid):
        return f"its owner, user {status.st_uid},"
    if status.st_mode & stat.S_IWOTH and not status.st_mode & stat.S_ISVTX:
        return "every user of this machine"
    return None
