"""Keys in variables: the shapes in which CI systems hand secrets out."""

import base64

import pytest

from orgauth.errors import KeySourceError
from orgauth.keys.environment import EnvironmentKeySource
from orgauth.models import KeyRef
from support import pem_of, private_key

PEM = pem_of(private_key()).decode()
REF = KeyRef("env", "SF_JWT_KEY")


def load(value):
    return EnvironmentKeySource({"SF_JWT_KEY": value}).load(REF)


@pytest.mark.parametrize(
    "value",
    [
        PEM,
        PEM.strip(),
        f"\n  {PEM}\n",
        PEM.replace("\n", "\r\n"),
        PEM.strip().replace("\n", "\\n"),
        PEM.replace("\n", "\\n"),
        PEM.replace("\n", "\\n") + "\n",
        PEM.replace("\n", "\\r\\n"),
        base64.b64encode(PEM.encode()).decode(),
        base64.encodebytes(PEM.encode()).decode(),
        base64.b64encode(PEM.encode()).decode() + "\n",
    ],
    ids=[
        "pem",
        "without last line end",
        "with space around",
        "windows",
        "one line",
        "one line, escaped to the end",
        "one line and a line end",
        "one line, windows",
        "base64",
        "wrapped base64",
        "base64 and a line end",
    ],
)
def test_a_key_is_found_in_every_shape(value):
    """PEM, PEM on one line, base64 of PEM."""
    assert load(value).public_key_der() == load(PEM).public_key_der()


@pytest.mark.parametrize("environ", [{}, {"SF_JWT_KEY": ""}, {"SF_JWT_KEY": " \n"}])
def test_an_unset_or_empty_variable_is_named(environ):
    """With the command that sets it."""
    with pytest.raises(KeySourceError, match="SF_JWT_KEY with the private key is not set") as e:
        EnvironmentKeySource(environ).load(REF)

    assert "export SF_JWT_KEY" in e.value.advice


@pytest.mark.parametrize(
    ("value", "what"),
    [
        ("hunter2", "is no PEM private key"),
        ("aHVudGVyMg==", "is no PEM private key"),
        ("schlüssel", "is no PEM private key"),
        ("/etc/server.key", "is no PEM private key"),
        ("\udcff\udcfe\udc80", "is no PEM private key"),
        ("-----BEGIN PRIVATE KEY-----\udcff\n-----END PRIVATE KEY-----", "damaged"),
        (base64.b64encode(b"-----BEGIN PUBLIC KEY-----").decode(), "is a public key"),
    ],
)
def test_what_is_no_key_is_named_by_its_variable_and_not_quoted(value, what):
    """A variable may hold any bytes, which Python reads as surrogates."""
    with pytest.raises(KeySourceError, match=what) as caught:
        load(value)

    assert "$SF_JWT_KEY" in str(caught.value)
    assert value not in str(caught.value)


def test_nothing_is_unwise_about_a_variable():
    """It has no permissions to get wrong."""
    assert EnvironmentKeySource({}).warnings(REF) == []
