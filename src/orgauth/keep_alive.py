"""Which connections stay open for a next request. No I/O: only the decision."""

from __future__ import annotations

__all__ = ["KeepAlive"]


class KeepAlive:
    """Bounds the connections that idle: every org of a large run may have a host of its own.

    A host never has more connections open than it had requests at once, so these highest numbers
    are what is counted. They are never forgotten: it is an upper bound, and simple.

    Args:
        most: connections, all hosts together, that may be kept.
    """

    def __init__(self, most: int) -> None:
        self._left = most
        self._now: dict[str, int] = {}
        self._highest: dict[str, int] = {}

    def begin(self, place: str) -> bool:
        """Take note of a request; return whether its connection may stay open afterwards."""
        now = self._now.get(place, 0) + 1
        if now > self._highest.get(place, 0):
            if self._left <= 0:
                return False
            self._left -= 1
            self._highest[place] = now
        self._now[place] = now
        return True

    def end(self, place: str) -> None:
        """Take note of the end of a request whose connection may stay open."""
        self._now[place] -= 1
