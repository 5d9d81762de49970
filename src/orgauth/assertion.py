"""The JWT bearer assertion: which claims, how they are signed, and by whose clock.

Source of the claims: Salesforce, "OAuth 2.0 JWT Bearer Flow for Server-to-Server Integration".
"""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn

import jwt
from jwt.algorithms import Algorithm

from orgauth.batching import Batcher
from orgauth.models import Secret

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from orgauth.models import KeyRef, Org
    from orgauth.ports import Signer

__all__ = ["LIFETIME_SECONDS", "AssertionBuilder"]

LIFETIME_SECONDS = 180
"""``exp`` is this far ahead: long enough for a slow network, short enough to be of no use later."""

_BATCH = 32  # about 10 ms of RSA-2048 signatures: nobody waits long for a neighbour


class _SignerAlgorithm(Algorithm):
    """PyJWT's hook: it hands over the bytes to sign, whoever holds the key (a file, an HSM)."""

    def prepare_key(self, key: Signer) -> Signer:
        return key

    def sign(self, msg: bytes, key: Signer) -> bytes:
        return key.sign(msg)

    def verify(self, msg: bytes, key: Signer, sig: bytes) -> NoReturn:  # noqa: ARG002 - PyJWT's
        raise TypeError("assertions are signed here and verified by Salesforce")

    @staticmethod
    def to_jwk(key_obj: Any, as_dict: bool = False) -> NoReturn:  # noqa: ARG004, FBT001, FBT002 - PyJWT's
        raise TypeError("a private key is never exported")

    @staticmethod
    def from_jwk(jwk: Any) -> NoReturn:  # noqa: ARG004 - PyJWT's
        raise TypeError("keys come from key sources, not from a JWK")


class _Request(NamedTuple):
    org: Org
    audience: str
    now: float


class AssertionBuilder:
    """Builds a fresh assertion for each attempt, signing off the event loop, in batches.

    Args:
        signer: gives the signer of a key reference; expected to keep it loaded.
        clock: the time in seconds since 1970.
    """

    def __init__(
        self, signer: Callable[[KeyRef], Signer], *, clock: Callable[[], float] = time.time
    ) -> None:
        self._signer = signer
        self._clock = clock
        self._jws = jwt.PyJWS(algorithms=[])
        self._jws.register_algorithm("RS256", _SignerAlgorithm())
        self._batcher: Batcher[_Request, Secret] = Batcher(
            self._sign, name="orgauth-sign", at_most=_BATCH
        )

    @property
    def now(self) -> float:
        """Our own clock."""
        return self._clock()

    async def build(self, org: Org, *, audience: str, skew_seconds: float = 0.0) -> Secret:
        """Return a signed assertion for one attempt; raise what the key's holder raises.

        Args:
            org: whom it is for.
            audience: its ``aud``.
            skew_seconds: by how much the login host's clock is ahead of ours.
        """
        request = _Request(org, audience, self._clock() + skew_seconds)
        return await self._batcher.submit(request)

    async def close(self) -> None:
        """Let the signing thread go."""
        await self._batcher.close()

    def _sign(self, batch: Sequence[_Request]) -> Sequence[Secret | Exception]:
        return [self._sign_one(request) for request in batch]

    def _sign_one(self, request: _Request) -> Secret | Exception:
        try:
            signer = self._signer(request.org.key)
            return Secret(self._encode(request, signer))
        except Exception as error:  # noqa: BLE001 - one org's key must not cost its batch
            return error

    def _encode(self, request: _Request, signer: Signer) -> str:
        claims = {
            "iss": request.org.client_id,
            "sub": request.org.username,
            "aud": request.audience,
            # Whole seconds. (The Salesforce CLI sends milliseconds: an assertion without an end.)
            "exp": int(request.now) + LIFETIME_SECONDS,
        }
        payload = json.dumps(claims, separators=(",", ":")).encode()
        # PyJWT leaves the key to the algorithm's prepare_key, which is ours; its types know only
        # keys of its own.
        return self._jws.encode(payload, signer, algorithm="RS256")  # type: ignore[arg-type]
