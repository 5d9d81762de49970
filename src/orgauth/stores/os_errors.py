"""The operating system's refusals in plain words, with the path and what to do about it."""

from __future__ import annotations

import errno
from pathlib import Path
from typing import TYPE_CHECKING

from orgauth.errors import StoreError
from orgauth.text import printable

if TYPE_CHECKING:
    from os import PathLike

__all__ = ["store_error"]

# errno → (what is wrong, what to do about it)
_WORDS = {
    errno.EROFS: ("the file system is read-only", "Save to a place that can be written."),
    errno.EACCES: ("no permission", "Check who owns it, and its mode."),
    errno.EPERM: ("no permission", "Check who owns it, and its mode."),
    errno.ENOSPC: ("no space is left on the disk", "Free some space, then run it again."),
    errno.EDQUOT: ("the disk quota is used up", "Free some space, then run it again."),
    errno.EFBIG: ("the file would grow beyond the limit that is set", "Raise `ulimit -f`."),
    errno.ENOENT: ("the folder does not exist", "Create the folder first."),
    errno.ENOTDIR: ("a part of the path is not a folder", "Move what is in the way."),
    errno.EISDIR: ("it is a folder", "Name a file, or move the folder out of the way."),
    errno.ELOOP: (
        "it is a link that leads nowhere, or that somebody else made",
        "Remove the link.",
    ),
    errno.ENAMETOOLONG: ("the name is too long", "Use a shorter name."),
    errno.ENXIO: ("nobody reads from the pipe", "Start its reader first."),
    errno.EMFILE: ("too many files are open", "Raise `ulimit -n`."),
}


def store_error(error: OSError, path: str | PathLike[str], doing: str) -> StoreError:
    """Return the ``StoreError`` that says what ``error`` means for ``path``.

    ``doing`` is what was tried, such as ``write``: "cannot write /a/b: no space is left…".
    """
    reason, advice = _WORDS.get(error.errno or 0, (error.strerror or type(error).__name__, ""))
    shown = printable(str(path))
    return StoreError(f"cannot {doing} {shown}: {reason}", path=Path(path), advice=advice)
