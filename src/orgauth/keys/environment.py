"""A private key in an environment variable, as CI systems hand out secrets."""

from __future__ import annotations

import base64
import binascii
from typing import TYPE_CHECKING

from orgauth.errors import KeySourceError
from orgauth.keys.passphrase import as_bytes, passphrase_of
from orgauth.keys.pem import load_signer

if TYPE_CHECKING:
    from collections.abc import Mapping

    from orgauth.keys.pem import RsaSigner
    from orgauth.models import KeyRef

__all__ = ["EnvironmentKeySource"]


class EnvironmentKeySource:
    """``jwt_key_env``: the location is a variable's name; its value PEM, or base64 of PEM.

    Args:
        environ: where the variables are looked up.
    """

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ

    def load(self, ref: KeyRef) -> RsaSigner:
        """Decode and parse the variable, or raise ``KeySourceError``."""
        value = self._environ.get(ref.location, "")
        if not value.strip():
            raise KeySourceError(
                f"the variable {ref.location} with the private key is not set",
                advice=f"Put the key into it, as PEM or base64: export {ref.location}=…",
            )
        return load_signer(
            _pem(value), where=str(ref), passphrase=passphrase_of(ref, self._environ)
        )

    def warnings(self, ref: KeyRef) -> list[str]:  # noqa: ARG002 - the family's shape
        """Return nothing: a variable has no permissions to get wrong."""
        return []


def _pem(value: str) -> bytes:
    if "-----BEGIN" in value:
        # Some CI systems keep a variable on one line, its line ends written as \n.
        text = value if "\n" in value.strip() else value.replace("\\r", "").replace("\\n", "\n")
        return as_bytes(text)
    try:
        return base64.b64decode("".join(value.split()), validate=True)
    except (binascii.Error, ValueError):
        return as_bytes(value)  # load_signer says what it is not
