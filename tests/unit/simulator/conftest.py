"""A world in simulated time, an RSA key for the session, and a client that shares no code."""

from __future__ import annotations

import asyncio
import random
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import aiohttp
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from orgauth.simulator import Simulator, World

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from orgauth.simulator import ConnectedApp

CLIENT_ID = "3MVG9.test"
GRANT_TYPE = "urn:ietf:params:oauth:grant-type:jwt-bearer"
LOGIN = "https://login.salesforce.com"
TEST = "https://test.salesforce.com"


class Time:
    """Time that passes only when somebody sleeps."""

    def __init__(self) -> None:
        self.now = 1_790_000_000.0
        self.slept: list[float] = []

    def clock(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds
        await asyncio.sleep(0)


@dataclass
class Answer:
    status: int
    body: bytes
    headers: Any
    json: Any


class Client:
    """Logs in and calls as a careful script would: PyJWT and aiohttp, nothing of ours."""

    def __init__(
        self, simulator: Simulator, session: aiohttp.ClientSession, key: rsa.RSAPrivateKey
    ) -> None:
        self.simulator = simulator
        self.session = session
        self.key = key

    def assertion(self, username: str, *, aud: str = LOGIN, key: Any = None, **claims: Any) -> str:
        now = int(self.simulator.world.clock())
        headers = claims.pop("headers", None)
        algorithm = claims.pop("algorithm", "RS256")
        claims = {"iss": CLIENT_ID, "sub": username, "aud": aud, "exp": now + 180, **claims}
        claims = {name: value for name, value in claims.items() if value is not None}
        return jwt.encode(claims, key or self.key, algorithm, headers=headers)

    async def request(self, method: str, path: str, **options: Any) -> Answer:
        url = self.simulator.url + path
        options.setdefault("allow_redirects", False)
        async with self.session.request(method, url, **options) as response:
            body = await response.read()
            kind = response.content_type
            parsed = await response.json() if kind == "application/json" and body else None
            return Answer(response.status, body, response.headers, parsed)

    async def post(self, form: Any, **options: Any) -> Answer:
        return await self.request("POST", "/services/oauth2/token", data=form, **options)

    async def login(self, username: str, *, headers: Any = None, **claims: Any) -> Answer:
        assertion = self.assertion(username, **claims)
        form = {"grant_type": GRANT_TYPE, "assertion": assertion}
        return await self.post(form, headers=headers)

    async def token(self, username: str, **claims: Any) -> str:
        answer = await self.login(username, **claims)
        assert answer.status == 200, answer.body
        return str(answer.json["access_token"])

    async def get(self, path: str, token: str, **options: Any) -> Answer:
        headers = {"Authorization": f"Bearer {token}"}
        return await self.request("GET", path, headers=headers, **options)

    async def query(self, text: str, token: str) -> Answer:
        return await self.get("/services/data/v60.0/query", token, params={"q": text})


@pytest.fixture(autouse=True)
def _quiet(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """Whatever a test does to it, the server has nothing to complain about."""
    yield
    assert [one for one in caplog.records if one.name.startswith("aiohttp")] == []


@pytest.fixture(scope="session")
def key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, 2048)


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
def world(time: Time) -> World:
    return World(clock=time.clock, sleep=time.sleep, rng=random.Random(1))


@pytest.fixture
def app(world: World, key: rsa.RSAPrivateKey) -> ConnectedApp:
    return world.connected_app(CLIENT_ID, key.public_key())


@pytest.fixture
async def client(world: World, app: ConnectedApp, key: rsa.RSAPrivateKey) -> AsyncIterator[Client]:
    async with Simulator(world) as simulator, aiohttp.ClientSession() as session:
        world.dev_hub("hub@acme.example.com", app=app)
        yield Client(simulator, session, key)
