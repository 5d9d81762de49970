"""What is a usable private key, and what the message says of everything else."""

import base64
import random
from functools import cache

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_der_public_key,
)

from orgauth.errors import KeySourceError
from orgauth.keys.pem import load_signer
from support import pem_of, private_key


@cache
def pem_lines():
    return pem_of(private_key()).decode().splitlines()


def der_integer(number):
    content = number.to_bytes(number.bit_length() // 8 + 1, "big")
    return b"\x02" + der_length(len(content)) + content


def der_length(length):
    if length < 128:
        return bytes([length])
    content = length.to_bytes((length.bit_length() + 7) // 8, "big")
    return bytes([0x80 | len(content)]) + content


def prime(bits, rng):
    """Return a number that is almost surely prime; one that goes with the exponent 65537."""
    while True:
        number = rng.getrandbits(bits) | 3 << bits - 2 | 1
        if number % 65537 != 1 and all(pow(base, number - 1, number) == 1 for base in (2, 3, 5)):
            return number


def tiny_key_pem(bits):
    """Return a key too small for libraries to make, as PKCS#1 (RFC 8017, A.1.2)."""
    rng = random.Random(bits)
    p, q = prime(bits // 2, rng), prime(bits // 2, rng)
    d = pow(65537, -1, (p - 1) * (q - 1))
    fields = (0, p * q, 65537, d, p, q, d % (p - 1), d % (q - 1), pow(q, -1, p))
    content = b"".join(der_integer(number) for number in fields)
    der = b"\x30" + der_length(len(content)) + content
    body = base64.encodebytes(der)
    return b"-----BEGIN RSA PRIVATE KEY-----\n" + body + b"-----END RSA PRIVATE KEY-----\n"


def refusal_of(pem, passphrase=None):
    """Return what is said about a key, after making sure that none of it is quoted."""
    with pytest.raises(KeySourceError) as caught:
        load_signer(pem, where="server.key", passphrase=passphrase)
    told = f"{caught.value} {caught.value.advice}"
    assert "server.key" in told
    assert not any(line.decode("latin-1") in told for line in pem.splitlines() if len(line) > 40)
    assert caught.value.advice
    return str(caught.value)


def verifies(signer, message=b"header.claims"):
    """Return whether PyJWT takes the signature as RS256 of this very signer."""
    public = load_der_public_key(signer.public_key_der())
    algorithm = jwt.get_algorithm_by_name("RS256")
    return algorithm.verify(message, public, signer.sign(message))


@pytest.mark.parametrize("bits", [2048, 3072, 4096])
def test_rsa_keys_sign_what_others_verify(bits):
    """The signature is RS256, and the public key is that of the private one."""
    signer = load_signer(pem_of(private_key(bits)), where="server.key", passphrase=None)

    assert verifies(signer)
    assert signer.public_key_der() == private_key(bits).public_key().public_bytes(
        Encoding.DER, PublicFormat.SubjectPublicKeyInfo
    )


@pytest.mark.parametrize(
    "form", [PrivateFormat.PKCS8, PrivateFormat.TraditionalOpenSSL], ids=["pkcs8", "pkcs1"]
)
@pytest.mark.parametrize("passphrase", [None, b"s3cret"], ids=["plain", "encrypted"])
def test_both_forms_of_pem_load(form, passphrase):
    """OpenSSL 3 writes PKCS#8, older ones PKCS#1; either may be encrypted."""
    encryption = BestAvailableEncryption(passphrase) if passphrase else NoEncryption()
    pem = private_key().private_bytes(Encoding.PEM, form, encryption)

    assert verifies(load_signer(pem, where="server.key", passphrase=passphrase))


def test_a_passphrase_that_is_not_needed_is_no_reason_to_refuse():
    """It is inherited, for other orgs' keys."""
    assert verifies(load_signer(pem_of(private_key()), where="server.key", passphrase=b"other"))


def test_windows_line_ends_and_a_byte_order_mark_do_no_harm():
    """Keys travel through editors."""
    pem = b"\xef\xbb\xbf" + pem_of(private_key()).replace(b"\n", b"\r\n")

    assert verifies(load_signer(pem, where="server.key", passphrase=None))


def test_1024_bits_are_refused():
    """Salesforce takes 2048 to 4096 bits; the message names both."""
    message = refusal_of(pem_of(private_key(1024)))

    assert "has 1024 bits" in message
    assert "2048 to 4096" in message


def test_more_than_the_most_is_refused(monkeypatch):
    """A larger key takes seconds to make, so the limit comes down to a small one instead."""
    monkeypatch.setattr("orgauth.keys.pem.MAX_BITS", 3071)

    assert "has 3072 bits" in refusal_of(pem_of(private_key(3072)))


def test_a_512_bit_key_is_refused_by_its_size():
    """However small, the message says what is wrong with it."""
    assert "has 512 bits" in refusal_of(tiny_key_pem(512))


@pytest.mark.parametrize(
    ("key", "kind"),
    [
        (ec.generate_private_key(ec.SECP256R1()), "an elliptic-curve key"),
        (ed25519.Ed25519PrivateKey.generate(), "no RSA key (Ed25519PrivateKey)"),
    ],
    ids=["ec", "ed25519"],
)
def test_other_kinds_of_keys_are_refused_by_name(key, kind):
    """Salesforce takes RSA only."""
    assert kind in refusal_of(pem_of(key))


def test_a_key_of_an_unknown_kind_is_refused():
    """A key that the library has no word for is still one that we have words for."""
    # An object identifier that nobody has registered, where the algorithm's name belongs.
    der = bytes.fromhex("3015020100300b06092a864886f70d0101630403040100")
    pem = (
        b"-----BEGIN PRIVATE KEY-----\n" + base64.encodebytes(der) + b"-----END PRIVATE KEY-----\n"
    )

    assert "server.key" in refusal_of(pem)


def test_an_encrypted_key_without_passphrase_says_which_setting_is_missing():
    """The advice names the manifest's key."""
    with pytest.raises(KeySourceError, match="is encrypted, and no passphrase") as caught:
        load_signer(pem_of(private_key(), b"s3cret"), where="server.key", passphrase=None)

    assert "jwt_key_passphrase_env" in caught.value.advice


def test_a_wrong_passphrase_is_said_to_be_wrong():
    """And is not quoted."""
    message = refusal_of(pem_of(private_key(), b"s3cret"), passphrase=b"hunter2")

    assert "the passphrase is wrong" in message
    assert "hunter2" not in message


def test_a_damaged_key_is_not_blamed_on_a_passphrase_that_nobody_gave():
    """A line is missing from the middle."""
    pem = "\n".join(pem_lines()[:5] + pem_lines()[6:]).encode()

    message = refusal_of(pem)

    assert "damaged" in message
    assert "passphrase" not in message


def certificate_pem():
    return b"-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"


@pytest.mark.parametrize(
    ("pem", "what"),
    [
        (b"", "is empty"),
        (b" \n\t\n", "is empty"),
        (certificate_pem(), "is a certificate, not a private key"),
        (b"-----BEGIN PUBLIC KEY-----\nMIIB\n-----END PUBLIC KEY-----", "is a public key"),
        (b"-----BEGIN RSA PUBLIC KEY-----\nMIIB\n-----END RSA PUBLIC KEY-----", "is a public key"),
        (b"ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABAQ me@here", "is a public key"),
        (b"hello", "is no PEM private key"),
        (bytes(range(256)) * 4, "is no PEM private key"),
        (b"-----BEGIN CERTIFICATE REQUEST-----\nMIIB", "is no PEM private key"),
        (b"-----BEGIN PRIVATE KEY-----", "damaged"),
        (b"-----BEGIN PRIVATE KEY-----\n\xff\xfe\n-----END PRIVATE KEY-----", "damaged"),
    ],
)
def test_what_is_no_private_key_is_called_what_it_is(pem, what):
    """The most common mistake is to name the other file of the pair."""
    assert what in refusal_of(pem)


def test_a_key_in_openssh_form_comes_with_the_command_that_converts_it():
    """ssh-keygen writes such keys; they are RSA keys all the same."""
    pem = private_key().private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption())

    with pytest.raises(KeySourceError, match="OpenSSH's own form") as caught:
        load_signer(pem, where="server.key", passphrase=None)

    assert "ssh-keygen" in caught.value.advice


@pytest.mark.parametrize("order", ["key first", "certificate first"])
def test_a_bundle_of_key_and_certificate_is_a_key(order):
    """Many tools keep both in one file."""
    parts = [pem_of(private_key()), certificate_pem()]
    bundle = b"".join(parts if order == "key first" else reversed(parts))

    assert verifies(load_signer(bundle, where="server.pem", passphrase=None))
