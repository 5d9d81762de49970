"""A private key in a file."""

from __future__ import annotations

import shlex
import stat
from pathlib import Path
from typing import TYPE_CHECKING

from orgauth.errors import KeySourceError
from orgauth.keys.passphrase import passphrase_of
from orgauth.keys.pem import load_signer
from orgauth.reading import NobodyWritesError, read_at_most
from orgauth.text import printable

if TYPE_CHECKING:
    from collections.abc import Mapping

    from orgauth.keys.pem import RsaSigner
    from orgauth.models import KeyRef

__all__ = ["FileKeySource"]

_MAX_BYTES = 64 * 1024  # an encrypted RSA-4096 key is under 4 KB
_WHICH_FILE = "jwt_key_file names the private key in PEM form, such as server.key"


class FileKeySource:
    """``jwt_key_file``: the location is an absolute path.

    Args:
        environ: where the passphrase's variable is looked up.
        pipe_seconds: how long to wait for the writer, where the file is a pipe.
    """

    def __init__(self, environ: Mapping[str, str], *, pipe_seconds: float = 10.0) -> None:
        self._environ = environ
        self._pipe_seconds = pipe_seconds

    def load(self, ref: KeyRef) -> RsaSigner:
        """Read and parse the file, or raise ``KeySourceError``."""
        pem = self._read(Path(ref.location))
        where = printable(ref.location)
        return load_signer(pem, where=where, passphrase=passphrase_of(ref, self._environ))

    def warnings(self, ref: KeyRef) -> list[str]:
        """Return what is unwise about the file: others can read it, for one."""
        try:
            mode = Path(ref.location).stat().st_mode
        except (OSError, ValueError):
            return []  # load() tells
        if mode & (stat.S_IRGRP | stat.S_IROTH | stat.S_IWGRP | stat.S_IWOTH):
            return [
                (
                    "other users of this machine can read or write the private key "
                    f"{printable(ref.location)}: chmod 600 {shlex.quote(printable(ref.location))}"
                )
            ]
        return []

    def _read(self, path: Path) -> bytes:
        shown = printable(str(path))
        try:
            pem = read_at_most(path, _MAX_BYTES + 1, pipe_seconds=self._pipe_seconds)
        except NobodyWritesError as error:
            raise KeySourceError(
                f"nobody writes the private key into the pipe {shown}", advice=_WHICH_FILE
            ) from error
        except IsADirectoryError as error:
            raise KeySourceError(f"the key file {shown} is a folder", advice=_WHICH_FILE) from error
        except FileNotFoundError as error:
            raise KeySourceError(
                f"the key file {shown} does not exist",
                advice="A relative jwt_key_file starts at the manifest's folder",
            ) from error
        except (OSError, ValueError) as error:
            reason = error.strerror if isinstance(error, OSError) else "no valid file name"
            raise KeySourceError(
                f"the key file {shown} cannot be read: {reason}", advice=_WHICH_FILE
            ) from error
        if len(pem) > _MAX_BYTES:
            raise KeySourceError(
                f"the key file {shown} is too large to be a key", advice=_WHICH_FILE
            )
        return pem
