"""Orgauth and sf at once in one home; ``check_neighbours.py`` is the long version."""

from integration.salesforce_cli.neighbours import (
    HALF_READ_BY_SF,
    live_together,
    start_in_an_empty_home,
)


def test_two_orgauth_and_two_sf_processes_lose_nothing_of_ours(places):
    """Every alias of ours is there, every token opens, and nothing lies around.

    sf itself may die of half an alias file, which it leaves for a moment when it writes: it
    truncates the file in place and reads it without a lock. That is forgiven sf, and only that.
    """
    place = places(dev_hubs=2, scratch_orgs=118, sandboxes=0, production=0)

    found = live_together(place, orgauths=2, sfs=2)

    assert not any(found.troubles), found.told
    assert [said for said in found.their_failures if HALF_READ_BY_SF not in said] == []
    assert found.their_lost_aliases == 0
    assert len(place.store().usernames()) >= 120


def test_orgauth_processes_that_start_in_an_empty_home_make_one_key(places):
    """Each of them can read what the others have encrypted."""
    place = places(dev_hubs=4, scratch_orgs=0, sandboxes=0, production=0)

    assert start_in_an_empty_home(place, 4) == {"opened": 4, "failed": 0}
    assert place.leftovers() == []
