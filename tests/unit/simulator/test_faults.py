from __future__ import annotations

import asyncio
import gzip
import json
import random

import aiohttp
import pytest

from orgauth.simulator import errors, faults
from orgauth.simulator.wire import Wire

HUB = "hub@acme.example.com"
LIMITS = "/services/data/v60.0/limits"


@pytest.fixture
def hub(client, world):
    return world.org(HUB)


async def test_statuses(client, hub):
    """Bare statuses, with Retry-After in seconds or as a date where it is wanted."""
    hub.answers(faults.status(500))
    hub.answers(faults.too_many_requests(2.5))
    hub.answers(faults.unavailable("Fri, 31 Dec 2027 23:59:59 GMT"))
    hub.answers(faults.unavailable())
    seen = [await client.login(HUB) for _ in range(5)]
    assert [(one.status, one.headers.get("Retry-After")) for one in seen] == [
        (500, None),
        (429, "2.5"),
        (503, "Fri, 31 Dec 2027 23:59:59 GMT"),
        (503, None),
        (200, None),
    ]


async def test_html(client, hub):
    """A maintenance page in place of JSON."""
    hub.answers(faults.html(503))
    answer = await client.login(HUB)
    assert (answer.status, answer.headers["Content-Type"]) == (503, "text/html;charset=UTF-8")
    assert b"maintenance" in answer.body


async def test_redirect(client, hub):
    """A redirect names its target and says nothing else."""
    hub.answers(faults.redirect("https://evil.example.com/x", 307))
    answer = await client.login(HUB)
    assert (answer.status, answer.headers["Location"]) == (307, "https://evil.example.com/x")


@pytest.mark.parametrize(
    ("fault", "body"),
    [
        (faults.wrong_shape(), b"[]"),
        (faults.wrong_shape({"a": 1}), b'{"a":1}'),
        (faults.body(b"\xff\xfe"), b"\xff\xfe"),
        (faults.deep_json(3), b"[[[]]]"),
    ],
)
async def test_bodies(client, hub, fault, body):
    """Answers said to be JSON that are not what was asked for."""
    hub.answers(fault)
    url = client.simulator.url + "/services/oauth2/token"
    form = {
        "grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer",
        "assertion": client.assertion(HUB),
    }
    async with client.session.post(url, data=form) as response:
        assert (response.status, await response.read()) == (200, body)


async def raw_login(client, username=HUB):
    form = {
        "grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer",
        "assertion": client.assertion(username),
    }
    url = client.simulator.url + "/services/oauth2/token"
    async with client.session.post(url, data=form) as response:
        return response.headers, await response.read()


async def test_half_json(client, hub):
    """The first half of a login that has really happened."""
    hub.answers(faults.half_json())
    _, body = await raw_login(client)
    assert body.startswith(b'{"access_token":"00D')
    with pytest.raises(ValueError, match=r"Unterminated|Expecting"):
        json.loads(body)
    assert hub.logins == 1


async def test_changed_fields(client, world, hub):
    """Fields of a true success can be replaced or left out; a refusal stays as it is."""
    hub.answers(faults.changed(instance_url=7, id=None), times=2)
    answer = await client.login(HUB)
    assert answer.json["instance_url"] == 7
    assert "id" not in answer.json
    assert (await client.login(HUB, aud="x")).json["error_description"] == "audience is invalid"


async def test_wrong_instance_url(client, hub):
    """A real token, and the address of somebody else."""
    hub.answers(faults.wrong_instance_url())
    answer = await client.login(HUB)
    assert answer.json["instance_url"] == "https://evil.example.com"
    assert answer.json["access_token"] in hub.tokens


async def test_gzip(client, hub):
    """A compressed answer is the true one to a client that unpacks it."""
    hub.answers(faults.gzipped())
    answer = await client.login(HUB)
    assert answer.headers["Content-Encoding"] == "gzip"
    assert answer.json["token_type"] == "Bearer"


