"""The log: every line is text, whoever wrote it."""

import logging
import subprocess
import sys

import pytest

from orgauth.cli.logs import HarmlessFormatter


def fail(message):
    raise ValueError(message)


def test_what_an_exception_quotes_cannot_lead_the_terminal():
    """A mistake of ours may quote what a server said, and its traceback has many lines."""
    with pytest.raises(ValueError, match="gone") as caught:
        fail("\x1b[2Jgone\n::error::x\n##vso[task.complete]")
    problem = (caught.type, caught.value, caught.tb)
    record = logging.LogRecord("orgauth", logging.ERROR, "f", 1, "%s", ("\x9b2J",), problem)

    shown = HarmlessFormatter("%(message)s").format(record)

    assert shown.splitlines()[:2] == ["\\x9b2J", "Traceback (most recent call last):"]
    assert shown.splitlines()[-3:] == [
        "ValueError: \\x1b[2Jgone",
        "\\x3a:error\\x3a:x",
        "\\x23#vso[task.complete]",
    ]


def test_mistakes_are_logged_without_being_asked_for_and_other_libraries_say_little():
    """At -vv, too: what aiohttp or asyncio log may hold what was sent."""
    code = (
        "import logging, sys; from orgauth.cli.logs import configure_logging;"
        "configure_logging(int(sys.argv[1]));"
        "[(logging.getLogger(n).debug('%s debug', n), logging.getLogger(n).info('%s info', n),"
        "  logging.getLogger(n).error('%s error', n)) for n in ('orgauth.x', 'aiohttp', 'asyncio')]"
    )

    def log(verbose):
        done = subprocess.run(
            [sys.executable, "-c", code, str(verbose)], capture_output=True, text=True, check=True
        )
        return [line.partition(": ")[2] for line in done.stderr.splitlines()]

    errors = ["orgauth.x error", "aiohttp error", "asyncio error"]
    assert log(0) == errors
    assert log(1) == ["orgauth.x info", *errors]
    assert log(2) == ["orgauth.x debug", "orgauth.x info", *errors]
