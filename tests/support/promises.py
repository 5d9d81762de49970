"""What is promised of whatever comes in: for property tests, and for the fuzzers in tests/fuzz."""

from __future__ import annotations

import json
import math
import random
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from multidict import CIMultiDict

from orgauth.errors import AttemptFailed, ManifestError
from orgauth.manifest import parse_manifest
from orgauth.models import (
    Authorized,
    Credentials,
    Failure,
    FailureKind,
    OrgFacts,
    OrgKind,
    Secret,
)
from orgauth.ports import HttpAnswer
from orgauth.probe import RestProbe
from orgauth.retry import Patience
from orgauth.settings import RetryPolicies
from orgauth.stores.salesforce_cli.auth_file import own_fields
from orgauth.stores.salesforce_cli.crypto import Cipher
from orgauth.stores.salesforce_cli.json_file import encode_json
from orgauth.text import printable
from orgauth.token_endpoint import JwtBearerEndpoint
from support import make_org

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from orgauth.errors import Position
    from orgauth.models import Org

ENVIRON = {"K": "k", "HOME": "/home/jane"}
HUB = make_org("hub@acme.example.com", kind=OrgKind.DEV_HUB)
ASKED = (HUB, make_org(), make_org(kind=OrgKind.SANDBOX), make_org(kind=OrgKind.SCRATCH))
CREDENTIALS = Credentials(Secret("00D!t"), "https://acme.my.salesforce.com", "00D" + "1" * 15, "")
NEXT_ANSWER = b"\n%%\n"
"""Between the answers of one input. Each is written as HTTP writes it: status line, headers, an
empty line, the body."""
MOST_CALLS = 60

_CIPHER = Cipher("0123456789abcdef0123456789abcdef")
_SALESFORCE = re.compile(
    r"https://([a-z0-9-]+\.)+"
    r"(salesforce\.com|(cloud)?force\.com|salesforce\.mil|crmforce\.mil|sfcrmproducts\.cn)(:\d+)?"
)


def keep_for_manifest(data: bytes, environ: Mapping[str, str] = ENVIRON) -> tuple[Org, ...]:
    """Check that any bytes give a manifest, or problems that stand inside the file."""
    try:
        manifest = parse_manifest(data, path=Path("o.yaml"), environ=environ)
    except ManifestError as error:
        refused = error
    else:
        refused = None
    if refused is not None:
        assert refused.problems, "refused without a reason"
        assert refused.advice
        for problem in refused.problems:
            assert printable(problem.message, limit=10_000) == problem.message
            _is_inside(problem.position, data)
        return ()
    usernames = [org.username.lower() for org in manifest.orgs]
    assert usernames
    assert len(set(usernames)) == len(usernames)
    for org in manifest.orgs:
        url = urlsplit(org.login_url)
        assert url.scheme == "https" or url.hostname in ("localhost", "::1") or _is_loopback(url)
        assert "/" not in org.name
        assert org.name.isprintable()
        assert org.client_id
        assert org.key in manifest.key_positions
    for position in manifest.key_positions.values():
        _is_inside(position, data)
    assert all(printable(warning, limit=10_000) == warning for warning in manifest.warnings)
    assert 1 <= manifest.settings.concurrency <= 1000
    assert 0 < manifest.settings.timeout_seconds <= 86_400
    return manifest.orgs


def keep_for_token_answer(data: bytes) -> Credentials | Failure:
    """Check that any answer of a token endpoint gives good credentials, or a good failure."""
    given = {keep_for_one_answer(org, data) is not None for org in ASKED}
    assert len(given) == 1, "whether an answer is a token does not depend on the org"
    return _exchange(HUB, data)


def keep_for_one_answer(org: Org, data: bytes) -> Credentials | None:
    """Check what one org makes of an answer; return its credentials, if it got any."""
    got = _exchange(org, data)
    if isinstance(got, Failure):
        assert is_fit_to_show(got), got
        assert is_waited_for(got)
        return None
    assert re.fullmatch("[!-~]+", got.access_token.reveal())
    assert _SALESFORCE.fullmatch(got.instance_url), got.instance_url
    assert re.fullmatch("00D[A-Za-z0-9]{15}", got.org_id)
    assert re.fullmatch("005[A-Za-z0-9]{15}", got.user_id)
    return got


