"""Passphrases: named by variable, and told about by the variable's name only."""

import pytest

from orgauth.errors import KeySourceError
from orgauth.keys.passphrase import passphrase_of
from orgauth.models import KeyRef

REF = KeyRef("file", "/keys/server.key", "KEY_PASS")


def test_a_key_without_a_named_variable_has_no_passphrase():
    """Whatever else is set."""
    assert passphrase_of(KeyRef("file", "/keys/server.key"), {"KEY_PASS": "x"}) is None


@pytest.mark.parametrize(
    ("value", "passphrase"),
    [
        ("s3cret", b"s3cret"),
        (" s3cret ", b" s3cret "),
        ("schlüssel", "schlüssel".encode()),
        ("\udcff", b"\xff"),
    ],
)
def test_the_passphrase_is_the_variables_bytes(value, passphrase):
    """Unchanged, also where they are no UTF-8."""
    assert passphrase_of(REF, {"KEY_PASS": value}) == passphrase


@pytest.mark.parametrize("environ", [{}, {"KEY_PASS": ""}])
def test_an_unset_variable_is_named_together_with_its_key(environ):
    """So that a person knows what to set, and what for."""
    with pytest.raises(
        KeySourceError, match=r"variable KEY_PASS with the passphrase of /keys/server\.key"
    ) as caught:
        passphrase_of(REF, environ)

    assert "jwt_key_passphrase_env" in caught.value.advice
