"""The call after the token: what an org says of itself, and what every odd answer becomes."""

import asyncio
import json
from urllib.parse import parse_qs, urlsplit

import pytest
from multidict import CIMultiDict

from orgauth.errors import AttemptFailed
from orgauth.models import Cause, Credentials, Failure, FailureKind, OrgFacts, OrgKind, Secret
from orgauth.ports import HttpAnswer
from orgauth.probe import RestProbe
from support import make_org

URL = "https://acme.my.salesforce.com"
TOKEN = "00D!canary"
CREDENTIALS = Credentials(Secret(TOKEN), URL, "00D000000000001AAA", "005000000000001AAA")
BATCH = "/services/data/v59.0/composite/batch"

PRODUCTION = {
    "Name": "Acme",
    "InstanceName": "USA254S",
    "IsSandbox": False,
    "TrialExpirationDate": None,
    "NamespacePrefix": "acme",
    "OrganizationType": "Enterprise Edition",
}
SANDBOX = PRODUCTION | {"IsSandbox": True, "InstanceName": "CS1", "NamespacePrefix": None}
SCRATCH = SANDBOX | {"TrialExpirationDate": "2026-07-01T00:00:00.000+0000"}
VERSIONS = [{"version": "58.0"}, {"version": "100.0"}, {"version": "63.0"}, {"label": "odd"}, 5]
NOT_A_HUB = (400, [{"errorCode": "INVALID_TYPE", "message": "'ScratchOrgInfo' is not supported"}])


def page(*records, more=None):
    body = {"totalSize": len(records), "done": more is None, "records": list(records)}
    return 200, body if more is None else body | {"nextRecordsUrl": more}


def scratch_row(number, last_day="2026-07-01"):
    return {"ScratchOrg": f"00D{number:012d}", "ExpirationDate": last_day}


class FakeOrg:
    """An HTTP client that is one org's REST API, and remembers what it was asked."""

    def __init__(self, *parts, versions=VERSIONS, pages=None, batch=None):
        self.parts = parts
        self.versions = versions
        self.pages = pages or {}
        self.whole_batch = batch
        self.requests = []

    async def request(self, method, url, *, headers, body=None):
        self.requests.append((method, url, dict(headers), body))
        await asyncio.sleep(0)  # others get their turn, as with a real one
        assert url.startswith(URL + "/")
        path = url.removeprefix(URL)
        if path == BATCH:
            return _answer(self.whole_batch or (200, self._results()))
        if path == "/services/data":
            if isinstance(self.versions, Exception):
                raise self.versions
            return _answer(
                self.versions if isinstance(self.versions, tuple) else (200, self.versions)
            )
        return _answer(self.pages[path])

    def asked(self, path):
        return [request for request in self.requests if request[1] == URL + path]

    def _results(self):
        results = [{"statusCode": status, "result": result} for status, result in self.parts]
        return {"hasErrors": False, "results": results}


def _answer(given):
    status, body, headers = given if len(given) == 3 else (*given, {})
    text = body if isinstance(body, bytes) else json.dumps(body).encode()
    return HttpAnswer(status, CIMultiDict(headers), text)


async def inspect(org, kind=OrgKind.PRODUCTION):
    return await RestProbe(org).inspect(make_org(kind=kind), CREDENTIALS)


async def failure_of(org, kind=OrgKind.SCRATCH):
    with pytest.raises(AttemptFailed) as caught:
        await inspect(org, kind)
    failure = caught.value.failure
    assert "canary" not in repr(failure)
    assert failure.advice
    return failure


async def test_a_production_org_says_what_it_is():
    """Everything the Salesforce CLI wants to know, in one request and one for the version."""
    facts = await inspect(FakeOrg(page(PRODUCTION), NOT_A_HUB))

    assert facts == OrgFacts(
        organization_name="Acme",
        instance_name="USA254S",
        namespace_prefix="acme",
        edition="Enterprise Edition",
        is_sandbox=False,
        is_scratch=False,
        is_dev_hub=False,
        trial_expiration=None,
        api_version="100.0",
    )


