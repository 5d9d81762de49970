"""What can be read off any HTTP answer: JSON, ``Retry-After``, ``Date``."""

from __future__ import annotations

import json
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from orgauth.ports import HttpAnswer

__all__ = ["breaks_its_word", "json_of", "retry_after_seconds", "server_time"]

_REDIRECTS = range(300, 400)


def json_of(answer: HttpAnswer) -> Any:
    """Return the body's JSON value, or None where it is no JSON (HTML, half a document)."""
    try:
        return json.loads(answer.body)
    except (ValueError, RecursionError):
        return None


def breaks_its_word(answer: HttpAnswer) -> bool:
    """Return whether an answer calls itself JSON and is none: half of one, or one that broke.

    A redirect has said all with its status.
    """
    if answer.status in _REDIRECTS:
        return False
    return "json" in answer.headers.get("Content-Type", "").casefold() and json_of(answer) is None


def retry_after_seconds(answer: HttpAnswer) -> float | None:
    """Return ``Retry-After`` in seconds (RFC 9110, 10.2.3: seconds or a date), or None."""
    value = answer.headers.get("Retry-After", "").strip()
    if value.isascii() and value.isdigit():
        return float(value[:9])
    until, now = _date(value), server_time(answer)
    if until is None or now is None:
        return None
    return max(0.0, until - now)


def server_time(answer: HttpAnswer) -> float | None:
    """Return the answer's ``Date`` in seconds since 1970, or None."""
    return _date(answer.headers.get("Date", ""))


def _date(value: str) -> float | None:
    try:
        moment = parsedate_to_datetime(value)
        # HTTP's dates are GMT, also where they do not say so (RFC 9110, 5.6.7).
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    except (ValueError, TypeError, OverflowError):
        return None
