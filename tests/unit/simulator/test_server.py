from __future__ import annotations

import asyncio
import datetime as dt
import io
import socket
import ssl
import urllib.request

import aiohttp
import pytest
from cryptography import x509

from orgauth.simulator import BackgroundSimulator, Simulator, World, faults, make_certificates
from orgauth.simulator.tls import NAMES


async def status(url, context=None):
    async with (
        aiohttp.ClientSession() as session,
        session.get(url + "/services/data", ssl=context or True) as response,
    ):
        return response.status


async def test_plain():
    """Without TLS the simulator listens on 127.0.0.1, at any free port."""
    world = World()
    async with Simulator(world) as simulator:
        assert simulator.url.startswith("http://127.0.0.1:")
        assert simulator.ca_file is None
        assert await status(simulator.url) == 200
    with pytest.raises(aiohttp.ClientConnectorError):
        await status(simulator.url)


async def test_a_port_that_is_taken():
    """A port in use is an error that leaves nothing behind."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        simulator = Simulator(World(), port=taken.getsockname()[1], tls=True)
        with pytest.raises(OSError, match="address already in use"):
            await simulator.__aenter__()
    assert simulator.ca_file is not None
    assert not simulator.ca_file.exists()


async def test_tls():
    """With TLS a client that trusts the simulator's authority gets in, and no other."""
    async with Simulator(World(), tls=True) as simulator:
        assert simulator.url.startswith("https://localhost:")
        context = ssl.create_default_context(cafile=str(simulator.ca_file))
        context.verify_flags |= ssl.VERIFY_X509_STRICT
        assert await status(simulator.url, context) == 200
        assert await status(simulator.url.replace("localhost", "127.0.0.1"), context) == 200
        with pytest.raises(aiohttp.ClientConnectorCertificateError, match="verify failed"):
            await status(simulator.url)
        ca_file = simulator.ca_file
    assert not ca_file.exists()


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        ({"not_after": dt.datetime(2024, 1, 1, tzinfo=dt.UTC)}, "expired"),
        ({"not_before": dt.datetime.now(dt.UTC) + dt.timedelta(days=1)}, "not yet valid"),
        ({"names": ("other.example.com",)}, "mismatch"),
    ],
)
async def test_bad_certificates(tmp_path, options, complaint):
    """Certificates that are expired, not yet valid or for another name can be had."""
    files = make_certificates(tmp_path, **options)
    async with Simulator(World(), tls=files) as simulator:
        context = ssl.create_default_context(cafile=str(simulator.ca_file))
        with pytest.raises(aiohttp.ClientConnectorCertificateError, match=complaint):
            await status(simulator.url, context)


def test_certificate_files(tmp_path):
    """Keys are private, and the certificate names this machine and Salesforce's hosts."""
    files = make_certificates(tmp_path)
    assert files.key.stat().st_mode & 0o777 == 0o600
    certificate = x509.load_pem_x509_certificate(files.certificate.read_bytes())
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert len(names) == len(NAMES)
    assert "login.salesforce.com" in names.get_values_for_type(x509.DNSName)


async def test_any_host_header(client):
    """Any org's My Domain is served."""
    answer = await client.request(
        "GET", "/services/data", headers={"Host": "acme--uat.sandbox.my.salesforce.com"}
    )
    assert answer.status == 200


async def test_hanging_requests_do_not_hold_up_the_end():
    """A simulator ends at once, whatever it was about to say."""
    world = World()
    world.host.answers(faults.hang(), on="any")
    loop = asyncio.get_running_loop()
    async with aiohttp.ClientSession() as session:
        async with Simulator(world) as simulator:
            waiting = asyncio.create_task(session.get(simulator.url + "/services/data"))
            while world.requests.in_flight == 0:  # noqa: ASYNC110 - a test's own wait
                await asyncio.sleep(0.001)
            start = loop.time()
        assert loop.time() - start < 2
        with pytest.raises(aiohttp.ClientError):
            await waiting
    assert world.requests.in_flight == 0


async def test_clients_that_give_up():
    """A client that leaves is no longer in flight."""
    world = World()
    world.host.latency = 3600
    async with Simulator(world) as simulator, aiohttp.ClientSession() as session:
        with pytest.raises(asyncio.TimeoutError):
            await session.get(
                simulator.url + "/services/data", timeout=aiohttp.ClientTimeout(total=0.05)
            )
        for _ in range(100):
            if world.requests.in_flight == 0:
                break
            await asyncio.sleep(0.005)
        assert world.requests.in_flight == 0


async def test_large_requests(client):
    """A body beyond a megabyte is refused, not read."""
    answer = await client.post(io.BytesIO(b"x" * (2 << 20)))
    assert answer.status == 413


def fetch(simulator):
    context = None
    if simulator.ca_file is not None:
        context = ssl.create_default_context(cafile=str(simulator.ca_file))
    url = simulator.url + "/services/data"
    with urllib.request.urlopen(url, context=context) as response:  # noqa: S310 - our own server
        return response.status


@pytest.mark.parametrize("tls", [False, True])
def test_background(tls):
    """In a thread of its own the simulator serves programs that have no event loop."""
    world = World()
    with BackgroundSimulator(world, tls=tls) as simulator:
        assert fetch(simulator) == 200
        assert simulator.call(lambda: world.requests.count("versions")) == 1
        simulator.call(lambda: world.host.answers(faults.status(500), on="any"))
        with pytest.raises(urllib.error.HTTPError) as caught:
            fetch(simulator)
        caught.value.close()
        assert caught.value.code == 500


def test_background_that_cannot_start():
    """A port in use is told to the caller, and the thread ends."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        simulator = BackgroundSimulator(World(), port=taken.getsockname()[1])
        with pytest.raises(OSError, match="address already in use"):
            simulator.__enter__()
    assert not simulator._thread.is_alive()


async def test_a_server_that_vouches_for_itself(tmp_path):
    """Nobody who trusts the authority beside it trusts the server."""
    files = make_certificates(tmp_path, self_signed=True)
    certificate = x509.load_pem_x509_certificate(files.certificate.read_bytes())
    assert certificate.issuer == certificate.subject
    async with Simulator(World(), tls=files) as simulator:
        context = ssl.create_default_context(cafile=str(files.ca_file))
        with pytest.raises(aiohttp.ClientConnectorCertificateError, match="self-signed"):
            await status(simulator.url, context)