@pytest.mark.parametrize(
    ("kind", "row", "parts", "is_what"),
    [
        (OrgKind.PRODUCTION, PRODUCTION, [NOT_A_HUB], set()),
        (OrgKind.PRODUCTION, PRODUCTION, [page()], {"dev_hub"}),
        (OrgKind.PRODUCTION, PRODUCTION | {"TrialExpirationDate": "2026"}, [NOT_A_HUB], set()),
        (OrgKind.DEV_HUB, PRODUCTION, [page()], {"dev_hub"}),
        (OrgKind.DEV_HUB, PRODUCTION, [NOT_A_HUB], set()),
        (OrgKind.SANDBOX, SANDBOX, [], {"sandbox"}),
        (OrgKind.SANDBOX, PRODUCTION, [], set()),
        (OrgKind.SCRATCH, SCRATCH, [], {"scratch"}),
        (OrgKind.SCRATCH, SANDBOX, [], {"sandbox"}),
    ],
)
async def test_what_an_org_is_comes_from_the_org_not_from_the_manifest(kind, row, parts, is_what):
    """A sandbox with an end to its trial is a scratch org; who knows ScratchOrgInfo, a hub."""
    facts = await inspect(FakeOrg(page(row), *parts), kind)

    flags = {"sandbox": facts.is_sandbox, "scratch": facts.is_scratch, "dev_hub": facts.is_dev_hub}
    assert {name for name, flag in flags.items() if flag} == is_what


@pytest.mark.parametrize(
    ("kind", "asks"),
    [
        (OrgKind.SCRATCH, [None]),
        (OrgKind.SANDBOX, [None]),
        (OrgKind.PRODUCTION, [None, "SELECT Id FROM ScratchOrgInfo LIMIT 1"]),
        (
            OrgKind.DEV_HUB,
            [
                None,
                "SELECT ScratchOrg, ExpirationDate FROM ScratchOrgInfo WHERE Status = 'Active'",
            ],
        ),
    ],
)
async def test_one_request_asks_only_what_this_kind_of_org_can_know(kind, asks):
    """A scratch org is not asked whether it is a hub."""
    org = FakeOrg(page(PRODUCTION), page())
    org.parts = org.parts[: len(asks)]

    await inspect(org, kind)

    [(method, _, headers, body)] = org.asked(BATCH)
    sent = json.loads(body)
    queries = [parse_qs(urlsplit(one["url"]).query)["q"][0] for one in sent["batchRequests"]]
    assert method == "POST"
    assert headers == {
        "Authorization": f"Bearer {TOKEN}",
        "Accept": "application/json",
        "Content-Type": "application/json",
    }
    assert all(one["method"] == "GET" for one in sent["batchRequests"])
    assert all(one["url"].startswith("v59.0/query?q=SELECT%20") for one in sent["batchRequests"])
    assert queries[0].endswith(" FROM Organization")
    assert queries[1:] == asks[1:]


async def test_what_another_org_says_of_itself_is_no_answer():
    """Answers can get mixed up on their way; the id tells."""
    ours, foreign = "00D000000000001AAA", "00D000000000002AAA"

    assert (await inspect(FakeOrg(page(SCRATCH | {"Id": ours})), OrgKind.SCRATCH)).is_scratch
    failure = await failure_of(FakeOrg(page(SCRATCH | {"Id": foreign})))

    assert (failure.code, failure.kind) == ("bad_answer", FailureKind.TRANSIENT)
    assert failure.description == "acme.my.salesforce.com answered for another org"


