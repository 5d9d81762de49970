"""The passphrase of an encrypted key: named by variable, never written down."""

from __future__ import annotations

from typing import TYPE_CHECKING

from orgauth.errors import KeySourceError
from orgauth.text import printable

if TYPE_CHECKING:
    from collections.abc import Mapping

    from orgauth.models import KeyRef

__all__ = ["as_bytes", "passphrase_of"]


def passphrase_of(ref: KeyRef, environ: Mapping[str, str]) -> bytes | None:
    """Return the passphrase that belongs to a key, or None where none is named.

    Raises:
        KeySourceError: its variable is named but not set.
    """
    if ref.passphrase_env is None:
        return None
    passphrase = environ.get(ref.passphrase_env)
    if not passphrase:
        raise KeySourceError(
            f"the variable {ref.passphrase_env} with the passphrase of {printable(str(ref))} "
            "is not set",
            advice="Set it, or take jwt_key_passphrase_env away if the key is not encrypted",
        )
    return as_bytes(passphrase)


def as_bytes(value: str) -> bytes:
    """Return a variable's value as the system holds it; Python escapes its odd bytes (PEP 383)."""
    return value.encode(errors="surrogateescape")
