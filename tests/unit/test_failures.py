"""Every answer that Salesforce is known to give: what it means for which org, and what to do."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orgauth.errors import KeySourceError, StoreError
from orgauth.failures import (
    classify,
    classify_rest,
    classify_status,
    dev_hub_failed,
    interrupted,
    key_unusable,
    not_saved,
    server_fault,
)
from orgauth.models import Cause, FailureKind, OrgKind
from support import make_org
from support.promises import is_fit_to_show, is_waited_for

PERMANENT, NOT_APPROVED = FailureKind.PERMANENT, FailureKind.NOT_APPROVED
TRANSIENT, THROTTLED = FailureKind.TRANSIENT, FailureKind.THROTTLED

ORGS = {
    "dev_hub": make_org(kind=OrgKind.DEV_HUB),
    "production": make_org(kind=OrgKind.PRODUCTION),
    "sandbox": make_org(kind=OrgKind.SANDBOX),
    "scratch": make_org(kind=OrgKind.SCRATCH),
    "new sandbox": make_org(kind=OrgKind.SANDBOX, is_new=True),
    "new dev_hub": make_org(kind=OrgKind.DEV_HUB, is_new=True),
}
NEW = {"scratch", "new sandbox", "new dev_hub"}

# error, description, what it means for an org that is not new, cause, words of the advice.
# Where the kind is NOT_APPROVED, it is PERMANENT for an org that is not new.
ROWS = [
    ("invalid_grant", "user hasn't approved this consumer", NOT_APPROVED, Cause.APPROVAL, ""),
    ("invalid_grant", "user hasn’t approved this consumer", NOT_APPROVED, Cause.APPROVAL, ""),
    ("invalid_grant", "User Hasn&#39;t Approved This Consumer", NOT_APPROVED, Cause.APPROVAL, ""),
    ("invalid_grant", "user has not approved this consumer", NOT_APPROVED, Cause.APPROVAL, ""),
    (
        "invalid_app_access",
        "user is not admin approved to access this app",
        NOT_APPROVED,
        Cause.APPROVAL,
        "",
    ),
    (
        "app_not_found",
        "External client app is not installed in this org",
        NOT_APPROVED,
        Cause.APPROVAL,
        "",
    ),
    ("invalid_client_id", "client identifier invalid", PERMANENT, Cause.CLIENT_ID, "client_id"),
    ("invalid_client", "invalid client credentials", PERMANENT, Cause.CLIENT_ID, "client_id"),
    ("invalid_grant", "audience is invalid", PERMANENT, Cause.AUDIENCE, "audience"),
    ("invalid_grant", "Audience validation failed", PERMANENT, Cause.AUDIENCE, "audience"),
    ("invalid_grant", "invalid assertion", PERMANENT, Cause.KEY, "certificate"),
    ("invalid_grant", "expired authorization code", PERMANENT, Cause.CLOCK, "clock"),
    ("invalid_grant", "ip restricted or invalid login hours", PERMANENT, Cause.USER, "IP ranges"),
    ("invalid_grant", "ip restricted", PERMANENT, Cause.USER, "IP ranges"),
    ("inactive_user", "user is inactive", PERMANENT, Cause.USER, "Activate the user"),
    ("inactive_org", "organization is locked", PERMANENT, Cause.USER, "out of the manifest"),
    ("invalid_grant", "authentication failure", PERMANENT, Cause.USER, "Login History"),
    (
        "unsupported_grant_type",
        "grant type not supported",
        PERMANENT,
        Cause.LOGIN_URL,
        "login URL",
    ),
    ("invalid_grant", "login rate exceeded", THROTTLED, Cause.USER, "3,600 logins an hour"),
    ("rate_limit_exceeded", "login rate exceeded", THROTTLED, Cause.USER, "3,600 logins an hour"),
    ("rate_limit_exceeded", "", THROTTLED, Cause.USER, "3,600 logins an hour"),
    ("unknown_error", "retry your request", TRANSIENT, Cause.SERVER, "status.salesforce.com"),
]


@pytest.mark.parametrize("who", ORGS)
@pytest.mark.parametrize("row", ROWS, ids=[f"{error}: {words}" for error, words, *_ in ROWS])
@pytest.mark.parametrize("written", [str, str.upper, str.title], ids=["as is", "upper", "title"])
def test_each_row_of_the_table(who, row, written):
    """For each kind of org, in every spelling; only what is new can be not approved yet."""
    org = ORGS[who]
    error, description, kind, cause, advice = row

    failure = classify(org, 400, written(error), written(description), server_time=5.0)

    expected = PERMANENT if kind is NOT_APPROVED and who not in NEW else kind
    assert (failure.kind, failure.cause) == (expected, cause)
    assert advice in failure.advice
    assert failure.advice
    assert failure.code == written(error)
    assert failure.description == (written(description) or f"{org.login_host} answered HTTP 400")
    assert failure.server_time == 5.0


def test_a_dev_hubs_refusal_names_the_policy_and_where_it_is():
    """For a Dev Hub, "not approved" is a mistake in the app's policies; here is which one."""
    failure = classify(ORGS["dev_hub"], 400, "invalid_grant", "user hasn't approved this consumer")

    assert failure.kind is PERMANENT
    assert "Dev Hub's Setup" in failure.advice
    assert "Permitted Users" in failure.advice
    assert "Admin approved users are pre-authorized" in failure.advice
    assert "permission set" in failure.advice
    assert "`new: true`" in failure.advice


