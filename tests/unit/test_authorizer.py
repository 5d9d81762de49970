"""The core, in virtual time: order, patience, slots, lessons, stopping; nobody disturbs another."""

import asyncio
from collections import Counter
from dataclasses import replace

import pytest

from orgauth import failures
from orgauth.errors import AttemptFailed, KeySourceError
from orgauth.events import AudienceLearnt, ClockCorrected, HostPaused, OrgWaiting, Warned
from orgauth.keys.pem import RsaSigner
from orgauth.models import (
    Authorized,
    Cause,
    Credentials,
    Failed,
    Failure,
    FailureKind,
    KeyRef,
    OrgKind,
    Reused,
    Secret,
    Skipped,
)
from support import in_virtual_time, make_org, private_key
from support.login_hosts import (
    FACTS,
    HUB,
    INACTIVE,
    NOT_APPROVED,
    WRONG_KEY,
    LoginHosts,
    authorize,
    authorize_now,
    refusal,
    scratch_orgs,
)


class Shelf:
    """A saver that takes a second, and refuses whom it is told to."""

    def __init__(self, refuses=()):
        self.kept = {}
        self.refuses = refuses
        self.hurried_at = None

    async def save(self, authorized):
        await asyncio.sleep(1)
        if authorized.org.username in self.refuses:
            return Failure("not_saved", "full", FailureKind.PERMANENT, Cause.STORE, "make room")
        self.kept[authorized.org.username] = authorized
        return None

    def hurry(self):
        self.hurried_at = asyncio.get_running_loop().time()


class Shoebox:
    """A memory of the orgs that it is given; looking takes a second."""

    def __init__(self, *orgs, url="https://acme.my.salesforce.com"):
        self.usernames = {org.username for org in orgs}
        self.url = url

    async def recall(self, org):
        await asyncio.sleep(1)
        if org.username not in self.usernames:
            return None
        return Credentials(Secret("stored"), self.url, f"00D{'0' * 15}", None)


REST = "acme.my.salesforce.com"


def test_every_org_is_authorized_and_proved_alive():
    """The way of an org through the house, hubs and all."""
    orgs = [HUB, *scratch_orgs(3, dev_hub=HUB.username), make_org("p@acme.example.com")]

    outcomes, _, _ = authorize(orgs, LoginHosts())

    assert {type(outcome) for outcome in outcomes.values()} == {Authorized}
    assert all(outcome.attempts == 1 for outcome in outcomes.values())
    assert outcomes[HUB.username].facts.is_dev_hub


def test_without_verification_no_call_is_made():
    """Facts are then unknown, not made up."""
    world = LoginHosts(refuses_calls={HUB.username: None})

    outcomes, _, _ = authorize([HUB], world, verify=False)

    assert outcomes[HUB.username].facts is None


def test_scratch_orgs_start_when_their_hub_is_in():
    """Not before, and at once."""
    world = LoginHosts()
    scratch = scratch_orgs(2, dev_hub=HUB.username)

    authorize([*scratch, HUB], world)

    started = {username: at for username, at, _ in world.asked}
    assert started[HUB.username] == 0.0
    assert started[scratch[0].username] == pytest.approx(0.2)  # the hub's exchange and its proof
    assert started[scratch[1].username] == pytest.approx(0.2)


def test_a_hub_that_fails_for_a_shared_reason_takes_its_scratch_orgs_along_untried():
    """One request instead of a hundred hopeless ones, and everyone is told why."""
    world = LoginHosts(refuses={HUB.username: WRONG_KEY})

    outcomes, _, _ = authorize([HUB, *scratch_orgs(100, dev_hub=HUB.username)], world)

    assert len(world.asked) == 1
    skipped = [outcome for outcome in outcomes.values() if isinstance(outcome, Skipped)]
    assert len(skipped) == 100
    assert skipped[0].failure.cause is Cause.DEV_HUB
    assert "hub" in skipped[0].failure.description
    assert "invalid assertion" in skipped[0].failure.description
    assert next(iter(outcomes)) == HUB.username  # the cause is told before what it caused


def test_a_hub_that_fails_for_its_own_reason_leaves_its_scratch_orgs_their_chance():
    """Its user is inactive; theirs are not."""
    world = LoginHosts(refuses={HUB.username: INACTIVE})
    scratch = scratch_orgs(3, dev_hub=HUB.username)

    outcomes, _, _ = authorize([HUB, *scratch], world)

    assert isinstance(outcomes[HUB.username], Failed)
    assert all(isinstance(outcomes[org.username], Authorized) for org in scratch)