async def test_a_hub_tells_the_last_days_of_all_its_scratch_orgs():
    """Page by page, with the token, on the hub's own host."""
    more = "/services/data/v59.0/query/01g-2000"
    org = FakeOrg(
        page(PRODUCTION),
        page(scratch_row(1), scratch_row(2, "2026-08-02"), more=more),
        pages={more: page(scratch_row(3))},
    )

    facts = await inspect(org, OrgKind.DEV_HUB)

    assert facts.scratch_org_expirations == {
        "00D000000000001": "2026-07-01",
        "00D000000000002": "2026-08-02",
        "00D000000000003": "2026-07-01",
    }
    [(method, _, headers, body)] = org.asked(more)
    assert (method, body) == ("GET", None)
    assert headers == {"Authorization": f"Bearer {TOKEN}", "Accept": "application/json"}


async def test_a_production_org_that_is_a_hub_is_not_asked_for_its_scratch_orgs():
    """Nobody in the manifest needs them."""
    facts = await inspect(FakeOrg(page(PRODUCTION), page(scratch_row(1))))

    assert facts.is_dev_hub
    assert facts.scratch_org_expirations == {}


async def test_ids_of_18_characters_are_cut_to_the_15_that_count():
    """The last three are a checksum."""
    row = {"ScratchOrg": "00D000000000001AAA", "ExpirationDate": "2026-07-01"}

    facts = await inspect(FakeOrg(page(PRODUCTION), page(row)), OrgKind.DEV_HUB)

    assert facts.scratch_org_expirations == {"00D000000000001": "2026-07-01"}


@pytest.mark.parametrize(
    "elsewhere",
    [
        "https://evil.com/services/data/v59.0/query/1",
        "//evil.com/services/data/v59.0/query/1",
        "@evil.com/services/data/",
        ".evil.com/services/data/",
        ":80@evil.com/services/data/",
        "services/data/v59.0/query/1",
        "/secur/frontdoor.jsp",
        5,
        {},
    ],
)
async def test_the_next_page_is_never_fetched_from_elsewhere(elsewhere):
    """The token would go there; what is known so far is kept."""
    org = FakeOrg(page(PRODUCTION), page(scratch_row(1), more=elsewhere))

    facts = await inspect(org, OrgKind.DEV_HUB)

    assert list(facts.scratch_org_expirations) == ["00D000000000001"]
    assert {request[1] for request in org.requests} == {URL + BATCH, f"{URL}/services/data"}


async def test_pages_without_end_are_not_followed_for_ever():
    """A page that names itself as the next one, say."""
    more = "/services/data/v59.0/query/again"
    org = FakeOrg(page(PRODUCTION), page(more=more), pages={more: page(scratch_row(1), more=more)})

    facts = await inspect(org, OrgKind.DEV_HUB)

    assert list(facts.scratch_org_expirations) == ["00D000000000001"]
    assert 0 < len(org.asked(more)) <= 50


@pytest.mark.parametrize(
    "odd",
    [
        None,
        [],
        "text",
        {},
        {"records": None},
        {"records": 5},
        {"records": "text"},
        {"records": {"a": 1}},
        {"records": [None, 5, [], {}, {"ScratchOrg": 1, "ExpirationDate": "2026-07-01"}]},
        {"records": [{"ScratchOrg": "00D000000000001", "ExpirationDate": None}]},
        {"records": [{"ScratchOrg": "00D000000000001", "ExpirationDate": "\x1b[2J"}]},
        {"records": [{"ScratchOrg": "", "ExpirationDate": "2026-07-01"}]},
    ],
    ids=range(12),
)
async def test_odd_pages_teach_nothing_and_break_nothing(odd):
    """A hub is a hub all the same."""
    facts = await inspect(FakeOrg(page(PRODUCTION), (200, odd)), OrgKind.DEV_HUB)

    assert facts.is_dev_hub
    assert facts.scratch_org_expirations == {}


async def test_a_hubs_part_without_result_breaks_nothing():
    """Not even the field is there."""
    parts = [{"statusCode": 200, "result": page(PRODUCTION)[1]}, {"statusCode": 200}]

    facts = await inspect(FakeOrg(batch=(200, {"results": parts})), OrgKind.DEV_HUB)

    assert (facts.is_dev_hub, facts.scratch_org_expirations) == (True, {})


