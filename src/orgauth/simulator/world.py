"""The world that is simulated: connected apps, orgs of every kind, tokens, time and chance."""

from __future__ import annotations

import asyncio
import random
import secrets
import time
from typing import TYPE_CHECKING

from orgauth.simulator import keys
from orgauth.simulator.behaviour import Host
from orgauth.simulator.ids import IdSource
from orgauth.simulator.orgs import LOGIN, Org, as_date, week_from
from orgauth.simulator.query import Cursors
from orgauth.simulator.requests import Requests

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Awaitable, Callable

    from orgauth.simulator.keys import ConnectedApp, KeyMaterial

__all__ = ["World"]


class World:
    """Everything the simulator knows; change it at any time, also while it is being served.

    ``clock`` gives seconds since 1970, ``sleep`` waits for seconds, ``rng`` decides about
    random faults; tests pass their own.
    """

    def __init__(
        self,
        *,
        clock: Callable[[], float] = time.time,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        rng: random.Random | None = None,
    ) -> None:
        self.clock = clock
        self.sleep = sleep
        self.rng = rng or random.Random()  # noqa: S311 - chance for faults, no secrets
        self.host = Host()
        self.requests = Requests()
        self.cursors = Cursors()
        self.apps: dict[str, ConnectedApp] = {}
        self.any_username = False
        """Make an org of any unknown username that logs in; its kind is guessed from ``aud``."""
        self.clock_tolerance = 180.0
        """Seconds by which an assertion may have expired already."""
        self.longest_assertion = 300.0
        """Seconds that an assertion may live, ``clock_tolerance`` on top."""
        self.first_asked: float | None = None
        """When the first token request of all came as far as the question of approval."""
        self._orgs: dict[str, Org] = {}
        self._tokens: dict[str, Org] = {}
        self._org_ids = IdSource("00D9A")
        self._user_ids = IdSource("0059A")
        self._info_ids = IdSource("2SR9A")

    def now(self) -> float:
        """Return the host's time, seconds since 1970, its skew included."""
        return self.clock() + self.host.clock_skew

    # -- making it ---------------------------------------------------------------------------

    def connected_app(
        self, client_id: str, public_key: KeyMaterial, *more_keys: KeyMaterial
    ) -> ConnectedApp:
        """Register an app by its consumer key and certificate (or public key, or several)."""
        app = keys.ConnectedApp(
            client_id, tuple(keys.public_key(key) for key in (public_key, *more_keys))
        )
        self.apps[client_id] = app
        return app

    def production(self, username: str, *, app: ConnectedApp | None = None, name: str = "") -> Org:
        """Add a production (or developer) org; with no ``app`` it has every app installed."""
        return self._add(Org(self, "production", username, name=name, audience=LOGIN), app)

    def dev_hub(self, username: str, *, app: ConnectedApp | None = None, name: str = "") -> Org:
        """Add a production org with Dev Hub enabled."""
        return self._add(Org(self, "dev_hub", username, name=name, audience=LOGIN), app)

    def sandbox(self, username: str, *, app: ConnectedApp | None = None, name: str = "") -> Org:
        """Add a sandbox."""
        return self._add(Org(self, "sandbox", username, name=name), app)

    def scratch_org(
        self,
        username: str,
        *,
        hub: Org | None = None,
        app: ConnectedApp | None = None,
        expires: str | dt.date | None = None,
        name: str = "",
    ) -> Org:
        """Add a scratch org of ``hub``, whose app it has; ``expires`` (a day, ISO) or in 7 days."""
        inherited = app or (None if hub is None else hub.app)
        org = self._add(Org(self, "scratch", username, name=name), inherited)
        org.expires = week_from(self.clock()) if expires is None else as_date(expires)
        org.hub = hub
        if hub is not None:
            hub.scratch_orgs.append(org)
        return org

    def _add(self, org: Org, app: ConnectedApp | None) -> Org:
        if org.key in self._orgs:
            raise ValueError(f"the world has a user {org.username} already")
        org.org_id, org.user_id = self._org_ids.next(), self._user_ids.next()
        org.info_id = self._info_ids.next()
        if app is not None:
            org.app = app
        self._orgs[org.key] = org
        return org

    # -- looking at it -----------------------------------------------------------------------

    @property
    def orgs(self) -> list[Org]:
        """All orgs, in the order in which they were added."""
        return list(self._orgs.values())

    def org(self, username: str) -> Org:
        """Return the org of ``username`` (in any case); ``KeyError`` if there is none."""
        return self._orgs[username.lower()]

    def find(self, username: str) -> Org | None:
        """Return the org of ``username`` (in any case), or ``None``."""
        return self._orgs.get(username.lower())

    # -- tokens ------------------------------------------------------------------------------

    def issue(self, org: Org) -> str:
        """Return a new access token of ``org``: its 15-character id, ``!``, then noise."""
        token = f"{org.org_id}!AQ{secrets.token_urlsafe(70).replace('-', '.')}"
        self._tokens[token] = org
        org.tokens.append(token)
        return token

    def bearer(self, token: str) -> Org | None:
        """Return the org that ``token`` opens, or ``None``."""
        return self._tokens.get(token)

    def revoke(self, token: str) -> bool:
        """Make ``token`` worthless; return whether it was worth something."""
        org = self._tokens.pop(token, None)
        if org is not None:
            org.tokens.remove(token)
        return org is not None
