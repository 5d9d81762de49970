"""The shapes of everything that can be exchanged: one Protocol a family."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from orgauth.errors import OrgauthError, StoreError
    from orgauth.events import Event
    from orgauth.models import (
        Credentials,
        Failure,
        KeyRef,
        Org,
        OrgFacts,
        RunResult,
        Secret,
        Usable,
    )

__all__ = [
    "HttpAnswer",
    "HttpClient",
    "KeySource",
    "Memory",
    "Observer",
    "Probe",
    "Recalled",
    "Report",
    "SaveResult",
    "Saver",
    "Signer",
    "Store",
    "TokenEndpoint",
]


class Signer(Protocol):
    """A private key that signs, wherever it lives."""

    def sign(self, message: bytes) -> bytes:
        """Return the RSASSA-PKCS1-v1_5 SHA-256 signature of ``message``.

        Blocking, and called off the event loop. Raises ``KeySourceError`` if the key's holder
        refuses.
        """
        ...

    def public_key_der(self) -> bytes:
        """Return the public key as DER (SubjectPublicKeyInfo), to compare with a certificate's."""
        ...


class KeySource(Protocol):
    """One way to find a private key, such as a file or an environment variable."""

    def load(self, ref: KeyRef) -> Signer:
        """Load the key that ``ref`` names, or raise ``KeySourceError``."""
        ...

    def warnings(self, ref: KeyRef) -> list[str]:
        """Return what is unwise about the key, though it works; empty where nothing is."""
        ...


@dataclass(frozen=True, slots=True)
class HttpAnswer:
    """A whole HTTP answer, bounded in size."""

    status: int
    headers: Mapping[str, str]
    """Looked up without regard to case."""
    body: bytes = field(repr=False)
    """It may hold a token, so it stands in no ``repr``."""


class HttpClient(Protocol):
    """One request, one whole answer. Redirects are answers, not followed."""

    async def request(
        self, method: str, url: str, *, headers: Mapping[str, str], body: bytes | None = None
    ) -> HttpAnswer:
        """Send it and read the answer; raise ``AttemptFailed`` where no whole answer comes back."""
        ...


class TokenEndpoint(Protocol):
    """Exchanges an assertion for an access token."""

    async def exchange(self, org: Org, assertion: Secret) -> Credentials:
        """Post the assertion to the org's login host; raise ``AttemptFailed`` if it is refused."""
        ...


class Probe(Protocol):
    """Proves a token alive, and asks the org what it is."""

    async def inspect(self, org: Org, credentials: Credentials) -> OrgFacts:
        """Call the org's REST API; raise ``AttemptFailed`` if it does not accept the token."""
        ...


@dataclass(frozen=True, slots=True)
class SaveResult:
    """What a store did with a batch. Orgs that it does not name are saved."""

    errors: Mapping[str, StoreError] = field(default_factory=dict)
    """Username → why this org could not be saved."""
    warnings: Sequence[str] = ()
    """What a person should know, though nothing failed: an alias that moved, for one."""


@dataclass(frozen=True, slots=True)
class Recalled:
    """One org's token as a store keeps it. Nothing of it is trusted yet."""

    access_token: Secret
    instance_url: str
    org_id: str | None
    """``00D…``; None where the store does not say whose token it is, as an env file does not."""


class Memory(Protocol):
    """Knows the tokens that earlier runs stored."""

    async def recall(self, org: Org) -> Credentials | None:
        """Return what is stored of just this org and may be sent to its host, or None."""
        ...


class Store(Protocol):
    """A place where tokens are kept for somebody else to use. Blocking; called in one thread."""

    @property
    def name(self) -> str:
        """What messages call it, such as ``salesforce-cli``."""
        ...

    @property
    def knows_owners(self) -> bool:
        """Whether it keeps whose each token is, so that one found here can be used again."""
        ...

    def forewarn(self, orgs: Sequence[Org]) -> Sequence[str]:
        """Return what people should know before these orgs are saved here. Touches nothing."""
        ...

    def prepare(self) -> None:
        """Check, before anybody logs in, that saving can work; raise ``StoreError`` if not."""
        ...

    def save(self, batch: Sequence[Usable]) -> SaveResult:
        """Save a batch. An old authorization is replaced whole or left as it was.

        What is reused is stored already: only what points to it (an alias, a default) is mended.
        """
        ...

    def recall(self, orgs: Sequence[Org]) -> Mapping[str, Recalled]:
        """Return by username what is stored of these orgs, as the manifest has them.

        An org that is missing, unreadable, or another one's (by username, login URL, client
        id or key) is left out. Never raises for one org's sake, and changes nothing.
        """
        ...


class Saver(Protocol):
    """Puts authorized orgs into every store that was asked for."""

    async def save(self, outcome: Usable) -> Failure | None:
        """Save one org; return why it could not be saved, or None."""
        ...

    def hurry(self) -> None:
        """Be told that nobody else will come, so there is nothing to gather for."""
        ...


class Report(Protocol):
    """Writes down how a run went, for people or programs that come later."""

    def render(self, run: RunResult) -> Iterable[str]:
        """Return the document in pieces, so that it need not be in memory as a whole.

        It never holds a secret.
        """
        ...

    def render_error(self, error: OrgauthError, *, exit_code: int) -> str:
        """Return the document of a run that could not begin."""
        ...


class Observer(Protocol):
    """Is told what happens while it happens. Must be quick: it is called on the event loop."""

    def notify(self, event: Event) -> None:
        """Take note of one event."""
        ...
