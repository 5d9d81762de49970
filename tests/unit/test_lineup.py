"""Who goes when."""

import asyncio
from dataclasses import replace

from orgauth.lineup import Lineup
from orgauth.models import Cause, Failure, FailureKind, KeyRef, OrgKind
from support import KEY, in_virtual_time, make_org

HUB = make_org("hub@acme.example.com", kind=OrgKind.DEV_HUB)
SCRATCH = [
    make_org(f"s{n}@acme.example.com", kind=OrgKind.SCRATCH, dev_hub=HUB.username) for n in range(3)
]
OTHERS = [make_org(f"o{n}@acme.example.com") for n in range(3)]


def failure(cause):
    return Failure("code", "text", FailureKind.PERMANENT, cause, "advice")


def in_order(lineup):
    """Take everybody, telling that each is in at once."""

    async def main():
        taken = []
        while (org := await lineup.next()) is not None:
            taken.append(org)
            lineup.finished(org, None)
        return taken

    return in_virtual_time(main())


def test_hubs_go_first_and_their_scratch_orgs_follow_at_once():
    """Whatever the file's order, nobody is given out before the hub; nobody else comes between."""
    assert in_order(Lineup([*OTHERS, *SCRATCH, HUB])) == [HUB, *SCRATCH, *OTHERS]


def test_a_scratch_org_whose_hub_is_not_in_the_run_waits_for_nobody():
    """--only may name a scratch org alone."""
    assert in_order(Lineup([SCRATCH[0]])) == [SCRATCH[0]]


def test_the_lineup_waits_while_hubs_are_under_way():
    """Empty for now is not the end."""

    async def main():
        lineup = Lineup([HUB, SCRATCH[0]])
        hub = await lineup.next()
        following = asyncio.create_task(lineup.next())
        await asyncio.sleep(5)
        still_waiting = not following.done()
        lineup.finished(hub, None)
        return still_waiting, await following, await lineup.next()

    assert in_virtual_time(main()) == (True, SCRATCH[0], None)


def test_a_reason_they_share_makes_the_scratch_orgs_hopeless():
    """A thousand logins with a wrong key get an address blocked."""
    for cause in (Cause.KEY, Cause.CLIENT_ID):
        lineup = Lineup([HUB, *SCRATCH])
        assert lineup.finished(HUB, failure(cause)) == SCRATCH


def test_the_hubs_own_trouble_leaves_the_scratch_orgs_their_chance():
    """Its user may be frozen while theirs are fine."""

    async def main():
        lineup = Lineup([HUB, *SCRATCH])
        await lineup.next()
        hopeless = lineup.finished(HUB, failure(Cause.USER))
        return hopeless, [await lineup.next() for _ in range(4)]

    assert in_virtual_time(main()) == ([], [*SCRATCH, None])


def test_a_scratch_org_with_a_key_or_client_id_of_its_own_shares_nothing():
    """Only who has both in common is hopeless."""
    own_key = replace(SCRATCH[1], key=KeyRef("file", "/keys/other.key"))
    own_app = replace(SCRATCH[2], client_id="another")
    lineup = Lineup([HUB, SCRATCH[0], own_key, own_app])
    assert SCRATCH[0].key == KEY

    assert lineup.finished(HUB, failure(Cause.KEY)) == [SCRATCH[0]]


def test_giving_up_returns_everybody_who_was_not_given_out_and_ends_the_line():
    """Also those who wait for their hub."""

    async def main():
        lineup = Lineup([HUB, *SCRATCH, *OTHERS])
        hub = await lineup.next()
        left = lineup.give_up()
        return set(left), await lineup.next(), lineup.finished(hub, None)

    left, end, hopeless = in_virtual_time(main())
    assert left == {*SCRATCH, *OTHERS}
    assert end is None
    assert hopeless == ()


def test_who_may_not_start_yet_is_overtaken_and_taken_as_soon_as_something_changes():
    """In the order of before, and without asking about everybody again and again."""

    async def main():
        asked, closed = [], {"test.salesforce.com"}

        def admits(org):
            asked.append(org)
            return org.login_host not in closed

        first = [make_org(f"t{n}@acme.example.com", kind=OrgKind.SANDBOX) for n in range(3)]
        lineup = Lineup([*first, *OTHERS], admits=admits)
        taken = [await lineup.next() for _ in OTHERS]
        following = asyncio.create_task(lineup.next())
        await asyncio.sleep(1)
        lineup.look_again("login.salesforce.com")  # nobody is held back there
        await asyncio.sleep(1)
        assert not following.done()
        count = len(asked)
        closed.clear()
        lineup.look_again("test.salesforce.com")
        taken += [await following, await lineup.next(), await lineup.next()]
        return taken == [*OTHERS, *first], count, await lineup.next()

    assert in_virtual_time(main()) == (True, 6, None)


def test_who_is_held_back_at_a_host_keeps_others_there_from_nothing():
    """Another client id is another sort of org."""

    async def main():
        other = replace(OTHERS[2], client_id="another")
        lineup = Lineup([*OTHERS[:2], other], admits=lambda org: org is other or bool(given))
        given = []
        given.append(await lineup.next())
        lineup.look_again(other.login_host)
        return [*given, await lineup.next(), await lineup.next()]

    assert in_virtual_time(main()) == [replace(OTHERS[2], client_id="another"), *OTHERS[:2]]


def test_nobody_is_held_back_for_ever():
    """With nobody under way there is nothing that could still change."""

    async def main():
        lineup = Lineup(OTHERS, admits=lambda org: False)
        taken = [await lineup.next()]
        following = asyncio.create_task(lineup.next())
        await asyncio.sleep(1)
        assert not following.done()
        lineup.finished(taken[0], None)
        taken.append(await following)
        lineup.finished(taken[1], None)
        return [*taken, await lineup.next()]

    assert in_virtual_time(main()) == OTHERS


def test_giving_up_returns_who_was_held_back_too():
    """Everybody gets an outcome."""

    async def main():
        lineup = Lineup([HUB, *OTHERS], admits=lambda org: org is HUB)
        hub = await lineup.next()
        following = asyncio.create_task(lineup.next())
        await asyncio.sleep(1)
        left = lineup.give_up()
        return hub, left, await following

    assert in_virtual_time(main()) == (HUB, OTHERS, None)
