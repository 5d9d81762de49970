"""Tokens that an earlier run stored: read off the event loop, and believed only so far."""

from __future__ import annotations

import logging
import re
from typing import TYPE_CHECKING

from orgauth.batching import Batcher
from orgauth.models import Credentials
from orgauth.trust import trusted_origin

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from orgauth.models import Org
    from orgauth.ports import Recalled, Store

__all__ = ["StoredTokens"]

_ORG_ID = re.compile(r"00D[A-Za-z0-9]{15}")

_log = logging.getLogger(__name__)


class StoredTokens:
    """The stores' common memory: a token is in it only where every store has the same one.

    Somebody else may have written what the stores hold. So a token goes nowhere but to a
    host that a token endpoint's answer could have named, too.

    Args:
        stores: prepared stores.
    """

    def __init__(self, stores: Sequence[Store]) -> None:
        self._stores = stores
        self._batcher: Batcher[Org, Credentials | None] = Batcher(
            self._recall, name="orgauth-recall"
        )

    async def recall(self, org: Org) -> Credentials | None:
        """Return what is stored of just this org and may be sent to its host, or None."""
        return await self._batcher.submit(org)

    async def close(self) -> None:
        """Let the reading thread go."""
        await self._batcher.close()

    def _recall(self, orgs: Sequence[Org]) -> Sequence[Credentials | None]:
        """Work off one batch, in the reading thread."""
        found = [self._recall_from(store, orgs) for store in self._stores]
        return [_agreed(org, [each.get(org.username) for each in found]) for org in orgs]

    def _recall_from(self, store: Store, orgs: Sequence[Org]) -> Mapping[str, Recalled]:
        try:
            return store.recall(orgs)
        except Exception:  # noqa: BLE001 - a mistake in one store costs a login, not the run
            _log.debug("store %s cannot be read", store.name, exc_info=True)
            return {}


def _agreed(org: Org, copies: Sequence[Recalled | None]) -> Credentials | None:
    """Return the token on which all stores agree, if it is known whose it is and where it goes."""
    known = [copy for copy in copies if copy is not None]
    if not known or len(known) < len(copies):
        return None
    token = known[0].access_token
    urls = {trusted_origin(org.login_url, copy.instance_url) for copy in known}
    org_id = next((copy.org_id for copy in known if copy.org_id is not None), None)
    if org_id is None or not _ORG_ID.fullmatch(org_id):
        return None
    if len(urls) > 1 or any(copy.access_token != token for copy in known):
        return None
    url = urls.pop()
    return None if url is None else Credentials(token, url, org_id, user_id=None)
