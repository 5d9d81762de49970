"""The words orgauth is written in: frozen values, no behaviour beyond what follows from them."""

from __future__ import annotations

import hmac
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Literal, NoReturn, Self, TypeAlias
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = [
    "Authorized",
    "Cause",
    "Credentials",
    "Failed",
    "Failure",
    "FailureKind",
    "KeyRef",
    "Org",
    "OrgFacts",
    "OrgKind",
    "Outcome",
    "Reused",
    "RunResult",
    "Secret",
    "Skipped",
    "Status",
    "Usable",
]

MASK = "**********"


class Secret:
    """A text that must not be shown: an access token, an assertion.

    Only ``reveal()`` gives it away, and only a request body, a store, or the
    caller's own program has reason to call it. A Secret cannot be pickled, so
    it cannot slip into a cache or another process unnoticed; a copy of it
    (``dataclasses.asdict`` makes one) is the Secret itself.
    """

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """Return the text itself."""
        return self._value

    def __repr__(self) -> str:
        return f"Secret({MASK!r})"

    def __str__(self) -> str:
        return MASK

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Secret):
            return NotImplemented
        # Surrogates pass: an error of the encoder would carry the whole text.
        mine = self._value.encode(errors="surrogatepass")
        return hmac.compare_digest(mine, other._value.encode(errors="surrogatepass"))

    def __hash__(self) -> int:
        return hash((Secret, self._value))

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, _: object) -> Self:
        return self

    def __reduce__(self) -> NoReturn:
        raise TypeError("a Secret is never pickled")

    def __getstate__(self) -> NoReturn:
        raise TypeError("a Secret is never pickled")


class OrgKind(StrEnum):
    """What kind of org the manifest says it is; decides login URL, audience and patience."""

    DEV_HUB = "dev_hub"
    SCRATCH = "scratch"
    SANDBOX = "sandbox"
    PRODUCTION = "production"


class Status(StrEnum):
    """How an org's run ended, as the JSON document spells it."""

    AUTHORIZED = "authorized"
    REUSED = "reused"
    FAILED = "failed"
    SKIPPED = "skipped"


class FailureKind(StrEnum):
    """The one thing that decides what happens after a failure."""

    PERMANENT = "permanent"
    """Trying again cannot help."""
    NOT_APPROVED = "not_approved"
    """A new org is not replicated to the login host yet: wait for it, up to a deadline."""
    TRANSIENT = "transient"
    """Network trouble, a 5xx, half an answer: a few more attempts."""
    THROTTLED = "throttled"
    """The host asks everybody to slow down: the whole host pauses."""


class Cause(StrEnum):
    """Why an attempt failed, as far as a later step has to tell causes apart."""

    KEY = "key"
    """The key does not match the certificate. Everyone who shares the key fails alike."""
    CLIENT_ID = "client_id"
    """The consumer key is wrong. Everyone who shares it fails alike."""
    AUDIENCE = "audience"
    """The assertion's ``aud`` is not the one this host expects."""
    CLOCK = "clock"
    """The host says the assertion has expired."""
    APPROVAL = "approval"
    """The app does not admit this user, or does not know the org yet."""
    USER = "user"
    """The user or the org itself: inactive, restricted by network or hours."""
    LOGIN_URL = "login_url"
    """The URL is not the login URL of this org."""
    NETWORK = "network"
    """No whole answer came back."""
    SERVER = "server"
    """The host answered, but not with a usable answer."""
    REJECTED_TOKEN = "rejected_token"  # noqa: S105 - the name of a cause, no secret
    """The login succeeded, but no REST call accepts the token."""
    STORE = "store"
    """Authorized, but it could not be saved."""
    DEV_HUB = "dev_hub"
    """Not tried, because its Dev Hub failed for a reason that they share."""
    BREAKER = "breaker"
    """Not tried, because others with its client id, key and login host were all refused."""
    HOST = "host"
    """Not tried to the end, because the host wants to be left alone for too long."""
    INTERRUPTED = "interrupted"
    """Not finished, because the run was stopped."""
    OTHER = "other"

    @property
    def is_shared(self) -> bool:
        """Whether a scratch org with the same client id and key must fail in the same way."""
        return self in (Cause.KEY, Cause.CLIENT_ID, Cause.BREAKER)


@dataclass(frozen=True, slots=True)
class KeyRef:
    """Where a private key is found; equal references are loaded once a run."""

    source: Literal["file", "env"]
    """Which key source loads it (see ``orgauth.keys``)."""
    location: str
    """The absolute path of the file, or the variable's name."""
    passphrase_env: str | None = None
    """The variable that holds the passphrase of an encrypted key."""

    def __hash__(self) -> int:
        return hash(self.location)  # asked for several times an org, and nearly always enough

    def __str__(self) -> str:
        return self.location if self.source == "file" else f"${self.location}"


