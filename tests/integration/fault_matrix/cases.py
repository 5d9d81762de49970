"""The faults, each with the phase that it breaks, and what orgauth is to make of it: data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from orgauth.simulator import faults
from orgauth.simulator.doors import (
    breaks,
    drips,
    full_port,
    reads_slowly,
    refusing_port,
    says,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from orgauth.simulator import Fault
    from orgauth.simulator.doors import Trouble

__all__ = [
    "AUTHORIZED",
    "CALLS",
    "CASES",
    "PHASES",
    "Behind",
    "Bent",
    "Case",
    "Elsewhere",
    "Name",
    "Port",
    "Spot",
]

PHASES = ("connect", "TLS", "request", "headers", "body")
CALLS = ("token", "REST")
AUTHORIZED = "authorized"


@dataclass(frozen=True)
class Elsewhere:
    """Where a token must never arrive: another site, and the same one without TLS."""

    https: str
    http: str


@dataclass(frozen=True)
class Name:
    """The host's name has trouble; ``how`` is ``unknown``, ``silent`` or ``back``."""

    how: str


@dataclass(frozen=True)
class Port:
    """The host's port has trouble."""

    open: Callable[[], AbstractContextManager[int]]


@dataclass(frozen=True)
class Behind:
    """A door has trouble: in the handshake, or where ``shows`` names its certificate, after it."""

    trouble: Trouble
    shows: str | None = None
    """``good``, ``expired``, ``self-signed``, ``unknown``, ``other name``; None: no TLS."""


@dataclass(frozen=True)
class Bent:
    """The answer has trouble, from a host that others use at the same time."""

    fault: Callable[[Elsewhere], Fault]
    host: str = ""
    """Where that is; empty for the host that everybody uses."""


Spot: TypeAlias = Name | Port | Behind | Bent


@dataclass(frozen=True)
class Case:
    """One fault."""

    phase: str
    fault: str
    spot: Spot
    code: str
    """The failure's code where the token call has the fault; ``authorized`` where it does no
    harm."""
    kind: str = "transient"
    call_code: str | None = None
    """Likewise where the REST call has it, if that differs."""
    of_tokens_only: bool = False
    """There is no such REST call."""

    @property
    def calls(self) -> tuple[str, ...]:
        """The calls that can have it."""
        return CALLS[:1] if self.of_tokens_only else CALLS

    def expected(self, call: str) -> str:
        """Return the code for ``token`` or ``REST``."""
        return self.code if call == "token" or self.call_code is None else self.call_code

    @property
    def may_pass(self) -> bool:
        """Whether the fault can be had for the first attempt only."""
        has_times = isinstance(self.spot, Bent) or (
            isinstance(self.spot, Behind) and self.spot.shows in (None, "good")
        )
        return has_times and self.kind == "transient" and self.code != AUTHORIZED


def _bent(fault: Fault) -> Bent:
    return Bent(lambda _elsewhere: fault)


def _talkative(fault: Fault) -> Bent:
    return Bent(lambda _elsewhere: fault, "talkative.my.salesforce.com")


def _head(*lines: str) -> bytes:
    return "\r\n".join(("HTTP/1.1 200 OK", *lines, "", "")).encode()


_PERMANENT = "permanent"
_PAUSE = 0.05  # a byte; at this pace no answer is whole within the time limit
_TOKEN = "00D000000000001!AQ.not.a.token"
_JSON = "Content-Type: application/json"

_CONNECT = (
    Case("connect", "name unknown (DNS)", Name("unknown"), "dns"),
    Case("connect", "name server silent", Name("silent"), "timeout"),
    Case("connect", "name server fails once, then is back", Name("back"), AUTHORIZED),
    Case("connect", "refused", Port(refusing_port), "connection_refused"),
    Case("connect", "silent", Port(full_port), "timeout"),
)

