"""Nothing that a run writes, prints or logs holds a token, an assertion, a key or a passphrase."""

import base64
import os
import re
import subprocess
import sys
from urllib.parse import quote

import pytest

from orgauth.simulator import errors, faults
from support import pem_of, private_key

PASSPHRASE = "canary-passphrase"


def spellings(secret):
    """Return a secret in the forms in which secrets slip out."""
    raw = secret.encode()
    return {
        secret,
        quote(secret, safe=""),
        base64.b64encode(raw).decode().rstrip("="),
        base64.urlsafe_b64encode(raw).decode().rstrip("="),
    }


@pytest.fixture
def misbehaving(salesforce):
    """A Salesforce that refuses, breaks and answers nonsense to some orgs."""
    here = salesforce(scratch_orgs=6, sandboxes=12)
    sandboxes = [org for org in here.world.orgs if org.kind == "sandbox"]
    for org, fault in zip(
        sandboxes,
        (
            faults.html(),
            faults.half_json(),
            faults.status(503),
            faults.closed(),
            faults.changed(id="nonsense"),
            faults.wrong_instance_url("https://evil.example.com"),
            faults.redirect("https://evil.example.com"),
        ),
        strict=False,
    ):
        org.answers(fault, times=None)
    sandboxes[7].refuses(errors.INVALID_ASSERTION)
    sandboxes[8].refuses_calls()
    sandboxes[9].answers(faults.html(), times=None, on="rest")
    here.change_manifest(
        "\nretry:",
        "\nretry:\n  transient: {initial_seconds: 0.01, max_seconds: 0.02, attempts: 2}\n#",
    )
    return here


def test_no_secret_leaves_a_run_at_any_verbosity(misbehaving, home):
    """Terminal, logs, tracebacks of asyncio's debug mode, reports, JSON and the store's files."""
    key = pem_of(private_key(), PASSPHRASE.encode())
    folder = misbehaving.manifest.parent
    certificate = folder / "server.crt"
    certificate.unlink()
    (folder / "server.key").write_bytes(key)
    for client_id in misbehaving.world.apps:
        misbehaving.world.connected_app(client_id, private_key().public_key())
    misbehaving.change_manifest(
        "jwt_key_file: server.key", "jwt_key_file: server.key\n  jwt_key_passphrase_env: CANARY"
    )
    output = b""
    for options in (["-vv"], ["-vv", "--json"], ["-vv", "--store", f"env:{home / 'tokens.env'}"]):
        result = subprocess.run(
            [
                *(sys.executable, "-X", "dev", "-m", "orgauth", "login", misbehaving.manifest),
                *options,
                *("--report", home / "run.json", "--report", home / "run.xml"),
            ],
            capture_output=True,
            check=False,
            env={**os.environ, "CANARY": PASSPHRASE, "PYTHONASYNCIODEBUG": "1"},
        )
        assert result.returncode == 1, result.stderr.decode()
        output += result.stdout + result.stderr
    env_file = home / "tokens.env"
    tokens = [token for org in misbehaving.world.orgs for token in org.tokens]
    assert len(tokens) >= 3 * 8
    assert any(token in env_file.read_text() for token in tokens)  # the one place that is meant to
    assert env_file.stat().st_mode & 0o077 == 0

    everything = output + b"".join(
        path.read_bytes() for path in home.rglob("*") if path.is_file() and path != env_file
    )
    text = everything.decode(errors="replace")
    plain = pem_of(private_key()).decode()
    key_lines = [line for line in (key.decode() + plain).splitlines() if "-----" not in line]
    secrets = {
        spelling
        for secret in (*tokens, *(token.split("!")[1] for token in tokens), PASSPHRASE, *key_lines)
        for spelling in spellings(secret)
    }
    assert [secret for secret in secrets if secret in text] == []
    assert re.findall(r"eyJ[\w-]{10,}\.[\w-]+", text) == []  # how every JWT begins
    assert b"assertion=" not in everything
