"""What a login host teaches: its audience, and what time it is."""

import asyncio
from dataclasses import replace

import pytest

from orgauth.lessons import LOGIN_AUDIENCE, TEST_AUDIENCE, Clocks, Lessons
from orgauth.models import Cause, Failure, FailureKind
from support import in_virtual_time, make_org

MY_DOMAIN = make_org("a@acme.example.com", login_url="https://acme.my.salesforce.com")


def test_a_refused_audience_turns_to_the_other_once():
    """Login becomes test; if that is refused too, the audience is not what is wrong."""
    lesson = Lessons().about(MY_DOMAIN)

    assert lesson.audience == LOGIN_AUDIENCE
    assert lesson.refused(LOGIN_AUDIENCE, MY_DOMAIN)
    assert lesson.audience == TEST_AUDIENCE
    assert not lesson.refused(TEST_AUDIENCE, MY_DOMAIN, earlier=LOGIN_AUDIENCE)
    assert lesson.audience == LOGIN_AUDIENCE


def test_an_audience_that_let_others_in_is_not_what_is_wrong_with_one():
    """One org's refusal, right or not, takes nothing away from its neighbours."""
    lesson = Lessons().about(MY_DOMAIN)
    lesson.accepted(LOGIN_AUDIENCE)

    assert not lesson.refused(LOGIN_AUDIENCE, MY_DOMAIN)
    assert lesson.audience == LOGIN_AUDIENCE


def test_who_was_let_in_meanwhile_settles_it():
    """A refusal turned the audience over, and an attempt that was under way says it was right."""
    lesson = Lessons().about(MY_DOMAIN)
    assert lesson.refused(LOGIN_AUDIENCE, MY_DOMAIN)
    lesson.accepted(LOGIN_AUDIENCE)

    assert lesson.audience == LOGIN_AUDIENCE
    assert lesson.refused(TEST_AUDIENCE, MY_DOMAIN), "a neighbour, who has not tried it"
    assert not lesson.refused(TEST_AUDIENCE, MY_DOMAIN, earlier=LOGIN_AUDIENCE)


def test_who_only_tried_what_a_neighbour_turned_to_tries_the_first_guess():
    """Two refusals to two orgs are not yet two refusals to one."""
    lesson = Lessons().about(MY_DOMAIN)
    assert lesson.refused(LOGIN_AUDIENCE, MY_DOMAIN)

    assert lesson.refused(TEST_AUDIENCE, MY_DOMAIN), "a neighbour"
    assert lesson.audience == LOGIN_AUDIENCE
    assert not lesson.refused(LOGIN_AUDIENCE, MY_DOMAIN, earlier=TEST_AUDIENCE)


def test_test_turns_to_login_too():
    """A sandbox's guess is wrong as easily as a production org's."""
    sandbox = replace(MY_DOMAIN, audience=TEST_AUDIENCE)
    lesson = Lessons().about(sandbox)

    assert lesson.refused(TEST_AUDIENCE, sandbox)
    assert lesson.audience == LOGIN_AUDIENCE


def test_an_explicit_audience_is_never_second_guessed():
    """Somebody chose it."""
    chosen = replace(MY_DOMAIN, audience="https://site.example.com", audience_is_explicit=True)
    lesson = Lessons().about(chosen)

    assert not lesson.refused("https://site.example.com", chosen)
    assert lesson.audience == "https://site.example.com"


def test_what_a_neighbour_learnt_meanwhile_is_used():
    """An attempt that was under way with the old audience is tried again with the new one."""
    lessons = Lessons()
    lessons.about(MY_DOMAIN).refused(LOGIN_AUDIENCE, MY_DOMAIN)
    neighbour = replace(MY_DOMAIN, username="b@acme.example.com")

    assert lessons.about(neighbour).audience == TEST_AUDIENCE
    assert lessons.about(neighbour).refused(LOGIN_AUDIENCE, neighbour)


