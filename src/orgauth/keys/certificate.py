"""The certificate that lies beside a key file: does it belong to the key, and is it still valid?

orgauth needs no certificate; the app in the org does. But the two usually lie side by side, and a
mismatch found here saves an evening of "invalid assertion".
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509 import load_pem_x509_certificate

if TYPE_CHECKING:
    from pathlib import Path

    from cryptography.x509 import Certificate

    from orgauth.ports import Signer

__all__ = ["MAX_CERTIFICATE_BYTES", "CertificateCheck", "check_certificate"]

MAX_CERTIFICATE_BYTES = 4096
"""What a connected app takes (Salesforce's documentation of the JWT bearer flow)."""

_SUFFIXES = (".crt", ".cer", ".cert", ".pem", ".cert.pem", ".crt.pem")


@dataclass(frozen=True, slots=True)
class CertificateCheck:
    """What was found beside a key."""

    path: Path
    matches: bool
    """Whether it is the certificate of this very key."""
    expires: datetime | None
    """None where the file is no certificate that can be read."""
    warnings: tuple[str, ...] = ()


def check_certificate(key_file: Path, signer: Signer, *, now: float) -> CertificateCheck | None:
    """Compare a key with the certificate of the same name beside it; None where there is none.

    Args:
        key_file: the key's path; ``server.key`` has its certificate in ``server.crt`` and the like.
        signer: the key itself.
        now: seconds since 1970, to tell whether the certificate is still valid.
    """
    path = _beside(key_file)
    if path is None:
        return None
    try:
        pem = path.read_bytes()
        certificate = load_pem_x509_certificate(pem)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is damaged"
        return CertificateCheck(
            path, matches=True, expires=None, warnings=(f"{path} cannot be read: {reason}",)
        )
    public = certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return CertificateCheck(
        path,
        matches=public == signer.public_key_der(),
        expires=certificate.not_valid_after_utc,
        warnings=tuple(_warnings(path, pem, certificate, now)),
    )


def _beside(key_file: Path) -> Path | None:
    """Return the first certificate that shares the key's name, however its suffix is written."""
    for suffix in _SUFFIXES:
        path = key_file.with_suffix(suffix)
        try:
            if path != key_file and b"-----BEGIN CERTIFICATE" in path.read_bytes()[:65536]:
                return path
        except (OSError, ValueError):
            continue
    return None


def _warnings(path: Path, pem: bytes, certificate: Certificate, now: float) -> list[str]:
    found = []
    moment = datetime.fromtimestamp(now, tz=UTC)
    if certificate.not_valid_after_utc < moment:
        found.append(
            f"the certificate {path} expired on {certificate.not_valid_after_utc:%Y-%m-%d}"
        )
    elif certificate.not_valid_before_utc > moment:
        found.append(
            f"the certificate {path} is valid only from {certificate.not_valid_before_utc:%Y-%m-%d}"
        )
    if len(pem) > MAX_CERTIFICATE_BYTES:
        found.append(f"the certificate {path} is over 4 KB, which an app does not take")
    return found