async def test_broken_gzip(client, hub):
    """Noise that claims to be gzip cannot be read."""
    hub.answers(faults.broken_gzip())
    with pytest.raises(aiohttp.ClientPayloadError):
        await client.login(HUB)


async def test_gzip_bomb(client, world):
    """A small body unpacks to a large one."""
    world.host.answers(faults.gzip_bomb(2), on="versions")
    async with (
        aiohttp.ClientSession(auto_decompress=False) as session,
        session.get(client.simulator.url + "/services/data") as response,
    ):
        body = await response.read()
    assert len(body) < 10_000
    assert len(gzip.decompress(body)) > 2 << 20


async def test_huge(client, hub):
    """A large body arrives whole, as long as it was said to be."""
    hub.answers(faults.huge(3))
    headers, body = await raw_login(client)
    assert len(body) == int(headers["Content-Length"]) > 3 << 20
    assert json.loads(body)["access_token"].startswith("000")


@pytest.mark.parametrize("fault", [faults.closed(), faults.reset()])
async def test_no_answer(client, hub, fault):
    """The connection ends before a byte has come, and the next request is served."""
    hub.answers(fault, times=None)
    with pytest.raises((aiohttp.ServerDisconnectedError, aiohttp.ClientOSError)):
        await client.login(HUB)
    hub.recovers()
    assert (await client.login(HUB)).status == 200


async def test_reset_is_a_reset(client, hub):
    """RST, not FIN, is what a client sees of a reset."""
    hub.answers(faults.reset(), on="any")
    world = client.simulator.world
    world.host.answers(faults.reset(), on="versions")
    port = int(client.simulator.url.rpartition(":")[2])
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"GET /services/data HTTP/1.1\r\nHost: x\r\n\r\n")
    with pytest.raises(ConnectionResetError):
        await reader.read()
    writer.close()
    with pytest.raises(ConnectionResetError):
        await writer.wait_closed()


async def test_cut_short(client, hub):
    """Half of what was promised, then the end."""
    hub.answers(faults.cut_short())
    with pytest.raises(aiohttp.ClientPayloadError):
        await client.login(HUB)
    assert hub.logins == 1


async def test_slow_drip(client, hub, time):
    """The true answer comes a byte at a time, with a pause after each."""
    hub.answers(faults.slow_drip(2.0))
    answer = await client.login(HUB)
    assert answer.json["access_token"] in hub.tokens
    assert time.slept == [2.0] * len(answer.body)


async def test_hang(client, hub, time):
    """Nothing is said for a long time, then the connection ends."""
    hub.answers(faults.hang(3600))
    with pytest.raises(aiohttp.ServerDisconnectedError):
        await client.login(HUB)
    assert time.slept == [3600]


async def test_a_fault_whose_client_has_gone(client, world):
    """A fault that goes on talking to nobody ends quietly."""

    async def play(wire, _truth):
        wire.close()
        await wire.send(b"x")

    world.host.answers(faults.Fault("talker", play))
    # A POST, since aiohttp's client asks again by itself after a GET.
    with pytest.raises(aiohttp.ServerDisconnectedError):
        await client.login(HUB)
    assert (await client.login(HUB)).status == 200


async def gone(client, world, fault):
    """Ask, read a little of the answer, leave; return what was read."""
    world.host.answers(fault, on="versions")
    port = int(client.simulator.url.rpartition(":")[2])
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"GET /services/data HTTP/1.1\r\nHost: x\r\n\r\n")
    start = await reader.readexactly(4_000)
    await asyncio.sleep(0.02)  # long enough for every buffer on the way to be full
    assert world.requests.in_flight == 1
    writer.transport.abort()
    for _ in range(100):
        if world.requests.in_flight == 0:
            break
        await asyncio.sleep(0.005)
    assert world.requests.in_flight == 0
    return start