@dataclass(frozen=True, slots=True)
class Org:
    """One org to authorize, with everything inherited and resolved."""

    username: str
    client_id: str
    """The consumer key of the app: the assertion's ``iss``."""
    key: KeyRef
    login_url: str
    """Scheme, host and port; the token endpoint's path is appended to it."""
    audience: str
    """The assertion's ``aud`` on the first attempt."""
    kind: OrgKind = OrgKind.PRODUCTION
    alias: str | None = None
    audience_is_explicit: bool = False
    """Somebody chose the audience; if it is refused, no other is tried."""
    dev_hub: str | None = None
    """The username of a scratch org's Dev Hub, which goes first."""
    is_new: bool = False
    """It may not be replicated yet: every scratch org, and orgs marked ``new: true``."""
    set_default: bool = False
    set_default_dev_hub: bool = False
    login_host: str = field(init=False, repr=False, compare=False)
    """Host and port of the login URL."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "login_host", urlsplit(self.login_url).netloc)

    @property
    def name(self) -> str:
        """What people call it: the alias, or the username where there is none."""
        return self.alias or self.username


@dataclass(frozen=True, slots=True)
class Credentials:
    """What the token endpoint gave for one org."""

    access_token: Secret
    instance_url: str
    """Scheme, host and port of the org's own REST API."""
    org_id: str
    """18 characters, ``00D…``."""
    user_id: str | None
    """18 characters, ``005…``; None where a stored token is used again, for nobody stores it."""


@dataclass(frozen=True, slots=True)
class OrgFacts:
    """What an org says of itself once the token works (``Organization`` and ``ScratchOrgInfo``)."""

    organization_name: str | None
    instance_name: str | None
    """The Salesforce instance, such as ``USA254S``."""
    namespace_prefix: str | None
    edition: str | None
    """``OrganizationType``, such as ``Developer Edition``."""
    is_sandbox: bool
    """A sandbox proper; a scratch org is none."""
    is_scratch: bool
    is_dev_hub: bool
    trial_expiration: str | None = None
    """``TrialExpirationDate`` as Salesforce writes it."""
    api_version: str | None = None
    """The newest API version of its instance, such as ``63.0``."""
    expiration_date: str | None = None
    """A scratch org's last day, ``YYYY-MM-DD``, which only its Dev Hub knows."""
    scratch_org_expirations: Mapping[str, str] = field(default_factory=dict)
    """A Dev Hub's active scratch orgs: 15-character org id → ``YYYY-MM-DD``."""


@dataclass(frozen=True, slots=True)
class Failure:
    """One classified failure, safe to show: it never holds what was sent."""

    code: str
    """The server's ``error``, or a word of ours such as ``timeout``."""
    description: str
    kind: FailureKind
    cause: Cause
    advice: str
    """What the person can do about it."""
    retry_after: float | None = None
    """Seconds the host asked to be left alone."""
    server_time: float | None = None
    """The host's clock when it answered (its ``Date``), in seconds since 1970."""


@dataclass(frozen=True, slots=True)
class Authorized:
    """The token works and is saved in every store that was asked for."""

    org: Org
    credentials: Credentials
    facts: OrgFacts | None
    """``None`` where verification was left out."""
    attempts: int
    """Token requests made."""
    elapsed_seconds: float
    """From the first attempt on, waiting included."""
    status: Literal[Status.AUTHORIZED] = field(default=Status.AUTHORIZED, init=False)


@dataclass(frozen=True, slots=True)
class Reused:
    """A token that an earlier run stored still works, so none was asked for (``--if-needed``)."""

    org: Org
    credentials: Credentials
    facts: OrgFacts
    elapsed_seconds: float
    attempts: int = 0
    """Token requests made: none."""
    status: Literal[Status.REUSED] = field(default=Status.REUSED, init=False)


@dataclass(frozen=True, slots=True)
class Failed:
    """The org could not be authorized, or not be saved."""

    org: Org
    failure: Failure
    attempts: int
    elapsed_seconds: float
    status: Literal[Status.FAILED] = field(default=Status.FAILED, init=False)


@dataclass(frozen=True, slots=True)
class Skipped:
    """The org was not tried to the end; ``failure`` says why."""

    org: Org
    failure: Failure
    attempts: int = 0
    elapsed_seconds: float = 0.0
    status: Literal[Status.SKIPPED] = field(default=Status.SKIPPED, init=False)


Usable: TypeAlias = Authorized | Reused
"""The org has a token that works, a new one or a stored one."""

Outcome: TypeAlias = Authorized | Reused | Failed | Skipped
"""How one org ended. Match on the class, and close the match with ``assert_never``."""


@dataclass(frozen=True, slots=True)
class RunResult:
    """A whole run, for reports. It holds outcomes, whose secrets mask themselves."""

    outcomes: Sequence[Outcome]
    elapsed_seconds: float
    exit_code: int
    warnings: Sequence[str] = ()

    def count(self, status: Status) -> int:
        """Return how many orgs ended so."""
        return sum(outcome.status is status for outcome in self.outcomes)
