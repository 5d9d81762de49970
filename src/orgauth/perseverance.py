"""One step of an org's way, attempted until it succeeds or patience is spent."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from orgauth.errors import AttemptFailed
from orgauth.events import OrgWaiting
from orgauth.models import FailureKind
from orgauth.retry import Patience, retrying
from orgauth.waiting_room import WaitingRoom

if TYPE_CHECKING:
    import random
    from collections.abc import Awaitable, Callable

    from orgauth.models import Failure, Org
    from orgauth.ports import Observer
    from orgauth.settings import RetryPolicies

__all__ = ["Journey", "Perseverance", "World"]

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class World:
    """Time and chance, as the core sees them; tests bring their own."""

    clock: Callable[[], float]
    """Seconds that never go back."""
    sleep: Callable[[float], Awaitable[None]]
    rng: random.Random


@dataclass(slots=True)
class Journey:
    """One org under way."""

    org: Org
    started: float
    attempts: int = 0
    in_play: bool = True
    """Whether it still takes room; who waits for a next attempt does not."""
    not_approved: bool = False
    """Whether that is why the last attempt failed."""

    @property
    def neighbours(self) -> tuple[str, str]:
        """Those who may be approved when it is: of one app at one login host."""
        return self.org.login_host, self.org.client_id

    def count(self) -> None:
        """Take note of a token request."""
        self.attempts += 1


class Perseverance:
    """Waits between attempts, holding no slot and no room.

    Args:
        policies: how patient to be.
        world: time and chance.
        observer: is told of waits.
        step_aside: called with whoever begins to wait, so that others may start.
        look_again: called with a host at which a step has ended, or begins to wait.
    """

    def __init__(
        self,
        policies: RetryPolicies,
        world: World,
        *,
        observer: Observer,
        step_aside: Callable[[Journey], None],
        look_again: Callable[[str], None],
    ) -> None:
        self._policies = policies
        self._world = world
        self._observer = observer
        self._step_aside = step_aside
        self._look_again = look_again
        self._waiting_room = WaitingRoom(world.sleep)

    async def attempt(self, journey: Journey, host: str, step: Callable[..., Awaitable[T]]) -> T:
        """Return what the step returns at last; raise its last ``AttemptFailed``.

        Args:
            journey: whose step it is.
            host: whom it asks.
            step: makes one attempt; told ``again=True`` for each but the first.
        """
        try:
            # Nearly always enough; tenacity's loop costs as much as all the rest of ours.
            return await step()
        except AttemptFailed as error:
            return await self._again(journey, host, step, error)
        finally:
            self._look_again(host)

    def got_in(self, journey: Journey) -> None:
        """Take note of a login, which is good news for who waits for the same approval."""
        if journey.not_approved:
            self._waiting_room.got_in(journey.neighbours)

    async def _again(
        self, journey: Journey, host: str, step: Callable[..., Awaitable[T]], first: AttemptFailed
    ) -> T:
        """Wait and attempt again, after a first failure."""
        attempted: list[AttemptFailed] = [first]

        async def again() -> T:
            if attempted:  # tenacity counts the attempt that has been made
                raise attempted.pop()
            return await step(again=True)

        patience = Patience(self._policies, clock=self._world.clock, rng=self._world.rng)
        attempts = retrying(
            patience,
            before_sleep=partial(self._wait_begins, journey, host),
            sleep=partial(self._wait, journey),
        )
        result: T = await attempts(again)
        return result

    def _wait_begins(
        self, journey: Journey, host: str, failure: Failure, attempt: int, delay: float
    ) -> None:
        self._step_aside(journey)
        self._look_again(host)
        journey.not_approved = failure.kind is FailureKind.NOT_APPROVED
        reason = f"{failure.code}: {failure.description}"
        self._observer.notify(OrgWaiting(journey.org.name, failure.kind, reason, attempt, delay))

    async def _wait(self, journey: Journey, seconds: float) -> None:
        if journey.not_approved:
            await self._waiting_room.wait(journey.neighbours, seconds)
        else:
            await self._world.sleep(seconds)
