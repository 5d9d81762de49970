"""What people see while a run goes on."""

import io

import pytest
from rich.console import Console

from orgauth.events import (
    AudienceLearnt,
    ClockCorrected,
    GroupGivenUp,
    HostPaused,
    HostShut,
    OrgFinished,
    OrgStarted,
    OrgWaiting,
    RunStarted,
    Warned,
)
from orgauth.failures import host_shut, interrupted
from orgauth.models import (
    Authorized,
    Cause,
    Credentials,
    Failed,
    Failure,
    FailureKind,
    OrgFacts,
    Reused,
    Secret,
    Skipped,
)
from orgauth.progress import Fanout, LogObserver, PlainProgress, Silence, WarningList
from orgauth.progress.live import LiveProgress
from support import make_org

CREDENTIALS = Credentials(Secret("00D!canary"), "https://x.my.salesforce.com", "00D", "005")


def authorized(name="uat", attempts=1):
    org = make_org("a@b.example.com", alias=name)
    return OrgFinished(Authorized(org, CREDENTIALS, None, attempts, 0.25))


def reused(name="kept"):
    facts = OrgFacts("Acme", None, None, None, is_sandbox=False, is_scratch=False, is_dev_hub=False)
    org = make_org("k@b.example.com", alias=name)
    return OrgFinished(Reused(org, CREDENTIALS, facts, 0.25))


def failed(description="user is inactive", name="prod"):
    failure = Failure(
        "inactive_user", description, FailureKind.PERMANENT, Cause.USER, "activate it"
    )
    return OrgFinished(Failed(make_org("c@d.example.com", alias=name), failure, 1, 0.5))


def waiting(name="late", kind=FailureKind.NOT_APPROVED, delay=4.0):
    return OrgWaiting(name, kind, "invalid_grant: not yet", 2, delay)


CLOCK = ClockCorrected("login.salesforce.com", 600.0)
AUDIENCE = AudienceLearnt("acme.my.salesforce.com", "https://test.salesforce.com")
PAUSE = HostPaused("login.salesforce.com", 5.0)


def lines_of(progress_class, *events):
    stream = io.StringIO()
    with progress_class(stream) as progress:
        for event in events:
            progress.notify(event)
    return stream.getvalue().splitlines()


def test_plain_progress_writes_one_line_an_org():
    """In the order in which they end, aligned, with attempts only where there were several."""
    lines = lines_of(
        PlainProgress,
        RunStarted(12),
        OrgStarted("uat"),
        waiting(),
        authorized(),
        authorized("sit", attempts=3),
        failed(),
    )

    assert lines == [
        "[ 1/12] authorized uat (0.2 s)",
        "[ 2/12] authorized sit (0.2 s, 3 attempts)",
        "[ 3/12] failed prod: inactive_user: user is inactive",
    ]


def test_a_reused_org_is_called_so():
    """It is in, and nobody logged in for it."""
    assert lines_of(PlainProgress, RunStarted(1), reused()) == ["[1/1] reused kept (0.2 s)"]


def test_plain_progress_tells_pauses_and_warnings():
    """Who reads a CI log later should know why it took so long."""
    lines = lines_of(PlainProgress, PAUSE, CLOCK, AUDIENCE, Warned("an alias moved"))

    assert lines[0] == "login.salesforce.com asks to slow down: pausing 5.0 s"
    assert "600 s behind login.salesforce.com" in lines[1]
    assert "wants the audience https://test.salesforce.com" in lines[2]
    assert lines[3] == "warning: an alias moved"


def test_a_clock_that_is_ahead_is_called_so():
    """The sign is easily read wrong."""
    assert "60 s ahead of" in lines_of(PlainProgress, ClockCorrected("h", -60.0))[0]


def test_silence_is_not_broken():
    """cron mails whatever is printed; what matters stands in the summary."""
    with Silence() as progress:
        for event in (RunStarted(2), authorized(), failed(), PAUSE, Warned("look")):
            progress.notify(event)


def test_orgs_of_a_host_that_is_shut_are_counted_and_explained_once():
    """A thousand lines would say the same."""
    failure = host_shut("login.salesforce.com", 3600.0, 900.0)
    end = OrgFinished(Skipped(make_org("e@f.example.com"), failure))
    told = HostShut("login.salesforce.com", 3600.0, 900.0)

    lines = lines_of(PlainProgress, RunStarted(4), told, end, end, authorized())

    assert "login.salesforce.com asks to be left alone for 3600 s" in lines[0]
    assert "the patience (retry.throttled.timeout_seconds) is 900 s" in lines[0]
    assert "its other orgs are skipped" in lines[0]
    assert lines[1:] == ["[3/4] authorized uat (0.2 s)"]


def test_a_group_that_is_given_up_is_told_whole_and_harmless():
    """What was refused, what they share, what to do; and nothing that moves the cursor."""
    reason, advice = "invalid_grant: invalid assertion", "Upload the certificate. " * 20 + "Really"
    event = GroupGivenUp("login.salesforce.com", "3MVG9\x1b[31m", "/server.key", 5, reason, advice)

    (line,) = lines_of(PlainProgress, event)

    assert "5 orgs that share the client id 3MVG9\\x1b[31m and the key /server.key" in line
    assert f"refused by login.salesforce.com ({reason})" in line
    assert line.endswith("Really. --keep-going tries them all the same")


def test_a_host_that_only_refused_is_told_as_that():
    """It asked for no time, so none is told."""
    (line,) = lines_of(PlainProgress, HostShut("login.salesforce.com", None, 900.0))

    assert "login.salesforce.com has refused everybody for 900 s" in line


