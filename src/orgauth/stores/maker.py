"""Which process made a file or a lock, and whether it is gone for certain.

A process that was killed leaves its temporary files and locks. To clear them up at once, it is
not enough that no process has that number: the home may be shared with another machine, or with
a container that counts its processes by itself. So a maker is told by machine, boot, process
namespace and number; of a maker elsewhere nothing is known.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import os
import re
from pathlib import Path

__all__ = ["is_gone", "maker", "sign", "signer_is_gone"]

_BOOT = Path("/proc/sys/kernel/random/boot_id")
_NAMESPACE = Path("/proc/self/ns/pid")
_MAKER = re.compile(r"([0-9a-f]{12})-([1-9][0-9]{0,6})", re.ASCII)
_UNKNOWN = "x"
_ATTRIBUTE = "user.orgauth.maker"


def maker() -> str:
    """Return what names this process, as part of a file name: ``<12 hex digits>-<number>``."""
    return f"{_here()}-{os.getpid()}"


def is_gone(maker: str) -> bool:
    """Whether the process of this name ran here and runs no more. False where in doubt."""
    match = _MAKER.fullmatch(maker)
    if match is None or match[1] != _here():
        return False
    try:
        os.kill(int(match[2]), 0)  # sends nothing
    except ProcessLookupError:
        return True
    except OSError:
        return False
    return False


def sign(descriptor: int) -> None:
    """Write this process's name on an open folder, where its file system has room for one."""
    with contextlib.suppress(OSError, AttributeError):  # Python knows the call on Linux only
        os.setxattr(descriptor, _ATTRIBUTE, maker().encode("ascii"))


def signer_is_gone(descriptor: int) -> bool:
    """Whether a process that is gone for certain has signed an open folder."""
    try:
        signature = os.getxattr(descriptor, _ATTRIBUTE)
    except (OSError, AttributeError):
        return False
    return is_gone(signature.decode("ascii", errors="replace"))


@functools.cache
def _here() -> str:
    """Return this machine since it was started, as this process's container sees it."""
    try:
        boot, namespace = _BOOT.read_text(encoding="ascii"), str(_NAMESPACE.readlink())
    except OSError:  # not Linux
        return _UNKNOWN
    # Copies of one virtual machine were once booted as one; by then they have names of their own.
    told = f"{boot} {namespace} {os.uname().nodename}"
    return hashlib.sha256(told.encode()).hexdigest()[:12]
