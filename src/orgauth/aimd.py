"""How many requests at once a host is known to take: learnt from what it refuses."""

from __future__ import annotations

__all__ = ["Level"]

_ROUNDS_BETWEEN_TRIALS = 20
"""A trial costs a refusal and a pause, so it is worth it only once in a while."""
_RAREST = 64


class Level:
    """One host's limit: additive increase, multiplicative decrease (AIMD), with a memory.

    A burst of refusals halves the limit at least, and lowers it to what the host took of that
    burst if that is less still. It grows by one a round of successes; where a burst has shown how
    many the host takes, it stops there for 20 rounds before it tries one more, and after each
    trial in vain for twice as many.

    Args:
        ceiling: the limit at first, which it never exceeds.
    """

    def __init__(self, ceiling: int) -> None:
        self._ceiling = ceiling
        self._limit = float(ceiling)
        self._half = float(ceiling)
        self._taken: int | None = None
        """How many of the last burst were let in; None where that taught nothing."""
        self._rest = 0
        """Successes until the limit may exceed what was taken."""
        self._rarity = 1

    @property
    def limit(self) -> int:
        """How many at once; 1 at least, so that a host is never shut for good."""
        return int(self._limit)

    @property
    def is_full(self) -> bool:
        """Whether nothing is left to grow."""
        return self._limit >= self._ceiling

    def refused(self, under_way: int) -> None:
        """Take note of the first refusal of a burst.

        Args:
            under_way: how many requests were, the refused one included.
        """
        in_vain = self._taken is not None and self.limit == self._taken + 1
        self._rarity = min(2 * self._rarity, _RAREST) if in_vain else 1
        self._half = self._limit / 2.0
        self._learn(under_way - 1)

    def refused_too(self) -> None:
        """Take note that one more of the same burst was refused, which teaches what was taken."""
        if self._taken is not None:
            self._learn(self._taken - 1)

    def succeeded(self) -> None:
        """Take note of one request that went well."""
        grown = min(self._limit + 1.0 / self._limit, float(self._ceiling))
        if self._taken is not None and int(grown) > self._taken >= self.limit:
            self._rest -= 1
            if self._rest > 0:
                return
            grown = self._taken + 1.0
        self._limit = grown
        if self._taken is not None and self.limit > self._taken + 1:
            self._taken = None  # it takes more by now

    def _learn(self, taken: int) -> None:
        # A host that took none of a burst does not say how many it takes: it says "not now".
        self._taken = taken if taken > 0 else None
        self._limit = max(1.0, min(self._half, taken))
        self._rest = _ROUNDS_BETWEEN_TRIALS * self._rarity * taken
