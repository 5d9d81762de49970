"""Everything that can go wrong, by name: ``org.answers(faults.half_json(), times=1)``."""

from __future__ import annotations

from orgauth.simulator import errors
from orgauth.simulator.fault import Fault
from orgauth.simulator.head_faults import (
    continue_for_ever,
    cut_head,
    endless_header,
    endless_headers,
    raw,
    slow_head,
)
from orgauth.simulator.reply_faults import (
    body,
    broken_gzip,
    call_refusal,
    changed,
    deep_json,
    gzip_bomb,
    gzipped,
    half_json,
    html,
    redirect,
    refusal,
    status,
    too_many_requests,
    unavailable,
    wrong_instance_url,
    wrong_shape,
)
from orgauth.simulator.wire_faults import (
    closed,
    cut_short,
    endless_body,
    endless_chunks,
    hang,
    huge,
    reset,
    short_length,
    slow_drip,
    twice,
)

__all__ = [
    "Fault",
    "body",
    "broken_gzip",
    "call_refusal",
    "changed",
    "closed",
    "continue_for_ever",
    "cut_head",
    "cut_short",
    "deep_json",
    "endless_body",
    "endless_chunks",
    "endless_header",
    "endless_headers",
    "gzip_bomb",
    "gzipped",
    "half_json",
    "hang",
    "html",
    "huge",
    "of_all_sorts",
    "passing",
    "raw",
    "redirect",
    "refusal",
    "reset",
    "short_length",
    "slow_drip",
    "slow_head",
    "status",
    "too_many_requests",
    "twice",
    "unavailable",
    "wrong_instance_url",
    "wrong_shape",
]


def passing(on: str = "any") -> tuple[Fault, ...]:
    """Return faults that a patient client survives: they are gone when it asks again.

    ``on`` is the kind of request; the token endpoint has one of its own, in its own form.
    """
    of_the_token_endpoint = (refusal(errors.UNKNOWN_ERROR),) if on == "token" else ()
    return (
        *of_the_token_endpoint,
        status(500),
        status(502),
        too_many_requests(retry_after=1),
        unavailable(retry_after=1),
        html(503),
        half_json(),
        cut_short(),
        broken_gzip(),
        closed(),
        reset(),
        slow_drip(pause=0.001),
    )


def of_all_sorts(on: str = "any") -> tuple[Fault, ...]:
    """Return ``passing`` faults, and those that end a login, hang, flood or mislead a client.

    ``on`` is the kind of request; the token endpoint and the REST API have some of their own.
    """
    own: tuple[Fault, ...] = ()
    if on == "token":
        refusals = (refusal(error) for error in errors.TABLE.values())
        own = (*refusals, wrong_instance_url(), changed(id=None), changed(instance_url=7))
    elif on == "rest":
        own = (call_refusal(),)
    return (
        *passing(on),
        *own,
        *(hang(), cut_head("hang"), cut_short("hang"), slow_head(), slow_drip()),
        *(cut_head(), cut_head("reset"), cut_short("reset"), short_length(), twice(0.001)),
        *(endless_headers(), endless_header(), endless_body(), endless_chunks(), huge(5)),
        *(continue_for_ever(0.01), raw("no HTTP", b"SSH-2.0-OpenSSH_9.6\r\n")),
        *(html(), wrong_shape(), deep_json(), gzip_bomb(5), body(b"")),
        *(redirect("https://elsewhere.example.com/"), status(404), status(501)),
    )
