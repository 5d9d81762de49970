from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import aiohttp
import jwt
import pytest
import yaml
from click.testing import CliRunner
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.hazmat.primitives.serialization import PublicFormat as Public

from orgauth.cli.simulate import simulate
from orgauth.simulator.rehearsal import Size
from orgauth.simulator.serving import OwnApp, Plan, serve

SMALL = Size(1, 1, 0, 0, 0)


@pytest.fixture
def folder(tmp_path, key):
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (tmp_path / "server.key").write_bytes(pem)
    return tmp_path


class Served:
    """What was said, and the manifest once it is there."""

    def __init__(self, plan):
        self.plan = plan
        self.said = []
        self.ready = asyncio.Event()

    def say(self, text):
        self.said.append(text)
        self.ready.set()

    async def __aenter__(self):
        self.task = asyncio.create_task(serve(self.plan, self.say))
        waiting = asyncio.create_task(self.ready.wait())
        await asyncio.wait([self.task, waiting], return_when=asyncio.FIRST_COMPLETED)
        waiting.cancel()
        if self.task.done():
            await self.task
        text = (self.plan.folder / "orgs.yaml").read_text()
        self.url = yaml.safe_load(text)["defaults"]["instance_url"]
        return self

    async def __aexit__(self, *_):
        os.kill(os.getpid(), signal.SIGTERM)
        await self.task

    async def login(self, key, username, **claims):
        claims = {
            "iss": "3MVG9.orgauth.rehearsal",
            "sub": username,
            "aud": "https://login.salesforce.com",
            "exp": 10**12,
            **claims,
        }
        form = {
            "grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer",
            "assertion": jwt.encode(claims, key, "RS256"),
        }
        async with (
            aiohttp.ClientSession() as session,
            session.post(f"{self.url}/services/oauth2/token", data=form) as response,
        ):
            return response.status, await response.text()


async def test_serve(folder, key):
    """Says where the manifest is and what to type, serves until a signal, then counts."""
    async with Served(Plan(folder, SMALL, requests_log=folder / "log")) as served:
        assert (await served.login(key, "hub1@acme.example.com"))[0] == 200
    welcome, counts = served.said
    assert f"Simulating 1 Dev Hub, 1 scratch org at {served.url}" in welcome
    assert f"  orgauth login {folder}/orgs.yaml" in welcome
    assert f"HOME={folder}/home orgauth login" in welcome
    assert counts.splitlines()[0] == "1 requests, 1 at most at once"
    assert json.loads((folder / "log").read_text())["username"] == "hub1@acme.example.com"


async def test_serve_with_tls(folder):
    """With TLS the advice names the authority to trust."""
    async with Served(Plan(folder, SMALL, tls=True)) as served:
        assert served.url.startswith("https://localhost:")
    assert f"SSL_CERT_FILE={folder}/tls/ca.crt orgauth login" in served.said[0]


async def test_serve_with_ones_own_app(folder, tmp_path):
    """A person's own app is accepted, with any username if so wanted."""
    own = rsa.generate_private_key(65537, 2048)
    pem = own.public_key().public_bytes(Encoding.PEM, Public.SubjectPublicKeyInfo)
    (tmp_path / "own.pem").write_bytes(pem)
    app = OwnApp("mine", tmp_path / "own.pem")
    async with Served(Plan(folder, SMALL, own_app=app, any_username=True)) as served:
        assert (await served.login(own, "me@example.com", iss="mine"))[0] == 200
        assert (await served.login(own, "hub1@acme.example.com", iss="mine"))[0] == 200
        assert (await served.login(own, "me@example.com"))[0] == 400


async def test_serve_with_trouble(folder, key):
    """Latency, throttling, clock skew and faults are the host's, as the plan says."""
    plan = Plan(folder, SMALL, latency=0.01, clock_skew=-3600, throttle=1, retry_after=7)
    async with Served(plan) as served:
        answers = await asyncio.gather(
            *(served.login(key, "hub1@acme.example.com") for _ in range(3))
        )
    assert sorted(status for status, _ in answers) == [200, 429, 429]
    async with Served(Plan(folder, SMALL, fault_rate=1.0, seed=3)) as served:
        for _ in range(5):
            try:
                await served.login(key, "hub1@acme.example.com")
            except aiohttp.ClientError:
                continue
    assert "fault, " in served.said[1]


