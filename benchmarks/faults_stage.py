"""The faults that peers can take, too, and the hosts of this machine that have them."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

sys.path.append(str(Path(__file__).parents[1] / "tests"))

from integration.fault_matrix import cases as matrix
from integration.fault_matrix.cases import Behind, Bent, Elsewhere
from integration.fault_matrix.little_internet import LittleInternet
from orgauth.simulator import faults
from orgauth.simulator.doors import Door, drips, says
from orgauth.simulator.rehearsal import Size, prepare

if TYPE_CHECKING:
    from integration.fault_matrix.cases import Spot

__all__ = ["CASES", "Case", "Contact", "Stage"]

_OK = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"


@dataclass(frozen=True)
class Case:
    """A fault in the ``token`` call or the ``REST`` calls after it."""

    name: str
    spot: Spot
    call: str = "token"


@dataclass(frozen=True)
class Contact:
    """One program's view of the stage: where it logs in, and what was seen of it."""

    username: str
    url: str
    stage: Stage
    door: Door | None
    away: tuple[Door, Door]

    def has_come(self) -> bool:
        """Return whether the program has been heard of."""
        if self.door is not None:
            return self.door.connections > 0
        return self.stage.world.requests.count(username=self.username) > 0

    def told_elsewhere(self) -> list[str]:
        """Return which secrets another site, or the network, got to hear."""
        heard = b"".join(bytes(door.heard) for door in self.away)
        tokens = [token.encode() for token in self.stage.world.org(self.username).tokens]
        told = {"the assertion": b"assertion=" in heard}
        told["the token"] = any(token in heard for token in tokens)
        return [what for what, is_so in told.items() if is_so]


class Stage(LittleInternet):
    """Everything on localhost, for programs that look names up by themselves."""

    def __init__(self, folder: Path) -> None:
        rehearsal = prepare(folder / "key", Size(dev_hubs=0, scratch_orgs=0, sandboxes=0, late=0))
        super().__init__(folder, rehearsal.certificate_file.read_bytes())
        self.folder = folder
        self.key_file = rehearsal.key_file

    def url(self, host: str, port: int | None = None) -> str:  # noqa: ARG002 - every name is localhost
        """Return a URL of this machine, whatever the host's name would be."""
        return super().url("localhost", port)

    async def enter(self, username: str, case: Case | None, *, elsewhere: str) -> Contact:
        """Make an org with this trouble for one program; ``elsewhere`` names the other site."""
        org = self.world.production(username)
        org.instance_url_override = self.url("")
        good = self.certificates["good"]
        away = (Door(says(_OK), tls=good), Door(says(_OK)))
        for door in away:
            await self.stack.enter_async_context(door)
        self.elsewhere = Elsewhere(
            https=f"https://{elsewhere}:{away[0].port}", http=f"http://{elsewhere}:{away[1].port}"
        )
        before = len(self.doors)
        url = self.url("")
        if case is not None and case.call == "token":
            url = await self.place(org, case.spot, case.call, times=None)
        elif case is not None and isinstance(case.spot, Bent):
            # Whatever they ask after the login.
            org.answers(case.spot.fault(self.elsewhere), times=None, on="rest")
        door = self.doors[-1][1] if len(self.doors) > before else None
        return Contact(username, url, self, door, away)


def _chosen() -> list[Case]:
    """Return the matrix's cases that are worth everybody's time, at a pace for people."""
    slower: dict[tuple[str, str], Any] = {
        ("headers", "slow drip"): faults.slow_head(1.0),
        ("body", "slow drip"): faults.slow_drip(1.0),
        ("body", "without end"): faults.endless_body(0.05),
        ("body", "gzip bomb (50 MB)"): faults.gzip_bomb(500),
    }
    names = {
        ("body", "without end"): "body: without end, 20 MB a second",
        ("body", "gzip bomb (50 MB)"): "body: gzip bomb (500 MB)",
    }
    found = []
    for case in matrix.CASES:
        key = (case.phase, case.fault)
        if key not in _WANTED:
            continue
        spot = _bent(slower[key]) if key in slower else case.spot
        if key == ("TLS", "slow drip"):
            spot = Behind(drips(1.0))
        found.append(Case(names.get(key, f"{case.phase}: {case.fault}"), spot))
    return found


def _bent(fault: Any) -> Bent:
    return Bent(lambda _elsewhere: fault)


_WANTED = {
    ("connect", "refused"),
    ("connect", "silent"),
    ("TLS", "reset"),
    ("TLS", "silent"),
    ("TLS", "slow drip"),
    ("TLS", "certificate expired"),
    ("TLS", "certificate self-signed"),
    ("TLS", "certificate for another name"),
    ("request", "closed"),
    ("request", "silent"),
    ("headers", "slow drip"),
    ("headers", "headers without end"),
    ("headers", "no HTTP"),
    ("body", "closed (its length too long)"),
    ("body", "silent"),
    ("body", "slow drip"),
    ("body", "without end"),
    ("body", "gzip bomb (50 MB)"),
    ("body", "HTML, 200"),
    ("body", "HTML, 503"),
    ("body", "half JSON"),
    ("body", "JSON of another shape"),
    ("body", "JSON 100,000 deep"),
    ("body", "redirect to another site"),
    ("body", "redirect to http"),
    ("body", "`instance_url` of another site"),
    ("body", "`instance_url` without TLS"),
}
_IN_REST_CALLS = [
    Case("REST call: silent", _bent(faults.hang()), "REST"),
    Case("REST call: body without end, 20 MB a second", _bent(faults.endless_body(0.05)), "REST"),
    Case("REST call: HTML, 200", _bent(faults.html()), "REST"),
    Case(
        "REST call: redirect to another site",
        Bent(lambda elsewhere: faults.redirect(elsewhere.https + "/services", 307)),
        "REST",
    ),
]
CASES = [*_chosen(), *_IN_REST_CALLS]
