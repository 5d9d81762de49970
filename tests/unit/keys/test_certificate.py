"""The certificate beside a key: does it belong, is it valid, will the app take it?"""

import datetime as dt
import os
from functools import cache

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from orgauth.keys.certificate import MAX_CERTIFICATE_BYTES, check_certificate
from orgauth.keys.pem import load_signer
from support import pem_of, private_key

NOW = dt.datetime(2026, 6, 1, tzinfo=dt.UTC)


@cache
def signer():
    return load_signer(pem_of(private_key()), where="server.key", passphrase=None)


@cache
def certificate_of(key=None, since=NOW - dt.timedelta(days=1), until=NOW + dt.timedelta(days=365)):
    """Return a self-signed certificate as PEM."""
    key = key or private_key()
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "orgauth test")])
    builder = x509.CertificateBuilder(name, name, key.public_key(), 1, since, until)
    return builder.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM)


@pytest.fixture
def key_file(tmp_path):
    path = tmp_path / "server.key"
    path.write_bytes(pem_of(private_key()))
    return path


def check(key_file):
    return check_certificate(key_file, signer(), now=NOW.timestamp())


@pytest.mark.parametrize(
    ("key_name", "certificate_name"),
    [
        ("server.key", "server.crt"),
        ("server.key", "server.cer"),
        ("server.key", "server.cert"),
        ("server.key", "server.pem"),
        ("server.key", "server.cert.pem"),
        ("server.key", "server.crt.pem"),
        ("server.pem", "server.crt"),
        ("server.key.pem", "server.crt"),
        ("server.key.pem", "server.crt.pem"),
        ("server", "server.crt"),
        ("jdoe.v2.key", "jdoe.v2.crt"),
    ],
)
def test_the_certificate_is_found_however_its_suffix_is_written(
    tmp_path, key_name, certificate_name
):
    """It shares the key's name."""
    (tmp_path / certificate_name).write_bytes(certificate_of())
    (tmp_path / key_name).write_bytes(pem_of(private_key()))

    found = check(tmp_path / key_name)

    assert found.path == tmp_path / certificate_name
    assert found.matches
    assert found.expires == NOW + dt.timedelta(days=365)
    assert found.warnings == ()


def test_a_key_without_certificate_is_not_checked(key_file):
    """orgauth itself needs none."""
    key_file.with_suffix(".txt").write_bytes(certificate_of())

    assert check(key_file) is None


def test_a_file_of_the_right_name_that_is_no_certificate_is_passed_over(key_file):
    """The next suffix may be the one."""
    key_file.with_suffix(".pem").write_bytes(pem_of(private_key()))
    key_file.with_suffix(".crt").mkdir()
    key_file.with_suffix(".crt.pem").write_bytes(certificate_of())

    assert check(key_file).path == key_file.with_suffix(".crt.pem")


def test_a_pipe_of_the_right_name_is_passed_over(key_file):
    """Looking into it would wait for its writer."""
    os.mkfifo(key_file.with_suffix(".crt"))

    assert check(key_file) is None


@pytest.mark.parametrize(
    "other",
    [private_key(2048, 1), ec.generate_private_key(ec.SECP256R1())],
    ids=["another rsa key's", "an elliptic-curve key's"],
)
def test_a_certificate_of_another_key_does_not_match(key_file, other):
    """This is the "invalid assertion" of tomorrow evening."""
    key_file.with_suffix(".crt").write_bytes(certificate_of(other))

    assert not check(key_file).matches


def test_a_chain_matches_by_any_of_its_certificates(key_file):
    """Some tools put the issuer first."""
    issuer = certificate_of(private_key(2048, 1), NOW - dt.timedelta(days=9))
    key_file.with_suffix(".crt").write_bytes(issuer + certificate_of())

    found = check(key_file)

    assert found.matches
    assert found.expires == NOW + dt.timedelta(days=365)


@pytest.mark.parametrize("certificate_first", [True, False])
def test_the_keys_own_file_may_hold_its_certificate(tmp_path, certificate_first):
    """A bundle is checked like a pair; being larger than a certificate is no fault of it."""
    path = tmp_path / "server.pem"
    parts = [certificate_of(), pem_of(private_key()), b"# a comment\n" * 400]
    path.write_bytes(b"".join(parts if certificate_first else parts[::-1]))

    found = check(path)

    assert (found.path, found.matches, found.warnings) == (path, True, ())


def test_an_expired_certificate_is_warned_about_with_its_day(key_file):
    """The app refuses it, in words that say something else."""
    yesterday = NOW - dt.timedelta(days=1)
    pem = certificate_of(None, NOW - dt.timedelta(days=30), yesterday)
    key_file.with_suffix(".crt").write_bytes(pem)

    found = check(key_file)

    assert found.matches
    assert found.expires == yesterday
    [warning] = found.warnings
    assert "expired on 2026-05-31" in warning
    assert str(found.path) in warning


def test_a_certificate_of_the_future_is_warned_about_with_its_day(key_file):
    """A machine's clock was wrong when it was made."""
    tomorrow = NOW + dt.timedelta(days=1)
    pem = certificate_of(None, tomorrow, NOW + dt.timedelta(days=30))
    key_file.with_suffix(".crt").write_bytes(pem)

    [warning] = check(key_file).warnings

    assert "valid only from 2026-06-02" in warning


@pytest.mark.parametrize(("extra", "warns"), [(0, False), (1, True)])
def test_a_certificate_over_4_kb_is_warned_about(key_file, extra, warns):
    """An app takes 4 KB and not a byte more."""
    pem = certificate_of()
    filler = b"#" * (MAX_CERTIFICATE_BYTES - len(pem) - 1 + extra) + b"\n"
    key_file.with_suffix(".crt").write_bytes(filler + pem)

    found = check(key_file)

    assert found.matches
    assert any("over 4 KB" in warning for warning in found.warnings) is warns


def test_a_damaged_certificate_is_warned_about_and_blamed_for_nothing_else(key_file):
    """Nobody can tell whether it matches, so nobody says that it does not."""
    damaged = b"-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"
    key_file.with_suffix(".crt").write_bytes(damaged)

    found = check(key_file)

    assert (found.matches, found.expires) == (True, None)
    assert "is damaged" in found.warnings[0]


def test_a_certificate_whose_key_is_of_no_known_kind_is_damaged(key_file):
    """An error of the library is no error of the program."""
    der = x509.load_pem_x509_certificate(certificate_of()).public_bytes(Encoding.DER)
    rsa_encryption = bytes.fromhex("06092a864886f70d010101")
    nonsense = bytes.fromhex("06092a864886f70d01016f")
    certificate = x509.load_der_x509_certificate(der.replace(rsa_encryption, nonsense))
    key_file.with_suffix(".crt").write_bytes(certificate.public_bytes(Encoding.PEM))

    assert "is damaged" in check(key_file).warnings[0]


def test_an_unreadable_certificate_is_warned_about_with_the_systems_reason(tmp_path):
    """A name too long is refused to root as well; the key's name just fits."""
    longest = "x" * (os.pathconf(tmp_path, "PC_NAME_MAX") - len(".key"))
    key_file = tmp_path / f"{longest}.key"
    key_file.write_bytes(pem_of(private_key()))

    found = check(key_file)

    assert (found.matches, found.expires) == (True, None)
    assert "cannot be read: File name too long" in found.warnings[0]