_TLS = (
    Case("TLS", "closed", Behind(breaks("close")), "no_connection"),
    Case("TLS", "reset", Behind(breaks("reset")), "no_connection"),
    Case("TLS", "silent", Behind(breaks("hang")), "timeout"),
    Case("TLS", "slow drip", Behind(drips(_PAUSE)), "timeout"),
    Case("TLS", "noise without end", Behind(says(b"\0" * 4096, endless=True)), "tls", _PERMANENT),
    Case(
        "TLS",
        "plain HTTP instead",
        Behind(says(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")),
        "tls",
        _PERMANENT,
    ),
    Case("TLS", "certificate expired", Behind(breaks("close"), "expired"), "tls", _PERMANENT),
    Case(
        "TLS", "certificate self-signed", Behind(breaks("close"), "self-signed"), "tls", _PERMANENT
    ),
    Case(
        "TLS",
        "certificate of nobody we know",
        Behind(breaks("close"), "unknown"),
        "tls",
        _PERMANENT,
    ),
    Case(
        "TLS",
        "certificate for another name",
        Behind(breaks("close"), "other name"),
        "tls",
        _PERMANENT,
    ),
)

_REQUEST = (
    Case("request", "closed", Behind(breaks("close"), "good"), "disconnected"),
    Case("request", "reset", Behind(breaks("reset"), "good"), "connection_lost"),
    Case("request", "silent", Behind(breaks("hang"), "good"), "timeout"),
    Case("request", "read a byte at a time", Behind(reads_slowly(_PAUSE), "good"), "timeout"),
    Case(
        "request",
        "`100 Continue` without end",
        _bent(faults.continue_for_ever(0.01)),
        "timeout",
    ),
)

_HEADERS = (
    Case("headers", "closed", _bent(faults.cut_head()), "disconnected"),
    Case("headers", "reset", _bent(faults.cut_head("reset")), "connection_lost"),
    Case("headers", "silent", _bent(faults.cut_head("hang")), "timeout"),
    Case("headers", "slow drip", _bent(faults.slow_head(_PAUSE)), "timeout"),
    Case("headers", "headers without end", _bent(faults.endless_headers()), "bad_http"),
    Case("headers", "one header without end", _bent(faults.endless_header()), "bad_http"),
    Case("headers", "no HTTP", _bent(faults.raw("SSH", b"SSH-2.0-OpenSSH_9.6\r\n")), "bad_http"),
    Case(
        "headers",
        "a negative length",
        _bent(faults.raw("negative length", _head("Content-Length: -1"))),
        "bad_http",
    ),
    Case(
        "headers",
        "two lengths that differ",
        _bent(faults.raw("two lengths", _head("Content-Length: 2", "Content-Length: 3") + b"{}!")),
        "bad_http",
    ),
)

_BODY_ON_THE_WIRE = (
    Case("body", "closed (its length too long)", _bent(faults.cut_short()), "half_answer"),
    Case("body", "reset", _bent(faults.cut_short("reset")), "half_answer"),
    Case("body", "silent", _bent(faults.cut_short("hang")), "timeout"),
    Case("body", "slow drip", _bent(faults.slow_drip(_PAUSE)), "timeout"),
    Case("body", "without end", _bent(faults.endless_body()), "answer_too_large"),
    Case("body", "chunks without end", _bent(faults.endless_chunks()), "answer_too_large"),
    Case("body", "50 MB", _bent(faults.huge(50)), "answer_too_large"),
    Case("body", "its length too short", _bent(faults.short_length()), "bad_http"),
    # At a host of its own: what it says too much may cost whoever comes next an attempt.
    Case("body", "a second answer behind it", _talkative(faults.twice(0.01)), AUTHORIZED),
    Case(
        "body",
        "a chunk that is none",
        _bent(faults.raw("bad chunk", _head(_JSON, "Transfer-Encoding: chunked") + b"zz\r\nabc")),
        "bad_http",
    ),
    Case("body", "broken gzip", _bent(faults.broken_gzip()), "bad_answer"),
    Case("body", "gzip bomb (50 MB)", _bent(faults.gzip_bomb(50)), "bad_answer"),
)

_BODY_AS_TEXT = (
    Case("body", "empty", _bent(faults.body(b"")), "bad_answer"),
    Case("body", "HTML, 200", _bent(faults.html()), "bad_answer"),
    Case("body", "HTML, 503", _bent(faults.html(503)), "http_503"),
    Case("body", "HTML, 404", _bent(faults.html(404)), "http_404", _PERMANENT),
    Case("body", "half JSON", _bent(faults.half_json()), "bad_answer"),
    Case("body", "JSON of another shape", _bent(faults.wrong_shape([1])), "bad_answer"),
    Case(
        "body",
        "JSON of other types",
        _bent(
            faults.wrong_shape(
                {"access_token": [_TOKEN], "instance_url": {}, "id": 7, "results": 8}
            )
        ),
        "bad_answer",
    ),
    Case("body", "JSON 100,000 deep", _bent(faults.deep_json()), "bad_answer"),
    Case(
        "body",
        "a number of a million digits",
        _bent(faults.body(b'{"access_token":%s}' % (b"1" * 1_000_000))),
        "bad_answer",
    ),
    Case("body", "not UTF-8", _bent(faults.body(b'{"access_token":"\xff\xfe"}')), "bad_answer"),
    Case(
        "body",
        "the error is no text",
        _bent(faults.body(b'{"error":{}}', 400)),
        "http_400",
        _PERMANENT,
    ),
)

_AWAY = (
    Case(
        "body",
        "redirect to another site",
        Bent(lambda elsewhere: faults.redirect(elsewhere.https + "/services", 307)),
        "http_307",
        _PERMANENT,
    ),
    Case(
        "body",
        "redirect to http",
        Bent(lambda elsewhere: faults.redirect(elsewhere.http + "/services", 302)),
        "http_302",
        _PERMANENT,
    ),
    Case(
        "body",
        "redirect to itself",
        _bent(faults.redirect("/services/oauth2/token", 308)),
        "http_308",
        _PERMANENT,
    ),
    Case(
        "body",
        "`instance_url` of another site",
        Bent(lambda elsewhere: faults.wrong_instance_url(elsewhere.https)),
        "untrusted_instance_url",
        _PERMANENT,
        of_tokens_only=True,
    ),
    Case(
        "body",
        "`instance_url` without TLS",
        Bent(lambda elsewhere: faults.wrong_instance_url(elsewhere.http)),
        "untrusted_instance_url",
        _PERMANENT,
        of_tokens_only=True,
    ),
    Case(
        "body",
        "a token that would break a header",
        _bent(faults.changed(access_token=_TOKEN + "\r\nX-Evil: 1")),
        "bad_answer",
        of_tokens_only=True,
    ),
)

CASES = (*_CONNECT, *_TLS, *_REQUEST, *_HEADERS, *_BODY_ON_THE_WIRE, *_BODY_AS_TEXT, *_AWAY)