@pytest.mark.parametrize("status", [500, 503, 429])
async def test_a_hub_that_cannot_say_it_now_is_not_taken_for_none(status):
    """The step is tried again, rather than a hub be saved as no hub."""
    failure = await failure_of(FakeOrg(page(PRODUCTION), (status, [])), OrgKind.DEV_HUB)

    assert failure.kind in (FailureKind.TRANSIENT, FailureKind.THROTTLED)


async def test_a_page_that_fails_for_now_is_a_failure_that_may_pass():
    """The step is tried again as a whole."""
    more = "/services/data/v59.0/query/01g-2000"
    org = FakeOrg(page(PRODUCTION), page(more=more), pages={more: (500, b"<html>")})

    assert (await failure_of(org, OrgKind.DEV_HUB)).kind is FailureKind.TRANSIENT


INVALID_SESSION = [{"errorCode": "INVALID_SESSION_ID", "message": "Session expired or invalid"}]


@pytest.mark.parametrize(
    ("batch", "kind", "cause", "code"),
    [
        (
            (401, INVALID_SESSION),
            FailureKind.PERMANENT,
            Cause.REJECTED_TOKEN,
            "INVALID_SESSION_ID",
        ),
        (
            (403, [{"errorCode": "API_DISABLED_FOR_ORG", "message": "API is not enabled"}]),
            FailureKind.PERMANENT,
            Cause.REJECTED_TOKEN,
            "API_DISABLED_FOR_ORG",
        ),
        ((403, b"Bad_OAuth_Token"), FailureKind.PERMANENT, Cause.REJECTED_TOKEN, "http_403"),
        ((404, {"error": "odd"}), FailureKind.PERMANENT, Cause.REJECTED_TOKEN, "http_404"),
        ((404, []), FailureKind.PERMANENT, Cause.REJECTED_TOKEN, "http_404"),
        ((404, [5]), FailureKind.PERMANENT, Cause.REJECTED_TOKEN, "http_404"),
        ((302, b""), FailureKind.PERMANENT, Cause.REJECTED_TOKEN, "http_302"),
        ((429, b""), FailureKind.THROTTLED, Cause.SERVER, "http_429"),
        ((503, b"", {"Retry-After": "9"}), FailureKind.THROTTLED, Cause.SERVER, "http_503"),
        ((500, INVALID_SESSION), FailureKind.TRANSIENT, Cause.SERVER, "http_500"),
        ((200, b"<html>"), FailureKind.TRANSIENT, Cause.SERVER, "bad_answer"),
        ((200, b'{"results": ['), FailureKind.TRANSIENT, Cause.SERVER, "bad_answer"),
        ((200, []), FailureKind.TRANSIENT, Cause.SERVER, "bad_answer"),
        ((200, {}), FailureKind.TRANSIENT, Cause.SERVER, "bad_answer"),
        ((200, {"results": {}}), FailureKind.TRANSIENT, Cause.SERVER, "bad_answer"),
        ((200, {"results": []}), FailureKind.TRANSIENT, Cause.SERVER, "bad_answer"),
        ((200, {"results": [5]}), FailureKind.TRANSIENT, Cause.SERVER, "bad_answer"),
        ((200, {"results": [{}, {}]}), FailureKind.TRANSIENT, Cause.SERVER, "bad_answer"),
        ((200, {"results": [{}]}), FailureKind.PERMANENT, Cause.REJECTED_TOKEN, "http_400"),
    ],
    ids=range(19),
)
async def test_a_token_that_no_call_accepts_is_a_failure(batch, kind, cause, code):
    """And so is an answer that nobody understands, but that one may pass."""
    failure = await failure_of(FakeOrg(batch=batch))

    assert (failure.kind, failure.cause, failure.code) == (kind, cause, code)
    if batch[0] == 503:
        assert failure.retry_after == 9.0


