"""What every certificate the simulator makes has in common."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.x509.oid import NameOID

if TYPE_CHECKING:
    import datetime as dt
    from pathlib import Path

    from cryptography.hazmat.primitives.asymmetric import ec, rsa

__all__ = ["builder_for", "named", "write_private"]


def named(common_name: str) -> x509.Name:
    """Return a name of a common name only."""
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def builder_for(
    subject: x509.Name,
    issuer: x509.Name,
    key: ec.EllipticCurvePublicKey | rsa.RSAPublicKey,
    since: dt.datetime,
    until: dt.datetime,
) -> x509.CertificateBuilder:
    """Return a certificate without extensions but the subject's key identifier, unsigned."""
    return x509.CertificateBuilder(
        subject_name=subject,
        issuer_name=issuer,
        public_key=key,
        serial_number=x509.random_serial_number(),
        not_valid_before=since,
        not_valid_after=until,
    ).add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)


def write_private(path: Path, content: bytes) -> None:
    """Write a file that only its owner can read from its first byte on."""
    path.unlink(missing_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