def test_a_new_scratch_org_is_waited_for_until_it_is_replicated():
    """Not approved at first, authorized later, each attempt with a fresh assertion."""
    late = scratch_orgs(1)[0]
    world = LoginHosts(replicated_at={late.username: 100.0})

    outcomes, observer, elapsed = authorize([late], world)

    outcome = outcomes[late.username]
    assert isinstance(outcome, Authorized)
    assert outcome.attempts == len(world.asked) > 1
    assert 100 <= outcome.elapsed_seconds <= elapsed <= 160 + 1
    assert {event.kind for event in observer.of(OrgWaiting)} == {FailureKind.NOT_APPROVED}


def test_an_org_that_is_never_replicated_fails_at_the_deadline():
    """With advice that says what else can be done."""
    late = scratch_orgs(1)[0]
    world = LoginHosts(replicated_at={late.username: 1e9})

    outcomes, _, elapsed = authorize([late], world)

    outcome = outcomes[late.username]
    assert isinstance(outcome, Failed)
    assert elapsed == pytest.approx(600, abs=1)
    assert "not_approved.timeout_seconds" in outcome.failure.advice


def test_not_approved_is_final_for_a_dev_hub():
    """There it is a mistake in the app's policies, and the advice says which."""
    world = LoginHosts(refuses={HUB.username: NOT_APPROVED})

    outcomes, _, _ = authorize([HUB], world)

    assert len(world.asked) == 1
    assert "Permitted Users" in outcomes[HUB.username].failure.advice


READY, LATE, LATE_SECONDS, LATENCY, SLOTS = 500, 300, 10.0, 0.02, 4


def crowd(*, mixed):
    """Ready orgs, and as many late ones as the test is about, in the file's order."""
    ready = scratch_orgs(READY)
    late = [replace(org, username=f"late-{org.username}") for org in scratch_orgs(LATE)]
    if not mixed:
        return ready + late
    return [org for pair in zip(ready, late, strict=False) for org in pair] + ready[LATE:]


def last_ready(outcomes):
    """When the last of the ready ones was in, counted from the beginning."""
    return max(ended for name, ended in outcomes.items() if not name.startswith("late-"))


@pytest.mark.parametrize("mixed", [False, True])
def test_waiting_is_free(mixed):
    """Four slots, 500 ready orgs, 300 approved after ten seconds: with the patience of the default.

    The ready ones end as if nobody waited, and the run hardly later than any run can.
    """
    orgs = crowd(mixed=mixed)
    approved = {org.username: LATE_SECONDS for org in orgs if org.username.startswith("late-")}
    bound = LATE_SECONDS + LATE * LATENCY / SLOTS
    options = {"slots": SLOTS, "verify": False, "in_play": 2 * SLOTS}

    without = LoginHosts(latency=LATENCY)
    authorize(orgs if mixed else orgs[:READY], without, **options)
    world = LoginHosts(latency=LATENCY, replicated_at=approved)
    outcomes, _, elapsed = authorize(orgs, world, **options)

    assert all(isinstance(outcome, Authorized) for outcome in outcomes.values())
    assert world.most_in_flight == SLOTS
    assert last_ready(world.let_in) <= 1.1 * last_ready(without.let_in)
    assert elapsed <= 1.15 * bound


def test_orgs_that_are_approved_one_by_one_cost_at_most_two_requests_more_each():
    """A neighbour's success is a hint, and not always a good one."""
    late = scratch_orgs(100)
    approved = {org.username: 5.0 * number for number, org in enumerate(late)}

    told = LoginHosts(replicated_at=approved)
    authorize(late, told, verify=False)
    by_themselves = LoginHosts(replicated_at=approved)
    authorize([replace(org, client_id=org.username) for org in late], by_themselves, verify=False)

    assert len(told.asked) <= len(by_themselves.asked) + 2 * len(late)


def test_no_more_tasks_are_in_play_than_asked_for():
    """A hundred thousand orgs are not a hundred thousand tasks."""
    world = LoginHosts()

    authorize(scratch_orgs(200), world, slots=50, in_play=10, verify=False)

    assert world.most_in_flight == 10


def test_a_throttling_host_pauses_for_everybody_as_long_as_it_asks():
    """All wait, nobody fails, and the pause is told once."""
    world = LoginHosts(throttles=[30.0])
    orgs = [make_org(f"p{number}@acme.example.com") for number in range(3)]

    outcomes, observer, elapsed = authorize(orgs, world, slots=1, verify=False)

    assert all(isinstance(outcome, Authorized) for outcome in outcomes.values())
    assert [event.delay_seconds for event in observer.of(HostPaused)] == [30.0]
    assert elapsed == pytest.approx(0.1 + 30 + 3 * 0.1)


