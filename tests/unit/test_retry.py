"""Patience: how long after which failure, and when no more. In virtual time."""

import asyncio
import itertools
import random
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orgauth.errors import AttemptFailed
from orgauth.models import Cause, Failure, FailureKind
from orgauth.retry import Patience, retrying
from orgauth.settings import NotApprovedPolicy, RetryPolicies, ThrottledPolicy, TransientPolicy
from support import in_virtual_time

POLICIES = RetryPolicies(
    NotApprovedPolicy(initial_seconds=5, max_seconds=60, timeout_seconds=600),
    TransientPolicy(initial_seconds=1, max_seconds=30, attempts=6),
    ThrottledPolicy(initial_seconds=5, max_seconds=120, timeout_seconds=900),
)


class LongestWait(random.Random):
    """Jitter that always takes the whole wait, so that waits can be counted."""

    def uniform(self, a, b):
        del a
        return b


class ShortestWait(random.Random):
    """Jitter that takes nothing of it."""

    def uniform(self, a, b):
        del b
        return a


def failure(kind, **changes):
    return replace(Failure("code", "text", kind, Cause.OTHER, ""), **changes)


def attempts_of(failures, *, rng=None, policies=POLICIES, after=0.0):
    """Run a step that fails as listed (the last one for ever); return the waits and the end."""

    async def main():
        loop = asyncio.get_running_loop()
        waits = []
        calls = 0

        async def step():
            nonlocal calls
            calls += 1
            await asyncio.sleep(after)
            number = min(calls, len(failures)) - 1
            if failures[number] is None:
                return "done"
            raise AttemptFailed(failures[number])

        patience = Patience(policies, clock=loop.time, rng=rng or LongestWait())
        told = []
        run = retrying(
            patience,
            before_sleep=lambda failed, number, delay: (
                waits.append(delay),
                told.append((failed.kind, number)),
            ),
        )
        try:
            end = await run(step)
        except AttemptFailed as error:
            end = error.failure
        return waits, end, calls, loop.time(), told

    return in_virtual_time(main())


def test_permanent_failure_is_final():
    """Trying again cannot help, so nobody waits."""
    permanent = failure(FailureKind.PERMANENT)

    waits, end, calls, _, _ = attempts_of([permanent])

    assert (waits, end, calls) == ([], permanent, 1)


def test_transient_failures_get_a_few_attempts_with_growing_waits():
    """Six attempts in all: five waits, doubling up to the longest."""
    waits, end, calls, _, told = attempts_of([failure(FailureKind.TRANSIENT)])

    assert waits == [1, 2, 4, 8, 16]
    assert calls == 6
    assert end.kind is FailureKind.TRANSIENT
    assert told[0] == (FailureKind.TRANSIENT, 1)


def test_the_longest_wait_caps_growth():
    """However many attempts, no wait is longer than the policy's longest."""
    policies = replace(POLICIES, transient=TransientPolicy(1, 3, attempts=2000))

    waits, _, _, _, _ = attempts_of([failure(FailureKind.TRANSIENT)], policies=policies)

    assert max(waits) == 3
    assert len(waits) == 1999


def test_not_approved_is_waited_for_until_the_deadline_and_tried_once_more_at_it():
    """The last attempt falls on the deadline itself, not past it and not long before."""
    waits, end, _, ended_at, _ = attempts_of([failure(FailureKind.NOT_APPROVED)])

    assert waits[:4] == [5, 10, 20, 40]
    assert sum(waits) == ended_at == 600
    assert end.kind is FailureKind.NOT_APPROVED


def test_success_after_replication_ends_the_waiting():
    """What was not approved at first is approved later."""
    not_approved = failure(FailureKind.NOT_APPROVED)

    waits, end, _, _, _ = attempts_of([not_approved, not_approved, None])

    assert (waits, end) == ([5, 10], "done")


def test_each_kind_has_its_own_patience():
    """Five faults of the network do not use up the patience with replication, nor the reverse."""
    not_approved, transient = failure(FailureKind.NOT_APPROVED), failure(FailureKind.TRANSIENT)

    waits, end, _, _, _ = attempts_of([not_approved, transient, not_approved, transient, None])

    assert waits == [5, 1, 10, 2]
    assert end == "done"


def test_full_jitter_takes_any_share_of_the_wait():
    """Orgs that failed together must not come back together."""
    not_approved = failure(FailureKind.NOT_APPROVED)
    waits = [
        attempts_of([not_approved, None], rng=random.Random(seed))[0][0] for seed in range(200)
    ]

    assert 0 <= min(waits) < 0.5
    assert 4.5 < max(waits) <= 5
    assert attempts_of([not_approved, None], rng=ShortestWait())[0] == [0]


