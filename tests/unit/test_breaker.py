"""Groups that are hopeless, and how few requests it takes to know it."""

import asyncio
from collections import Counter
from dataclasses import replace

import pytest

from orgauth.breaker import Breaker
from orgauth.errors import KeySourceError
from orgauth.events import ClockCorrected, GroupGivenUp
from orgauth.models import (
    Authorized,
    Cause,
    Credentials,
    Failure,
    FailureKind,
    KeyRef,
    OrgKind,
    Secret,
    Skipped,
)
from support import in_virtual_time, make_org
from support.login_hosts import (
    HUB,
    INACTIVE,
    NOT_APPROVED,
    WRONG_KEY,
    LoginHosts,
    authorize,
    refusal,
    scratch_orgs,
)

ORG = make_org()
WRONG_CLIENT_ID = refusal("invalid_client_id", "client identifier invalid")
KEY_FAILURE = WRONG_KEY(ORG).failure
CLIENT_ID_FAILURE = WRONG_CLIENT_ID(ORG).failure


def failure(cause):
    return Failure("code", "text", FailureKind.TRANSIENT, cause, "advice")


def production(count, **changes):
    return [make_org(f"p{number}@acme.example.com", **changes) for number in range(count)]


def ends(outcomes):
    return Counter(type(outcome).__name__ for outcome in outcomes.values())


# -- what it knows ---------------------------------------------------------------------------


def test_five_refusals_alike_and_no_success_are_hopeless():
    """Key and client id are two sides of what they share."""
    group = Breaker().about(ORG)

    told = [group.failed(each) for each in [KEY_FAILURE, CLIENT_ID_FAILURE] * 3]

    assert told == [False, False, False, False, True, False]
    assert group.is_hopeless
    assert group.failures == 6
    assert group.refusal is CLIENT_ID_FAILURE


def test_one_success_disarms_it_for_the_rest_of_the_run():
    """What they share is right, then; also where the success comes late."""
    before, late = Breaker().about(ORG), Breaker().about(ORG)

    before.got_in()
    assert not any(before.failed(KEY_FAILURE) for _ in range(20))
    for _ in range(5):
        late.failed(KEY_FAILURE)
    late.got_in()

    assert not before.is_hopeless
    assert not late.is_hopeless


@pytest.mark.parametrize(
    "cause", [cause for cause in Cause if cause not in (Cause.KEY, Cause.CLIENT_ID)]
)
def test_what_is_an_orgs_own_trouble_counts_for_nothing(cause):
    """Nobody shares an inactive user."""
    group = Breaker().about(ORG)

    assert not any(group.failed(failure(cause)) for _ in range(20))
    assert not group.is_hopeless


def started(group, count, after):
    """Let so many ask for a place; return how many had one, before and after something."""

    async def main():
        asking = [asyncio.create_task(group.place()) for _ in range(count)]
        await asyncio.sleep(1)
        before = sum(task.done() for task in asking)
        crowded = group.is_crowded
        after(group)
        await asyncio.sleep(1)
        done = sum(task.done() for task in asking)
        for task in asking:
            task.cancel()
        await asyncio.gather(*asking, return_exceptions=True)
        return before, crowded, done, group.is_crowded

    return in_virtual_time(main())


def refuse(times):
    return lambda group: [group.failed(KEY_FAILURE) for _ in range(times)]


@pytest.mark.parametrize(
    ("after", "places"),
    [
        (refuse(4), 5),  # each of them was one of the five
        (refuse(5), 100),  # who is hopeless waits for nothing
        (lambda group: group.got_in(), 100),
        (lambda group: group.failed(failure(Cause.NETWORK)), 7),  # its own place, and one more
        (lambda group: group.failed(failure(Cause.APPROVAL)), 7),
        (lambda group: group.unanswered(), 6),
    ],
    ids=["four-refused", "five-refused", "got-in", "network", "approval", "unanswered"],
)
def test_no_more_are_under_way_than_may_still_be_refused(after, places):
    """Or a concurrency of 64 would be 64 refusals; the first success opens the group for good."""
    assert started(Breaker().about(ORG), 100, after) == (5, True, places, False)


