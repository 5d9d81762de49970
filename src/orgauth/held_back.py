"""Orgs that may not start yet, kept apart so that they are in nobody's way."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from orgauth.models import KeyRef, Org

__all__ = ["HeldBack"]

_App: TypeAlias = "tuple[str, KeyRef]"


class HeldBack:
    """Held back orgs by login host, and there by client id and key, each in their order.

    Looking through all of them each time would cost the more the more there are, so only those
    of a host are asked again at which something has changed.
    """

    def __init__(self) -> None:
        self._hosts: dict[str, dict[_App, deque[Org]]] = {}
        self._stirred: dict[str, None] = {}

    def __bool__(self) -> bool:
        return bool(self._hosts)

    def add(self, org: Org) -> None:
        """Hold an org back, behind those of its sort that are here already."""
        apps = self._hosts.setdefault(org.login_host, {})
        apps.setdefault((org.client_id, org.key), deque()).append(org)

    def stir(self, host: str) -> bool:
        """Note that the orgs of a host should be asked again; return whether there are any."""
        if host not in self._hosts:
            return False
        self._stirred[host] = None
        return True

    def pop(self, admits: Callable[[Org], bool], *, stirred: bool = True) -> Org | None:
        """Return an org that may start now, or None.

        Args:
            admits: whether an org may.
            stirred: look only at hosts where something has changed.
        """
        for host in tuple(self._stirred if stirred else self._hosts):
            org = self._pop_at(host, admits)
            if org is not None:
                return org
            self._stirred.pop(host, None)
        return None

    def clear(self) -> Sequence[Org]:
        """Return everybody, and forget them."""
        everybody = [org for apps in self._hosts.values() for orgs in apps.values() for org in orgs]
        self._hosts.clear()
        self._stirred.clear()
        return everybody

    def _pop_at(self, host: str, admits: Callable[[Org], bool]) -> Org | None:
        apps = self._hosts.get(host, {})
        for app, orgs in apps.items():
            if not admits(orgs[0]):
                continue
            org = orgs.popleft()
            if not orgs:
                del apps[app]
            if not apps:
                del self._hosts[host]
            return org
        return None
