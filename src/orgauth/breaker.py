"""When to stop: orgs that share client id, key and login host, and are all refused alike.

Salesforce blocks addresses from which many logins are refused, the good ones included. A wrong key
or client id is wrong for everybody who shares it, so a few refusals say as much as a thousand.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, TypeAlias

from orgauth.models import Cause

if TYPE_CHECKING:
    from orgauth.models import Failure, KeyRef, Org

__all__ = ["Breaker", "Group"]

_ENOUGH = 5
_ALIKE = frozenset({Cause.KEY, Cause.CLIENT_ID})
_Shared: TypeAlias = "tuple[str, KeyRef, str]"


class Group:
    """Orgs that share client id, key and login host.

    Until one of them gets in, no more are under way than may still fail: five at first, so that
    even at a high concurrency five refusals are five requests. Every answer of another sort (not
    approved yet, a fault, no answer at all) shows that things differ, and lets one more go.
    """

    __slots__ = ("_news", "_places", "_queue", "_unproven", "failures", "has_got_in", "refusal")

    def __init__(self, unproven: set[Group]) -> None:
        self.has_got_in = False
        """Whether one of them is in: then nothing holds the others back for the rest of the run."""
        self.failures = 0
        self.refusal: Failure | None = None
        """The last of those refusals."""
        self._places = _ENOUGH
        self._queue = 0
        self._news = asyncio.Event()
        self._unproven = unproven
        unproven.add(self)

    @property
    def is_hopeless(self) -> bool:
        """Whether five were refused alike, and none got in."""
        return self.failures >= _ENOUGH and not self.has_got_in

    @property
    def is_crowded(self) -> bool:
        """Whether so many wait for a place that another would only be in the way."""
        return self._queue >= 2 * _ENOUGH and self._is_full()

    async def place(self) -> None:
        """Wait until one more of them may be under way, or waiting is of no use any more."""
        self._queue += 1
        try:
            while self._is_full():
                self._news.clear()
                await self._news.wait()
        finally:
            self._queue -= 1
        self._places -= 1

    def got_in(self) -> None:
        """Take note that one was authorized."""
        if not self.has_got_in:
            self.has_got_in = True
            self._unproven.discard(self)
            self._news.set()

    def failed(self, failure: Failure) -> bool:
        """Take note how an attempt failed; return whether that made the others hopeless."""
        if failure.cause not in _ALIKE:
            self._make_room(2)  # its own, and one more
            return False
        self.failures += 1
        self.refusal = failure
        self._news.set()
        return self.failures == _ENOUGH and not self.has_got_in

    def unanswered(self) -> None:
        """Take note that an attempt ended without saying anything."""
        self._make_room(1)

    def _is_full(self) -> bool:
        return self._places <= 0 and not (self.has_got_in or self.is_hopeless)

    def _make_room(self, places: int) -> None:
        self._places += places
        self._news.set()


class Breaker:
    """All groups of a run.

    Args:
        keep_going: try every org, whatever the others met.
    """

    def __init__(self, *, keep_going: bool = False) -> None:
        self.keeps_going = keep_going
        self._groups: dict[_Shared, Group] = {}
        self._unproven: set[Group] = set()
        self._everybody: Group | None = None
        if keep_going:
            self._everybody = Group(self._unproven)
            self._everybody.got_in()

    def about(self, org: Org) -> Group:
        """Return the group that an org belongs to."""
        if self._everybody is not None:
            return self._everybody
        shared = (org.client_id, org.key, org.login_host)
        group = self._groups.get(shared)
        if group is None:
            group = self._groups[shared] = Group(self._unproven)
        return group

    def is_crowded(self, org: Org) -> bool:
        """Return whether so many of an org's group wait that it would only be in the way."""
        # Hardly ever after the first answers, so nobody is looked up for it.
        return bool(self._unproven) and self.about(org).is_crowded
