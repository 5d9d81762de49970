"""Who made a file, and whether he is gone: for certain, or not at all."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from orgauth.stores import maker as maker_module
from orgauth.stores.maker import is_gone, maker, sign, signer_is_gone

TELL = "from orgauth.stores.maker import maker; print(maker())"


@pytest.fixture
def other() -> str:
    """The name of a process that has ended."""
    told = subprocess.run([sys.executable, "-c", TELL], capture_output=True, text=True, check=True)
    return told.stdout.strip()


@pytest.fixture
def not_linux(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(maker_module, "_BOOT", Path("/nowhere"))
    maker_module._here.cache_clear()
    yield
    maker_module._here.cache_clear()


def test_a_process_that_runs_is_not_gone() -> None:
    assert not is_gone(maker())
    assert not is_gone(maker().replace(str(os.getpid()), "1"))  # not ours to signal, but alive


def test_a_process_that_has_ended_is_gone(other: str) -> None:
    assert is_gone(other)


def test_of_another_machine_or_container_nothing_is_known(other: str) -> None:
    elsewhere = "0" * 12 + other[12:]
    assert not is_gone(elsewhere)


@pytest.mark.usefixtures("not_linux")
def test_where_the_machine_is_not_known_nothing_is(other: str) -> None:
    assert not is_gone(maker())
    assert not is_gone(other)


@pytest.mark.parametrize(
    "name", ["", "12345", "x-12345", "{here}-", "{here}-0", "{here}--1", "{here}-99999999999999"]
)
def test_what_is_no_name_names_nobody(name: str) -> None:
    assert not is_gone(name.format(here=maker().partition("-")[0]))


def test_a_folder_tells_who_signed_it(tmp_path: Path, other: str) -> None:
    descriptor = os.open(tmp_path, os.O_RDONLY)
    try:
        assert not signer_is_gone(descriptor)
        sign(descriptor)
        assert not signer_is_gone(descriptor)
        if hasattr(os, "setxattr"):
            os.setxattr(descriptor, "user.orgauth.maker", other.encode())
            assert signer_is_gone(descriptor)
            os.setxattr(descriptor, "user.orgauth.maker", b"\xff")
            assert not signer_is_gone(descriptor)
    finally:
        os.close(descriptor)


def test_where_folders_cannot_be_signed_nobody_is_gone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not on Linux, that is."""
    monkeypatch.delattr(os, "setxattr")
    monkeypatch.delattr(os, "getxattr")
    descriptor = os.open(tmp_path, os.O_RDONLY)
    try:
        sign(descriptor)
        assert not signer_is_gone(descriptor)
    finally:
        os.close(descriptor)
