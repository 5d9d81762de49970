"""A private key in a file."""

from __future__ import annotations

import stat
from pathlib import Path
from typing import TYPE_CHECKING

from orgauth.errors import KeySourceError
from orgauth.keys.passphrase import passphrase_of
from orgauth.keys.pem import load_signer

if TYPE_CHECKING:
    from collections.abc import Mapping

    from orgauth.keys.pem import RsaSigner
    from orgauth.models import KeyRef

__all__ = ["FileKeySource"]

_MAX_BYTES = 64 * 1024  # an encrypted RSA-4096 key is under 4 KB


class FileKeySource:
    """``jwt_key_file``: the location is an absolute path.

    Args:
        environ: where the passphrase's variable is looked up.
    """

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ

    def load(self, ref: KeyRef) -> RsaSigner:
        """Read and parse the file, or raise ``KeySourceError``."""
        pem = self._read(Path(ref.location))
        return load_signer(pem, where=ref.location, passphrase=passphrase_of(ref, self._environ))

    def warnings(self, ref: KeyRef) -> list[str]:
        """Return what is unwise about the file: others can read it, for one."""
        try:
            mode = Path(ref.location).stat().st_mode
        except OSError:
            return []  # load() tells
        if mode & (stat.S_IRGRP | stat.S_IROTH | stat.S_IWGRP | stat.S_IWOTH):
            return [
                (
                    "other users of this machine can read or write the private key "
                    f"{ref.location}: chmod 600 {ref.location}"
                )
            ]
        return []

    @staticmethod
    def _read(path: Path) -> bytes:
        try:
            # A pipe or device would block or never end; /dev/fd of a process substitution is fine.
            if path.is_dir():
                raise KeySourceError(f"the key file {path} is a folder")
            with path.open("rb") as file:
                pem = file.read(_MAX_BYTES + 1)
        except FileNotFoundError as error:
            raise KeySourceError(
                f"the key file {path} does not exist",
                advice="A relative jwt_key_file starts at the manifest's folder",
            ) from error
        except (OSError, ValueError) as error:
            reason = error.strerror if isinstance(error, OSError) else "no valid file name"
            raise KeySourceError(f"the key file {path} cannot be read: {reason}") from error
        if len(pem) > _MAX_BYTES:
            raise KeySourceError(f"the key file {path} is too large to be a key")
        return pem
