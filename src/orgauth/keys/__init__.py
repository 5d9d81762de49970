"""Where private keys come from: one file a source, each behind ``KeySource``.

To add a source: write a file beside ``file.py`` with a class that has ``load`` and ``warnings``,
add a line to ``KeyRing``, let the contract test run over it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from orgauth.keys.environment import EnvironmentKeySource
from orgauth.keys.file import FileKeySource

if TYPE_CHECKING:
    from collections.abc import Mapping

    from orgauth.models import KeyRef
    from orgauth.ports import KeySource, Signer

__all__ = ["KeyRing"]


class KeyRing:
    """Loads each key once a run, however many orgs share it.

    Args:
        environ: where keys and passphrases in variables are looked up.
    """

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._sources: Mapping[str, KeySource] = {
            "file": FileKeySource(environ),
            "env": EnvironmentKeySource(environ),
        }
        self._signers: dict[KeyRef, Signer] = {}

    def signer(self, ref: KeyRef) -> Signer:
        """Return the signer of a key; raise ``KeySourceError`` if it cannot be loaded."""
        signer = self._signers.get(ref)
        if signer is None:
            signer = self._signers[ref] = self._sources[ref.source].load(ref)
        return signer

    def warnings(self, ref: KeyRef) -> list[str]:
        """Return what is unwise about a key, though it works."""
        return self._sources[ref.source].warnings(ref)