@pytest.mark.parametrize(
    ("part", "kind", "code"),
    [
        (
            (403, [{"errorCode": "INSUFFICIENT_ACCESS", "message": "no"}]),
            FailureKind.PERMANENT,
            "INSUFFICIENT_ACCESS",
        ),
        ((503, []), FailureKind.TRANSIENT, "http_503"),
        (("200", {}), FailureKind.PERMANENT, "http_400"),
        ((200, {}), FailureKind.TRANSIENT, "bad_answer"),
        ((200, {"records": []}), FailureKind.TRANSIENT, "bad_answer"),
        ((200, {"records": {}}), FailureKind.TRANSIENT, "bad_answer"),
        ((200, {"records": ["text"]}), FailureKind.TRANSIENT, "bad_answer"),
        ((200, []), FailureKind.TRANSIENT, "bad_answer"),
        ((200, None), FailureKind.TRANSIENT, "bad_answer"),
    ],
    ids=range(9),
)
async def test_a_batch_whose_first_part_failed_is_a_failure(part, kind, code):
    """The whole may say 200 all the same."""
    failure = await failure_of(FakeOrg(part))

    assert (failure.kind, failure.code) == (kind, code)


async def test_an_org_that_says_little_of_itself_is_still_alive():
    """Odd types are as good as nothing."""
    facts = await inspect(FakeOrg(page({"Name": 5, "IsSandbox": "yes"}), NOT_A_HUB))

    assert (facts.organization_name, facts.instance_name) == (None, None)
    assert {facts.is_sandbox, facts.is_scratch, facts.is_dev_hub} == {False}


async def test_the_version_is_asked_once_an_instance_even_when_many_ask_at_once():
    """Who comes meanwhile waits for the same answer; the list is public, so no token goes."""
    org = FakeOrg(page(SCRATCH))
    probe = RestProbe(org)

    facts = await asyncio.gather(
        *(
            probe.inspect(make_org(f"u{number}@x.example.com", kind=OrgKind.SCRATCH), CREDENTIALS)
            for number in range(20)
        )
    )

    assert {fact.api_version for fact in facts} == {"100.0"}
    [(method, _, headers, body)] = org.asked("/services/data")
    assert (method, headers, body) == ("GET", {"Accept": "application/json"}, None)


async def test_another_instance_is_asked_for_its_own_version():
    """Instances are upgraded one after the other."""
    org = FakeOrg(page(SCRATCH))
    probe = RestProbe(org)
    await probe.inspect(make_org(kind=OrgKind.SCRATCH), CREDENTIALS)
    org.parts = (page(SCRATCH | {"InstanceName": "CS2"}),)
    org.versions = [{"version": "64.0"}]

    facts = await probe.inspect(make_org(kind=OrgKind.SCRATCH), CREDENTIALS)

    assert facts.api_version == "64.0"
    assert len(org.asked("/services/data")) == 2


@pytest.mark.parametrize(
    "versions",
    [
        AttemptFailed(Failure("timeout", "", FailureKind.TRANSIENT, Cause.NETWORK, "")),
        (500, b"<html>"),
        (200, b""),
        [],
        {"version": "63.0"},
        [{"version": 63.0}, {"version": "sixty"}, {"version": "٦٣.0"}, {"version": "."}],
        [{"version": "9" * 400}, {"version": "1e5"}, {"version": "63.0\n"}, {"version": ""}],
    ],
    ids=range(7),
)
async def test_an_unknown_version_is_no_reason_to_fail_an_org(versions):
    """Good to know, and asked for once only, also where it is not known."""
    org = FakeOrg(page(SCRATCH), versions=versions)
    probe = RestProbe(org)

    for _ in range(3):
        facts = await probe.inspect(make_org(kind=OrgKind.SCRATCH), CREDENTIALS)
        assert facts.api_version is None

    assert len(org.asked("/services/data")) == 1
