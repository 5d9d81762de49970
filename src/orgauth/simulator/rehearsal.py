"""A whole rehearsal in a folder: a key, its certificate, a world of orgs and a manifest of it."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from orgauth.simulator.certificates import builder_for, named, write_private
from orgauth.simulator.manifest_text import MARK, manifest_text
from orgauth.simulator.world import World

if TYPE_CHECKING:
    from pathlib import Path

    from orgauth.simulator.orgs import Org

__all__ = ["CLIENT_ID", "Rehearsal", "Size", "prepare"]

CLIENT_ID = "3MVG9.orgauth.rehearsal"
KEY_FILE = "server.key"
CERTIFICATE_FILE = "server.crt"
MANIFEST_FILE = "orgs.yaml"
KEY_SIZE = 2048
LIFETIME = dt.timedelta(days=365)


@dataclass(frozen=True, slots=True)
class Size:
    """How many orgs of each kind; ``late`` scratch orgs replicate ``late_seconds`` into the run."""

    dev_hubs: int = 2
    scratch_orgs: int = 45
    sandboxes: int = 3
    production: int = 0
    late: int = 10
    late_seconds: float = 5.0

    def __post_init__(self) -> None:
        counts = (self.dev_hubs, self.scratch_orgs, self.sandboxes, self.production, self.late)
        if min(*counts, self.late_seconds) < 0:
            raise ValueError("a rehearsal cannot have fewer than 0 of anything")
        if self.scratch_orgs and not self.dev_hubs:
            raise ValueError("scratch orgs need at least one Dev Hub")
        if self.late > self.scratch_orgs:
            raise ValueError(
                f"{self.late} scratch orgs cannot be late where there are {self.scratch_orgs}"
            )

    def __str__(self) -> str:
        late = f" ({self.late} replicating {self.late_seconds:g} s late)" if self.late else ""
        parts = (
            (self.dev_hubs, "Dev Hub", ""),
            (self.scratch_orgs, "scratch org", late),
            (self.sandboxes, "sandbox", ""),
            (self.production, "production org", ""),
        )
        return ", ".join(
            f"{count} {what}{_plural(what, count)}{note}" for count, what, note in parts if count
        )


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """A rehearsal that is ready to be served; its manifest is written once the URL is known."""

    folder: Path
    world: World
    size: Size

    @property
    def key_file(self) -> Path:
        """The app's private key (RSA-2048, PEM, 0600)."""
        return self.folder / KEY_FILE

    @property
    def certificate_file(self) -> Path:
        """The app's self-signed certificate."""
        return self.folder / CERTIFICATE_FILE

    @property
    def manifest_file(self) -> Path:
        """Where ``write_manifest`` puts the manifest."""
        return self.folder / MANIFEST_FILE

    def manifest_text(self, url: str) -> str:
        """Return the manifest for orgs at ``url``."""
        patience = max(60, round(self.size.late_seconds * 10))
        return manifest_text(
            self.world.orgs, url, client_id=CLIENT_ID, key_file=KEY_FILE, patience=patience
        )

    def write_manifest(self, url: str) -> Path:
        """Write the manifest for orgs at ``url``; an older rehearsal's is written over.

        Raises:
            FileExistsError: the file there is not one of ours.
        """
        path = self.manifest_file
        _refuse_foreign_manifest(path)
        path.write_text(self.manifest_text(url), encoding="utf-8")
        return path


def prepare(folder: Path, size: Size | None = None, *, world: World | None = None) -> Rehearsal:
    """Make a rehearsal in ``folder``, with the key that lies there already if there is one.

    Args:
        folder: made if missing.
        size: the default is the demonstration's: 2 Dev Hubs, 45 scratch orgs, 3 sandboxes.
        world: where the orgs go; a new one by default.

    Raises:
        ValueError: the key that lies there is no RSA key in PEM without a passphrase.
        FileExistsError: a manifest or a certificate lies there that is none of ours. Nothing
            is written then.
    """
    size = size or Size()
    world = world or World()
    folder.mkdir(parents=True, exist_ok=True)
    _refuse_foreign_manifest(folder / MANIFEST_FILE)
    key = _key(folder / KEY_FILE, folder / CERTIFICATE_FILE)
    world.connected_app(CLIENT_ID, _certificate(folder / CERTIFICATE_FILE, key))
    _populate(world, size)
    return Rehearsal(folder, world, size)


def _plural(what: str, count: int) -> str:
    if count == 1:
        return ""
    return "es" if what.endswith("x") else "s"


def _refuse_foreign_manifest(path: Path) -> None:
    if path.exists() and not path.read_bytes().startswith(MARK.encode()):
        raise FileExistsError(f"{path} was not made by a rehearsal; name another folder")


def _key(path: Path, certificate: Path) -> rsa.RSAPrivateKey:
    if path.exists():
        try:
            found = load_pem_private_key(path.read_bytes(), password=None)
        except TypeError as error:
            raise ValueError(f"{path} has a passphrase; name another folder") from error
        if not isinstance(found, rsa.RSAPrivateKey):
            raise ValueError(f"{path} holds no RSA key")
        return found
    if certificate.exists():
        raise FileExistsError(f"{certificate} lies there without its key; name another folder")
    key = rsa.generate_private_key(public_exponent=65537, key_size=KEY_SIZE)
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    write_private(path, pem)
    return key


def _certificate(path: Path, key: rsa.RSAPrivateKey) -> x509.Certificate:
    if path.exists():
        found = x509.load_pem_x509_certificate(path.read_bytes())
        if found.public_key() == key.public_key():
            return found
        raise FileExistsError(f"{path} is the certificate of another key; name another folder")
    now = dt.datetime.now(dt.UTC)
    name = named("orgauth rehearsal")
    until = now + LIFETIME
    certificate = builder_for(name, name, key.public_key(), now, until).sign(key, hashes.SHA256())
    path.write_bytes(certificate.public_bytes(Encoding.PEM))
    return certificate


def _populate(world: World, size: Size) -> None:
    hubs = [
        world.dev_hub(f"hub{number}@acme.example.com", name=f"Acme Dev Hub {number}")
        for number in range(1, size.dev_hubs + 1)
    ]
    for index in range(size.scratch_orgs):
        scratch = _scratch_org(world, hubs[index % len(hubs)], index)
        # Spread evenly over the list, so that every hub has some.
        if (index + 1) * size.late // size.scratch_orgs > index * size.late // size.scratch_orgs:
            scratch.replicates_after(seconds=size.late_seconds, of_the_world=True)
    for number in range(1, size.sandboxes + 1):
        world.sandbox(f"ci@acme.example.com.sandbox{number}", name=f"Sandbox {number}")
    for number in range(1, size.production + 1):
        world.production(f"ci@acme{number}.example.com", name=f"Production {number}")


def _scratch_org(world: World, hub: Org, index: int) -> Org:
    username = f"test-{index + 1:04d}@example.com"
    return world.scratch_org(username, hub=hub, name=f"Feature {index + 1}")
