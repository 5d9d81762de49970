"""Connected apps and the public keys their certificates carry."""

from __future__ import annotations

from dataclasses import dataclass

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import load_pem_public_key

__all__ = ["ConnectedApp", "KeyMaterial", "public_key"]

KeyMaterial = rsa.RSAPublicKey | x509.Certificate | bytes
"""A public key, a certificate, or the PEM text of either."""


@dataclass(frozen=True, slots=True)
class ConnectedApp:
    """A connected app (or External Client App): its consumer key and its certificates' keys."""

    client_id: str
    keys: tuple[rsa.RSAPublicKey, ...]
    scope: str = "web api"


def public_key(material: KeyMaterial) -> rsa.RSAPublicKey:
    """Return the RSA public key in ``material``, loaded once so that checking is cheap.

    Raises:
        ValueError: neither a certificate nor a public key, or not an RSA one.
    """
    if isinstance(material, bytes):
        is_certificate = b"-----BEGIN CERTIFICATE-----" in material
        load = x509.load_pem_x509_certificate if is_certificate else load_pem_public_key
        key = load(material)
    else:
        key = material
    if isinstance(key, x509.Certificate):
        key = key.public_key()
    if not isinstance(key, rsa.RSAPublicKey):
        raise ValueError("a connected app for the JWT bearer flow needs an RSA key")  # noqa: TRY004 - the bytes' contents are wrong, not their type
    return key
