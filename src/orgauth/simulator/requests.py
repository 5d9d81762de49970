"""What was asked of the simulator: counts, peaks and the claims of each token request."""

from __future__ import annotations

import json
from collections import Counter, deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TextIO

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Requests", "TokenSeen"]

REMEMBERED = 20_000


@dataclass(frozen=True, slots=True)
class TokenSeen:
    """One token request that could be read: what the client claimed and sent along."""

    at: float
    """Seconds since 1970 by the simulator's own clock, skew included."""
    claims: Mapping[str, Any]
    header: Mapping[str, Any]
    host: str
    """The ``Host`` header."""
    user_agent: str


@dataclass(slots=True)
class Requests:
    """Counts everything; remembers the last 20,000 token requests."""

    by_kind: Counter[str] = field(default_factory=Counter)
    """``token``, ``versions``, ``resources``, ``limits``, ``query``, ``query_more``, ``batch``,
    ``sobject``, ``userinfo``, ``revoke``, ``other``."""
    by_kind_and_username: Counter[tuple[str, str]] = field(default_factory=Counter)
    refusals: Counter[str] = field(default_factory=Counter)
    """Token refusals by ``error: description``."""
    faults: Counter[str] = field(default_factory=Counter)
    """Faults that were played, by name."""
    faults_by_username: Counter[tuple[str, str]] = field(default_factory=Counter)
    """The same, by name and by whose request it was (in small letters), where that was known."""
    tokens: deque[TokenSeen] = field(default_factory=lambda: deque(maxlen=REMEMBERED))
    throttled: int = 0
    in_flight: int = 0
    in_flight_peak: int = 0
    log: TextIO | None = None
    """Where a JSON line for each answered request goes; ``None`` (the default) costs nothing."""

    @property
    def total(self) -> int:
        """All requests of every kind."""
        return self.by_kind.total()

    def count(self, kind: str | None = None, username: str | None = None) -> int:
        """Return how many requests came, of one kind, of one org, of both or at all."""
        if username is None:
            return self.total if kind is None else self.by_kind[kind]
        wanted = username.lower()
        if kind is not None:
            return self.by_kind_and_username[kind, wanted]
        return sum(
            times for (_, whose), times in self.by_kind_and_username.items() if whose == wanted
        )

    def claims(self, username: str | None = None) -> list[Mapping[str, Any]]:
        """Return the claims of the token requests, oldest first, of one username or of all."""
        return [
            seen.claims
            for seen in self.tokens
            if username is None or seen.claims["sub"].lower() == username.lower()
        ]

    def clear(self) -> None:
        """Forget everything but what is in flight right now."""
        for counter in (self.by_kind, self.refusals, self.faults):
            counter.clear()
        for of_users in (self.by_kind_and_username, self.faults_by_username):
            of_users.clear()
        self.tokens.clear()
        self.throttled = 0
        self.in_flight_peak = self.in_flight

    def summary(self) -> str:
        """Return the counts for people, a line each."""
        lines = [f"{self.total} requests, {self.in_flight_peak} at most at once"]
        lines += [f"  {kind}: {times}" for kind, times in self.by_kind.most_common()]
        if self.throttled:
            lines.append(f"  throttled: {self.throttled}")
        lines += [f"  refused, {what}: {times}" for what, times in self.refusals.most_common()]
        lines += [f"  fault, {what}: {times}" for what, times in self.faults.most_common()]
        return "\n".join(lines)

    def arrived(self, kind: str, username: str | None) -> None:
        """Count a request that has been read; the server calls this."""
        self.by_kind[kind] += 1
        if username is not None:
            self.by_kind_and_username[kind, username] += 1
        self.in_flight += 1
        self.in_flight_peak = max(self.in_flight_peak, self.in_flight)

    def met(self, fault: str, username: str | None) -> None:
        """Count a fault that is played; the server calls this."""
        self.faults[fault] += 1
        if username is not None:
            self.faults_by_username[fault, username] += 1

    def left(self, kind: str, username: str | None, status: int | None, at: float) -> None:
        """Count a request as answered (``status``) or ended without an answer (``None``)."""
        self.in_flight -= 1
        if self.log is not None:
            line = {"at": round(at, 3), "kind": kind, "username": username, "status": status}
            self.log.write(json.dumps(line) + "\n")