@pytest.mark.parametrize("fault", [faults.endless_body(), faults.huge(500)])
async def test_large_bodies_end_with_the_client(client, world, fault):
    """A body goes on until the client leaves, and no longer."""
    head, _, body = (await gone(client, world, fault)).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200 OK\r\n")
    assert body.startswith(b'{"access_token":"000')


async def test_endless_body_with_pauses(client, world, time):
    """An endless body can be a slow one."""
    await gone(client, world, faults.endless_body(0.5))
    assert set(time.slept) == {0.5}


async def test_slow_drip_ends_with_the_client(client, world):
    """A drip stops once nobody is there to drink."""
    world.host.api_version = 200
    await gone(client, world, faults.slow_drip())


async def test_a_wire_that_is_gone():
    """A connection that ended before the fault began is left alone."""
    wire = Wire(None, asyncio.sleep)
    with pytest.raises(ConnectionResetError):
        await wire.send(b"x")
    wire.close()
    wire.reset()
    assert not wire.is_open()


async def test_where_faults_apply(client, world, hub):
    """A fault is for token requests, for REST calls, for both, or for one kind of call."""
    token = await client.token(HUB)
    hub.answers(faults.status(500), on="rest")
    assert (await client.login(HUB)).status == 200
    assert (await client.get(LIMITS, token)).status == 500
    hub.answers(faults.status(501), on="any")
    assert (await client.login(HUB)).status == 501
    world.host.answers(faults.status(502), on="query")
    assert (await client.get(LIMITS, token)).status == 200
    assert (await client.query("SELECT Id FROM User", token)).status == 502
    assert world.requests.faults == {"status 500": 1, "status 501": 1, "status 502": 1}


async def test_how_often(client, hub):
    """Some requests pass first; then so many meet the fault, and the rest pass again."""
    hub.answers(faults.status(500), times=2, after=1)
    assert [(await client.login(HUB)).status for _ in range(4)] == [200, 500, 500, 200]


async def test_an_org_goes_before_its_host(client, world, hub):
    """What an org does wrong hides what its host does wrong, and other orgs see the host's."""
    world.production("other@example.com")
    hub.answers(faults.status(501), times=None)
    world.host.answers(faults.status(502), times=None)
    assert (await client.login(HUB)).status == 501
    assert (await client.login("other@example.com")).status == 502
    world.host.recovers()
    hub.recovers()
    assert (await client.login(HUB)).status == 200


def test_chance(world):
    """A probability is kept to, and the generator alone decides."""
    kinds = []
    for seed in (7, 7, 8):
        world.host.recovers()
        world.host.misbehaves(0.25)
        rng = random.Random(seed)
        kinds.append([world.host.draw("token", rng) for _ in range(2_000)])
    names = [[None if one is None else one.name for one in run] for run in kinds]
    assert names[0] == names[1] != names[2]
    assert 400 < sum(name is not None for name in names[0]) < 600
    assert len(set(names[0])) == len(faults.passing()) + 1


@pytest.mark.parametrize("on", ["token", "rest", "any"])
def test_faults_of_all_sorts(on):
    """All that pass, and more; each by its own name, so that they can be counted."""
    names = [fault.name for fault in faults.of_all_sorts(on)]
    assert {fault.name for fault in faults.passing(on)} < set(names)
    assert {"hang", "endless body", "gzip bomb", "twice"} < set(names)
    assert ("call refusal API_DISABLED_FOR_ORG" in names) is (on == "rest")
    assert ("refusal inactive_user: user is inactive" in names) is (on == "token")


def test_misbehaving_badly(world):
    """Chance decides among all sorts."""
    world.host.misbehaves(0.5, on="token", badly=True)
    rng = random.Random(1)
    drawn = [world.host.draw("token", rng) for _ in range(2_000)]
    assert 900 < sum(fault is not None for fault in drawn) < 1_100
    assert {fault.name for fault in drawn if fault} == {
        fault.name for fault in faults.of_all_sorts("token")
    }


