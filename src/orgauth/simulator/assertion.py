"""Reading and checking a JWT bearer assertion, in the order in which Salesforce complains."""

from __future__ import annotations

import binascii
import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cryptography.hazmat.primitives.asymmetric import rsa

__all__ = ["Assertion", "MalformedAssertionError", "parse"]

_PKCS1 = padding.PKCS1v15()
_SHA256 = hashes.SHA256()
_URLSAFE = bytes.maketrans(b"-_", b"+/")
PARTS = 3


class MalformedAssertionError(ValueError):
    """The text is no RS256 JWT with the claims that the flow needs."""


@dataclass(frozen=True, slots=True)
class Assertion:
    """A parsed assertion; nothing in it is believed before ``signed_by`` says so."""

    header: dict[str, Any]
    claims: dict[str, Any]
    signed: bytes
    signature: bytes

    @property
    def client_id(self) -> str:
        """``iss``: the connected app's consumer key."""
        return str(self.claims["iss"])

    @property
    def username(self) -> str:
        """``sub``: who logs in."""
        return str(self.claims["sub"])

    @property
    def expires(self) -> float:
        """``exp`` as a number; seconds since 1970 unless the client is the Salesforce CLI."""
        expires: float | str = self.claims["exp"]
        return float(expires) if isinstance(expires, str) else expires

    def signed_by(self, keys: Iterable[rsa.RSAPublicKey]) -> bool:
        """Return whether one of ``keys`` made the signature (RSASSA-PKCS1-v1_5, SHA-256).

        cryptography itself, not PyJWT: the same check at a third of the time, and
        PyJWT is what the clients use, so its mistakes would go unseen here.
        """
        for key in keys:
            try:
                key.verify(self.signature, self.signed, _PKCS1, _SHA256)
            except InvalidSignature:
                continue
            return True
        return False


def parse(text: str) -> Assertion:
    """Return the parts of a JWT in compact form.

    Raises:
        MalformedAssertionError: not three parts of base64url, not JSON objects, an
            algorithm other than RS256 (``none`` and HS256 above all), or a missing claim.
    """
    parts = text.encode("utf-8", "replace").split(b".")
    if len(parts) != PARTS:
        raise MalformedAssertionError("a JWT has three parts")
    try:
        header, claims = (json.loads(_decoded(part)) for part in parts[:2])
        signature = _decoded(parts[2])
    except (ValueError, RecursionError) as error:
        raise MalformedAssertionError("the parts are not base64url of JSON") from error
    if not isinstance(header, dict) or not isinstance(claims, dict):
        raise MalformedAssertionError("header and claims are objects")
    if header.get("alg") != "RS256" or "crit" in header:
        raise MalformedAssertionError("only RS256 is accepted")
    if not isinstance(claims.get("iss"), str) or not isinstance(claims.get("sub"), str):
        raise MalformedAssertionError("iss and sub are text")
    if not _is_a_time(claims.get("exp")):
        raise MalformedAssertionError("exp is a number")
    return Assertion(header, claims, parts[0] + b"." + parts[1], signature)


def _is_a_time(value: Any) -> bool:
    # simple-salesforce sends the digits as text, and Salesforce takes it.
    if isinstance(value, str):
        return re.fullmatch("[0-9]{1,15}", value) is not None
    return isinstance(value, int | float) and not isinstance(value, bool)


def _decoded(part: bytes) -> bytes:
    # RFC 7515 appendix C: no padding; what is left over must still be valid base64.
    padded = part.translate(_URLSAFE) + b"=" * (-len(part) % 4)
    return binascii.a2b_base64(padded, strict_mode=True)