def test_a_wrong_audience_is_paid_for_once_a_batch():
    """The first org asks alone, learns, and all others ask right the first time."""
    host = "acme.my.salesforce.com"
    orgs = [
        make_org(f"p{number}@acme.example.com", login_url=f"https://{host}") for number in range(50)
    ]
    world = LoginHosts(wants_audience={host: "https://test.salesforce.com"})

    outcomes, observer, _ = authorize(orgs, world)

    assert all(isinstance(outcome, Authorized) for outcome in outcomes.values())
    assert Counter(audience for _, _, audience in world.asked) == {
        "https://login.salesforce.com": 1,
        "https://test.salesforce.com": 50,
    }
    assert [event.audience for event in observer.of(AudienceLearnt)] == [
        "https://test.salesforce.com"
    ]


def test_an_audience_that_is_wrong_either_way_fails_with_advice():
    """Both were tried; that is all that can be tried."""
    world = LoginHosts(wants_audience={"login.salesforce.com": "https://site.example.com"})

    outcomes, _, _ = authorize([HUB], world)

    assert len(world.asked) == 2
    assert outcomes[HUB.username].failure.cause is Cause.AUDIENCE


@pytest.mark.parametrize("ahead", [600.0, 3000.0])
def test_a_clock_that_is_behind_is_corrected_once_for_all(ahead):
    """Signed again by the host's clock; who comes later signs right at once."""
    world = LoginHosts(clock_ahead=ahead)
    orgs = [make_org(f"p{number}@acme.example.com") for number in range(5)]

    outcomes, observer, _ = authorize(orgs, world, slots=1)

    assert all(isinstance(outcome, Authorized) for outcome in outcomes.values())
    assert len(world.asked) == 6
    assert [round(event.skew_seconds) for event in observer.of(ClockCorrected)] == [round(ahead)]


def test_requests_under_way_when_the_clock_is_corrected_are_signed_again():
    """They were refused for the same reason, not for one of their own."""
    world = LoginHosts(clock_ahead=600.0)
    orgs = [make_org(f"p{number}@acme.example.com") for number in range(5)]

    outcomes, observer, _ = authorize(orgs, world, slots=5)

    assert all(isinstance(outcome, Authorized) for outcome in outcomes.values())
    assert len(observer.of(ClockCorrected)) == 1


def test_expired_without_a_skew_is_final():
    """The host's own clock says that the assertion was fine: signing again would not help."""
    expired = refusal("invalid_grant", "expired authorization code")
    world = LoginHosts(refuses={HUB.username: expired})

    outcomes, _, _ = authorize([HUB], world)

    assert outcomes[HUB.username].failure.cause is Cause.CLOCK
    assert len(world.asked) == 1


def test_a_token_that_no_call_accepts_is_a_failure():
    """The login succeeded and is of no use."""
    rejected = failures.classify_rest("acme", 401, "INVALID_SESSION_ID", "Session expired")
    world = LoginHosts(refuses_calls={HUB.username: rejected})

    outcomes, _, _ = authorize([HUB], world)

    assert outcomes[HUB.username].failure.cause is Cause.REJECTED_TOKEN


def test_a_call_that_fails_for_a_moment_is_repeated_without_a_new_login():
    """Logins are counted by Salesforce; calls are cheap."""
    busy = failures.classify_rest("acme", 503, "", "")
    world = LoginHosts(refuses_calls={HUB.username: busy})

    async def main():
        asyncio.get_running_loop().call_later(3.0, world.refuses_calls.clear)
        return await authorize_now([HUB], world)

    outcomes, observer, _ = in_virtual_time(main())
    assert isinstance(outcomes[HUB.username], Authorized)
    assert len(world.asked) == outcomes[HUB.username].attempts == 1
    assert observer.of(OrgWaiting)


def test_scratch_orgs_learn_their_last_day_from_their_hub():
    """None of them has to ask."""
    scratch = scratch_orgs(1, dev_hub=HUB.username)[0]
    world = LoginHosts()
    org_id = f"00D{abs(hash(scratch.username)) % 10**15:015d}"
    world.facts[HUB.username] = replace(FACTS, scratch_org_expirations={org_id[:15]: "2030-01-31"})

    outcomes, _, _ = authorize([HUB, scratch], world)

    assert outcomes[scratch.username].facts.expiration_date == "2030-01-31"
    assert outcomes[HUB.username].facts.expiration_date is None


