"""The key ring: each key once a run."""

import pytest

from orgauth.errors import KeySourceError
from orgauth.keys import KeyRing
from orgauth.models import KeyRef
from support import pem_of, private_key


def test_a_key_is_parsed_once_however_many_orgs_share_it(tmp_path):
    """The second time the file may even be gone."""
    path = tmp_path / "server.key"
    path.write_bytes(pem_of(private_key()))
    ring = KeyRing({})
    first = ring.signer(KeyRef("file", str(path)))
    path.unlink()

    assert ring.signer(KeyRef("file", str(path))) is first


def test_other_references_are_other_keys(tmp_path):
    """One file, one variable, each its own."""
    path = tmp_path / "server.key"
    path.write_bytes(pem_of(private_key()))
    ring = KeyRing({"SF_KEY": pem_of(private_key(2048, 1)).decode()})

    ours, others = (ring.signer(KeyRef("file", str(path))), ring.signer(KeyRef("env", "SF_KEY")))

    assert ours.public_key_der() != others.public_key_der()


def test_a_key_that_did_not_load_may_load_later(tmp_path):
    """A failure is not kept."""
    path = tmp_path / "server.key"
    ring = KeyRing({})
    with pytest.raises(KeySourceError):
        ring.signer(KeyRef("file", str(path)))
    path.write_bytes(pem_of(private_key()))

    assert ring.signer(KeyRef("file", str(path))).sign(b"message")


def test_warnings_are_those_of_the_source(tmp_path):
    """A file has a mode, a variable has none."""
    path = tmp_path / "server.key"
    path.touch()
    path.chmod(0o644)
    ring = KeyRing({})

    assert len(ring.warnings(KeyRef("file", str(path)))) == 1
    assert ring.warnings(KeyRef("env", "SF_KEY")) == []
