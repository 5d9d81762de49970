"""One POST to the token endpoint: what goes out, and what every answer becomes."""

import json

import pytest
from multidict import CIMultiDict

from orgauth.errors import AttemptFailed
from orgauth.models import Cause, Credentials, FailureKind, OrgKind, Secret
from orgauth.ports import HttpAnswer
from orgauth.token_endpoint import JwtBearerEndpoint
from support import make_org

ORG = make_org("ci@acme.example.com")
HERE = make_org("ci@acme.example.com", login_url="http://127.0.0.1:8080")
TOKEN = "00D000000000001!AQEAQ.canary_-token"
ORG_ID, USER_ID = "00D000000000001AAA", "005000000000001AAA"
GOOD = {
    "access_token": TOKEN,
    "scope": "api web",
    "instance_url": "https://acme.my.salesforce.com",
    "id": f"https://login.salesforce.com/id/{ORG_ID}/{USER_ID}",
    "token_type": "Bearer",
}


class RecordedHttp:
    """An HTTP client that gives one answer and remembers what it was asked."""

    def __init__(self, status=200, body=b"", **headers):
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        self.answer = HttpAnswer(status, CIMultiDict(named), body)
        self.requests = []

    async def request(self, method, url, *, headers, body=None):
        self.requests.append((method, url, dict(headers), body))
        return self.answer


async def exchange(body, *, org=ORG, status=200, **headers):
    if not isinstance(body, bytes):
        body = json.dumps(body).encode()
    http = RecordedHttp(status, body, **headers)
    return await JwtBearerEndpoint(http).exchange(org, Secret("aaa.bbb.ccc"))


async def failure_of(body, **how):
    """Return the failure, after making sure that it holds neither token nor assertion."""
    with pytest.raises(AttemptFailed) as caught:
        await exchange(body, **how)
    failure = caught.value.failure
    assert "canary" not in repr(failure)
    assert "aaa.bbb.ccc" not in repr(failure)
    assert failure.advice
    return failure


async def test_the_request_is_a_form_of_exactly_two_fields():
    """RFC 7523, 2.1; nothing that Salesforce has not asked for."""
    http = RecordedHttp(200, json.dumps(GOOD).encode())
    assertion = "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJ4In0.c2ln-_"

    await JwtBearerEndpoint(http).exchange(ORG, Secret(assertion))

    assert http.requests == [
        (
            "POST",
            "https://login.salesforce.com/services/oauth2/token",
            {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"},
            b"grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer&assertion="
            + assertion.encode(),
        )
    ]


async def test_success_becomes_credentials_that_do_not_show_the_token():
    """The ids come from the identity URL."""
    credentials = await exchange(GOOD)

    assert credentials == Credentials(
        Secret(TOKEN), "https://acme.my.salesforce.com", ORG_ID, USER_ID
    )
    assert credentials.access_token.reveal() == TOKEN
    assert "canary" not in f"{credentials} {credentials!r}"


async def test_a_login_belongs_to_one_username():
    """A server or a proxy that mixes answers up puts nobody's token under another's name."""
    endpoint = JwtBearerEndpoint(RecordedHttp(200, json.dumps(GOOD).encode()))
    other = make_org("ci@other.example.com")
    for _ in range(2):  # an org may log in again
        assert (await endpoint.exchange(ORG, Secret("a.b.c"))).user_id == USER_ID

    with pytest.raises(AttemptFailed) as caught:
        await endpoint.exchange(other, Secret("a.b.c"))

    failure = caught.value.failure
    assert (failure.code, failure.kind) == ("bad_answer", FailureKind.TRANSIENT)
    assert failure.description == (
        "login.salesforce.com answered with the login of ci@acme.example.com"
    )


def without(name):
    return {key: value for key, value in GOOD.items() if key != name}


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html><body>We are down for maintenance.</body></html>",
        json.dumps(GOOD).encode()[:-20],
        b"\x1f\x8b\x08\x00\x00",
        [GOOD],
        "text",
        None,
        17,
        {},
        without("access_token"),
        without("instance_url"),
        without("id"),
        {"error": "invalid_grant", "error_description": "with a 200"},
        GOOD | {"access_token": None},
        GOOD | {"access_token": ["canary"]},
        GOOD | {"access_token": ""},
        GOOD | {"access_token": "canary token"},
        GOOD | {"access_token": "canary\n"},
        GOOD | {"access_token": "canary\r\nX-Evil: 1"},
        GOOD | {"access_token": "canary\u00fc"},
        GOOD | {"access_token": "canary\u2028"},
        GOOD | {"instance_url": 5},
        GOOD | {"id": {}},
        GOOD | {"id": ""},
        GOOD | {"id": "https://login.salesforce.com/id/00D000000000001AAA"},
        GOOD | {"id": f"https://login.salesforce.com/id/{ORG_ID}/{USER_ID}/more"},
        GOOD | {"id": f"https://login.salesforce.com/id/{ORG_ID}/{USER_ID}\n"},
        GOOD | {"id": f"https://login.salesforce.com/id/{USER_ID}/{ORG_ID}"},
        GOOD | {"id": "https://login.salesforce.com/id/00D../../../../etc/005passwd"},
    ],
    ids=range(29),
)
async def test_a_malformed_answer_is_a_fault_of_the_server_that_may_pass(body):
    """A proxy's page, a broken line, a bug: tried again a few times, then told."""
    failure = await failure_of(body)

    assert (failure.code, failure.kind) == ("bad_answer", FailureKind.TRANSIENT)
    assert failure.cause is Cause.SERVER
    assert "login.salesforce.com" in failure.description