def test_an_org_that_is_not_what_the_manifest_says_is_a_warning():
    """It works; but the person should know."""
    orgs = [
        HUB,
        make_org("s@acme.example.com", kind=OrgKind.SCRATCH),
        make_org("b@acme.example.com", kind=OrgKind.SANDBOX),
        make_org("p@acme.example.com"),
    ]
    plain = replace(FACTS, is_dev_hub=False)

    _, observer, _ = authorize(orgs, LoginHosts(facts={org.username: plain for org in orgs}))

    texts = sorted(event.message for event in observer.of(Warned))
    assert len(texts) == 3
    assert "sandbox" in texts[0]
    assert "Dev Hub" in texts[1]
    assert "scratch" in texts[2]


def test_what_cannot_be_saved_is_failed_and_the_others_are_kept():
    """The store's trouble is told in the org's outcome."""
    orgs = [make_org(f"p{number}@acme.example.com") for number in range(3)]
    shelf = Shelf(refuses=[orgs[1].username])

    outcomes, _, elapsed = authorize(orgs, LoginHosts(), saver=shelf)

    assert [type(outcomes[org.username]) for org in orgs] == [Authorized, Failed, Authorized]
    assert set(shelf.kept) == {orgs[0].username, orgs[2].username}
    assert shelf.hurried_at < elapsed  # nobody else would come: no reason to linger


def test_a_stored_token_that_works_is_kept_and_the_others_log_in():
    """The hub's stored token is as good as a new one for those who wait for it."""
    scratch = scratch_orgs(2, dev_hub=HUB.username)
    shelf, world = Shelf(), LoginHosts()
    days = {"00D000000000000": "2030-01-31"}
    world.facts[HUB.username] = replace(FACTS, scratch_org_expirations=days)

    outcomes, _, _ = authorize([HUB, *scratch], world, memory=Shoebox(HUB, scratch[0]), saver=shelf)

    assert [type(outcomes[org.username]) for org in (HUB, *scratch)] == [Reused, Reused, Authorized]
    assert [username for username, _, _ in world.asked] == [scratch[1].username]
    assert outcomes[scratch[0].username].facts.expiration_date == "2030-01-31"
    assert outcomes[HUB.username].elapsed_seconds == pytest.approx(1.1)
    assert set(shelf.kept) == set(outcomes)  # for their aliases


def test_a_stored_token_that_is_refused_is_a_login():
    """Whoever refuses it, and whatever for: only a login tells more."""
    refusal = failures.classify_rest(REST, 401, "INVALID_SESSION_ID", "Session expired")

    class Refusing(LoginHosts):
        async def inspect(self, org, credentials):
            if credentials.access_token.reveal() == "stored":
                raise AttemptFailed(refusal)
            return await super().inspect(org, credentials)

    world = Refusing()
    outcomes, observer, _ = authorize([HUB], world, memory=Shoebox(HUB))

    assert isinstance(outcomes[HUB.username], Authorized)
    assert outcomes[HUB.username].attempts == len(world.asked) == 1
    assert observer.of(OrgWaiting) == []


def test_a_host_that_throttles_the_calls_of_stored_tokens_is_paused_for_all():
    """A thousand proofs are as much as a thousand logins."""
    orgs = [make_org(f"p{number}@acme.example.com") for number in range(4)]
    throttles = [7.0]

    class Busy(LoginHosts):
        async def inspect(self, org, credentials):
            if throttles:
                asked_for = throttles.pop()
                raise AttemptFailed(failures.classify_status(REST, 429, retry_after=asked_for))
            return await super().inspect(org, credentials)

    world = Busy()
    outcomes, observer, elapsed = authorize(orgs, world, memory=Shoebox(*orgs), slots=1)

    assert {type(outcome) for outcome in outcomes.values()} == {Reused}
    assert observer.of(HostPaused) == [HostPaused(REST, 7.0)]
    assert elapsed > 8.0
    assert world.asked == []


def test_stopping_ends_those_whose_stored_token_is_being_looked_for():
    """Nobody logs in after all because of it."""
    world = LoginHosts()

    outcomes, _, elapsed = authorize([HUB], world, memory=Shoebox(HUB), stop_at=0.5)

    assert outcomes[HUB.username].failure.cause is Cause.INTERRUPTED
    assert elapsed == 0.5
    assert world.asked == []


