"""With which key file the CLI renews an org's token by itself.

A key that came from a variable leaves no file, and one with a passphrase is of no use to the CLI.
Where the person says so (``keep_key``), such a key gets a file of its own in the state folder.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from orgauth.stores.atomic_file import make_folder, read_file, write_atomically

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from orgauth.models import KeyRef, Secret

__all__ = ["KeptKey", "RenewalKeys"]

_NO_KEY_FILE = (
    "the private key came from no file, so sf can use these orgs but not renew their tokens: "
    "run orgauth again when they expire, or set stores.salesforce_cli.keep_key"
)
_LOCKED_KEY_FILE = (
    "the private key has a passphrase, which sf cannot ask for, so it can use these orgs but not "
    "renew their tokens: run orgauth again when they expire, or set stores.salesforce_cli.keep_key"
)


@dataclass(frozen=True, slots=True)
class KeptKey:
    """A private key that is to have a file of its own."""

    fingerprint: str
    """SHA-256 of the public key (SubjectPublicKeyInfo), in hexadecimal: the file's name."""
    pem: Secret
    """PKCS#8 without a passphrase."""


class RenewalKeys:
    """Knows the key file of each org, and writes those that are kept.

    Args:
        folder: where kept keys go; made with mode 0700, its parent as well.
        kept: the keys that get a file of their own.
    """

    def __init__(self, folder: Path, kept: Mapping[KeyRef, KeptKey]) -> None:
        self._folder = folder
        self._kept = kept

    @property
    def folder(self) -> Path:
        """Where kept keys go."""
        return self._folder

    def prepare(self) -> None:
        """Write the kept keys; raise ``StoreError``."""
        if not self._kept:
            return
        for folder in reversed([self._folder, *self._folder.parents]):
            if folder.is_symlink() or not folder.is_dir():
                make_folder(folder)  # refuses a link of somebody else's
        for key in self._kept.values():
            path = self._path_of(key)
            pem = key.pem.reveal().encode("ascii")
            found = read_file(path)
            if found is None or found.data != pem or found.status.st_mode & 0o077:
                write_atomically(path, pem, durable=True)

    def path(self, ref: KeyRef) -> str | None:
        """Return the absolute path of the key file, or None where there is none."""
        kept = self._kept.get(ref)
        if kept is not None:
            return str(self._path_of(kept))
        return ref.location if ref.source == "file" else None

    def warnings(self, refs: Iterable[KeyRef]) -> list[str]:
        """Return what the CLI cannot do with the orgs of these keys, and what is kept for it."""
        wanted = set(refs)
        left = {ref for ref in wanted if ref not in self._kept}
        found = []
        if left != wanted:
            found.append(f"the private key is kept in {self._folder}, so that sf can renew tokens")
        if any(ref.source != "file" for ref in left):
            found.append(_NO_KEY_FILE)
        if any(ref.source == "file" and ref.passphrase_env for ref in left):
            found.append(_LOCKED_KEY_FILE)
        return found

    def _path_of(self, key: KeptKey) -> Path:
        return self._folder / f"{key.fingerprint}.pem"
