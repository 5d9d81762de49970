"""One attempt for one org: sign, post, and mend at once what one refusal explains."""

from __future__ import annotations

from typing import TYPE_CHECKING

from orgauth.errors import AttemptFailed, KeySourceError
from orgauth.events import AudienceLearnt, ClockCorrected
from orgauth.failures import key_unusable
from orgauth.lessons import Lessons, skew_to_correct
from orgauth.models import Cause

if TYPE_CHECKING:
    from collections.abc import Callable

    from orgauth.assertion import AssertionBuilder
    from orgauth.models import Credentials, Failure, Org
    from orgauth.ports import Observer, TokenEndpoint
    from orgauth.slots import Pace, Slots

__all__ = ["Exchange"]


class Exchange:
    """Turns an org into credentials, once. Knows nothing of waiting and trying again later.

    Args:
        assertions: builds and signs.
        endpoint: posts.
        slots: how many at once; one is held from signing to the answer.
        pace: how many a second.
        observer: is told what a login host taught.
    """

    def __init__(
        self,
        *,
        assertions: AssertionBuilder,
        endpoint: TokenEndpoint,
        slots: Slots,
        pace: Pace,
        observer: Observer,
    ) -> None:
        self._assertions = assertions
        self._endpoint = endpoint
        self._slots = slots
        self._pace = pace
        self._observer = observer
        self._lessons = Lessons()

    async def attempt(self, org: Org, count: Callable[[], None]) -> Credentials:
        """Make one attempt; a refused audience or a wrong clock is mended and tried at once.

        Args:
            org: whom to log in.
            count: called for each request that goes out.

        Raises:
            AttemptFailed: refused, or no usable answer.
        """
        lesson = self._lessons.about(org)
        async with lesson.turn():
            for _ in range(2):  # at most one lesson of each sort
                audience, skew = lesson.audience, self._assertions.skew_seconds
                try:
                    return await self._send(org, audience, count)
                except AttemptFailed as error:
                    failure = error.failure
                    if failure.cause is Cause.AUDIENCE and lesson.refused(audience, org):
                        self._observer.notify(AudienceLearnt(org.login_host, lesson.audience))
                    elif not self._mend_clock(failure, org.login_host, skew):
                        raise
            return await self._send(org, lesson.audience, count)

    async def _send(self, org: Org, audience: str, count: Callable[[], None]) -> Credentials:
        await self._pace.turn()
        async with self._slots.hold(org.login_host):
            count()
            try:
                # Fresh for each attempt: an assertion that waited could have expired.
                assertion = await self._assertions.build(org, audience=audience)
            except KeySourceError as error:
                raise AttemptFailed(key_unusable(error)) from error
            return await self._endpoint.exchange(org, assertion)

    def _mend_clock(self, failure: Failure, host: str, skew: float) -> bool:
        """Return whether to sign again, by the host's clock."""
        if failure.cause is not Cause.CLOCK:
            return False
        if self._assertions.skew_seconds != skew:  # somebody mended it meanwhile
            return True
        ahead = skew_to_correct(failure, now=self._assertions.now, corrected=skew)
        if ahead is None:
            return False
        self._assertions.skew_seconds = ahead
        self._observer.notify(ClockCorrected(host, ahead))
        return True
