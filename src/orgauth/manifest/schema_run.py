"""The shape of a manifest's ``settings``, ``retry`` and ``stores``."""
# No `from __future__ import annotations`: pydantic needs the annotations as they are.

from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, field_validator

from orgauth.manifest.fields import Attempts, Given, Rate, Seconds, Slots, Switch, optional
from orgauth.settings import NotApprovedPolicy, Settings, ThrottledPolicy, TransientPolicy

__all__ = [
    "NotApproved",
    "Retry",
    "RunSettings",
    "SalesforceCli",
    "Section",
    "Stores",
    "Throttled",
    "Transient",
]

_RUN = Settings()
_NOT_APPROVED = NotApprovedPolicy()
_TRANSIENT = TransientPolicy()
_THROTTLED = ThrottledPolicy()

_INITIAL = "The first wait is at most so long; the limit doubles each time."
_MAX = "No single wait is longer."
_TIMEOUT = "Give up after so long in all."


class Section(BaseModel):
    """A mapping of the manifest: no unknown keys, no guessing of types."""

    # Most manifests use few of the sections; only those are built, when they are first used.
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, defer_build=True)


class RunSettings(Section):
    """How many requests at once, how fast, how long."""

    concurrency: Slots = Field(default=_RUN.concurrency, description="Requests at once, in all.")
    per_host: Given[Slots] = optional(
        "Requests at once to one login host; as many as concurrency where it is left out."
    )
    requests_per_second: Rate = Field(
        default=_RUN.requests_per_second,
        description="Token requests a second, all hosts together; null for no limit.",
    )
    timeout_seconds: Seconds = Field(
        default=_RUN.timeout_seconds, description="How long one request may take."
    )


class _Backoff(Section):
    @field_validator("max_seconds", check_fields=False)
    @classmethod
    def _not_less_than_initial(cls, value: float, info: ValidationInfo) -> float:
        initial = info.data.get("initial_seconds", 0)
        if value < initial:
            raise ValueError(f"({value:g}) must be at least initial_seconds ({initial:g})")
        return value


class NotApproved(_Backoff):
    """Patience with an org that is not replicated to the login host yet."""

    initial_seconds: Seconds = Field(default=_NOT_APPROVED.initial_seconds, description=_INITIAL)
    max_seconds: Seconds = Field(
        default=_NOT_APPROVED.max_seconds, validate_default=True, description=_MAX
    )
    timeout_seconds: Seconds = Field(default=_NOT_APPROVED.timeout_seconds, description=_TIMEOUT)


class Transient(_Backoff):
    """Patience with network and server faults."""

    initial_seconds: Seconds = Field(default=_TRANSIENT.initial_seconds, description=_INITIAL)
    max_seconds: Seconds = Field(
        default=_TRANSIENT.max_seconds, validate_default=True, description=_MAX
    )
    attempts: Attempts = Field(
        default=_TRANSIENT.attempts, description="Attempts in all, the first one included."
    )


class Throttled(_Backoff):
    """Patience with a host that asks everybody to slow down but does not say for how long."""

    initial_seconds: Seconds = Field(default=_THROTTLED.initial_seconds, description=_INITIAL)
    max_seconds: Seconds = Field(
        default=_THROTTLED.max_seconds, validate_default=True, description=_MAX
    )
    timeout_seconds: Seconds = Field(default=_THROTTLED.timeout_seconds, description=_TIMEOUT)


class Retry(Section):
    """What is tried again, and for how long."""

    not_approved: NotApproved | None = optional("An org that is not replicated yet.")
    transient: Transient | None = optional("Network trouble, a server's fault.")
    throttled: Throttled | None = optional("A host that asks everybody to slow down.")


class SalesforceCli(Section):
    """How the Salesforce CLI's store is written."""

    keep_key: Switch = Field(
        default=False,
        description="Keep a private key that came from a variable, or had a passphrase, in a file"
        " of its own (mode 0600, without a passphrase), so that the CLI can renew tokens.",
    )


class Stores(Section):
    """How tokens are saved; ``--store`` says where."""

    salesforce_cli: SalesforceCli | None = optional("The Salesforce CLI's own store.")
