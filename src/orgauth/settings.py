"""How a run behaves: concurrency, time limits, patience. Plain values with the defaults."""

from __future__ import annotations

from dataclasses import dataclass, field

__all__ = ["NotApprovedPolicy", "RetryPolicies", "Settings", "ThrottledPolicy", "TransientPolicy"]


@dataclass(frozen=True, slots=True)
class Settings:
    """``settings`` of the manifest."""

    concurrency: int = 32
    """Requests in flight at once, all hosts together."""
    per_host: int = 32
    """Requests in flight at once to one host. The manifest's default is ``concurrency``."""
    requests_per_second: float | None = None
    """Token requests a second, all hosts together; ``None`` for no limit."""
    timeout_seconds: float = 30.0
    """One request, from connecting to the last byte of its answer."""


@dataclass(frozen=True, slots=True)
class NotApprovedPolicy:
    """Patience with an org that is not replicated yet: exponential, full jitter, a deadline."""

    initial_seconds: float = 5.0
    max_seconds: float = 60.0
    timeout_seconds: float = 600.0


@dataclass(frozen=True, slots=True)
class TransientPolicy:
    """Patience with network and server faults: exponential, full jitter, a few attempts."""

    initial_seconds: float = 1.0
    max_seconds: float = 30.0
    attempts: int = 6
    """Attempts in all, the first one included."""


@dataclass(frozen=True, slots=True)
class ThrottledPolicy:
    """Patience with a host that asks everybody to slow down, where it does not say for how long."""

    initial_seconds: float = 5.0
    max_seconds: float = 120.0
    timeout_seconds: float = 900.0


@dataclass(frozen=True, slots=True)
class RetryPolicies:
    """``retry`` of the manifest."""

    not_approved: NotApprovedPolicy = field(default_factory=NotApprovedPolicy)
    transient: TransientPolicy = field(default_factory=TransientPolicy)
    throttled: ThrottledPolicy = field(default_factory=ThrottledPolicy)
