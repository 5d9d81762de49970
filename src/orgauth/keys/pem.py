"""A private key in PEM form → a signer, or a message that says what it is instead."""

from __future__ import annotations

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

from orgauth.errors import KeySourceError

__all__ = ["MAX_BITS", "MIN_BITS", "RsaSigner", "load_signer"]

MIN_BITS, MAX_BITS = 2048, 4096

_ADVICE = (
    "Make a key with `openssl genrsa -out server.key 2048`; "
    "the README shows how to make the certificate that goes with it"
)


_ANOTHER_THING = (
    "Give the private key that the app's certificate was made from: PEM text, "
    "or in a variable also its base64"
)


class RsaSigner:
    """A private RSA key in this process's memory."""

    def __init__(self, key: RSAPrivateKey) -> None:
        self._key = key

    def sign(self, message: bytes) -> bytes:
        """Return the RS256 signature: RSASSA-PKCS1-v1_5 with SHA-256 (RFC 7518, section 3.3)."""
        return self._key.sign(message, PKCS1v15(), SHA256())

    def private_key_pem(self) -> bytes:
        """Return the key itself, PKCS#8 without a passphrase, for who was told to keep it."""
        return self._key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())

    def public_key_der(self) -> bytes:
        """Return the public key (SubjectPublicKeyInfo), to compare with a certificate's."""
        return self._key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def load_signer(pem: bytes, *, where: str, passphrase: bytes | None) -> RsaSigner:
    """Parse a key: about 40 ms for RSA-2048, whose primes are checked, so do it once a run.

    Args:
        pem: PKCS#1 or PKCS#8, encrypted or not.
        where: what messages call its place; the content is never quoted.
        passphrase: for an encrypted key.

    Raises:
        KeySourceError: it is no RSA private key of 2048 to 4096 bits that opens.
    """
    _refuse_what_is_no_private_key(pem, where)
    try:
        key = load_pem_private_key(pem, password=passphrase)
    except TypeError as error:
        if passphrase is None:
            raise KeySourceError(
                f"the private key {where} is encrypted, and no passphrase is given",
                advice="Name the variable that holds it: jwt_key_passphrase_env",
            ) from error
        # A passphrase for a key that needs none: another org's, inherited. No reason to refuse.
        return load_signer(pem, where=where, passphrase=None)
    except ValueError as error:
        raise KeySourceError(
            f"the private key {where} does not open: "
            + ("the passphrase is wrong, or " if passphrase is not None else "")
            + "it is damaged",
            advice="Check it with `openssl pkey -noout -in FILE`",
        ) from error
    except UnsupportedAlgorithm as error:
        raise KeySourceError(
            f"the private key {where} is of a kind that is not supported; an RSA key is needed",
            advice=_ADVICE,
        ) from error
    if not isinstance(key, RSAPrivateKey):
        raise KeySourceError(
            f"the private key {where} is {_kind_of(key)}; Salesforce takes RSA keys only",
            advice=_ADVICE,
        )
    if not MIN_BITS <= key.key_size <= MAX_BITS:
        raise KeySourceError(
            f"the private key {where} has {key.key_size} bits; "
            f"Salesforce takes {MIN_BITS} to {MAX_BITS}",
            advice=_ADVICE,
        )
    return RsaSigner(key)


def _kind_of(key: object) -> str:
    if isinstance(key, EllipticCurvePrivateKey):
        return "an elliptic-curve key"
    return f"no RSA key ({type(key).__name__})"


def _refuse_what_is_no_private_key(pem: bytes, where: str) -> None:
    if b"-----BEGIN OPENSSH PRIVATE KEY-----" in pem:
        raise KeySourceError(
            f"the private key {where} is in OpenSSH's own form",
            advice="Turn a copy of it into PEM with `ssh-keygen -p -N '' -m PEM -f COPY`",
        )
    if b"PRIVATE KEY-----" in pem:
        return
    if b"-----BEGIN CERTIFICATE-----" in pem:
        what = "is a certificate, not a private key; the app gets the certificate, orgauth the key"
    elif b"PUBLIC KEY-----" in pem or pem.lstrip().startswith(b"ssh-rsa "):
        what = "is a public key, not a private key"
    elif not pem.strip():
        what = "is empty"
    else:
        what = "is no PEM private key (-----BEGIN PRIVATE KEY-----)"
    raise KeySourceError(f"{where} {what}", advice=_ANOTHER_THING)
