"""What a login host teaches while a run goes on: the audience it wants, and what time it is.

Both are learnt from one refusal and hold for the rest of the run, so a batch
pays for the lesson once, not once an org.
"""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from orgauth.models import Cause

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from orgauth.models import Failure, Org

__all__ = ["LOGIN_AUDIENCE", "TEST_AUDIENCE", "AudienceLesson", "Lessons", "skew_to_correct"]

LOGIN_AUDIENCE = "https://login.salesforce.com"
TEST_AUDIENCE = "https://test.salesforce.com"
_SURE_OF_THEIR_AUDIENCE = frozenset({"login.salesforce.com", "test.salesforce.com"})

_SKEW_WORTH_CORRECTING = 5.0
"""Seconds; ``Date`` counts whole seconds and the answer took a moment to arrive."""


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
        self._first = asyncio.Lock()

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """Hold the others back until the first answer is in; free afterwards."""
        if not self._settled:
            await self._first.acquire()
            if not self._settled:
                try:
                    yield
                finally:
                    # Even where the answer taught nothing (a time-out, say): waiting in line
                    # for a host that is down would cost a time-out an org.
                    self._settled = True
                    self._first.release()
                return
            self._first.release()
        yield

    def refused(self, tried: str, org: Org) -> bool:
        """Take note that ``tried`` was refused as audience; return whether to try again."""
        if org.audience_is_explicit:
            return False
        if self.audience != tried:  # somebody learnt it while this attempt was under way
            return True
        if self._turned:  # both were refused: the audience is not what is wrong
            self.audience = self._guess
            return False
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


def skew_to_correct(failure: Failure, *, now: float, corrected: float) -> float | None:
    """Return by how many seconds the host's clock is ahead, if that explains the failure.

    Args:
        failure: the refusal; only one that says "expired" is about clocks.
        now: our clock when the refusal arrived, in seconds since 1970.
        corrected: the skew that the refused assertion was already corrected by.
    """
    if failure.cause is not Cause.CLOCK or failure.server_time is None:
        return None
    skew = failure.server_time - now
    return skew if abs(skew - corrected) > _SKEW_WORTH_CORRECTING else None
