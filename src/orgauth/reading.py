"""A file that somebody named, read to a bound: it may be a pipe, a device, or of any size."""

from __future__ import annotations

import os
import select
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["NobodyWritesError", "read_at_most"]

_PART_BYTES = 1024 * 1024


class NobodyWritesError(Exception):
    """It is a pipe or a terminal, and its writer did not come to an end in time."""


def read_at_most(path: Path, limit: int, *, pipe_seconds: float) -> bytes:
    """Return the content of ``path``, or its first ``limit`` bytes.

    A pipe (a shell's ``<(…)``, for one) is read to its end, if that comes in time; one that nobody
    writes into, planted in a file's place, stops nobody for ever.

    Args:
        path: a file, pipe or device.
        limit: how many bytes at most; one more than is taken tells that there is too much.
        pipe_seconds: how long to wait in all for what comes through a pipe.

    Raises:
        NobodyWritesError: it took longer.
        OSError: it cannot be read; ``IsADirectoryError`` for a folder.
        ValueError: it is no valid name of a file.
    """
    # Opening a pipe would wait for its writer; this way the wait is ours to end.
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY)
    try:
        return _read(descriptor, limit, time.monotonic() + pipe_seconds)
    finally:
        os.close(descriptor)


def _read(descriptor: int, limit: int, deadline: float) -> bytes:
    content = bytearray()
    readable = select.poll()
    readable.register(descriptor, select.POLLIN)
    while len(content) < limit:
        if not readable.poll(max(0.0, deadline - time.monotonic()) * 1000):
            raise NobodyWritesError
        try:
            part = os.read(descriptor, min(limit - len(content), _PART_BYTES))
        except BlockingIOError:  # somebody else was quicker to read it
            continue
        if not part:
            break
        content += part
    return bytes(content)
