"""A Salesforce login and REST host to rehearse against; it shares no code with the client.

::

    world = World()
    app = world.connected_app("my-client-id", certificate_pem)
    hub = world.dev_hub("admin@hub.example.com", app=app)
    world.scratch_org("test-abc@example.com", hub=hub).replicates_after(attempts=2)
    async with Simulator(world) as simulator:
        ...  # log in at simulator.url

The world: ``world``, ``orgs``, ``tables``, ``requests``, and how it misbehaves: ``behaviour``,
``faults`` (those that bend the answer in ``reply_faults``, those that break it on its way in
``head_faults`` and ``wire_faults``), ``doors`` (what breaks before HTTP). The host: ``server``
over ``wire``, with ``token``, ``rest``, ``query`` and ``soql`` behind it. To rehearse:
``rehearsal``, ``manifest_text``, ``serving``.
"""

from __future__ import annotations

from orgauth.simulator import errors, faults
from orgauth.simulator.background import BackgroundSimulator
from orgauth.simulator.keys import ConnectedApp
from orgauth.simulator.orgs import Org
from orgauth.simulator.server import Simulator
from orgauth.simulator.tls import TlsFiles, make_certificates
from orgauth.simulator.world import World

__all__ = [
    "BackgroundSimulator",
    "ConnectedApp",
    "Org",
    "Simulator",
    "TlsFiles",
    "World",
    "errors",
    "faults",
    "make_certificates",
]
