"""How long to wait after which failure, and when to give up: tenacity's wait and stop, by kind."""

from __future__ import annotations

import asyncio
import math
import time
from typing import TYPE_CHECKING, assert_never

from tenacity import AsyncRetrying, retry_if_exception

from orgauth.errors import AttemptFailed
from orgauth.models import FailureKind

if TYPE_CHECKING:
    import random
    from collections.abc import Awaitable, Callable

    from tenacity import RetryCallState

    from orgauth.models import Failure
    from orgauth.settings import RetryPolicies

__all__ = ["Patience", "retrying"]

_NO_MORE = math.inf


class Patience:
    """One step's patience: counts its failures by kind, and answers tenacity's two questions.

    Waits grow exponentially from the policy's first to its longest, with full
    jitter (any share of the wait is as likely), so orgs that failed together do not
    come back together. A deadline is met with one last attempt at its very end.

    Args:
        policies: how patient to be, by kind.
        clock: seconds that never go back.
        rng: where the jitter comes from.
    """

    def __init__(
        self,
        policies: RetryPolicies,
        *,
        clock: Callable[[], float] = time.monotonic,
        rng: random.Random,
    ) -> None:
        self._policies = policies
        self._clock = clock
        self._rng = rng
        self._counts: dict[FailureKind, int] = {}
        self._since: dict[FailureKind, float] = {}

    def wait(self, state: RetryCallState) -> float:
        """Return the seconds until the next attempt, or infinity where there is none."""
        failure = failure_of(state)
        assert failure is not None  # noqa: S101 - tenacity asks only after what `retry` let through
        kind = failure.kind
        count = self._counts[kind] = self._counts.get(kind, 0) + 1
        waited = self._clock() - self._since.setdefault(kind, self._clock())
        match kind:
            case FailureKind.PERMANENT:
                return _NO_MORE
            case FailureKind.TRANSIENT:
                transient = self._policies.transient
                if count >= transient.attempts:
                    return _NO_MORE
                delay = self._jittered(transient.initial_seconds, transient.max_seconds, count)
                # A 503 without the word "throttled" may still say when to come back.
                return max(delay, min(failure.retry_after or 0.0, transient.max_seconds))
            case FailureKind.NOT_APPROVED:
                not_approved = self._policies.not_approved
                return _within(
                    not_approved.timeout_seconds - waited,
                    self._jittered(not_approved.initial_seconds, not_approved.max_seconds, count),
                )
            case FailureKind.THROTTLED:
                throttled = self._policies.throttled
                left = throttled.timeout_seconds - waited
                if failure.retry_after:  # 0 tells no time: at once and for ever gets us blocked
                    return failure.retry_after if failure.retry_after <= left else _NO_MORE
                return _within(
                    left, self._jittered(throttled.initial_seconds, throttled.max_seconds, count)
                )
            case _:
                assert_never(kind)

    def stop(self, state: RetryCallState) -> bool:
        """Return whether the patience is spent: tenacity asks this after ``wait``."""
        return state.upcoming_sleep == _NO_MORE

    def _jittered(self, initial: float, longest: float, count: int) -> float:
        # ldexp would overflow for a patience of a thousand attempts; the longest wait caps it.
        return self._rng.uniform(0.0, min(longest, initial * 2.0 ** min(count - 1, 62)))


def retrying(
    patience: Patience,
    *,
    before_sleep: Callable[[Failure, int, float], None],
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
) -> AsyncRetrying:
    """Return tenacity's loop over one step's attempts.

    Args:
        patience: when to wait how long; a fresh one for each step.
        before_sleep: told the failure, the number of attempts so far, and the wait that begins.
        sleep: how to wait.
    """

    def tell(state: RetryCallState) -> None:
        failure = failure_of(state)
        if failure is not None:
            before_sleep(failure, state.attempt_number, state.upcoming_sleep)

    return AsyncRetrying(
        sleep=sleep,
        retry=retry_if_exception(lambda error: isinstance(error, AttemptFailed)),
        wait=patience.wait,
        stop=patience.stop,
        before_sleep=tell,
        reraise=True,
    )


def failure_of(state: RetryCallState) -> Failure | None:
    """Return the failure that an attempt ended with, or None."""
    error = state.outcome.exception() if state.outcome is not None else None
    return error.failure if isinstance(error, AttemptFailed) else None


def _within(left: float, delay: float) -> float:
    """Return the delay, cut so that the last attempt falls on the deadline; none after it."""
    return min(delay, left) if left > 0 else _NO_MORE
