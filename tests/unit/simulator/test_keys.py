from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from orgauth.simulator.keys import public_key
from orgauth.simulator.rehearsal import prepare


def test_every_form_of_one_key(tmp_path):
    """A certificate, its PEM, a key and its PEM all give the same key."""
    rehearsal = prepare(tmp_path)
    pem = rehearsal.certificate_file.read_bytes()
    (key,) = next(iter(rehearsal.world.apps.values())).keys
    key_pem = key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    assert public_key(pem) == public_key(key) == public_key(key_pem) == key


def test_other_kinds_of_key():
    """The flow is RS256, so a key of another kind is refused when the app is made."""
    key = ec.generate_private_key(ec.SECP256R1()).public_key()
    with pytest.raises(ValueError, match="RSA"):
        public_key(key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