def test_orgs_that_were_not_finished_because_somebody_stopped_the_run_are_no_news():
    """A thousand lines of it would hide the two that failed."""
    end = OrgFinished(Skipped(make_org("e@f.example.com"), interrupted()))

    assert lines_of(PlainProgress, RunStarted(2), failed(), end) == [
        "[1/2] failed prod: inactive_user: user is inactive"
    ]
    progress, console, _ = live()
    with progress:
        progress.notify(RunStarted(1))
        progress.notify(end)
    assert "e@f.example.com" not in console.file.getvalue()


@pytest.mark.parametrize("text", ["\x1b[2J", "a\n::error::b", "\u202egnp"])
def test_what_a_server_says_cannot_lead_the_terminal(text):
    """Neither by escape sequences nor by new lines."""
    lines = lines_of(PlainProgress, failed(text), Warned(text), HostPaused(text, 1.0))

    assert len(lines) == 3
    assert all(text not in line for line in lines)


def test_events_reach_every_observer():
    """Progress, log and the report's warnings look at the same run."""
    first, second = WarningList(), WarningList()
    fanout = Fanout(first, second)

    fanout.notify(Warned("a"))
    fanout.notify(authorized())
    fanout.notify(AUDIENCE)

    assert first.messages == second.messages
    assert first.messages[0] == "a"
    assert len(first.messages) == 2


def test_the_log_tells_waits_and_attempts(caplog):
    """-v and -vv; warnings and ends are told elsewhere already."""
    caplog.set_level("DEBUG", logger="orgauth")
    for event in (
        RunStarted(1),
        OrgStarted("uat"),
        waiting(),
        waiting(kind=FailureKind.THROTTLED),
        waiting(kind=FailureKind.TRANSIENT),
        authorized(),
        Warned("x"),
        CLOCK,
        AUDIENCE,
        PAUSE,
    ):
        LogObserver().notify(event)

    assert [record.levelname for record in caplog.records] == ["DEBUG", "INFO", "INFO", "INFO"]
    assert "late: waiting for replication after attempt 2, next try in 4.0 s" in caplog.text
    assert "late: throttled after attempt 2" in caplog.text
    assert "after a fault" in caplog.text


class Watch:
    """A clock that the test sets."""

    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now


def picture(progress, console):
    with console.capture() as captured:
        console.print(progress._picture())
    return captured.get()


def live():
    watch = Watch()
    console = Console(file=io.StringIO(), force_terminal=True, width=100, color_system=None)
    return LiveProgress(console, clock=watch), console, watch


def test_the_live_picture_shows_how_far_how_fast_and_how_long():
    """Done of all, orgs a second, and a guess at the rest."""
    progress, console, watch = live()
    progress.notify(RunStarted(100))
    for _ in range(20):
        progress.notify(authorized())
    watch.now = 2.0

    shown = picture(progress, console)

    assert "20/100" in shown
    assert "10 orgs/s" in shown
    assert "about 8 s left" in shown
    assert "20 authorized · 0 waiting · 0 failed" in shown


def test_the_live_picture_counts_the_reused_apart():
    """Where there are any; they are no failures."""
    progress, console, _ = live()
    for event in (RunStarted(3), authorized(), reused(), failed()):
        progress.notify(event)

    assert "1 authorized · 1 reused · 0 waiting · 1 failed" in picture(progress, console)


def test_the_live_picture_counts_who_is_skipped_apart():
    """Neither authorized nor failed."""
    progress, console, _ = live()
    failure = host_shut("login.salesforce.com", 3600.0, 900.0)
    progress.notify(authorized())
    progress.notify(failed())
    for _ in range(3):
        progress.notify(OrgFinished(Skipped(make_org("e@f.example.com"), failure)))

    assert "1 authorized · 0 waiting · 1 failed · 3 skipped" in picture(progress, console)


def test_the_live_picture_shows_who_waits_until_when():
    """The next ones first, the others counted; who is done waits no more."""
    progress, console, watch = live()
    progress.notify(RunStarted(10))
    for number in range(7):
        progress.notify(waiting(f"late-{number}", delay=10.0 + number))
    progress.notify(authorized("late-0"))
    watch.now = 1.0

    shown = picture(progress, console)

    assert "late-0" not in shown
    assert "late-1: waiting for replication, next try in 10 s" in shown
    assert "late-6" not in shown
    assert "… and 1 more" in shown
    assert "6 waiting" in shown

    watch.now = 13.5  # the tries of the first three are under way
    assert picture(progress, console).splitlines()[2:7] == [
        "  late-4: waiting for replication, next try in 1 s",
        "  late-5: waiting for replication, next try in 2 s",
        "  late-6: waiting for replication, next try in 3 s",
        "  late-1: waiting for replication, trying again",
        "  late-2: waiting for replication, trying again",
    ]


def test_the_live_picture_shows_pauses_while_they_last():
    """Nothing moves, and people see why."""
    progress, console, watch = live()
    progress.notify(RunStarted(1))
    progress.notify(PAUSE)
    watch.now = 1.0
    assert "login.salesforce.com asks to slow down: 4 s" in picture(progress, console)

    watch.now = 6.0
    assert "slow down" not in picture(progress, console)


def test_failures_and_warnings_stay_on_the_terminal():
    """The picture goes at the end; they do not."""
    progress, console, _ = live()
    with progress:
        progress.notify(RunStarted(2))
        progress.notify(OrgStarted("uat"))
        progress.notify(failed())
        progress.notify(Warned("[bold]not markup[/bold]"))

    shown = console.file.getvalue()
    assert "failed prod: inactive_user: user is inactive" in shown
    assert "warning: [bold]not markup[/bold]" in shown
