"""Ports that misbehave before a simulator hears anything."""

from __future__ import annotations

import asyncio
import socket
import ssl

import aiohttp
import pytest

from orgauth.simulator import Simulator, World, make_certificates
from orgauth.simulator.doors import (
    Door,
    breaks,
    drips,
    full_port,
    reads_slowly,
    refusing_port,
    says,
)


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    return make_certificates(tmp_path_factory.mktemp("tls"))


@pytest.fixture
async def simulator(files):
    async with Simulator(World(), tls=files) as simulator:
        yield simulator


async def status(door, files):
    """Return the status of a public call through a door."""
    context = ssl.create_default_context(cafile=files.ca_file)
    url = f"https://localhost:{door.port}/services/data"
    # A GET that breaks off is sent again by aiohttp itself; a POST is not.
    async with (
        asyncio.timeout(5),
        aiohttp.ClientSession() as session,
        session.post(url, ssl=context) as response,
    ):
        return response.status


@pytest.mark.parametrize("how", ["close", "reset"])
async def test_a_handshake_that_breaks_off_and_then_the_simulator(simulator, files, how):
    """The first connection has the trouble, the second is passed on as it is."""
    async with Door(breaks(how), to=simulator.url, times=1) as door:
        with pytest.raises(aiohttp.ClientConnectorError):
            await status(door, files)
        assert await status(door, files) == 200

    assert door.connections == 2
    assert b"HTTP" not in door.heard


@pytest.mark.parametrize("how", ["close", "reset"])
async def test_a_request_that_breaks_off_and_then_the_simulator(simulator, files, how):
    """A door with a certificate lets the handshake pass, and hears what is asked."""
    async with Door(breaks(how), to=simulator.url, tls=files, times=1) as door:
        with pytest.raises((aiohttp.ServerDisconnectedError, aiohttp.ClientOSError)):
            await status(door, files)
        assert await status(door, files) == 200

    assert door.heard.count(b"POST /services/data HTTP/1.1\r\n") == 2


@pytest.mark.parametrize("trouble", [breaks("hang"), reads_slowly(0.001)])
@pytest.mark.parametrize("has_tls", [False, True])
async def test_silence(files, trouble, has_tls):
    """In the handshake, and after it."""
    async with Door(trouble, tls=files if has_tls else None) as door:
        task = asyncio.create_task(status(door, files))
        while not door.heard:  # noqa: ASYNC110 - a test's own wait
            await asyncio.sleep(0.001)
        assert await asyncio.wait([task], timeout=0.02) == (set(), {task})
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_a_handshake_byte_by_byte(simulator, files):
    """Slow, and right."""
    async with Door(drips(0.0), to=simulator.url) as door:
        assert await status(door, files) == 200


async def test_something_else_than_tls(files):
    """Said once, or without end."""
    for trouble in (says(b"HTTP/1.1 400 Bad Request\r\n\r\n"), says(b"\0" * 4096, endless=True)):
        async with Door(trouble) as door:
            with pytest.raises(aiohttp.ClientConnectorSSLError):
                await status(door, files)


def test_a_port_that_refuses():
    """At once."""
    with refusing_port() as port, socket.socket() as sock, pytest.raises(ConnectionRefusedError):
        sock.connect(("127.0.0.1", port))


def test_a_port_whose_queue_is_full():
    """Neither accepted nor refused."""
    with full_port() as port, socket.socket() as sock:
        sock.settimeout(0.05)
        with pytest.raises(TimeoutError):
            sock.connect(("127.0.0.1", port))
