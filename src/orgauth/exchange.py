"""One attempt for one org: sign, post, and mend at once what one refusal explains."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from orgauth.errors import AttemptFailed, KeySourceError
from orgauth.events import AudienceLearnt, ClockCorrected
from orgauth.failures import key_unusable
from orgauth.lessons import Clocks, Lessons
from orgauth.models import Cause

if TYPE_CHECKING:
    from collections.abc import Callable

    from orgauth.assertion import AssertionBuilder
    from orgauth.lessons import AudienceLesson
    from orgauth.models import Credentials, Failure, Org
    from orgauth.pace import Pace
    from orgauth.ports import Observer, TokenEndpoint
    from orgauth.slots import Slots

__all__ = ["Exchange"]


@dataclass(slots=True)
class _Signed:
    """What the last assertion said that a lesson may correct."""

    audience: str = ""
    skew_seconds: float = 0.0
    refused: str = ""
    """The audience that was refused before."""


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
        self._clocks = Clocks()

    async def attempt(
        self, org: Org, count: Callable[[], None], *, again: bool = False
    ) -> Credentials:
        """Make one attempt; a refused audience or a wrong clock is mended and tried at once.

        Args:
            org: whom to log in.
            count: called for each request that goes out.
            again: whether an earlier attempt has failed, so that this one gives way to first ones.

        Raises:
            AttemptFailed: refused, or no usable answer.
        """
        lesson, signed = self._lessons.about(org), _Signed()
        async with lesson.turn():
            for _ in range(2):  # at most one lesson of each sort
                try:
                    return await self._send(org, lesson, signed, count, again=again)
                except AttemptFailed as error:
                    failure = error.failure
                    if failure.cause is Cause.AUDIENCE and lesson.refused(
                        signed.audience, org, earlier=signed.refused
                    ):
                        signed.refused = signed.audience
                        self._observer.notify(AudienceLearnt(org.login_host, lesson.audience))
                    elif not self._mend_clock(failure, org.login_host, signed.skew_seconds):
                        raise
            return await self._send(org, lesson, signed, count, again=again)

    async def _send(
        self,
        org: Org,
        lesson: AudienceLesson,
        signed: _Signed,
        count: Callable[[], None],
        *,
        again: bool,
    ) -> Credentials:
        await self._pace.turn()
        async with self._slots.hold(org.login_host, again=again):
            count()
            # Only now: what was learnt while this one waited for its slot counts for it, too.
            signed.audience = lesson.audience
            signed.skew_seconds = self._clocks.skew(org.login_host)
            try:
                # Fresh for each attempt: an assertion that waited could have expired.
                assertion = await self._assertions.build(
                    org, audience=signed.audience, skew_seconds=signed.skew_seconds
                )
            except KeySourceError as error:
                raise AttemptFailed(key_unusable(error)) from error
            credentials = await self._endpoint.exchange(org, assertion)
            lesson.accepted(signed.audience)
            return credentials

    def _mend_clock(self, failure: Failure, host: str, skew: float) -> bool:
        """Return whether to sign again, by the host's clock."""
        before = self._clocks.skew(host)
        if not self._clocks.explain(failure, host, now=self._assertions.now, corrected=skew):
            return False
        if self._clocks.skew(host) != before:
            self._observer.notify(ClockCorrected(host, self._clocks.skew(host)))
        return True
