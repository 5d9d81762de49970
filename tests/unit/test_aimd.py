"""How many a host takes: down by half or more at once, up by one a round, beyond that rarely."""

import pytest

from orgauth.aimd import Level


def burst(level, under_way, refusals):
    """Let a burst of refusals happen to a level."""
    level.refused(under_way)
    for _ in range(refusals - 1):
        level.refused_too()


def successes_until(level, limit):
    """Let requests succeed until the limit is reached; return how many that took."""
    for count in range(100_000):
        if level.limit == limit:
            return count
        level.succeeded()
    raise AssertionError(level.limit)


@pytest.mark.parametrize(
    ("under_way", "refusals", "limit"),
    [(64, 1, 32), (64, 20, 32), (64, 54, 10), (64, 63, 1), (64, 64, 1), (20, 1, 19)],
)
def test_a_burst_halves_the_limit_or_lowers_it_to_what_was_let_in(under_way, refusals, limit):
    """Whichever is less: if 10 of 64 were let in, 32 would be refused again."""
    level = Level(64)

    burst(level, under_way, refusals)

    assert level.limit == limit


def test_it_grows_by_one_a_round_of_successes():
    """Additive increase; as far as is known that there is room."""
    level = Level(64)
    burst(level, 64, 1)

    assert successes_until(level, 33) == pytest.approx(32, abs=1)
    assert successes_until(level, 34) == pytest.approx(33, abs=1)


def test_beyond_what_the_host_took_it_grows_after_twenty_rounds_only():
    """Each trial costs a refusal and a pause."""
    level = Level(64)
    burst(level, 64, 54)

    assert successes_until(level, 11) == pytest.approx(20 * 10, abs=15)


def test_each_trial_in_vain_doubles_the_time_to_the_next():
    """A host with room for ten is asked for eleven a few times a run, not every second."""
    level = Level(64)
    burst(level, 64, 54)
    waits = []
    for _ in range(4):
        waits.append(successes_until(level, 11))
        burst(level, 11, 1)
        assert level.limit == 5

    # From five to ten first: 5 + 6 + 7 + 8 + 9.
    assert waits[1:] == [pytest.approx(200 * 2**n + 45, abs=10) for n in (1, 2, 3)]


def test_a_host_that_takes_more_again_gets_it_at_the_usual_speed():
    """One trial that is not refused is enough."""
    level = Level(64)
    burst(level, 64, 54)
    successes_until(level, 11)
    burst(level, 11, 1)
    successes_until(level, 11)

    assert successes_until(level, 20) < 9 * 20
    burst(level, 20, 1)
    # From 10 to 19, and 20 rounds, not 40: the trial in vain of before is forgotten.
    assert successes_until(level, 20) == pytest.approx(130 + 20 * 19, abs=25)


def test_a_host_that_took_none_of_a_burst_starts_from_one():
    """It says "not now", and nothing of how many."""
    level = Level(64)
    burst(level, 64, 64)

    assert level.limit == 1
    assert successes_until(level, 12) < 12 * 12


def test_the_ceiling_is_never_exceeded():
    """What people set is the most."""
    level = Level(4)
    burst(level, 4, 1)

    successes_until(level, 4)
    for _ in range(1000):
        level.succeeded()

    assert level.limit == 4
    assert level.is_full
