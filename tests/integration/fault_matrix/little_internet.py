"""A little internet on this machine: a name server, an honest Salesforce, and hosts of all sorts.

Names of Salesforce's lead to ports of this machine, over TLS whose certificates are of our making.
"""

from __future__ import annotations

import datetime as dt
import random
import socket
import threading
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self

from integration.fault_matrix.cases import Behind, Bent, Elsewhere, Name, Port
from orgauth.simulator import Simulator, World, make_certificates
from orgauth.simulator.doors import Door, breaks
from orgauth.simulator.rehearsal import CLIENT_ID

if TYPE_CHECKING:
    from pathlib import Path

    from integration.fault_matrix.cases import Spot
    from orgauth.simulator import Org, TlsFiles

__all__ = ["ACME", "EVIL", "LOGIN", "TALKATIVE", "LittleInternet", "NameServer"]

LOGIN = "login.salesforce.com"
ACME = "acme.my.salesforce.com"
BROKEN = "broken.my.salesforce.com"
TALKATIVE = "talkative.my.salesforce.com"
EVIL = "evil.example.com"


@dataclass
class NameServer:
    """Stands in for ``socket.getaddrinfo``: every name but the troubled is this machine's."""

    asked: set[str] = field(default_factory=set)
    failed: set[str] = field(default_factory=set)
    over: threading.Event = field(default_factory=threading.Event)
    """Set when silent name servers give up."""
    _real: Any = field(default_factory=lambda: socket.getaddrinfo)

    def getaddrinfo(self, host: Any, port: Any, *args: Any, **kwargs: Any) -> Any:
        """Look up a name, or fail as the system does."""
        name = str(host)
        first_time = name not in self.asked
        self.asked.add(name)
        if name.startswith("unknown"):
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        if name.startswith("silent"):
            self.over.wait(600)
        if name.startswith("silent") or (name.startswith("back") and first_time):
            raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")
        return self._real("127.0.0.1", port, *args, **kwargs)


class LittleInternet:
    """``async with LittleInternet(folder, certificate) as internet``."""

    def __init__(self, folder: Path, app_certificate: bytes) -> None:
        self.world = World(rng=random.Random(5))
        self.world.connected_app(CLIENT_ID, app_certificate)
        self.names = NameServer()
        self.doors: list[tuple[str | None, Door]] = []
        """Hosts that break before they answer, each with the certificate it shows."""
        self.roots = folder / "roots.pem"
        """The authorities to trust: all but the unknown one's and the self-signed server's."""
        self._folder = folder
        self.stack = AsyncExitStack()
        self.certificates: dict[str, TlsFiles] = {}
        self._port = 0
        self._count = 0

    async def __aenter__(self) -> Self:
        self._make_certificates()
        good = self.certificates["good"]
        simulator = await self.stack.enter_async_context(Simulator(self.world, tls=good))
        self._port = int(simulator.url.rpartition(":")[2])
        self._simulator_url = simulator.url
        self.world.host.url = self.url(ACME)
        # Whatever is said to it is remembered; nothing should be.
        self.evil = await self.stack.enter_async_context(Door(breaks("hang")))
        self.elsewhere = Elsewhere(
            https=f"https://{EVIL}:{self.evil.port}", http=f"http://{LOGIN}:{self.evil.port}"
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        self.names.over.set()
        await self.stack.aclose()

    @property
    def untrusted(self) -> list[Door]:
        """The hosts whose certificate is none to trust."""
        return [door for shows, door in self.doors if shows not in (None, "good")]

    def url(self, host: str, port: int | None = None) -> str:
        """Return a URL at the simulator, or at another port."""
        return f"https://{host}:{port or self._port}"

    async def place(self, org: Org, spot: Spot, call: str, *, times: int | None) -> str:
        """Give ``org`` its trouble in the ``token`` or ``REST`` call; return its login URL.

        ``times`` is how often; None for always.
        """
        if isinstance(spot, Bent):
            url = self.url(spot.host or (LOGIN if call == "token" else ACME))
            fault = spot.fault(self.elsewhere)
            org.answers(fault, times=times, on="token" if call == "token" else "batch")
        else:
            url = await self._host(spot, times)
        if call == "token":
            return url
        org.instance_url_override = url
        return self.url(LOGIN)

    async def _host(self, spot: Spot, times: int | None) -> str:
        self._count += 1
        match spot:
            case Name(how):
                return self.url(f"{how}{self._count}.my.salesforce.com")
            case Port(opened):
                return self.url(BROKEN, self.stack.enter_context(opened()))
            case Behind(trouble, shows):
                tls = self.certificates[shows] if shows else None
                door = Door(trouble, to=self._simulator_url, tls=tls, times=times)
                self.doors.append((shows, door))
                return self.url(BROKEN, (await self.stack.enter_async_context(door)).port)
        raise TypeError(f"no host for {spot}")

    def _make_certificates(self) -> None:
        yesterday = dt.datetime.now(dt.UTC) - dt.timedelta(days=1)
        sorts: dict[str, dict[str, Any]] = {
            "good": {},
            "expired": {"not_after": yesterday},
            "self-signed": {"self_signed": True},
            "unknown": {},
            "other name": {"names": ["other.example.com"]},
        }
        for sort, options in sorts.items():
            folder = self._folder / sort
            folder.mkdir()
            self.certificates[sort] = make_certificates(folder, **options)
        trusted = ("good", "expired", "other name")
        self.roots.write_bytes(
            b"".join(self.certificates[one].ca_file.read_bytes() for one in trusted)
        )