@pytest.mark.parametrize(
    ("instance_url", "origin"),
    [
        ("https://acme.my.salesforce.com", None),
        ("https://acme--uat.sandbox.my.salesforce.com", None),
        ("https://acme-dev-ed.scratch.my.salesforce.com", None),
        ("https://na1.salesforce.com", None),
        ("https://acme.my.force.com", None),
        ("https://acme.cloudforce.com", None),
        ("https://acme.my.salesforce.mil", None),
        ("https://acme.crmforce.mil", None),
        ("https://acme.my.sfcrmproducts.cn", None),
        ("https://ACME.My.Salesforce.COM", "https://acme.my.salesforce.com"),
        ("HTTPS://acme.my.salesforce.com", "https://acme.my.salesforce.com"),
        ("https://acme.my.salesforce.com/", "https://acme.my.salesforce.com"),
        ("https://acme.my.salesforce.com/a/b?c=d#e", "https://acme.my.salesforce.com"),
        ("https://acme.my.salesforce.com:443", "https://acme.my.salesforce.com"),
        ("https://acme.my.salesforce.com:", "https://acme.my.salesforce.com"),
        ("https://acme.my.salesforce.com:6101/x", "https://acme.my.salesforce.com:6101"),
        ("https://acme.my.sales\nforce.com", "https://acme.my.salesforce.com"),
    ],
)
async def test_salesforce_hosts_over_https_are_taken_as_origins(instance_url, origin):
    """Scheme, host, and a port where it says something; no path."""
    credentials = await exchange(GOOD | {"instance_url": instance_url})

    assert credentials.instance_url == (origin or instance_url)


@pytest.mark.parametrize("org", [ORG, HERE], ids=["real login", "local login"])
@pytest.mark.parametrize(
    "instance_url",
    [
        "",
        "acme.my.salesforce.com",
        "//acme.my.salesforce.com",
        "http://acme.my.salesforce.com",
        "ftp://acme.my.salesforce.com",
        "javascript:alert(1)//.salesforce.com",
        "https://evilsalesforce.com",
        "https://salesforce.com",
        "https://salesforce.com.evil.com",
        "https://x.salesforce.com.evil.com",
        "https://x.salesforce.com@evil.com",
        "https://x.salesforce.com:pw@evil.com",
        "https://evil@x.salesforce.com",
        "https://:pw@x.salesforce.com",
        "https://@x.salesforce.com",
        r"https://evil.com\.salesforce.com",
        r"https://evil.com\@x.salesforce.com",
        "https://evil.com/.salesforce.com",
        "https://evil.com?.salesforce.com",
        "https://evil.com#.salesforce.com",
        "https://evil.com%2f.salesforce.com",
        "https://evil.com%00.salesforce.com",
        "https://evil.com .salesforce.com",
        "https://evil.com\u3002salesforce.com",
        "https://evil.com\uff0f.salesforce.com",
        "https://evil\u2024salesforce.com",
        "https://x.sale\u017fforce.com",
        "https://x.salesforce.c\u043em",
        "https://\u0430.salesforce.com",
        "https://x.salesforce.com.",
        "https://.salesforce.com",
        "https://x..salesforce.com",
        "https://-x.salesforce.com",
        "https://x_y.salesforce.com",
        "https://*.salesforce.com",
        "https://[::2].salesforce.com",
        "https://[x.salesforce.com",
        "https://x.salesforce.com:99999",
        "https://x.salesforce.com:port",
        "https://10.0.0.1",
        "http://localhost.evil.com",
        "file://localhost/etc/passwd",
        "https:///x.salesforce.com",
    ],
)
async def test_a_token_is_never_to_be_sent_to_any_other_host(org, instance_url):
    """Not by look-alikes, not by what one program reads as one host and another as another."""
    failure = await failure_of(GOOD | {"instance_url": instance_url}, org=org)

    assert (failure.code, failure.kind) == ("untrusted_instance_url", FailureKind.PERMANENT)
    assert failure.cause is Cause.SERVER
    assert org.login_host in failure.description
    assert "thrown away" in failure.advice


