"""How the Salesforce CLI encrypts a token, in both versions of its format.

AES-256-GCM with a 16-byte tag and no additional data, as text:
``<iv hex><ciphertext hex>:<tag hex>``. The version follows from the key's length.

- v1: the key is 32 hex characters, used as 32 *ASCII bytes*; the IV is the 12 ASCII
  characters of 6 random bytes in hex.
- v2: the key is 64 hex characters, decoded to 32 bytes; the IV is 12 random bytes.

Source: ``@salesforce/core``, ``lib/crypto/crypto.js``, 9.4.0.
"""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from orgauth.errors import StoreError

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Cipher", "is_encrypted", "new_key"]

_V1_KEY = re.compile(r"[!-~]{32}", re.ASCII)
_V2_KEY = re.compile(r"[0-9A-Fa-f]{64}", re.ASCII)
_ENCRYPTED = re.compile(r"[0-9a-f]{12,}:[0-9a-f]{32}")
_V1_IV_BYTES = 6
_V2_IV_BYTES = 12
_IV_CHARACTERS = {1: 12, 2: 24}
_TAG_CHARACTERS = 32


def new_key(version: int, random_bytes: Callable[[int], bytes] = os.urandom) -> str:
    """Return a new store key as text: 32 hex characters for version 1, 64 for version 2."""
    return random_bytes(32 if version == 2 else 16).hex()  # noqa: PLR2004 - the format's version


def is_encrypted(text: str) -> bool:
    """Whether ``text`` looks like the encrypted form; the CLI also reads plain tokens."""
    return _ENCRYPTED.fullmatch(text) is not None


class Cipher:
    """Encrypts and decrypts with one store key. Its ``repr`` does not show the key."""

    def __init__(self, key: str, random_bytes: Callable[[int], bytes] = os.urandom) -> None:
        """Take the key's text; raise ``StoreError`` for one that fits neither version."""
        if _V2_KEY.fullmatch(key):
            self.version = 2
            self._aes = AESGCM(bytes.fromhex(key))
        elif _V1_KEY.fullmatch(key):
            self.version = 1
            self._aes = AESGCM(key.encode("ascii"))
        else:
            raise StoreError(
                f"the Salesforce CLI's store key has {len(key)} characters; it must have "
                "32 (v1), or 64 hex digits (v2)"
            )
        self._random_bytes = random_bytes

    def encrypt(self, text: str) -> str:
        """Return the encrypted form of ``text``, with a new IV."""
        if self.version == 1:
            iv = self._random_bytes(_V1_IV_BYTES).hex().encode("ascii")
            shown_iv = iv.decode("ascii")
        else:
            iv = self._random_bytes(_V2_IV_BYTES)
            shown_iv = iv.hex()
        sealed = self._aes.encrypt(iv, text.encode("utf-8"), None).hex()
        return f"{shown_iv}{sealed[:-_TAG_CHARACTERS]}:{sealed[-_TAG_CHARACTERS:]}"

    def decrypt(self, text: str) -> str:
        """Return the plain text; raise ``StoreError`` if it was sealed with another key."""
        body, _, tag = text.partition(":")
        length = _IV_CHARACTERS[self.version]
        shown_iv, sealed = body[:length], body[length:]
        try:
            iv = shown_iv.encode("ascii") if self.version == 1 else bytes.fromhex(shown_iv)
            return self._aes.decrypt(iv, bytes.fromhex(sealed + tag), None).decode("utf-8")
        except InvalidTag as error:
            raise StoreError(
                "it was encrypted with another key than the store's present one",
                advice="Log in to this org again.",
            ) from error
        except ValueError:
            # Not chained: a decoding error carries what it could not decode.
            raise StoreError(
                "it is not in the Salesforce CLI's encrypted form",
                advice="Log in to this org again.",
            ) from None
