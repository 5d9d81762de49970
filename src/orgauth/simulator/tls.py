"""Certificates of the simulator's own making: an authority, and a server certificate from it."""

from __future__ import annotations

import datetime as dt
import ipaddress
import ssl
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID

from orgauth.simulator.certificates import builder_for, named, write_private

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

__all__ = ["NAMES", "TlsFiles", "make_certificates", "server_context"]

NAMES = (
    "localhost",
    "127.0.0.1",
    "::1",
    "*.localhost",
    "login.salesforce.com",
    "test.salesforce.com",
    "*.my.salesforce.com",
    "*.sandbox.my.salesforce.com",
    "*.scratch.my.salesforce.com",
)
"""What the certificate is for: this machine, and Salesforce's names for tests that need them."""
LIFETIME = dt.timedelta(days=30)


@dataclass(frozen=True, slots=True)
class TlsFiles:
    """PEM files: the server's chain and key, and the authority that clients are to trust."""

    certificate: Path
    key: Path
    ca_file: Path


def make_certificates(
    folder: Path,
    *,
    names: Sequence[str] = NAMES,
    not_before: dt.datetime | None = None,
    not_after: dt.datetime | None = None,
    self_signed: bool = False,
) -> TlsFiles:
    """Write an authority and a server certificate into ``folder``; keys are 0600.

    Another ``names`` makes one for another host, a past ``not_after`` an expired one;
    the default is from an hour ago until 30 days from now. ``self_signed`` makes a server that
    vouches for itself; the authority is then nobody's.
    """
    now = dt.datetime.now(dt.UTC)
    since = not_before or min(now, not_after or now) - dt.timedelta(hours=1)
    until = not_after or now + LIFETIME
    authority_key, server_key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    authority = _authority(authority_key, since, until, named("orgauth simulator authority"))
    if self_signed:
        itself = _authority(server_key, since, until, named(names[0]))
        server = _server(server_key, itself, server_key, names)
    else:
        server = _server(server_key, authority, authority_key, names)
    files = TlsFiles(folder / "server.crt", folder / "tls-server.key", folder / "ca.crt")
    files.certificate.write_bytes(server.public_bytes(Encoding.PEM))
    files.ca_file.write_bytes(authority.public_bytes(Encoding.PEM))
    write_private(
        files.key,
        server_key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()),
    )
    return files


def server_context(files: TlsFiles) -> ssl.SSLContext:
    """Return the server's side of TLS."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(files.certificate, files.key)
    return context


def _authority(
    key: ec.EllipticCurvePrivateKey, since: dt.datetime, until: dt.datetime, name: x509.Name
) -> x509.Certificate:
    usage = x509.KeyUsage(
        digital_signature=True,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=True,
        crl_sign=True,
        encipher_only=False,
        decipher_only=False,
    )
    builder = builder_for(name, name, key.public_key(), since, until)
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
    return builder.add_extension(usage, critical=True).sign(key, hashes.SHA256())


def _server(
    key: ec.EllipticCurvePrivateKey,
    authority: x509.Certificate,
    authority_key: ec.EllipticCurvePrivateKey,
    names: Sequence[str],
) -> x509.Certificate:
    builder = builder_for(
        named(names[0]),
        authority.subject,
        key.public_key(),
        authority.not_valid_before_utc,
        authority.not_valid_after_utc,
    )
    # VERIFY_X509_STRICT, Python 3.13's default, wants to know who signed it.
    issuer = x509.AuthorityKeyIdentifier.from_issuer_public_key(authority_key.public_key())
    usage = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH])
    builder = builder.add_extension(
        x509.SubjectAlternativeName([_alternative(name) for name in names]), critical=False
    )
    builder = builder.add_extension(
        x509.BasicConstraints(ca=False, path_length=None), critical=True
    )
    builder = builder.add_extension(issuer, critical=False).add_extension(usage, critical=False)
    return builder.sign(authority_key, hashes.SHA256())


def _alternative(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)