def test_a_reused_org_that_cannot_be_saved_is_failed():
    """An alias that was not written, for one."""
    outcomes, _, _ = authorize(
        [HUB], LoginHosts(), memory=Shoebox(HUB), saver=Shelf(refuses=[HUB.username])
    )

    assert outcomes[HUB.username].failure.code == "not_saved"
    assert outcomes[HUB.username].attempts == 0


def test_a_key_that_does_not_sign_fails_its_org_alone():
    """An HSM may refuse while another key signs on."""
    own = replace(HUB, username="own@acme.example.com", key=KeyRef("file", "/keys/own.key"))

    def signer(ref):
        if ref == own.key:
            raise KeySourceError("the HSM is locked", advice="unlock it")
        return RsaSigner(private_key())

    outcomes, _, _ = authorize([HUB, own], LoginHosts(), signer=signer)

    assert isinstance(outcomes[HUB.username], Authorized)
    assert outcomes[own.username].failure.code == "key_unusable"
    assert outcomes[own.username].failure.advice == "unlock it"


def test_stopping_keeps_what_is_in_and_skips_the_rest():
    """Who is being saved is saved; who waits, is under way, or has not begun is skipped."""
    ready = [make_org(f"p{number}@acme.example.com") for number in range(20)]
    late = scratch_orgs(5)
    behind_a_slow_hub = scratch_orgs(3, dev_hub=HUB.username)
    behind_a_slow_hub = [replace(org, username=f"b-{org.username}") for org in behind_a_slow_hub]
    hub = replace(HUB, is_new=True)
    world = LoginHosts(
        replicated_at={org.username: 1000.0 for org in late} | {HUB.username: 1000.0}
    )
    shelf = Shelf()

    outcomes, _, elapsed = authorize(
        [hub, *behind_a_slow_hub, *late, *ready],
        world,
        slots=2,
        verify=False,
        saver=shelf,
        stop_at=0.95,
        in_play=4,
    )

    authorized = {name for name, end in outcomes.items() if isinstance(end, Authorized)}
    skipped = [end for end in outcomes.values() if isinstance(end, Skipped)]
    assert 0 < len(authorized) < 20
    assert authorized == set(shelf.kept)
    assert len(authorized) + len(skipped) == len(outcomes) == 29
    assert {end.failure.cause for end in skipped} == {Cause.INTERRUPTED}
    assert elapsed < 3


def test_stopping_before_the_first_attempt_still_gives_everyone_an_outcome():
    """Tasks that were made but had not begun are no exception."""
    orgs = [make_org(f"p{number}@acme.example.com") for number in range(5)]

    outcomes, _, _ = authorize(orgs, LoginHosts(), stop_at=0.0)

    assert {type(outcome) for outcome in outcomes.values()} == {Skipped}


def test_a_mistake_of_ours_in_one_org_is_told_and_costs_the_others_nothing(caplog):
    """A thousand orgs at night are not lost to one strange answer."""

    class Broken(LoginHosts):
        async def inspect(self, org, credentials):
            if org is HUB:
                raise ZeroDivisionError
            return await super().inspect(org, credentials)

    other = make_org("p@acme.example.com")
    outcomes, _, _ = authorize([HUB, other], Broken())

    assert outcomes[HUB.username].failure.code == "internal_error"
    assert isinstance(outcomes[other.username], Authorized)
    assert "ZeroDivisionError" in caplog.text


def test_two_hosts_have_two_clocks():
    """What one host's wrong clock teaches is not applied to the other."""

    class TwoHosts(LoginHosts):
        async def exchange(self, org, assertion):
            self.clock_ahead = 900.0 if "wrong" in org.login_host else 0.0
            return await super().exchange(org, assertion)

    orgs = [
        make_org(f"p{number}@acme.example.com", login_url=f"https://{host}.my.salesforce.com")
        for number, host in enumerate(["wrong", "right"] * 10)
    ]
    outcomes, observer, _ = authorize(orgs, TwoHosts(), slots=1)

    assert all(isinstance(outcome, Authorized) for outcome in outcomes.values())
    assert [event.host for event in observer.of(ClockCorrected)] == ["wrong.my.salesforce.com"]


def test_a_cancelled_run_is_cancelled():
    """Somebody's own program may end it; that is not the same as stop()."""

    async def main():
        task = asyncio.create_task(authorize_now([HUB], LoginHosts(latency=100)))
        await asyncio.sleep(1)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    in_virtual_time(main())