def keep_for_rest_answers(data: bytes) -> None:
    """Check that any answers to the calls after the token give facts, or a good failure."""
    for org in ASKED:
        http = Answers(data)
        facts = _done(RestProbe(http).inspect(org, CREDENTIALS))
        assert all(url.startswith("https://acme.my.salesforce.com/") for url in http.asked)
        assert len(http.asked) <= MOST_CALLS
        if isinstance(facts, Failure):
            assert is_fit_to_show(facts), facts
            assert is_waited_for(facts)
            continue
        assert isinstance(facts, OrgFacts)
        assert not (facts.is_sandbox and facts.is_scratch)
        authorized = Authorized(org, CREDENTIALS, facts, 1, 0.0)
        stored = own_fields(authorized, cipher=_CIPHER, key_file=None, now=1e9)
        assert json.loads(encode_json(stored, in_lines=True)) == stored


def is_fit_to_show(failure: object) -> bool:
    """Whether a failure is one line without escapes, of bounded length, with some advice."""
    if not isinstance(failure, Failure):
        return False
    shown = (failure.code, failure.description, failure.advice)
    return (
        all(text and "\n" not in text and len(text) <= 500 for text in shown[:2])
        and bool(failure.advice)
        and all(text.isprintable() or not text.isascii() for text in shown)
        and not any(character in "".join(shown) for character in "\x1b\r\u202e\u2028\ud800")
    )


def is_waited_for(failure: Failure) -> bool:
    """Whether the wait after a failure is one that can be slept, or none."""

    class _State:
        class outcome:  # noqa: N801 - tenacity's name
            exception = staticmethod(lambda: AttemptFailed(failure))

    patience = Patience(RetryPolicies(), clock=lambda: 0.0, rng=random.Random(1))
    wait = patience.wait(_State())  # type: ignore[arg-type] # all that is asked of a state
    is_none = wait == math.inf
    return is_none if failure.kind is FailureKind.PERMANENT else is_none or 0 <= wait <= 900


class Answers:
    """An ``HttpClient`` that gives the answers in turn, and the last one from then on."""

    def __init__(self, data: bytes) -> None:
        self._answers = [_answer(part) for part in data.split(NEXT_ANSWER)]
        self.asked: list[str] = []

    async def request(
        self, method: str, url: str, *, headers: Mapping[str, str], body: bytes | None = None
    ) -> HttpAnswer:
        del method, headers, body
        self.asked.append(url)
        return self._answers[min(len(self.asked), len(self._answers)) - 1]


def _answer(part: bytes) -> HttpAnswer:
    head, _, body = part.partition(b"\n\n")
    # As aiohttp gives them: what is no UTF-8 comes as surrogates.
    first, *lines = head.decode("utf-8", "surrogateescape").split("\n")
    digits = re.search("[1-9][0-9]{2}", first, re.ASCII)
    pairs: Sequence[tuple[str, Any]] = [
        (name, value.strip())
        for name, colon, value in (line.partition(":") for line in lines)
        if colon and not set(value) & set("\r\0")
    ]
    return HttpAnswer(int(digits[0]) if digits else 200, CIMultiDict(pairs), body)


def _exchange(org: Org, data: bytes) -> Credentials | Failure:
    return _done(JwtBearerEndpoint(Answers(data)).exchange(org, Secret("a.b.c")))


def _done(coroutine: Any) -> Any:
    """Run what never waits, without the cost of an event loop."""
    try:
        coroutine.send(None)
    except StopIteration as end:
        return end.value
    except AttemptFailed as error:
        return error.failure
    raise AssertionError("it waits for something that is not there")


def _is_inside(position: Position, data: bytes) -> None:
    text = data.decode("utf-8-sig", "replace").replace("\r\n", "\n").replace("\r", "\n")
    lines = text.removesuffix("\n").split("\n")
    assert 1 <= position.line <= len(lines)
    assert 1 <= position.column <= len(lines[position.line - 1]) + 1


def _is_loopback(url: Any) -> bool:
    return re.fullmatch(r"127\.\d+\.\d+\.\d+", url.hostname or "") is not None
