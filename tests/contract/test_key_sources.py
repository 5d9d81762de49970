"""What every key source promises, whatever it reads from."""

import traceback
from dataclasses import dataclass
from functools import partial

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_der_public_key,
)

from orgauth.errors import KeySourceError
from orgauth.keys.environment import EnvironmentKeySource
from orgauth.keys.file import FileKeySource
from orgauth.models import KeyRef
from support import pem_of, private_key


@dataclass(frozen=True)
class Rig:
    """One source: how to put a key where it looks, and where it would look in vain."""

    make: object
    """environ → the source."""
    put: object
    """bytes → the location."""
    nowhere: str
    kind: str

    def load(self, content, *, passphrase=None):
        environ = {}
        location = self.put(environ, content)
        if passphrase is not None:
            environ["KEY_PASS"] = passphrase
        named = None if passphrase is None else "KEY_PASS"
        return self.make(environ).load(KeyRef(self.kind, location, named))


def _put_file(folder, environ, content):
    del environ
    path = folder / "server.key"
    path.write_bytes(content)
    return str(path)


def _put_variable(environ, content):
    environ["SF_JWT_KEY"] = content.decode(errors="surrogateescape")
    return "SF_JWT_KEY"


@pytest.fixture(params=["file", "env"])
def rig(request, tmp_path):
    rigs = {
        "file": Rig(FileKeySource, partial(_put_file, tmp_path), str(tmp_path / "no"), "file"),
        "env": Rig(EnvironmentKeySource, _put_variable, "SF_NO_SUCH_KEY", "env"),
    }
    return rigs[request.param]


def test_it_signs_what_pyjwt_verifies_with_the_public_key(rig):
    """RS256, by the key that was put there."""
    signer = rig.load(pem_of(private_key()))

    public = load_der_public_key(signer.public_key_der())
    algorithm = jwt.get_algorithm_by_name("RS256")

    assert algorithm.verify(b"header.claims", public, signer.sign(b"header.claims"))
    assert not algorithm.verify(b"header.other", public, signer.sign(b"header.claims"))
    assert public == private_key().public_key()


def test_it_opens_an_encrypted_key_with_the_variables_passphrase(rig):
    """The passphrase is named by its variable."""
    signer = rig.load(pem_of(private_key(), b"s3cret"), passphrase="s3cret")

    assert signer.public_key_der() == private_key().public_key().public_bytes(
        Encoding.DER, PublicFormat.SubjectPublicKeyInfo
    )


def test_it_names_the_place_where_nothing_is(rig):
    """A person must find it again."""
    with pytest.raises(KeySourceError, match=rig.nowhere):
        rig.make({}).load(KeyRef(rig.kind, rig.nowhere))

    assert rig.make({}).warnings(KeyRef(rig.kind, rig.nowhere)) == []


def _public_pem(key):
    return key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"canary" * 20,
        bytes(range(1, 256)),
        pem_of(private_key(1024)),
        pem_of(private_key())[:-300],
        pem_of(private_key(), b"s3cret"),
        pem_of(ec.generate_private_key(ec.SECP256R1())),
        _public_pem(private_key()),
    ],
    ids=["empty", "text", "binary", "1024 bits", "half", "encrypted", "elliptic curve", "public"],
)
def test_it_refuses_what_is_no_usable_key_without_quoting_it(rig, content):
    """Neither the message, nor the advice, nor a whole traceback holds a line of it."""
    with pytest.raises(KeySourceError) as caught:
        rig.load(content)

    told = "".join(traceback.format_exception(caught.value)) + caught.value.advice
    assert caught.value.advice
    for line in content.decode("latin-1").splitlines():
        assert "-----" in line or len(line) < 20 or line not in told


def test_it_refuses_a_wrong_passphrase_without_quoting_it(rig):
    """A near miss is a secret, too."""
    near = f"s3cret-{'canary'}"  # so the traceback's source lines do not hold it
    with pytest.raises(KeySourceError, match="passphrase is wrong") as caught:
        rig.load(pem_of(private_key(), b"s3cret"), passphrase=near)

    assert near not in "".join(traceback.format_exception(caught.value))


def test_it_refuses_where_the_passphrase_is_named_but_not_set(rig):
    """Rather than say that the key is encrypted."""
    with pytest.raises(KeySourceError, match="KEY_PASS"):
        rig.load(pem_of(private_key(), b"s3cret"), passphrase="")
