"""Standard output and error as they really are: closed, full, gone, or of a small alphabet."""

from __future__ import annotations

import io
import os
import sys
from typing import TextIO

__all__ = ["discard_output", "is_terminal", "make_robust", "occupy_standard_descriptors"]


def is_terminal(stream: TextIO | None) -> bool:
    """Return whether a person looks at it. A stream that was closed at the start is None."""
    return stream is not None and stream.isatty()


def occupy_standard_descriptors() -> None:
    """Put /dev/null where a standard stream was closed at the start.

    The next file to be opened would get its number, an org's authorization for one, and whatever
    is said by others on standard error (OpenSSL, Python when it dies) would be written into it.
    """
    for number in (0, 1, 2):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # gets the lowest number that is free: this one
            os.set_inheritable(number, True)  # noqa: FBT003 - its only parameter


def make_robust() -> None:
    """Escape what a stream's encoding cannot say, rather than fail at somebody's alias."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def discard_output() -> None:
    """Let what is still buffered go nowhere, so that Python's own exit does not fail over it."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in (sys.stdout, sys.stderr):
        try:
            os.dup2(nowhere, stream.fileno())
        except (AttributeError, OSError, ValueError):
            continue  # it has no descriptor (any more)
