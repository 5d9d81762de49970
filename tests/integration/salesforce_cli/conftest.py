"""Fixtures for tests with the real Salesforce CLI; without it they skip, or fail in CI."""

from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING

import pytest

from integration.salesforce_cli.sf_cli import LOGIN_HOSTS, MissingCliError, Place, sf_command

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@pytest.fixture(scope="session", autouse=True)
def _the_cli_is_there() -> None:
    """Skip where the CLI cannot be had; ``ORGAUTH_REQUIRE_SF=1`` does not accept that."""
    try:
        sf_command()
    except MissingCliError as error:
        if os.environ.get("ORGAUTH_REQUIRE_SF") == "1":
            pytest.fail(f"{error}, and ORGAUTH_REQUIRE_SF=1 asks for it")
        pytest.skip(str(error))


@pytest.fixture(scope="module")
def places(
    tmp_path_factory: pytest.TempPathFactory, rehearsal_key: tuple[bytes, bytes]
) -> Iterator[Callable[..., Place]]:
    """Make homes, each with a simulated Salesforce; the arguments are ``Size``'s."""
    made: list[Place] = []
    with contextlib.ExitStack() as stack:

        def make(**size: int) -> Place:
            place = Place(tmp_path_factory.mktemp("place"), rehearsal_key, **size)
            stack.enter_context(place.simulator)
            place.rehearsal.write_manifest(place.url)
            made.append(place)
            return place

        yield make
    for place in made:
        assert place.sf.reached_for() <= LOGIN_HOSTS


@pytest.fixture
def place(places: Callable[..., Place]) -> Place:
    """One such home, with nothing in it yet."""
    return places(dev_hubs=1, scratch_orgs=1)
