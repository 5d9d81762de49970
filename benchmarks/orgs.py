"""What is logged in to: a key, usernames, and the manifest that lists them."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

if TYPE_CHECKING:
    from pathlib import Path

CLIENT_ID = "3MVG9.orgauth.benchmark"
SCRATCH_ORGS_PER_HUB = 99  # with their Dev Hub a hundred, as Salesforce allows


@dataclass(frozen=True, slots=True)
class Key:
    """The app's key, as files."""

    private: Path
    public: Path


def make_key(folder: Path) -> Key:
    """Make an RSA-2048 key in ``folder``."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    files = Key(folder / "server.key", folder / "server.pub")
    files.private.touch(mode=0o600)
    files.private.write_bytes(
        key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())
    )
    public = key.public_key()
    files.public.write_bytes(public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    return files


def usernames(count: int) -> list[str]:
    """Return Dev Hubs with 99 scratch orgs each, ``count`` usernames in all."""
    size = SCRATCH_ORGS_PER_HUB + 1
    return [
        f"hub{index // size + 1:06d}@acme.example.com"
        if index % size == 0
        else f"test-{index // size + 1:06d}-{index % size:06d}@example.com"
        for index in range(count)
    ]


def write_usernames(path: Path, names: list[str]) -> Path:
    """Write one username a line, which is what the peers read."""
    path.write_text("\n".join(names) + "\n", encoding="utf-8")
    return path


def write_manifest(path: Path, names: list[str], *, url: str, key: Key) -> Path:
    """Write a manifest of Dev Hubs and their scratch orgs, each with an alias."""
    lines = [
        "version: 1",
        "defaults:",
        f"  client_id: {CLIENT_ID}",
        f"  jwt_key_file: {os.path.relpath(key.private, path.parent)}",
        f"  instance_url: {url}",
        f"  scratch_instance_url: {url}",
        "dev_hubs:",
    ]
    for name in names:
        alias = name.partition("@")[0]
        if name.startswith("hub"):
            lines += [f"  - username: {name}", f"    alias: {alias}"]
        else:
            if lines[-1].startswith("    alias: hub"):
                lines.append("    scratch_orgs:")
            lines += [f"      - username: {name}", f"        alias: {alias}"]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path