def test_throttled_waits_as_long_as_the_host_asks():
    """Retry-After is obeyed to the second, whatever the backoff would say."""
    waits, end, _, _, _ = attempts_of([failure(FailureKind.THROTTLED, retry_after=42.0), None])

    assert (waits, end) == ([42.0], "done")


def test_throttled_without_a_time_backs_off_until_its_own_deadline():
    """A host that only says no is asked less and less often, and not for ever."""
    waits, end, _, ended_at, _ = attempts_of([failure(FailureKind.THROTTLED)])

    assert waits[:3] == [5, 10, 20]
    assert ended_at == 900
    assert end.kind is FailureKind.THROTTLED


def test_a_pause_longer_than_the_patience_is_not_begun():
    """Told to come back tomorrow, the run says so now."""
    waits, end, calls, _, _ = attempts_of([failure(FailureKind.THROTTLED, retry_after=86400.0)])

    assert (waits, calls) == ([], 1)
    assert end.retry_after == 86400.0


def test_a_host_that_says_come_back_at_once_is_not_taken_at_its_word():
    """Retry-After: 0 tells no time; a request a moment for 15 minutes would get us blocked."""
    busy = failure(FailureKind.THROTTLED, retry_after=0.0)

    waits, end, _, _, _ = attempts_of([busy], after=0.01)

    assert waits[:3] == [5, 10, 20]
    assert len(waits) < 20
    assert end.kind is FailureKind.THROTTLED


def test_a_transient_answer_with_a_time_is_not_asked_before_it():
    """A Retry-After of a fault counts too, up to the longest wait."""
    busy = failure(FailureKind.TRANSIENT, retry_after=20.0)

    assert attempts_of([busy, None])[0] == [20.0]
    assert attempts_of([replace(busy, retry_after=1000.0), None])[0] == [30.0]


def test_other_errors_pass_through_at_once():
    """A mistake in the program is not waited for."""

    async def main():
        async def step():
            raise ZeroDivisionError

        patience = Patience(POLICIES, rng=LongestWait())
        await retrying(patience, before_sleep=lambda *_: None)(step)

    with pytest.raises(ZeroDivisionError):
        in_virtual_time(main())


def spans(longest, strategy=None):
    """Some seconds: often few, sometimes as many as a manifest may ask for."""
    return st.floats(0.001, longest) | st.sampled_from([0.001, 1.0, longest])


@st.composite
def policies_of_a_manifest(draw):
    """First wait, longest wait, and a deadline that comes after a few hundred waits at most."""

    def backoff():
        initial = draw(spans(3600.0))
        return {"initial_seconds": initial, "max_seconds": initial * draw(st.floats(1, 100))}

    def deadline(waits):
        return {**waits, "timeout_seconds": waits["max_seconds"] * draw(st.floats(0.001, 50))}

    return RetryPolicies(
        NotApprovedPolicy(**deadline(backoff())),
        TransientPolicy(**backoff(), attempts=draw(st.integers(1, 40))),
        ThrottledPolicy(**deadline(backoff())),
    )


FAILURES = st.builds(
    failure,
    st.sampled_from(FailureKind),
    retry_after=st.sampled_from([None, 0.0, 999_999_999.0]) | st.floats(60, 1e5),
)


@given(
    policies=policies_of_a_manifest(),
    failures=st.lists(FAILURES, min_size=1, max_size=12),
    after=st.floats(0.001, 60),
    seed=st.integers(0, 2**32),
)
def test_every_wait_is_within_its_policy_and_patience_comes_to_an_end(
    policies, failures, after, seed
):
    """Whatever goes wrong in whatever order: never negative, too long, or past the deadline."""
    waits, end, calls, ended_at, told = attempts_of(
        failures, rng=random.Random(seed), policies=policies, after=after
    )

    assert calls == len(waits) + 1
    assert end is failures[min(calls, len(failures)) - 1]
    begun = list(itertools.accumulate((wait + after for wait in waits), initial=after))
    assert ended_at == pytest.approx(begun[-1])
    first = {}
    for number, (wait, now) in enumerate(zip(waits, begun, strict=False)):
        failed = failures[min(number, len(failures) - 1)]
        kind, asked = failed.kind, failed.retry_after or 0.0
        since = first.setdefault(kind, now)
        policy = getattr(policies, kind.value)
        assert told[number] == (kind, number + 1)
        if kind == "throttled" and asked:
            assert wait == asked
        else:
            assert 0.0 <= wait <= policy.max_seconds
        if kind == "transient":
            assert wait >= min(asked, policy.max_seconds)
            assert [each for each, _ in told].count(kind) < policy.attempts
        else:
            assert now + wait <= since + policy.timeout_seconds + 1e-6 * ended_at