def test_answers_of_another_sort_double_what_is_under_way():
    """A host that is down, or a batch that is not replicated yet, is not slow for long."""

    async def main():
        group, rounds = Breaker().about(ORG), []
        asking = [asyncio.create_task(group.place()) for _ in range(100)]
        for _ in range(4):
            await asyncio.sleep(1)
            rounds.append(sum(task.done() for task in asking) - sum(rounds))
            for _ in range(rounds[-1]):
                group.failed(failure(Cause.NETWORK))
        await asyncio.gather(*asking)
        return rounds

    assert in_virtual_time(main()) == [5, 10, 20, 40]


def test_a_queue_is_crowded_at_ten():
    """They are enough to go on with, and more would take the room of others."""
    assert started(Breaker().about(ORG), 14, lambda _: None)[1] is False
    assert started(Breaker().about(ORG), 15, lambda _: None)[1] is True


def test_client_id_key_and_login_host_make_the_group():
    """All three, and nothing else."""
    breaker = Breaker()
    group = breaker.about(ORG)

    assert breaker.about(make_org("b@acme.example.com", kind=OrgKind.DEV_HUB)) is group
    for change in (
        {"client_id": "another"},
        {"key": KeyRef("file", "/keys/other.key")},
        {"login_url": "https://acme.my.salesforce.com"},
    ):
        assert breaker.about(replace(ORG, **change)) is not group


def test_keep_going_knows_no_hopeless_group():
    """Somebody knows better."""
    group = Breaker(keep_going=True).about(ORG)

    assert not any(group.failed(KEY_FAILURE) for _ in range(20))
    assert started(group, 20, lambda _: None)[0] == 20
    assert not group.is_hopeless


# -- what the core makes of it, in virtual time -----------------------------------------------


@pytest.mark.parametrize("wrong", [WRONG_KEY, WRONG_CLIENT_ID], ids=["key", "client-id"])
@pytest.mark.parametrize("slots", [1, 64])
def test_a_thousand_orgs_with_a_wrong_key_are_five_requests(wrong, slots):
    """And one explanation, which names what they share and what to do."""
    orgs = production(1000)
    world = LoginHosts(refuses={org.username: wrong for org in orgs})

    outcomes, observer, _ = authorize(orgs, world, slots=slots, in_play=2 * slots)

    assert len(world.asked) == 5
    assert ends(outcomes) == {"Failed": 5, "Skipped": 995}
    skipped = [outcome for outcome in outcomes.values() if isinstance(outcome, Skipped)]
    assert len({outcome.failure for outcome in skipped}) == 1
    assert (skipped[0].failure.code, skipped[0].failure.cause) == ("breaker", Cause.BREAKER)
    assert "5 orgs with the same client id and key" in skipped[0].failure.description
    assert "--keep-going" in skipped[0].failure.advice
    assert {outcome.attempts for outcome in skipped} == {0}
    (told,) = observer.of(GroupGivenUp)
    assert (told.host, told.client_id, told.key, told.failures) == (
        "login.salesforce.com",
        orgs[0].client_id,
        "/keys/server.key",
        5,
    )
    assert told.advice == wrong(orgs[0]).failure.advice


def test_keep_going_tries_them_all():
    """Also the scratch orgs of a Dev Hub that was refused."""
    orgs = [HUB, *scratch_orgs(10, dev_hub=HUB.username), *production(20)]
    world = LoginHosts(refuses={org.username: WRONG_KEY for org in orgs})

    outcomes, observer, _ = authorize(orgs, world, keep_going=True)

    assert len(world.asked) == 31
    assert ends(outcomes) == {"Failed": 31}
    assert not observer.of(GroupGivenUp)


