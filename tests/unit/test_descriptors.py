"""How many files may be open, and what follows."""

import os
import resource

import pytest

from orgauth import descriptors

INFINITY = resource.RLIM_INFINITY


@pytest.fixture
def limits(monkeypatch):
    """Soft and hard limit of a process of the test's own."""
    now = {"soft": 1024, "hard": 1024, "most": INFINITY}

    def change(_, wanted):
        if now["most"] != INFINITY and wanted[0] > now["most"]:
            raise ValueError("current limit exceeds maximum limit")
        now["soft"], now["hard"] = wanted

    monkeypatch.setattr(resource, "getrlimit", lambda _: (now["soft"], now["hard"]))
    monkeypatch.setattr(resource, "setrlimit", change)
    return now


@pytest.mark.parametrize(
    ("soft", "hard", "raised"),
    [
        (1024, 1024, 1024),
        (256, 4096, 4096),
        (1024, 1_048_576, 20_480),
        (1024, INFINITY, 20_480),
        (65_536, 1_048_576, 65_536),
        (INFINITY, INFINITY, INFINITY),
    ],
)
def test_the_limit_is_raised_as_far_as_it_is_useful_and_allowed(limits, soft, hard, raised):
    """Most systems give 1,024 and allow more; nobody needs a million."""
    limits.update(soft=soft, hard=hard)

    descriptors.raise_limit()

    assert (limits["soft"], limits["hard"]) == (raised, hard)


def test_a_system_that_refuses_is_left_as_it_is(limits):
    """macOS calls its limit infinite, and it is not."""
    limits.update(soft=256, hard=INFINITY, most=10_240)

    descriptors.raise_limit()

    assert limits["soft"] == 256


@pytest.mark.parametrize(
    ("soft", "free"), [(1024, 1024 - 128 - 10), (100, 100 - 50 - 10), (8, 2), (INFINITY, 20_342)]
)
def test_room_is_left_for_what_is_open_and_for_stores_and_logs(limits, monkeypatch, soft, free):
    """And two connections there are always, to get on at all."""
    limits.update(soft=soft, hard=soft)
    monkeypatch.setattr(os, "listdir", lambda _: list(map(str, range(10))))

    assert descriptors.free_for_connections() == free


def test_a_system_that_does_not_tell_what_is_open_is_trusted(limits, monkeypatch):
    """Some sandboxes have no /dev/fd."""

    def missing(_):
        raise FileNotFoundError

    monkeypatch.setattr(os, "listdir", missing)

    assert descriptors.free_for_connections() == 1024 - 128
