from __future__ import annotations

import errno

import pytest

from orgauth.stores.os_errors import store_error


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (errno.EROFS, "the file system is read-only"),
        (errno.EACCES, "no permission"),
        (errno.ENOSPC, "no space is left on the disk"),
        (errno.EDQUOT, "quota"),
        (errno.EISDIR, "it is a folder"),
    ],
)
def test_a_refusal_is_told_in_plain_words_with_path_and_advice(number: int, words: str) -> None:
    error = store_error(OSError(number, "E"), "/a/b", "write")
    assert str(error).startswith("cannot write /a/b: ")
    assert words in str(error)
    assert str(error.path) == "/a/b"
    assert error.advice


def test_an_unknown_refusal_keeps_the_systems_words() -> None:
    assert str(store_error(OSError(errno.EIO, "Input/output error"), "/a", "read")) == (
        "cannot read /a: Input/output error"
    )
    assert str(store_error(OSError(), "/a", "read")) == "cannot read /a: OSError"


def test_a_path_cannot_move_the_cursor() -> None:
    assert "\x1b" not in str(store_error(OSError(errno.EIO, "E"), "/a\x1b[2J", "read"))