def test_another_group_is_not_concerned():
    """Neither another login host, nor another client id, nor another key."""
    wrong = production(50)
    right = [
        *(replace(org, username=f"id-{org.username}", client_id="another") for org in wrong),
        *(
            replace(org, username=f"host-{org.username}", login_url="https://x.my.salesforce.com")
            for org in wrong
        ),
        *(replace(org, username=f"key-{org.username}", key=KeyRef("env", "KEY")) for org in wrong),
    ]
    world = LoginHosts(refuses={org.username: WRONG_KEY for org in wrong})

    outcomes, _, _ = authorize([*wrong, *right], world)

    assert ends(outcomes) == {"Failed": 5, "Skipped": 45, "Authorized": 150}
    assert all(isinstance(outcomes[org.username], Authorized) for org in right)


def test_a_success_before_the_fifth_refusal_disarms_it():
    """Some certificates are missing, and not all."""
    orgs = production(100)
    world = LoginHosts(refuses={org.username: WRONG_KEY for org in orgs if org is not orgs[3]})

    outcomes, observer, _ = authorize(orgs, world)

    assert ends(outcomes) == {"Failed": 99, "Authorized": 1}
    assert not observer.of(GroupGivenUp)


def test_refusals_that_a_lesson_explains_do_not_count():
    """The clock is ten minutes ahead: refused as an invalid assertion, corrected, and let in."""
    orgs = production(200)
    world = LoginHosts(clock_ahead=-600.0)

    outcomes, observer, _ = authorize(orgs, world, slots=64, in_play=128)

    assert 0 < len(world.asked) - 200 <= 5
    assert ends(outcomes) == {"Authorized": 200}
    assert len(observer.of(ClockCorrected)) == 1
    assert not observer.of(GroupGivenUp)


def test_what_is_not_shared_stops_nobody():
    """Twenty inactive users say nothing of the twenty-first."""
    orgs = production(40)
    world = LoginHosts(refuses={org.username: INACTIVE for org in orgs[:20]})

    outcomes, _, _ = authorize(orgs, world)

    assert ends(outcomes) == {"Failed": 20, "Authorized": 20}


def test_who_waits_for_another_attempt_is_not_sent_again():
    """The group became hopeless while it waited."""
    late = scratch_orgs(1)[0]
    others = production(20, login_url=late.login_url, kind=OrgKind.SANDBOX)
    world = LoginHosts(
        refuses={org.username: WRONG_KEY for org in others} | {late.username: NOT_APPROVED}
    )

    outcomes, _, elapsed = authorize([late, *others], world)

    # Its answer was of another sort and let two more go: one of them was the fifth to be refused.
    assert ends(outcomes) == {"Failed": 6, "Skipped": 15}
    assert outcomes[late.username].attempts == 1
    assert len(world.asked) == 7
    assert elapsed < 10


def test_who_waits_for_a_slot_is_not_sent_either():
    """A batch that is not approved yet has opened the group wide, and then refusals come."""
    orgs = scratch_orgs(200)
    world = LoginHosts(refuses={org.username: WRONG_KEY for org in orgs[5:]})
    for org in orgs[:5]:
        world.refuses[org.username] = NOT_APPROVED

    outcomes, _, _ = authorize(orgs, world, slots=4)

    # Ten were let go by the five that are waiting; four were under way when the fifth answer came.
    assert ends(outcomes)["Failed"] <= 8
    assert len(world.asked) <= 13


def test_who_is_skipped_takes_nobodys_turn():
    """With one request a second, a thousand skipped orgs must not take a quarter of an hour."""
    orgs = production(1000)
    world = LoginHosts(refuses={org.username: WRONG_KEY for org in orgs})

    _, _, elapsed = authorize(orgs, world, per_second=1.0)

    assert elapsed < 5


