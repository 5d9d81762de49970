from __future__ import annotations

import datetime as dt

import pytest

from orgauth.simulator import World


def test_orgs_are_found_in_any_case(world):
    """One username is one org, however it is written."""
    org = world.production("Me@Example.com")
    assert world.org("me@example.COM") is org
    assert world.find("me@example.com") is org
    assert world.find("you@example.com") is None
    with pytest.raises(KeyError):
        world.org("you@example.com")


def test_usernames_are_unique(world):
    """A second org of the same username is refused, and no hub remembers it."""
    hub = world.dev_hub("hub@example.com")
    world.scratch_org("me@example.com", hub=hub)
    with pytest.raises(ValueError, match=r"ME@example\.com"):
        world.scratch_org("ME@example.com", hub=hub)
    assert len(hub.scratch_orgs) == 1
    assert [org.kind for org in world.orgs] == ["dev_hub", "scratch"]


def test_apps_are_inherited_from_the_hub(world, app):
    """A scratch org has its hub's app unless it is given another."""
    hub = world.dev_hub("hub@example.com", app=app)
    assert world.scratch_org("a@example.com", hub=hub).app is app
    assert world.scratch_org("b@example.com").app is None


@pytest.mark.parametrize(
    ("expires", "day"),
    [
        ("2026-12-01", dt.date(2026, 12, 1)),
        (dt.date(2026, 12, 2), dt.date(2026, 12, 2)),
        (None, dt.date(2026, 9, 28)),
    ],
)
def test_expiry(world, expires, day):
    """A scratch org expires on the day given, or seven days from now."""
    assert world.scratch_org("a@example.com", expires=expires).expires == day


def test_revoking_what_was_never_issued(world):
    """A token that is none cannot be revoked."""
    assert world.revoke("nonsense") is False


def test_real_time_by_default():
    """Without a clock of its own a world lives now."""
    world = World()
    assert abs(world.now() - dt.datetime.now(dt.UTC).timestamp()) < 5


def test_a_delay_of_the_world_runs_for_all_orgs_at_once(world, time, app):
    """Orgs that were made before a run do not wait for being asked."""
    hub = world.dev_hub("hub@example.com", app=app)
    early = world.scratch_org("test-1@example.com", hub=hub)
    late = world.scratch_org("test-2@example.com", hub=hub)
    late.replicates_after(seconds=5, of_the_world=True)

    assert early.refusal_now("h") is None
    time.now += 4
    assert late.refusal_now("h") is not None
    time.now += 1
    assert late.refusal_now("h") is None
