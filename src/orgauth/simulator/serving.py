"""``orgauth simulate``: a rehearsal, served until somebody ends it."""

from __future__ import annotations

import asyncio
import random
import shlex
import signal
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from orgauth.simulator.rehearsal import Size, prepare
from orgauth.simulator.server import Simulator
from orgauth.simulator.tls import make_certificates
from orgauth.simulator.world import World

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from orgauth.simulator.rehearsal import Rehearsal
    from orgauth.simulator.tls import TlsFiles

__all__ = ["OwnApp", "Plan", "serve"]


@dataclass(frozen=True, slots=True)
class OwnApp:
    """A person's own connected app: its consumer key and its certificate (or public key), PEM."""

    client_id: str
    certificate: Path


@dataclass(frozen=True, slots=True)
class Plan:
    """What to serve and how it behaves; seconds everywhere."""

    folder: Path
    size: Size = field(default_factory=Size)
    port: int = 0
    tls: bool = False
    latency: float = 0.0
    throttle: int | None = None
    retry_after: float = 1.0
    clock_skew: float = 0.0
    fault_rate: float = 0.0
    seed: int | None = None
    own_app: OwnApp | None = None
    any_username: bool = False
    requests_log: Path | None = None


async def serve(plan: Plan, say: Callable[[str], None]) -> None:
    """Serve until SIGINT or SIGTERM; ``say`` tells people what to do next, and counts at the end.

    Raises:
        OSError: the folder cannot be written, or the port is taken.
        ValueError: the key or the certificate is of no use.
    """
    rehearsal = prepare(plan.folder, plan.size, world=_world(plan))
    world = rehearsal.world
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    with ExitStack() as stack:
        for name in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(name, ended.set)
            stack.callback(loop.remove_signal_handler, name)
        if plan.requests_log is not None:
            log = plan.requests_log.open("a", encoding="utf-8", buffering=1)
            world.requests.log = stack.enter_context(log)
        async with Simulator(world, tls=_tls(plan), port=plan.port) as simulator:
            rehearsal.write_manifest(simulator.url)
            say(_welcome(rehearsal, simulator))
            await ended.wait()
        world.requests.log = None
    say(world.requests.summary())


def _world(plan: Plan) -> World:
    world = World(rng=random.Random(plan.seed))  # noqa: S311 - chance for faults, no secrets
    world.any_username = plan.any_username
    world.host.latency = plan.latency
    world.host.clock_skew = plan.clock_skew
    world.host.throttle(plan.throttle, plan.retry_after)
    if plan.fault_rate > 0:
        world.host.misbehaves(plan.fault_rate)
    if plan.own_app is not None:
        world.connected_app(plan.own_app.client_id, plan.own_app.certificate.read_bytes())
    return world


def _tls(plan: Plan) -> TlsFiles | bool:
    if not plan.tls:
        return False
    folder = plan.folder / "tls"
    folder.mkdir(parents=True, exist_ok=True)
    return make_certificates(folder)


def _welcome(rehearsal: Rehearsal, simulator: Simulator) -> str:
    manifest = shlex.quote(str(rehearsal.manifest_file))
    home = shlex.quote(str(rehearsal.folder / "home"))
    trust = ""
    if simulator.ca_file is not None:
        trust = f"SSL_CERT_FILE={shlex.quote(str(simulator.ca_file))} "
    return "\n".join(
        (
            f"Simulating {rehearsal.size} at {simulator.url}",
            f"Manifest: {rehearsal.manifest_file}",
            "",
            "Next, in another terminal:",
            f"  {trust}orgauth login {manifest}",
            "or, to keep the simulated orgs out of your own home:",
            f"  mkdir -p {home} && HOME={home} {trust}orgauth login {manifest}",
            "",
            "Ctrl-C ends it.",
        )
    )
