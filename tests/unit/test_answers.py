"""What is read off an answer, whatever the server put there."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from multidict import CIMultiDict

from orgauth.answers import breaks_its_word, json_of, retry_after_seconds, server_time
from orgauth.ports import HttpAnswer

DATE = "Tue, 15 Nov 1994 08:12:31 GMT"
SECONDS = 784887151.0


def answer(body=b"", **headers):
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return HttpAnswer(200, CIMultiDict(named), body)


@pytest.mark.parametrize(
    ("body", "value"),
    [
        (b'{"a": [1, null]}', {"a": [1, None]}),
        ('{"a": "ü"}'.encode(), {"a": "ü"}),
        (b"[]", []),
        (b"", None),
        (b"<html>maintenance</html>", None),
        (b'{"access_token": "00D', None),
        (b"\xff\xfe\xfd", None),
        (b"{" * 100_000, None),
        (b"[" * 100_000, None),
        (b"[" * 100_000 + b"]" * 100_000, None),
        (b'{"a":' * 50_000 + b"1" + b"}" * 50_000, None),
        (b"1" * 5_000, None),
    ],
    ids=range(12),
)
def test_a_body_is_json_or_nothing(body, value):
    """Neither HTML, nor half a document, nor a hundred thousand brackets raise anything."""
    assert json_of(answer(body)) == value


@pytest.mark.parametrize(
    ("status", "kind", "body", "breaks"),
    [
        (200, "application/json;charset=UTF-8", b"{}", False),
        (200, "application/JSON", b'{"half', True),
        (400, "application/json", b"", True),
        (503, "text/html", b"<html>", False),
        (503, "", b"", False),
        (307, "application/json", b"", False),
    ],
)
def test_an_answer_that_calls_itself_json_keeps_its_word_or_does_not(status, kind, body, breaks):
    """A redirect needs no body to be understood."""
    headers = CIMultiDict({"Content-Type": kind} if kind else {})
    assert breaks_its_word(HttpAnswer(status, headers, body)) is breaks


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"Retry_After": "120"}, 120.0),
        ({"retry_after": " 7 "}, 7.0),
        ({"Retry_After": "0"}, 0.0),
        ({"Retry_After": "Tue, 15 Nov 1994 08:14:31 GMT", "Date": DATE}, 120.0),
        ({"Retry_After": "Tue, 15 Nov 1994 08:00:00 GMT", "Date": DATE}, 0.0),
        ({"Retry_After": "Tue, 15 Nov 1994 08:14:31 GMT"}, None),
        ({"Retry_After": "Tue, 15 Nov 1994 08:14:31 GMT", "Date": "yesterday"}, None),
        ({"Retry_After": "soon", "Date": DATE}, None),
        ({"Retry_After": "-5", "Date": DATE}, None),
        ({"Retry_After": "1.5", "Date": DATE}, None),
        ({"Retry_After": "１２", "Date": DATE}, None),
        ({"Retry_After": "²"}, None),
        ({"Retry_After": ""}, None),
    ],
    ids=range(14),
)
def test_retry_after_is_seconds_or_a_date_by_the_hosts_own_clock(headers, seconds):
    """Ours may be wrong; what is neither seconds nor a date is ignored."""
    assert retry_after_seconds(answer(**headers)) == seconds


def test_an_endless_number_of_seconds_stays_a_number():
    """A thousand nines would overflow; 31 years are long enough."""
    assert retry_after_seconds(answer(Retry_After="9" * 1000)) == 999_999_999.0


@pytest.mark.parametrize(
    "date",
    [
        DATE,
        "Tuesday, 15-Nov-94 08:12:31 GMT",
        "Tue Nov 15 08:12:31 1994",
        "Tue, 15 Nov 1994 08:12:31",
        "Tue, 15 Nov 1994 08:12:31 -0000",
        "Tue, 15 Nov 1994 09:12:31 +0100",
    ],
)
def test_the_hosts_clock_is_read_as_gmt_wherever_we_are(date, monkeypatch):
    """HTTP's three forms of dates (RFC 9110, 5.6.7), of which one names no zone."""
    monkeypatch.setenv("TZ", "Pacific/Kiritimati")
    time.tzset()
    try:
        assert server_time(answer(Date=date)) == SECONDS
    finally:
        monkeypatch.undo()
        time.tzset()


@pytest.mark.parametrize("date", [None, "", "now", "32 Foo 9999999 25:61:61", "0"])
def test_a_date_that_is_none_is_ignored(date):
    """Without it, clocks are just not compared."""
    assert server_time(answer() if date is None else answer(Date=date)) is None


@given(
    body=st.binary(max_size=60),
    retry_after=st.text(max_size=40) | st.from_regex(r"[A-Z][a-z]{2}, \d+ \w+ \d+ [\d:]+ \w*"),
    date=st.text(max_size=40),
)
def test_nothing_that_a_server_writes_raises(body, retry_after, date):
    """Answers come from anywhere."""
    strange = answer(body, Retry_After=retry_after, Date=date)

    json_of(strange)
    assert (retry_after_seconds(strange) or 0.0) >= 0.0
    server_time(strange)