def test_another_orgs_refusal_names_its_own_setup():
    """A sandbox is no Dev Hub."""
    failure = classify(
        ORGS["sandbox"], 400, "invalid_app_access", "user is not admin approved to access this app"
    )

    assert "In the org's Setup" in failure.advice
    assert "Permitted Users" in failure.advice


def test_a_scratch_orgs_refusal_advises_patience_or_its_own_domain():
    """Replication takes minutes; the org's own My Domain knows it at once."""
    failure = classify(ORGS["scratch"], 400, "invalid_grant", "user hasn't approved this consumer")

    assert "retry.not_approved.timeout_seconds" in failure.advice
    assert ".scratch.my.salesforce.com" in failure.advice


def test_a_missing_app_is_to_be_installed():
    """Or the login URL is another org's."""
    failure = classify(ORGS["production"], 400, "App_Not_Found", "")

    assert "not installed" in failure.advice
    assert "`new: true`" in failure.advice


@pytest.mark.parametrize("error", ["app_not_found", "invalid_app_access"])
def test_who_is_marked_new_already_is_not_told_to_mark_it(error):
    """It was waited for; waiting longer is what is left."""
    failure = classify(ORGS["new sandbox"], 400, error, "")

    assert "Mark an org" not in failure.advice
    assert "retry.not_approved.timeout_seconds" in failure.advice


@pytest.mark.parametrize(
    ("error", "description"),
    [
        ("invalid_grant", "something new"),
        ("invalid_grant", ""),
        ("invalid_request", "user hasn't approved this consumer"),
        ("brand_new_error", "nobody knows"),
        ("", ""),
    ],
)
def test_an_unknown_error_is_permanent_with_a_4xx_and_transient_with_a_5xx(error, description):
    """What nobody knows is at least shown in its own words."""
    for status, kind in ((400, PERMANENT), (401, PERMANENT), (404, PERMANENT), (500, TRANSIENT)):
        failure = classify(ORGS["scratch"], status, error, description)

        assert failure.kind is kind
        assert failure.code == (error or f"http_{status}")
        assert failure.description == (description or f"test.salesforce.com answered HTTP {status}")


@pytest.mark.parametrize(
    ("status", "retry_after", "kind"),
    [
        (429, None, THROTTLED),
        (429, 30.0, THROTTLED),
        (503, 30.0, THROTTLED),
        (503, 0.0, THROTTLED),
        (503, None, TRANSIENT),
        (500, 30.0, TRANSIENT),
        (502, None, TRANSIENT),
        (504, None, TRANSIENT),
        (599, None, TRANSIENT),
        (408, None, TRANSIENT),
        (425, None, TRANSIENT),
        (400, 30.0, PERMANENT),
        (403, None, PERMANENT),
        (404, None, PERMANENT),
        (418, None, PERMANENT),
        (204, None, PERMANENT),
        (100, None, PERMANENT),
    ],
)
def test_a_status_without_words(status, retry_after, kind):
    """The same whether the body is HTML or an error that no row knows."""
    bare = classify_status("login.salesforce.com", status, retry_after=retry_after)
    told = classify(ORGS["production"], status, "", "", retry_after=retry_after)

    assert bare == told
    assert bare.kind is kind
    assert bare.code == f"http_{status}"
    assert "login.salesforce.com" in bare.description
    assert str(status) in bare.description
    if kind is not PERMANENT:
        assert bare.retry_after == retry_after


def test_being_throttled_outweighs_what_else_the_answer_says():
    """A refusal from a host that is too busy to look is no refusal."""
    busy = classify(ORGS["dev_hub"], 429, "invalid_grant", "invalid assertion", retry_after=9.0)

    assert (busy.kind, busy.cause, busy.retry_after) == (THROTTLED, Cause.SERVER, 9.0)
    assert (busy.code, busy.description) == ("invalid_grant", "invalid assertion")
    assert "concurrency" in busy.advice