async def test_whose_faults(client, world, hub):
    """Faults are counted by whose request it was, too; of a call without a token nobody knows."""
    hub.answers(faults.status(500), times=2)
    world.host.answers(faults.status(502), on="versions")
    for _ in range(2):
        await client.login(HUB)
    await client.request("GET", "/services/data")
    assert world.requests.faults == {"status 500": 2, "status 502": 1}
    assert world.requests.faults_by_username == {("status 500", HUB): 2}
    world.requests.clear()
    assert not world.requests.faults_by_username


async def test_passing_faults_pass(client, world, hub):
    """A client that asks again and again gets in, whatever has befallen it before."""
    world.host.misbehaves(0.5)
    succeeded = 0
    for _ in range(60):
        try:
            answer = await client.login(HUB)
        except (aiohttp.ClientError, ValueError):
            continue
        succeeded += answer.status == 200
    assert 10 < succeeded < 60
    assert succeeded <= hub.logins


async def test_refusals_are_worded_as_the_table(client, hub):
    """A refusal on demand says what the host would say, with the status it would have."""
    hub.answers(faults.refusal(errors.OAuthError("custom", "my own words", 403)))
    answer = await client.login(HUB)
    assert answer.status == 403
    assert answer.json == {"error": "custom", "error_description": "my own words"}


async def test_latency(client, world, hub, time):
    """The org's latency comes on top of the host's."""
    world.host.latency = 0.1
    await client.login(HUB)
    hub.latency = 0.25
    await client.login(HUB)
    assert time.slept == pytest.approx([0.1, 0.35])
    world.host.recovers()
    hub.recovers()
    await client.login(HUB)
    assert len(time.slept) == 2


@pytest.fixture
def gate(world):
    """Make the host wait until the gate opens."""
    gate = asyncio.Event()

    async def sleep(_seconds):
        await gate.wait()

    world.sleep = sleep
    world.host.latency = 1
    return gate


async def arrivals(client, world, gate, count, settled):
    tasks = [asyncio.create_task(client.login(HUB)) for _ in range(count)]
    while not settled(tasks):  # noqa: ASYNC110 - a test's own wait, for tasks of any kind
        await asyncio.sleep(0.001)
    gate.set()
    return [await task for task in tasks]


async def test_throttle(client, world, gate):
    """Beyond so many in flight the answer is 429 at once; afterwards all are admitted again."""
    world.host.throttle(in_flight=3, retry_after=2)
    answers = await arrivals(
        client, world, gate, 5, lambda tasks: sum(task.done() for task in tasks) == 2
    )
    assert sorted(answer.status for answer in answers) == [200, 200, 200, 429, 429]
    assert {one.headers.get("Retry-After") for one in answers} == {None, "2"}
    assert world.requests.throttled == 2
    assert world.requests.in_flight_peak <= 5
    assert (await client.login(HUB)).status == 200
    world.host.throttle(None)
    assert (await client.login(HUB)).status == 200


@pytest.mark.parametrize(
    ("fault", "status"),
    [(faults.unavailable(1), 503), (faults.refusal(errors.LOGIN_RATE_EXCEEDED), 400)],
)
async def test_throttle_with_other_words(client, world, gate, fault, status):
    """A host can say 503, or that the login rate is exceeded, in place of 429."""
    world.host.throttle(in_flight=1, fault=fault)
    answers = await arrivals(
        client, world, gate, 2, lambda tasks: sum(task.done() for task in tasks) == 1
    )
    assert sorted(answer.status for answer in answers) == [200, status]


async def test_throttle_by_closing(client, world, hub):
    """A host can throttle by closing the connection, and only where it is told to."""
    token = await client.token(HUB)
    world.host.throttle(in_flight=0, fault=faults.closed(), on="token")
    with pytest.raises(aiohttp.ServerDisconnectedError):
        await client.login(HUB)
    assert (await client.get(LIMITS, token)).status == 200
