"""A run that is killed -9 loses nothing that it reported; ``check_crashes.py`` is the long version.

The moments are such as a kill meets by chance: which org is being saved just then is another one
each time, and what must hold holds for all.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from integration.crash_place import Place
from integration.crashes import Moment, crash

if TYPE_CHECKING:
    from collections.abc import Iterator

ORGS = 40


@pytest.fixture(scope="module")
def place(
    tmp_path_factory: pytest.TempPathFactory, rehearsal_key: tuple[bytes, bytes]
) -> Iterator[Place]:
    place = Place(tmp_path_factory.mktemp("crashes"), ORGS, rehearsal_key)
    with place.simulator:
        place.open()
        yield place


@pytest.mark.parametrize(
    ("moment", "home"),
    [
        (Moment(0.2), "empty"),
        (Moment(0.0, files=20), "empty"),
        (Moment(0.001, files=30), "of yesterday"),
        (Moment(0.0, files=10, lock=".sfdx/alias.json.lock"), "empty"),
    ],
    ids=["starting", "between auth files", "over old ones", "at the aliases"],
)
def test_what_was_reported_is_there_and_the_next_run_does_only_what_is_left(
    place: Place, moment: Moment, home: str
) -> None:
    """Nothing half-written, no lock that hinders, nothing left behind in the end."""
    for _ in range(9):
        found = crash(place, place.new_home(of_yesterday=home == "of yesterday"), moment)
        if found.was_killed:  # and did not end before anybody looked
            break

    assert found.was_killed
    assert found.troubles == []
    assert (found.lost, found.half_written, found.left_behind) == (0, 0, 0)
    assert found.token_requests == found.left_to_do
    assert (found.first_save_seconds or 0.0) < 10.0