def test_a_login_rate_keeps_its_own_advice_whatever_the_status():
    """Lowering the concurrency would not help a user who has logged in 3,600 times."""
    for status in (400, 403, 429, 503):
        rate = classify(
            ORGS["dev_hub"], status, "rate_limit_exceeded", "login rate exceeded", retry_after=9.0
        )

        assert (rate.kind, rate.retry_after) == (THROTTLED, 9.0)
        assert "3,600" in rate.advice


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_permanent_and_about_the_login_url(status):
    """A secret is not sent after it."""
    failure = classify_status("acme.my.salesforce.com", status)

    assert (failure.kind, failure.cause) == (PERMANENT, Cause.LOGIN_URL)
    assert "redirects" in failure.description
    assert "instance_url" in failure.advice


@pytest.mark.parametrize(
    ("status", "code", "kind", "cause", "advice"),
    [
        (401, "INVALID_SESSION_ID", PERMANENT, Cause.REJECTED_TOKEN, "API Enabled"),
        (403, "API_DISABLED_FOR_ORG", PERMANENT, Cause.REJECTED_TOKEN, "edition"),
        (403, "API_CURRENTLY_DISABLED", PERMANENT, Cause.REJECTED_TOKEN, "switched off"),
        (403, "REQUEST_LIMIT_EXCEEDED", PERMANENT, Cause.REJECTED_TOKEN, "API requests"),
        (403, "", PERMANENT, Cause.REJECTED_TOKEN, "--no-verify"),
        (404, "NOT_FOUND", PERMANENT, Cause.REJECTED_TOKEN, "session policies"),
        (302, "", PERMANENT, Cause.REJECTED_TOKEN, ""),
        (429, "ANY", THROTTLED, Cause.SERVER, ""),
        (500, "UNKNOWN_EXCEPTION", TRANSIENT, Cause.SERVER, ""),
        (503, "SERVER_UNAVAILABLE", TRANSIENT, Cause.SERVER, ""),
    ],
)
def test_a_refused_rest_call(status, code, kind, cause, advice):
    """Right after a login that succeeded, a refusal means that the token is good for nothing."""
    failure = classify_rest("acme.my.salesforce.com", status, code, "in its words")

    assert (failure.kind, failure.cause) == (kind, cause)
    assert advice in failure.advice
    if kind is PERMANENT:
        assert failure.code == (code or f"http_{status}")
        assert failure.description == "in its words"


def test_a_rest_call_is_throttled_as_long_as_the_host_asks():
    """Retry-After counts here, too."""
    assert classify_rest("acme.my.salesforce.com", 503, "", "", retry_after=7.0).retry_after == 7.0


def test_what_nobody_but_us_can_say():
    """Keys, stores, a failed Dev Hub and Ctrl-C have their own words."""
    key = key_unusable(KeySourceError("the card is gone\x1b[2J", advice="Put it back"))
    store = not_saved(StoreError("disk full", advice="Make room"))
    hub = dev_hub_failed(ORGS["dev_hub"], key)
    stopped = interrupted()
    fault = server_fault("bad_answer", "half a JSON")

    assert (key.code, key.cause, key.advice) == ("key_unusable", Cause.KEY, "Put it back")
    assert key.description == "the card is gone\\x1b[2J"
    assert (store.code, store.cause, store.advice) == ("not_saved", Cause.STORE, "Make room")
    assert (hub.code, hub.cause, hub.advice) == (
        "dev_hub_failed",
        Cause.DEV_HUB,
        f"Mend the Dev Hub {ORGS['dev_hub'].name} first",
    )
    assert "ci@acme.example.com" in hub.description
    assert key.description in hub.description
    assert (stopped.code, stopped.cause) == ("interrupted", Cause.INTERRUPTED)
    assert {failure.kind for failure in (key, store, hub, stopped)} == {PERMANENT}
    assert (fault.code, fault.kind, fault.cause) == ("bad_answer", TRANSIENT, Cause.SERVER)


def test_an_error_without_advice_still_leads_to_a_failure_with_some():
    """Nobody is left alone with a message."""
    assert key_unusable(KeySourceError("no")).advice
    assert not_saved(StoreError("no")).advice
    assert interrupted().advice
    assert server_fault("bad_answer", "no").advice


@given(
    who=st.sampled_from(sorted(ORGS)),
    status=st.integers(100, 599) | st.integers(0, 999),
    error=st.text(max_size=700) | st.sampled_from([error for error, *_ in ROWS]),
    description=st.text(max_size=700) | st.sampled_from([words for _, words, *_ in ROWS]),
    retry_after=st.none() | st.floats(0, 1e9),
)
def test_whatever_is_answered_becomes_a_failure_that_can_be_shown(
    who, status, error, description, retry_after
):
    """Total: any status, any text, any org; one line, no escapes, some advice."""
    login = classify(ORGS[who], status, error, description, retry_after=retry_after)
    call = classify_rest("acme.example.com", status, error, description, retry_after=retry_after)

    for failure in (login, call):
        assert is_fit_to_show(failure)
        assert is_waited_for(failure)
    assert login.kind is not NOT_APPROVED or who in NEW
    assert call.kind is not NOT_APPROVED
