"""Answers that break on their way: what goes over the wire, byte for byte."""

from __future__ import annotations

import asyncio
import json

import pytest

from orgauth.simulator import faults

HUB = "hub@acme.example.com"


@pytest.fixture
def hub(client, world):
    return world.org(HUB)


class Talk:
    """A connection to the simulator over which one login was sent."""

    def __init__(self, reader, writer):
        self.reader = reader
        self.writer = writer

    async def rest(self):
        """Return all that comes until the server ends it."""
        async with asyncio.timeout(5):
            return await self.reader.read()

    async def some(self, count):
        async with asyncio.timeout(5):
            return await self.reader.readexactly(count)


@pytest.fixture
async def talk(client):
    """Send a login by hand, and look at what comes back."""
    port = int(client.simulator.url.rpartition(":")[2])
    reader, writer = await asyncio.open_connection("127.0.0.1", port)

    async def start(fault):
        client.simulator.world.host.answers(fault)
        form = f"grant_type=x&assertion={client.assertion(HUB)}".replace(
            "grant_type=x",
            "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer",
        )
        head = (
            "POST /services/oauth2/token HTTP/1.1\r\nHost: x\r\n"
            "Content-Type: application/x-www-form-urlencoded\r\n"
            f"Content-Length: {len(form)}\r\n\r\n"
        )
        writer.write((head + form).encode())
        return Talk(reader, writer)

    yield start
    writer.transport.abort()


async def test_raw(talk):
    """Whatever bytes are wanted."""
    assert await (await talk(faults.raw("banner", b"SSH-2.0\r\n"))).rest() == b"SSH-2.0\r\n"


async def test_cut_head(talk, hub):
    """The login happens; its answer ends in the middle of the headers."""
    said = await (await talk(faults.cut_head())).rest()

    assert said.startswith(b"HTTP/1.1 200 OK\r\nContent-Type: app")
    assert b"\r\n\r\n" not in said
    assert hub.logins == 1


@pytest.mark.parametrize("fault", [faults.cut_head("reset"), faults.cut_short("reset")])
async def test_cut_and_reset(talk, fault):
    """RST in the middle of it."""
    talking = await talk(fault)
    assert (await talking.some(8)) == b"HTTP/1.1"
    with pytest.raises(ConnectionResetError):
        await talking.rest()
    with pytest.raises(ConnectionResetError):
        await talking.writer.wait_closed()


@pytest.mark.parametrize("fault", [faults.cut_head("hang"), faults.cut_short("hang")])
async def test_cut_and_silent(talk, time, fault):
    """Nothing more for an hour."""
    talking = await talk(fault)
    assert (await talking.rest()).startswith(b"HTTP/1.1 200 OK\r\n")
    assert time.slept == [3600]


async def test_slow_head(talk, hub, time):
    """The true answer, its headers a byte at a time."""
    head, _, body = (await (await talk(faults.slow_head(2.0))).rest()).partition(b"\r\n\r\n")

    assert time.slept == [2.0] * (len(head) + 4)
    assert json.loads(body)["access_token"] in hub.tokens


async def test_short_length(talk):
    """A body that goes on behind its end."""
    head, _, body = (await (await talk(faults.short_length(7))).rest()).partition(b"\r\n\r\n")

    assert f"Content-Length: {len(body) - 7}".encode() in head
    assert json.loads(body)["token_type"] == "Bearer"


async def test_twice(talk, hub, time):
    """Two whole answers to one request; only one login."""
    said = await (await talk(faults.twice(0.5))).rest()

    first, again = said[: len(said) // 2], said[len(said) // 2 :]
    assert first == again
    assert json.loads(first.partition(b"\r\n\r\n")[2])["access_token"] == hub.tokens[0]
    assert time.slept == [0.5, 3600]
    assert hub.logins == 1


@pytest.mark.parametrize(
    ("fault", "begins", "goes_on"),
    [
        (faults.endless_headers(), b"HTTP/1.1 200 OK\r\nX-Header-0: 0", b"X-Header-9: 000"),
        (faults.endless_header(), b"HTTP/1.1 200 OK\r\nX-Header: 000", b"0" * 10_000),
        (faults.endless_chunks(), b"HTTP/1.1 200 OK\r\n", b"\r\n8000\r\n000"),
        (faults.continue_for_ever(), b"HTTP/1.1 100 Continue\r\n\r\n", b"\r\n\r\nHTTP/1.1 100 C"),
    ],
    ids=lambda value: value.name if isinstance(value, faults.Fault) else "",
)
async def test_without_end(client, talk, fault, begins, goes_on):
    """It goes on until the client leaves, and no longer."""
    requests = client.simulator.world.requests
    talking = await talk(fault)
    said = await talking.some(100_000)
    assert said.startswith(begins)
    assert goes_on in said
    talking.writer.transport.abort()
    async with asyncio.timeout(5):
        while requests.in_flight:  # noqa: ASYNC110 - a test's own wait
            await asyncio.sleep(0.001)
