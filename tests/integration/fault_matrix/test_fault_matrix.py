"""Every fault in every phase, against the real thing: told as what it is, and nobody else's."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

import orgauth
from integration.fault_matrix.cases import AUTHORIZED, CASES
from integration.fault_matrix.little_internet import EVIL
from integration.fault_matrix.play import ATTEMPTS, NEIGHBOURS, TIMEOUT, play, username_of
from integration.fault_matrix.table import committed, table, without_times
from orgauth.models import Authorized, Failed
from orgauth.simulator import faults

if TYPE_CHECKING:
    from integration.fault_matrix.play import Run

SLACK = 10.0
"""Seconds: what counts is that nobody waits for ever, not how busy this machine is."""
FAULTS = [
    pytest.param(case, call, id=f"{case.phase}-{case.fault}-{call}")
    for case in CASES
    for call in case.calls
]
HARMFUL = [one for one in FAULTS if one.values[0].code != AUTHORIZED]
PASSING = [one for one in FAULTS if one.values[0].may_pass]


@pytest.fixture(scope="module")
def run(tmp_path_factory, rehearsal_key) -> Run:
    return play(tmp_path_factory.mktemp("matrix"), rehearsal_key)


def is_saved(run, username):
    """Return whether the store holds a token, of this run, that opens this very org."""
    token = run.store.read(username).access_token.reveal()
    return run.internet.world.bearer(token) is run.internet.world.org(username)


@pytest.mark.parametrize(("case", "call"), HARMFUL)
def test_a_fault_is_told_as_what_it_is(run, case, call):
    """Its code and kind; who it was; what to do; as many attempts as its kind is worth."""
    outcome = run.outcomes[username_of(case, call)]

    assert isinstance(outcome, Failed)
    failure = outcome.failure
    assert (failure.code, failure.kind) == (case.expected(call), case.kind)
    assert ".salesforce.com" in failure.description
    assert failure.advice
    tries = ATTEMPTS if case.kind == "transient" else 1
    assert run.watch.waits.get(outcome.org.name, 0) == tries - 1
    assert outcome.attempts == (tries if call == "token" else 1)


@pytest.mark.parametrize(("case", "call"), [one for one in FAULTS if one not in HARMFUL])
def test_a_fault_that_does_no_harm(run, case, call):
    """The org is authorized, and its token is its own."""
    username = username_of(case, call)

    assert isinstance(run.outcomes[username], Authorized)
    assert is_saved(run, username)


@pytest.mark.parametrize(("case", "call"), PASSING)
def test_a_fault_that_passes_keeps_nobody_out(run, case, call):
    """What was there once is gone when orgauth asks again."""
    username = username_of(case, call, passes=True)

    assert isinstance(run.outcomes[username], Authorized)
    assert run.watch.waits[username] >= 1
    assert is_saved(run, username)


def test_the_neighbours_are_all_authorized(run):
    """On the very hosts, and over the very connections, whose other orgs are faulty."""
    neighbours = [name for name in run.outcomes if name.startswith("neighbour")]

    assert len(neighbours) == NEIGHBOURS
    assert {run.outcomes[name].status for name in neighbours} == {"authorized"}
    assert [name for name in neighbours if not is_saved(run, name)] == []


@pytest.mark.parametrize(("case", "call"), HARMFUL)
def test_of_a_faulty_org_the_store_keeps_what_it_had(run, case, call):
    """The old authorization to the byte, or none."""
    username = username_of(case, call)

    assert run.saved(username) == run.before.get(username)


def test_old_authorizations_were_there_to_be_lost(run):
    """Or the test above would show nothing."""
    faulty = {username_of(*one.values) for one in HARMFUL}

    assert 40 < len(faulty & run.before.keys()) < len(faulty)


def test_nothing_is_said_to_anybody_else(run):
    """Nobody looks for another site, and none but trusted hosts hear a word after TLS."""
    assert run.internet.evil.connections == 0
    assert EVIL not in run.internet.names.asked
    assert len(run.internet.untrusted) == 8
    assert b"".join(bytes(door.heard) for door in run.internet.untrusted) == b""


def test_no_attempt_takes_longer_than_the_time_limit(run):
    """A token call, and, where the fault is in the REST call, that one too."""
    late = {
        name: seconds
        for name, seconds in run.watch.longest.items()
        if seconds > 2 * TIMEOUT + SLACK
    }

    assert late == {}
    assert run.seconds < (ATTEMPTS + 1) * TIMEOUT + SLACK


def test_the_committed_table_is_what_happens(run):
    """``write_reliability.py`` in this folder writes it."""
    assert without_times(committed()) == without_times(table(run))


async def test_a_host_that_answers_twice_mixes_nobody_up(salesforce):
    """What comes unasked is taken for nobody's answer, also where it comes a moment too late."""
    here = salesforce(dev_hubs=0, scratch_orgs=0, sandboxes=40)
    for number, org in enumerate(here.world.orgs):
        org.answers(faults.twice(0.0005 * (number % 8)), times=1)
    here.change_manifest(
        "\nretry:",
        "\nsettings: {concurrency: 16, timeout_seconds: 0.2}\nretry:\n"
        "  transient: {initial_seconds: 0.001, max_seconds: 0.01, attempts: 20}",
    )

    outcomes = [one async for one in orgauth.authorize(here.manifest)]

    assert len(outcomes) == 40
    for outcome in outcomes:
        assert isinstance(outcome, Authorized), outcome
        owner = here.world.bearer(outcome.credentials.access_token.reveal())
        assert owner is here.world.org(outcome.org.username)