async def test_what_an_untrusted_url_shows_is_harmless():
    """It is shown on one line, cut, and without escapes."""
    evil = "https://evil.com/\x1b[2J\u202e" + "x" * 5000

    description = (await failure_of(GOOD | {"instance_url": evil})).description

    assert "\\x1b[2J\\u202e" in description
    assert description.isprintable()
    assert len(description) < 400


@pytest.mark.parametrize(
    "instance_url",
    [
        "http://127.0.0.1:8080",
        "http://localhost:9999",
        "https://localhost",
        "http://[::1]:8080",
    ],
)
async def test_this_machine_is_trusted_only_where_the_login_url_is_on_it(instance_url):
    """For rehearsals; a real login host has no business to send a token here."""
    body = GOOD | {"instance_url": f"{instance_url}/path"}

    assert (await exchange(body, org=HERE)).instance_url == instance_url
    assert (await failure_of(body)).code == "untrusted_instance_url"


@pytest.mark.parametrize(
    ("status", "body", "kind", "code"),
    [
        (400, {"error": "invalid_client_id"}, FailureKind.PERMANENT, "invalid_client_id"),
        (400, {"error": "odd", "error_description": 5}, FailureKind.PERMANENT, "odd"),
        (400, {"error": {"code": 1}}, FailureKind.PERMANENT, "http_400"),
        (400, {"message": "no error"}, FailureKind.PERMANENT, "http_400"),
        (400, {}, FailureKind.PERMANENT, "http_400"),
        (400, ["error"], FailureKind.PERMANENT, "http_400"),
        (400, b"<html>", FailureKind.PERMANENT, "http_400"),
        (404, b"<html>", FailureKind.PERMANENT, "http_404"),
        (302, b"", FailureKind.PERMANENT, "http_302"),
        (201, GOOD, FailureKind.PERMANENT, "http_201"),
        (500, b"<html>", FailureKind.TRANSIENT, "http_500"),
        (503, b"<html>", FailureKind.TRANSIENT, "http_503"),
        (500, {"error": "unknown_error"}, FailureKind.TRANSIENT, "unknown_error"),
        (429, b"", FailureKind.THROTTLED, "http_429"),
    ],
)
async def test_a_refusal_is_classified_by_its_words_or_else_by_its_status(status, body, kind, code):
    """Whatever the body is."""
    failure = await failure_of(body, status=status)

    assert (failure.kind, failure.code) == (kind, code)


async def test_a_scratch_orgs_refusal_is_not_final():
    """The org's kind goes into the verdict."""
    body = {"error": "invalid_grant", "error_description": "user hasn't approved this consumer"}
    scratch = make_org(kind=OrgKind.SCRATCH)

    assert (await failure_of(body, status=400, org=scratch)).kind is FailureKind.NOT_APPROVED
    assert (await failure_of(body, status=400)).kind is FailureKind.PERMANENT


async def test_the_hosts_clock_and_wishes_are_passed_on():
    """``Date`` explains an expired assertion, ``Retry-After`` says how long to pause."""
    expired = {"error": "invalid_grant", "error_description": "expired authorization code"}
    date = "Tue, 15 Nov 1994 08:12:31 GMT"

    clock = await failure_of(expired, status=400, Date=date)
    busy = await failure_of(b"<html>", status=503, Retry_After="7")
    told = await failure_of({"error": "rate_limit_exceeded"}, status=400, Retry_After="8")

    assert (clock.cause, clock.server_time) == (Cause.CLOCK, 784887151.0)
    assert (busy.kind, busy.retry_after) == (FailureKind.THROTTLED, 7.0)
    assert (told.kind, told.retry_after) == (FailureKind.THROTTLED, 8.0)


async def test_a_failure_of_the_network_passes_through():
    """It is classified already."""
    failure = await failure_of(b"", status=500)

    class Broken:
        async def request(self, *_, **__):
            raise AttemptFailed(failure)

    with pytest.raises(AttemptFailed) as caught:
        await JwtBearerEndpoint(Broken()).exchange(ORG, Secret("aaa.bbb.ccc"))

    assert caught.value.failure is failure
