"""Who goes when: Dev Hubs first, their scratch orgs as soon as the hub is in, the rest after."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING

from orgauth.held_back import HeldBack

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from orgauth.models import Failure, Org

__all__ = ["Lineup"]


class Lineup:
    """Gives out orgs in the order in which they should start.

    A scratch org waits for its Dev Hub only where the hub is in the line-up too. An org that may
    not start yet is held back and overtaken by those that may.

    Args:
        orgs: all orgs of the run.
        admits: whether an org may start now; asked right before it is given out.
        keep_going: no org is hopeless, whatever its Dev Hub met.
    """

    def __init__(
        self,
        orgs: Iterable[Org],
        *,
        admits: Callable[[Org], bool] = lambda _: True,
        keep_going: bool = False,
    ) -> None:
        everybody = list(orgs)
        hubs = {org.username for org in everybody}
        self._waiting: dict[str, list[Org]] = {}
        leaders: list[Org] = []
        for org in everybody:
            if org.dev_hub in hubs:
                self._waiting.setdefault(org.dev_hub, []).append(org)
            else:
                leaders.append(org)
        # Stable: among hubs, and among the others, the file's order stays.
        leaders.sort(key=lambda org: org.username not in self._waiting)
        self._ready = deque(leaders)
        self._admits = admits
        self._keep_going = keep_going
        self._held_back = HeldBack()
        self._given_out = 0
        self._news = asyncio.Event()

    async def next(self) -> Org | None:
        """Return the next org, waiting for one if there is none yet; None at the end."""
        while (org := self._first_admitted()) is None:
            if not self._waiting and not self._held_back:
                return None
            self._news.clear()
            await self._news.wait()
        self._given_out += 1
        return org

    def look_again(self, host: str) -> None:
        """Be told that something has changed at a login host, so that orgs may be admitted."""
        if self._held_back.stir(host):
            self._news.set()

    def _first_admitted(self) -> Org | None:
        org = self._held_back.pop(self._admits)
        if org is not None:
            return org
        while self._ready:
            org = self._ready.popleft()
            if self._admits(org):
                return org
            self._held_back.add(org)
        # Nobody is under way whose end could change anything, so it would never be otherwise.
        return None if self._given_out else self._held_back.pop(lambda _: True, stirred=False)

    def finished(self, org: Org, failure: Failure | None) -> Sequence[Org]:
        """Take note how an org's login ended; return the orgs that it would be hopeless to try.

        Args:
            org: any org of the line-up; one without scratch orgs changes nothing.
            failure: why it failed, or None where it is in.
        """
        self._given_out -= 1
        if not self._given_out:
            self._news.set()
        followers = self._waiting.pop(org.username, None)
        if followers is None:
            return ()
        hopeless: list[Org] = []
        hopeful = followers
        if failure is not None and failure.cause.is_shared and not self._keep_going:
            hopeless = [follower for follower in followers if _shares(follower, org)]
            hopeful = [follower for follower in followers if not _shares(follower, org)]
        # At the front: who has waited for a hub does not wait for the rest of the file too.
        self._ready.extendleft(reversed(hopeful))
        self._news.set()
        return hopeless

    def give_up(self) -> Sequence[Org]:
        """End the line-up; return everybody who has not been given out."""
        left = [
            *self._held_back.clear(),
            *self._ready,
            *(org for orgs in self._waiting.values() for org in orgs),
        ]
        self._ready.clear()
        self._waiting.clear()
        self._news.set()
        return left


def _shares(follower: Org, hub: Org) -> bool:
    return follower.client_id == hub.client_id and follower.key == hub.key
