"""The one key of the store: read once, and made once where there is none.

The CLI takes no lock for this, so programs that start together in an empty home can each
make a key, and what was encrypted with all but the last is lost. Ours make it under a
lock, and only if nobody else has made one in the meantime.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from orgauth.errors import StoreError
from orgauth.stores.salesforce_cli.crypto import Cipher, new_key

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from orgauth.stores.lock import Locks
    from orgauth.stores.salesforce_cli.keychain import Keychain

__all__ = ["StoreKey", "obtain_key"]


@dataclass(frozen=True, slots=True)
class StoreKey:
    """The store's key, ready for use."""

    cipher: Cipher
    is_new: bool
    """Nothing that was encrypted before can be read with it."""


def obtain_key(
    folder: Path,
    keychain: Keychain,
    *,
    locks: Locks,
    environ: Mapping[str, str],
    random_bytes: Callable[[int], bytes] = os.urandom,
) -> StoreKey:
    """Return the key, making one where there is none (v2 if ``SF_CRYPTO_V2`` is true).

    ``folder`` is ``~/.sfdx``. Raises ``StoreError``.
    """
    key = keychain.read()
    is_new = False
    if key is None:
        # Kept alive: a keychain may ask the person to unlock it first.
        with locks.hold(folder / "key.json", keep_alive=True):
            key = keychain.read()
            if key is None:
                version = 2 if environ.get("SF_CRYPTO_V2", "").lower() == "true" else 1
                made = new_key(version, random_bytes)
                keychain.write(made)
                key = keychain.read()
                is_new = key == made  # the CLI may have been quicker: it takes no lock
    if key is None:
        raise StoreError(
            f"the new store key cannot be read back from {keychain.name}",
            advice="Set SF_USE_GENERIC_UNIX_KEYCHAIN=true for orgauth and sf alike.",
        )
    return StoreKey(_cipher(key, keychain, random_bytes), is_new)


def _cipher(key: str, keychain: Keychain, random_bytes: Callable[[int], bytes]) -> Cipher:
    try:
        return Cipher(key, random_bytes)
    except StoreError as error:
        raise StoreError(
            f"{error} (in {keychain.name})",
            advice=(
                "Restore the key from a backup. Without one, the tokens in the store cannot be "
                "read: remove the key, and log in to all orgs again."
            ),
        ) from error
