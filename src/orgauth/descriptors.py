"""How many files this process may have open, and so how many connections."""

from __future__ import annotations

import contextlib
import os
import resource

__all__ = ["free_for_connections", "limit", "raise_limit"]

_ENOUGH = 20_480
"""For 10,000 requests at once and as many idle connections. More would only slow down programs
that close every descriptor there could be before they start another."""

_FOR_THE_REST = 128
"""Files, locks, pipes, the look-up of names: what a run opens beside its connections."""


def limit() -> int:
    """Return how many files this process may have open (``ulimit -n``)."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return _ENOUGH if soft == resource.RLIM_INFINITY else soft


def raise_limit() -> None:
    """Raise the limit as far as it is useful and allowed. For programs, not for libraries."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _ENOUGH if hard == resource.RLIM_INFINITY else min(hard, _ENOUGH)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        # macOS refuses what its kernel has no room for, whatever it calls the hard limit.
        with contextlib.suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def free_for_connections() -> int:
    """Return how many connections can be open beside what is and will be open anyway."""
    allowed = limit()
    try:
        opened = len(os.listdir("/dev/fd"))  # noqa: PTH208 - numbers are what is there
    except OSError:
        opened = 0
    return max(2, allowed - opened - min(_FOR_THE_REST, allowed // 2))
