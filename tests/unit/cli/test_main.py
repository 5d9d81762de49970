"""The program itself: help, version, wrong usage, and how it ends."""

import subprocess
import sys

import pytest

from orgauth import __version__
from orgauth.cli import main


def run(*args, **options):
    return subprocess.run(
        [sys.executable, "-m", "orgauth", *args],
        capture_output=True,
        text=True,
        check=False,
        **options,
    )


def test_help_names_every_command():
    """And how to begin."""
    result = run("--help")

    assert result.returncode == 0
    for word in ("login", "plan", "simulate", "demo", "orgauth demo"):
        assert word in result.stdout


def test_version():
    """For bug reports."""
    assert run("--version").stdout == f"orgauth, version {__version__}\n"


def test_help_feels_instant_because_it_loads_nothing_heavy():
    """The modules that only some commands need are imported by those commands."""
    code = (
        "import sys; from orgauth.cli.main import cli; cli(['--help'], standalone_mode=False);"
        "print(sorted(sys.modules), file=sys.stderr)"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)  # noqa: PLW1510 - looked at below

    assert result.returncode == 0
    loaded = set(eval(result.stderr))  # noqa: S307 - what the line above printed
    heavy = {"aiohttp", "jwt", "cryptography", "pydantic", "rich", "tenacity", "yaml", "asyncio"}
    assert loaded & heavy == set()


def test_wrong_usage_is_status_2():
    """As every Unix program says it."""
    result = run("login", "--concurrency", "0")

    assert result.returncode == 2
    assert "concurrency" in result.stderr


def test_the_name_of_a_file_cannot_lead_the_terminal_through_wrong_usage():
    """`orgauth plan *` in somebody else's folder."""
    result = run("plan", "a.yaml", "b\x1b[2J\n::error::c.yaml")

    assert result.returncode == 2
    assert "unexpected extra argument (b\\x1b[2J\\n\\x3a:error::c.yaml)" in result.stderr
    assert "--help" in result.stderr


@pytest.mark.parametrize("ends_with", [KeyboardInterrupt, main.click.Abort])
def test_an_interrupt_outside_a_run_is_130(monkeypatch, ends_with):
    """Ctrl-C while a manifest is read is no traceback."""

    def interrupted(**_):
        raise ends_with

    monkeypatch.setattr(main, "cli", interrupted)
    with pytest.raises(SystemExit) as caught:
        main.run()
    assert caught.value.code == 130
