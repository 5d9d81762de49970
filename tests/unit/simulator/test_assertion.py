from __future__ import annotations

import base64
import json

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from hypothesis import given
from hypothesis import strategies as st

from orgauth.simulator.assertion import MalformedAssertionError, parse

CLAIMS = {"iss": "app", "sub": "me@example.com", "aud": "x", "exp": 1}


def encoded(value: object) -> str:
    raw = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def token(header: object = None, claims: object = CLAIMS, signature: str = "AAAA") -> str:
    return f"{encoded(header or {'alg': 'RS256'})}.{encoded(claims)}.{signature}"


def test_reads_what_pyjwt_writes(key):
    """An assertion made by PyJWT gives its claims, and its signature holds."""
    assertion = parse(jwt.encode(CLAIMS, key, "RS256"))
    assert (assertion.client_id, assertion.username) == ("app", "me@example.com")
    assert assertion.expires == 1
    assert assertion.signed_by([key.public_key()])


def test_expiry_as_text():
    """Digits as text are what simple-salesforce sends."""
    assert parse(token(claims={**CLAIMS, "exp": "1790000000"})).expires == 1_790_000_000


def test_signature_of_another_key(key):
    """A key that did not sign is no reason to accept; a second one that did is."""
    assertion = parse(jwt.encode(CLAIMS, key, "RS256"))
    other = rsa.generate_private_key(65537, 2048).public_key()
    assert not assertion.signed_by([other])
    assert not assertion.signed_by([])
    assert assertion.signed_by([other, key.public_key()])


def test_changed_claims_break_the_signature(key):
    """What was signed is what counts, to the last byte."""
    parts = jwt.encode(CLAIMS, key, "RS256").split(".")
    parts[1] = encoded({**CLAIMS, "sub": "other@example.com"})
    assert not parse(".".join(parts)).signed_by([key.public_key()])


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a.b",
        "a.b.c.d",
        token(signature="!!!!"),
        token(signature="A"),
        token(header=b"no json"),
        token(header=[1]),
        token(claims=[1]),
        token(header={"alg": "none"}),
        token(header={"alg": "HS256"}),
        token(header={"typ": "JWT"}),
        token(header={"alg": "RS256", "crit": ["exp"]}),
        token(claims={**CLAIMS, "iss": None}),
        token(claims={**CLAIMS, "sub": 7}),
        token(claims={**CLAIMS, "exp": "soon"}),
        token(claims={**CLAIMS, "exp": "1" * 16}),
        token(claims={**CLAIMS, "exp": "-1"}),
        token(claims={**CLAIMS, "exp": True}),
        token(claims=b"[" * 100_000),
        token(header=b"\xff\xfe"),
    ],
)
def test_malformed(text):
    """Whatever is no RS256 JWT with the flow's claims is malformed, and nothing else."""
    with pytest.raises(MalformedAssertionError):
        parse(text)


@given(st.text())
def test_any_text(text):
    """No text does more harm than being malformed."""
    with pytest.raises(MalformedAssertionError):
        parse(text)