def test_another_host_and_another_guess_have_lessons_of_their_own():
    """What one My Domain wants says nothing about another, nor a hub about a scratch org."""
    lessons = Lessons()
    lessons.about(MY_DOMAIN).refused(LOGIN_AUDIENCE, MY_DOMAIN)
    other = replace(MY_DOMAIN, login_url="https://other.my.salesforce.com")

    assert lessons.about(other).audience == LOGIN_AUDIENCE
    assert lessons.about(replace(MY_DOMAIN, audience=TEST_AUDIENCE)).audience == TEST_AUDIENCE


@pytest.mark.parametrize(
    ("org", "alone"),
    [
        (MY_DOMAIN, 1),
        (make_org(), 5),
        (replace(MY_DOMAIN, audience_is_explicit=True), 5),
    ],
    ids=["my-domain", "login.salesforce.com", "explicit"],
)
def test_the_first_to_ask_an_unknown_host_goes_alone(org, alone):
    """The lesson is paid once; hosts whose audience is certain hold nobody back."""

    async def main():
        lesson, inside, most = Lessons().about(org), 0, []

        async def one():
            nonlocal inside
            async with lesson.turn():
                inside += 1
                most.append(inside)
                await asyncio.sleep(1)
                inside -= 1

        await asyncio.gather(*(one() for _ in range(5)))
        first = most[0:1] if alone == 1 else most
        return max(first), asyncio.get_running_loop().time()

    most, _ = in_virtual_time(main())
    assert most == alone


def test_a_first_attempt_that_taught_nothing_still_frees_the_others():
    """A host that is down would otherwise cost a time-out an org, one after the other."""

    async def main():
        lesson = Lessons().about(MY_DOMAIN)

        async def one():
            async with lesson.turn():
                await asyncio.sleep(30)
                raise TimeoutError

        await asyncio.gather(*(one() for _ in range(50)), return_exceptions=True)
        async with lesson.turn():
            return asyncio.get_running_loop().time()

    assert in_virtual_time(main()) < 100


def _refused(cause, server_time):
    failure = Failure("invalid_grant", "refused", FailureKind.PERMANENT, cause, "")
    return replace(failure, server_time=server_time)


@pytest.mark.parametrize(
    ("cause", "server_time", "skew"),
    [
        (Cause.CLOCK, 10_600.0, 600.0),
        (Cause.CLOCK, 9_400.0, -600.0),
        (Cause.CLOCK, 10_003.0, None),  # within what Date's whole seconds and the network explain
        (Cause.CLOCK, None, None),
        (Cause.KEY, 9_400.0, -600.0),  # an exp too far ahead is refused as an invalid assertion
        (Cause.KEY, 10_030.0, None),  # and here it is the key
        (Cause.USER, 10_600.0, None),
        (Cause.CLOCK, 10_000.0 + 10 * 365 * 86400, None),  # who asks for that may not mean well
    ],
)
def test_a_skew_is_learnt_where_it_explains_the_refusal(cause, server_time, skew):
    """Ten minutes explain "expired"; three seconds do not, and ten years are not believed."""
    clocks = Clocks()

    explained = clocks.explain(_refused(cause, server_time), "h", now=10_000.0, corrected=0.0)

    assert explained is (skew is not None)
    assert clocks.skew("h") == (skew or 0.0)


def test_a_skew_that_was_corrected_already_explains_nothing_more():
    """Refused all the same: then it is something else."""
    clocks = Clocks()
    assert clocks.explain(_refused(Cause.CLOCK, 10_600.0), "h", now=10_000.0, corrected=0.0)

    assert not clocks.explain(_refused(Cause.CLOCK, 10_601.0), "h", now=10_000.0, corrected=600.0)


def test_what_a_neighbour_learnt_about_the_clock_explains_an_attempt_under_way():
    """It was signed before the lesson."""
    clocks = Clocks()
    clocks.explain(_refused(Cause.CLOCK, 10_600.0), "h", now=10_000.0, corrected=0.0)

    assert clocks.explain(_refused(Cause.CLOCK, None), "h", now=10_000.0, corrected=0.0)


def test_one_hosts_clock_says_nothing_about_anothers():
    """A single host with a wrong clock must not break the others."""
    clocks = Clocks()
    clocks.explain(_refused(Cause.CLOCK, 10_600.0), "wrong", now=10_000.0, corrected=0.0)

    assert clocks.skew("right") == 0.0
