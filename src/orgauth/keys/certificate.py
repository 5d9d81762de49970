"""The certificate that lies beside a key file: does it belong to the key, and is it still valid?

orgauth needs no certificate; the app in the org does. But the two usually lie side by side, and a
mismatch found here saves an evening of "invalid assertion".
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509 import load_pem_x509_certificates

from orgauth.text import printable

if TYPE_CHECKING:
    from pathlib import Path

    from cryptography.x509 import Certificate

    from orgauth.ports import Signer

__all__ = ["MAX_CERTIFICATE_BYTES", "CertificateCheck", "check_certificate"]

MAX_CERTIFICATE_BYTES = 4096
"""What a connected app takes (Salesforce's documentation of the JWT bearer flow)."""

_SUFFIXES = (".crt", ".cer", ".cert", ".pem", ".cert.pem", ".crt.pem")
_MARK = b"-----BEGIN CERTIFICATE-----"
_MAX_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True)
class CertificateCheck:
    """What was found beside a key."""

    path: Path
    matches: bool
    """Whether it is the certificate of this very key; True where it cannot be read, so not told."""
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
    for path in _candidates(key_file):
        try:
            pem = _read(path)
        except OSError as error:
            return _unusable(path, f"cannot be read: {error.strerror}")
        if _MARK in pem:
            return _check(path, pem, signer, now)
    return None


def _candidates(key_file: Path) -> list[Path]:
    """Return where the certificate may be, the key's own file last: it may hold both."""
    stem = key_file.with_suffix("") if key_file.name.endswith(".key.pem") else key_file
    beside = [stem.with_suffix(suffix) for suffix in _SUFFIXES]
    return [*(path for path in beside if path != key_file), key_file]


def _read(path: Path) -> bytes:
    """Return the beginning of a regular file; nothing of a pipe, or where there is no file."""
    if not path.is_file():
        return b""
    with path.open("rb") as file:
        return file.read(_MAX_BYTES)


def _check(path: Path, pem: bytes, signer: Signer, now: float) -> CertificateCheck:
    own = signer.public_key_der()
    try:
        certificates = load_pem_x509_certificates(pem)
        keys = [
            certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
            for certificate in certificates
        ]
    except (ValueError, UnsupportedAlgorithm):
        return _unusable(path, "is damaged")
    # A file may hold a whole chain; the first is the one that counts, unless another fits.
    certificate = certificates[keys.index(own) if own in keys else 0]
    return CertificateCheck(
        path,
        matches=own in keys,
        expires=certificate.not_valid_after_utc,
        warnings=tuple(_warnings(path, pem, certificate, now)),
    )


def _unusable(path: Path, why: str) -> CertificateCheck:
    warning = f"the certificate {printable(str(path))} {why}"
    return CertificateCheck(path, matches=True, expires=None, warnings=(warning,))


def _warnings(path: Path, pem: bytes, certificate: Certificate, now: float) -> list[str]:
    found = []
    shown = printable(str(path))
    moment = datetime.fromtimestamp(now, tz=UTC)
    since, until = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    if until < moment:
        found.append(f"the certificate {shown} expired on {until:%Y-%m-%d}")
    elif since > moment:
        found.append(f"the certificate {shown} is valid only from {since:%Y-%m-%d}")
    if b"PRIVATE KEY-----" not in pem and len(pem) > MAX_CERTIFICATE_BYTES:
        found.append(f"the certificate {shown} is over 4 KB, which an app does not take")
    return found
