"""What a login host teaches while a run goes on: the audience it wants, and what time it is.

Both are learnt from one refusal and hold for the rest of the run, so a batch
pays for the lesson once, not once an org.
"""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager, nullcontext
from typing import TYPE_CHECKING

from orgauth.models import Cause

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from contextlib import AbstractAsyncContextManager

    from orgauth.models import Failure, Org

__all__ = ["LOGIN_AUDIENCE", "TEST_AUDIENCE", "AudienceLesson", "Clocks", "Lessons"]

LOGIN_AUDIENCE = "https://login.salesforce.com"
TEST_AUDIENCE = "https://test.salesforce.com"
_SURE_OF_THEIR_AUDIENCE = frozenset({"login.salesforce.com", "test.salesforce.com"})

_WORTH_CORRECTING = {
    # ``Date`` counts whole seconds and the answer took a moment to arrive.
    Cause.CLOCK: 5.0,
    # "Invalid assertion" usually means the key; an ``exp`` too far ahead is refused alike.
    Cause.KEY: 60.0,
}
_LARGEST_SKEW = 3600.0
_AT_ONCE = nullcontext()


class AudienceLesson:
    """The audience for one login host and one first guess.

    A My Domain does not tell by its name whether it wants login or test. The
    first org to ask goes alone; what it learns serves all who come after it.
    """

    def __init__(self, guess: str, *, sure: bool = False) -> None:
        self.audience = guess
        self._guess = guess
        self._settled = sure
        self._turned = False
        self._accepted = False
        self._first = asyncio.Lock()

    def turn(self) -> AbstractAsyncContextManager[None]:
        """Hold the others back until the first answer is in; free afterwards."""
        return _AT_ONCE if self._settled else self._first_alone()

    @asynccontextmanager
    async def _first_alone(self) -> AsyncIterator[None]:
        await self._first.acquire()
        if self._settled:
            self._first.release()
            yield
            return
        try:
            yield
        finally:
            # Even where the answer taught nothing (a time-out, say): waiting in line
            # for a host that is down would cost a time-out an org.
            self._settled = True
            self._first.release()

    def accepted(self, tried: str) -> None:
        """Take note that somebody was let in with ``tried``."""
        self.audience = tried
        self._accepted = True

    def refused(self, tried: str, org: Org, *, earlier: str = "") -> bool:
        """Take note that ``tried`` was refused as audience; return whether to try again.

        ``earlier`` is what was refused to this org before, if anything.
        """
        if org.audience_is_explicit:
            return False
        if self.audience != tried:  # somebody learnt it while this attempt was under way
            return self.audience != earlier
        if self._accepted:  # others got in with it: what is wrong is this org's own
            return False
        if self._turned:  # both were refused: the audience is not what is wrong
            self.audience = self._guess
            return self._guess not in (tried, earlier)  # but this org has not tried both
        self._turned = True
        self.audience = LOGIN_AUDIENCE if tried == TEST_AUDIENCE else TEST_AUDIENCE
        return True


class Lessons:
    """All that was learnt about audiences, by login host and first guess."""

    def __init__(self) -> None:
        self._lessons: dict[tuple[str, str], AudienceLesson] = {}

    def about(self, org: Org) -> AudienceLesson:
        """Return the lesson that this org shares with its neighbours."""
        key = (org.login_host, org.audience)
        lesson = self._lessons.get(key)
        if lesson is None:
            sure = org.audience_is_explicit or org.login_host in _SURE_OF_THEIR_AUDIENCE
            lesson = self._lessons[key] = AudienceLesson(org.audience, sure=sure)
        return lesson


class Clocks:
    """By how much each login host's clock is ahead of ours, as far as a refusal has shown it."""

    def __init__(self) -> None:
        self._skews: dict[str, float] = {}

    def skew(self, host: str) -> float:
        """Return the seconds by which the host is ahead; 0 until a refusal shows otherwise."""
        return self._skews.get(host, 0.0)

    def explain(self, failure: Failure, host: str, *, now: float, corrected: float) -> bool:
        """Return whether clocks explain a refusal that was signed with ``corrected`` skew.

        If so, the skew is known from now on. It is never believed beyond an hour: who
        could order assertions for next year could use them next year.

        Args:
            failure: the refusal, with the host's ``Date``.
            host: the login host.
            now: our clock when the refusal arrived, in seconds since 1970.
            corrected: the skew that the refused assertion was already corrected by.
        """
        worth = _WORTH_CORRECTING.get(failure.cause)
        if worth is None:
            return False
        if self.skew(host) != corrected:  # a neighbour learnt it meanwhile
            return True
        if failure.server_time is None:
            return False
        skew = failure.server_time - now
        if abs(skew) > _LARGEST_SKEW or abs(skew - corrected) <= worth:
            return False
        self._skews[host] = skew
        return True