def test_a_hub_that_is_skipped_takes_its_scratch_orgs_along():
    """The scratch orgs log in elsewhere, but with the same key and client id."""
    hubs = [replace(HUB, username=f"hub{n}@acme.example.com", alias=f"hub{n}") for n in range(7)]
    scratch = [
        replace(org, username=f"h{n}-{org.username}", dev_hub=hub.username)
        for n, hub in enumerate(hubs)
        for org in scratch_orgs(2)
    ]
    world = LoginHosts(refuses={org.username: WRONG_KEY for org in hubs})

    outcomes, _, _ = authorize([*hubs, *scratch], world)

    assert len(world.asked) == 5
    codes = Counter(outcome.failure.code for outcome in outcomes.values())
    assert codes == {"invalid_grant": 5, "breaker": 2, "dev_hub_failed": 14}
    last = outcomes[scratch[-1].username].failure.description
    assert "its Dev Hub hub6 was not tried, because others with its key and client id" in last


def test_a_key_that_does_not_sign_counts_as_wrong():
    """Nobody who shares it can do better, and a thousand messages would say the same."""

    def signer(ref):
        raise KeySourceError("the HSM is locked", advice="unlock it")

    outcomes, observer, _ = authorize(production(100), LoginHosts(), signer=signer)

    assert ends(outcomes) == {"Failed": 5, "Skipped": 95}
    assert observer.of(GroupGivenUp)[0].advice == "unlock it"


def test_stopping_in_the_middle_gives_everyone_an_outcome():
    """Those who are held back, too."""
    orgs = production(100)
    world = LoginHosts(refuses={org.username: WRONG_KEY for org in orgs}, latency=10.0)

    outcomes, _, elapsed = authorize(orgs, world, stop_at=5.0)

    assert ends(outcomes) == {"Skipped": 100}
    assert {outcome.failure.cause for outcome in outcomes.values()} == {Cause.INTERRUPTED}
    assert elapsed == 5.0


def test_a_good_batch_loses_one_answers_time():
    """The first five go ahead; all slots are used from then on."""
    orgs = production(640)
    with_breaker, without = LoginHosts(), LoginHosts()

    elapsed = authorize(orgs, with_breaker, slots=64, in_play=128, verify=False)[2]
    at_best = authorize(orgs, without, slots=64, in_play=128, verify=False, keep_going=True)[2]

    assert elapsed <= at_best + with_breaker.latency + 0.001


def test_an_org_that_breaks_us_holds_nobody_back(caplog):
    """Five mistakes of ours are no answers, and the others must not wait for them for ever."""

    class Broken(LoginHosts):
        async def exchange(self, org, assertion):
            if org.username in broken:
                raise ZeroDivisionError
            return await super().exchange(org, assertion)

    orgs = production(20)
    broken = {org.username for org in orgs[:10]}

    outcomes, _, _ = authorize(orgs, Broken())

    assert ends(outcomes) == {"Failed": 10, "Authorized": 10}
    assert {outcomes[name].failure.code for name in broken} == {"internal_error"}


class Remembered:
    """A memory that knows some orgs' tokens."""

    def __init__(self, orgs):
        self.usernames = {org.username for org in orgs}

    async def recall(self, org):
        if org.username not in self.usernames:
            return None
        return Credentials(
            Secret("stored"), "https://acme.my.salesforce.com", f"00D{'0' * 15}", None
        )


def test_orgs_whose_stored_token_is_used_again_wait_for_nobody():
    """They ask for no token, so there is nothing to be refused."""
    orgs = production(640)
    options = {"slots": 64, "in_play": 128, "memory": Remembered(orgs)}

    elapsed = authorize(orgs, LoginHosts(), **options)[2]

    assert elapsed == pytest.approx(640 / 64 * 0.1, abs=0.11)


def test_stored_tokens_that_work_say_nothing_of_the_key():
    """It may have been changed since."""
    orgs = production(200)
    world = LoginHosts(refuses={org.username: WRONG_KEY for org in orgs})
    options = {"slots": 64, "in_play": 128, "memory": Remembered(orgs[::2])}

    outcomes, _, _ = authorize(orgs, world, **options)

    assert len(world.asked) == 5
    assert ends(outcomes) == {"Reused": 100, "Failed": 5, "Skipped": 95}