async def test_serve_with_a_useless_key(folder):
    """What cannot be served ends before anything is said."""
    (folder / "server.key").write_text("nonsense")
    with pytest.raises(ValueError, match="PEM"):
        async with Served(Plan(folder, SMALL)):
            pass


def test_options_reach_the_plan(monkeypatch, tmp_path):
    """Every option arrives where it works, in the same unit."""
    plans = []

    async def serve(plan, _say):
        plans.append(plan)

    monkeypatch.setattr("orgauth.simulator.serving.serve", serve)
    (tmp_path / "own.pem").touch()
    arguments = (
        f"{tmp_path} --port 1 --dev-hubs 3 --scratch-orgs 4 --sandboxes 5 --production 6 --late 2 "
        "--late-seconds 7.5 --latency 0.1 --throttle 8 --retry-after 9 --clock-skew -600 "
        "--fault-rate 0.05 --seed 10 --tls --client-id mine --any-username "
        f"--certificate {tmp_path}/own.pem --requests-log {tmp_path}/log"
    )
    result = CliRunner().invoke(simulate, arguments.split())
    assert result.exit_code == 0, result.output
    assert plans == [
        Plan(
            folder=tmp_path,
            size=Size(3, 4, 5, 6, 2, 7.5),
            port=1,
            tls=True,
            latency=0.1,
            throttle=8,
            retry_after=9,
            clock_skew=-600,
            fault_rate=0.05,
            seed=10,
            own_app=OwnApp("mine", tmp_path / "own.pem"),
            any_username=True,
            requests_log=tmp_path / "log",
        )
    ]


def test_a_temporary_folder(monkeypatch):
    """Without a folder a temporary one is served, and removed at the end."""
    folders = []

    async def serve(plan, say):
        assert plan.folder.is_dir()
        folders.append(plan.folder)
        say("served")

    monkeypatch.setattr("orgauth.simulator.serving.serve", serve)
    result = CliRunner().invoke(simulate, [])
    assert (result.exit_code, result.output) == (0, "served\n")
    assert not folders[0].exists()


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["--late", "46"], 2, "46 scratch orgs cannot be late where there are 45"),
        (["--dev-hubs", "-1"], 2, "--dev-hubs"),
        (["--client-id", "x"], 2, "--client-id and --certificate go together"),
        (["--certificate", __file__], 2, "--client-id and --certificate go together"),
        (["--client-id", "x", "--certificate", __file__], 1, "Error: "),
    ],
)
def test_wrong_usage(arguments, code, message, folder):
    """Wrong options are told with exit code 2, useless files with 1."""
    result = CliRunner().invoke(simulate, [str(folder), *arguments])
    assert result.exit_code == code
    assert message in result.output


def test_help_tells_units():
    """Every option has its line, with its unit."""
    result = CliRunner().invoke(simulate, ["--help"])
    undocumented = [one.name for one in simulate.params[1:] if not getattr(one, "help", None)]
    assert undocumented == []
    assert "seconds" in result.output.lower()


def test_importing_is_cheap():
    """The module that the command line imports brings click and nothing heavy."""
    code = (
        "import sys; import orgauth.cli.simulate; "
        "print(sorted({'aiohttp', 'cryptography', 'yaml', 'asyncio'} & set(sys.modules)))"
    )
    output = subprocess.check_output([sys.executable, "-c", code], text=True)
    assert output == "[]\n"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_as_a_process(folder, number):
    """A signal is the ordinary end: exit 0, with the counts."""
    program = [sys.executable, "-c", "from orgauth.cli.simulate import simulate; simulate()"]
    with subprocess.Popen(
        [*program, str(folder), "--scratch-orgs", "2"], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        lines = iter(process.stdout.readline, "Ctrl-C ends it.\n")
        assert next(lines).startswith("Simulating 2 Dev Hubs, 2 scratch orgs")
        list(lines)
        assert Path(folder, "orgs.yaml").exists()
        process.send_signal(number)
        assert process.stdout.read() == "0 requests, 0 at most at once\n"
    assert process.returncode == 0
