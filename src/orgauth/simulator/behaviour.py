"""How a host or one org behaves: latency, faults and throttling, each changeable at any time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from orgauth.simulator import faults

if TYPE_CHECKING:
    import random

    from orgauth.simulator.fault import Fault

__all__ = ["Behaviour", "Host", "Throttle"]


def covers(on: str, kind: str) -> bool:
    """Return whether a rule for ``on`` (``token``, ``rest``, ``any`` or a kind) is for ``kind``."""
    return on in {"any", kind} or (on == "rest" and kind != "token")


@dataclass(slots=True)
class _Rule:
    faults: tuple[Fault, ...]
    times: int | None
    on: str
    probability: float
    after: int

    def draw(self, rng: random.Random) -> Fault | None:
        if self.times == 0:
            return None
        if self.after > 0:
            self.after -= 1
            return None
        if self.probability < 1.0 and rng.random() >= self.probability:
            return None
        if self.times is not None:
            self.times -= 1
        return self.faults[0] if len(self.faults) == 1 else rng.choice(self.faults)


class Behaviour:
    """What a host and an org have in common: they are slow, and they misbehave."""

    def __init__(self) -> None:
        self.latency = 0.0
        """Seconds before each answer; an org's is added to the host's."""
        self._rules: list[_Rule] = []

    def answers(
        self,
        *faults: Fault,
        times: int | None = 1,
        on: str = "token",
        probability: float = 1.0,
        after: int = 0,
    ) -> None:
        """Answer with a fault for the next requests; rules are asked in the order they were made.

        Args:
            faults: what to answer; one of them at random each time where there are several.
            times: how often; ``None`` for always.
            on: ``token``, ``rest`` (all that is not ``token``), ``any``, or one of the kinds
                of ``Requests.by_kind``.
            probability: of each request that the rule is for; drawn from the world's generator.
            after: how many requests pass unharmed before it starts.
        """
        self._rules.append(_Rule(faults, times, on, probability, after))

    def misbehaves(self, rate: float, *, on: str = "any", badly: bool = False) -> None:
        """Answer with a passing fault, always, at random with this probability (0 to 1).

        ``badly`` adds those that do not pass by asking again: ``faults.of_all_sorts``.
        """
        sorts = faults.of_all_sorts(on) if badly else faults.passing(on)
        self.answers(*sorts, times=None, on=on, probability=rate)

    def recovers(self) -> None:
        """Forget all faults and latency."""
        self._rules.clear()
        self.latency = 0.0

    def draw(self, kind: str, rng: random.Random) -> Fault | None:
        """Return the fault to play on a request of ``kind``, if any; used up as it is returned."""
        for rule in self._rules:
            if covers(rule.on, kind):
                fault = rule.draw(rng)
                if fault is not None:
                    return fault
        return None


@dataclass(slots=True)
class Throttle:
    """At most so many requests at once; beyond them the fault is the answer, at once."""

    in_flight: int
    fault: Fault
    on: str
    admitted: int = 0


class Host(Behaviour):
    """The one host that stands for login, test and every My Domain."""

    def __init__(self) -> None:
        super().__init__()
        self.url = "https://simulator.invalid"
        """Where the simulator listens, with no slash at the end; set when it starts."""
        self.clock_skew = 0.0
        """Seconds the host's clock is ahead of ours (negative: behind): ``Date`` and expiry."""
        self.api_version = 66
        """The newest version of the REST API."""
        self.limit: Throttle | None = None

    def throttle(
        self,
        in_flight: int | None,
        retry_after: float | str | None = 1,
        *,
        fault: Fault | None = None,
        on: str = "any",
    ) -> None:
        """Admit ``in_flight`` requests at once and answer 429 beyond; ``None`` ends it.

        ``retry_after`` is in seconds. ``fault`` answers in place of 429: for example
        ``faults.unavailable(2)``, or ``faults.refusal(errors.LOGIN_RATE_EXCEEDED)``.
        """
        if in_flight is None:
            self.limit = None
            return
        self.limit = Throttle(in_flight, fault or faults.too_many_requests(retry_after), on)

    def recovers(self) -> None:
        """Forget all faults, latency, throttling and clock skew."""
        super().recovers()
        self.limit = None
        self.clock_skew = 0.0
