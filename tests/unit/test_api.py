"""The Python API, against the simulator."""

import asyncio
import os

import pytest

import orgauth
from orgauth.simulator import errors
from orgauth.stores.salesforce_cli import SalesforceCliStore


async def test_outcomes_come_one_by_one_with_working_tokens_and_nothing_is_saved(salesforce, home):
    """What a program needs, without the command line and without touching a store."""
    here = salesforce(scratch_orgs=3)

    outcomes = [outcome async for outcome in orgauth.authorize(here.manifest)]

    assert len(outcomes) == 5
    for outcome in outcomes:
        assert isinstance(outcome, orgauth.Authorized)
        token = outcome.credentials.access_token.reveal()
        assert here.world.bearer(token).username == outcome.org.username
        assert token not in repr(outcome)
    assert list(home.iterdir()) == []


async def test_a_failed_org_is_an_outcome(salesforce):
    """A program matches on it; nothing is raised."""
    here = salesforce(scratch_orgs=0)
    here.world.org("ci@acme.example.com.sandbox1").refuses(errors.INACTIVE_USER)

    outcomes = {outcome.org.name: outcome async for outcome in orgauth.authorize(here.manifest)}

    assert isinstance(outcomes["hub1"], orgauth.Authorized)
    assert isinstance(outcomes["sandbox1"], orgauth.Failed)
    assert outcomes["sandbox1"].failure.kind is orgauth.FailureKind.PERMANENT


async def test_leaving_the_loop_early_ends_the_run(salesforce):
    """No task is left behind, and who was not started is not asked for."""
    here = salesforce(scratch_orgs=0, sandboxes=50)
    here.world.host.latency = 0.02

    outcomes = orgauth.authorize(here.manifest, concurrency=1)
    async for outcome in outcomes:
        assert isinstance(outcome, orgauth.Authorized)
        break
    await outcomes.aclose()

    assert here.world.requests.count("token") < 10
    assert len(asyncio.all_tasks()) == 1


async def test_a_store_can_be_asked_for(salesforce, home):
    """The Salesforce CLI finds what a program authorized."""
    here = salesforce()

    async for _ in orgauth.authorize(here.manifest, stores=["salesforce-cli"]):
        pass

    store = SalesforceCliStore(home, project=None, environ=os.environ)
    assert len(list(store.usernames())) == 4


async def test_an_observer_that_fails_costs_the_run_nothing(salesforce, caplog):
    """It is told no more, and the log says why."""

    class Broken:
        def notify(self, event):
            raise ZeroDivisionError

    outcomes = [
        outcome async for outcome in orgauth.authorize(salesforce().manifest, observer=Broken())
    ]

    assert len(outcomes) == 4
    assert caplog.text.count("Broken failed") == 1


def test_programs_without_asyncio_get_a_list(salesforce):
    """Most scripts are written with simple-salesforce."""
    here = salesforce()

    outcomes = orgauth.authorize_all(here.manifest, only=["hub1"], verify=False)

    assert [outcome.org.name for outcome in outcomes] == ["hub1"]
    assert outcomes[0].status is orgauth.Status.AUTHORIZED


def test_a_bad_manifest_is_raised_with_its_places(tmp_path, home):
    """Before anything is sent."""
    manifest = tmp_path / "orgs.yaml"
    manifest.write_text("version: 1\norgz: []\n")

    with pytest.raises(orgauth.ManifestError) as caught:
        orgauth.authorize_all(manifest)
    assert any(problem.position.line == 2 for problem in caught.value.problems)


def test_every_public_name_is_there():
    """They are imported when they are first used."""
    for name in orgauth.__all__:
        assert getattr(orgauth, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'authorise'"):
        orgauth.authorise  # noqa: B018 - the look-up is what is tested
