"""One attempt for one org: sign, post, and mend at once what one refusal explains."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from orgauth import failures
from orgauth.errors import AttemptFailed, KeySourceError, NotTried
from orgauth.events import AudienceLearnt, ClockCorrected, GroupGivenUp
from orgauth.lessons import Clocks, Lessons
from orgauth.models import Cause

if TYPE_CHECKING:
    from collections.abc import Callable

    from orgauth.assertion import AssertionBuilder
    from orgauth.breaker import Breaker, Group
    from orgauth.lessons import AudienceLesson
    from orgauth.models import Credentials, Failure, Org
    from orgauth.pace import Pace
    from orgauth.ports import Observer, TokenEndpoint
    from orgauth.slots import Slots

__all__ = ["Exchange"]


@dataclass(slots=True)
class _Attempt:
    """One attempt, and what its last assertion said that a lesson may correct."""

    org: Org
    group: Group
    lesson: AudienceLesson
    count: Callable[[], None]
    again: bool
    audience: str = ""
    refused_audience: str = ""
    skew_seconds: float = 0.0


class Exchange:
    """Turns an org into credentials, once. Knows nothing of waiting and trying again later.

    Args:
        assertions: builds and signs.
        endpoint: posts.
        slots: how many at once; one is held from signing to the answer.
        pace: how many a second.
        breaker: knows which attempts are hopeless.
        observer: is told what a login host taught.
    """

    def __init__(
        self,
        *,
        assertions: AssertionBuilder,
        endpoint: TokenEndpoint,
        slots: Slots,
        pace: Pace,
        breaker: Breaker,
        observer: Observer,
    ) -> None:
        self._assertions = assertions
        self._endpoint = endpoint
        self._slots = slots
        self._pace = pace
        self._breaker = breaker
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
            NotTried: others with its client id, key and login host were all refused.
            AttemptFailed: refused, or no usable answer.
        """
        group = self._breaker.about(org)
        if not group.has_got_in:
            await group.place()
            _check(org, group)
        attempt = _Attempt(org, group, self._lessons.about(org), count, again)
        try:
            credentials = await self._mended(attempt)
        except AttemptFailed as error:
            if group.failed(error.failure):
                self._give_up(org, group.failures, error.failure)
            raise
        except BaseException:
            group.unanswered()
            raise
        group.got_in()
        return credentials

    async def _mended(self, attempt: _Attempt) -> Credentials:
        org, lesson = attempt.org, attempt.lesson
        async with lesson.turn():
            for _ in range(2):  # at most one lesson of each sort
                try:
                    return await self._send(attempt)
                except AttemptFailed as error:
                    failure, tried = error.failure, attempt.audience
                    if failure.cause is Cause.AUDIENCE and lesson.refused(
                        tried, org, earlier=attempt.refused_audience
                    ):
                        attempt.refused_audience = tried
                        self._observer.notify(AudienceLearnt(org.login_host, lesson.audience))
                    elif not self._mend_clock(failure, org.login_host, attempt.skew_seconds):
                        raise
            return await self._send(attempt)

    async def _send(self, attempt: _Attempt) -> Credentials:
        org, lesson, host = attempt.org, attempt.lesson, attempt.org.login_host
        slot = self._slots.hold(host, again=attempt.again)
        await self._pace.turn()
        async with slot:
            _check(org, attempt.group)  # again: it may have come to that meanwhile
            attempt.count()
            # Only now: what was learnt while this one waited for its slot counts for it, too.
            attempt.audience = lesson.audience
            attempt.skew_seconds = self._clocks.skew(host)
            try:
                # Fresh for each attempt: an assertion that waited could have expired.
                assertion = await self._assertions.build(
                    org, audience=attempt.audience, skew_seconds=attempt.skew_seconds
                )
            except KeySourceError as error:
                raise AttemptFailed(failures.key_unusable(error)) from error
            credentials = await self._endpoint.exchange(org, assertion)
            lesson.accepted(attempt.audience)
            return credentials

    def _give_up(self, org: Org, refused: int, failure: Failure) -> None:
        reason = f"{failure.code}: {failure.description}"
        self._observer.notify(
            GroupGivenUp(
                org.login_host, org.client_id, str(org.key), refused, reason, failure.advice
            )
        )

    def _mend_clock(self, failure: Failure, host: str, skew: float) -> bool:
        """Return whether to sign again, by the host's clock."""
        before = self._clocks.skew(host)
        if not self._clocks.explain(failure, host, now=self._assertions.now, corrected=skew):
            return False
        if self._clocks.skew(host) != before:
            self._observer.notify(ClockCorrected(host, self._clocks.skew(host)))
        return True


def _check(org: Org, group: Group) -> None:
    """Raise ``NotTried`` where others have shown that an attempt would be hopeless."""
    if group.is_hopeless and group.refusal is not None:
        raise NotTried(failures.breaker(org, group.refusal, group.failures))
