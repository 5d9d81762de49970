"""A request that has been understood: what kind, whose, and how to answer it truthfully."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from orgauth.simulator.orgs import Org
    from orgauth.simulator.reply import Reply

__all__ = ["Asked", "Call"]


@dataclass(frozen=True, slots=True)
class Asked:
    """A request as it came over the wire."""

    method: str
    path: str
    """Unquoted, with no query."""
    query: Mapping[str, str]
    headers: Mapping[str, str]
    """Case-insensitive."""
    body: bytes = field(repr=False)

    @property
    def host(self) -> str:
        """The ``Host`` header, empty if it is missing."""
        return self.headers.get("Host", "")

    @property
    def host_name(self) -> str:
        """The ``Host`` header without its port, in small letters."""
        return self.host.partition(":")[0].lower()


@dataclass(frozen=True, slots=True)
class Call:
    """What is to be done; nothing has happened before ``truth`` is called."""

    kind: str
    org: Org | None
    truth: Callable[[], Reply]
