"""Nothing that a run writes, prints or logs holds a token, an assertion, a key or a passphrase.

Canaries are put in everywhere; then everything that came out is searched for them, in every form
in which secrets slip out.
"""

import asyncio
import base64
import copy
import dataclasses
import json
import logging
import os
import pickle
import pprint
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from urllib.parse import quote

import pytest
from cryptography.hazmat.primitives.serialization import load_pem_private_key

import orgauth
from orgauth import preparing
from orgauth.keys.pem import RsaSigner
from orgauth.manifest.resolve import Surroundings
from orgauth.ports import HttpAnswer
from orgauth.simulator import errors, faults
from orgauth.simulator import token as simulated_token
from orgauth.stores.atomic_file import read_file
from orgauth.stores.salesforce_cli import KeptKey, SalesforceCliStore
from orgauth.stores.salesforce_cli.crypto import Cipher
from orgauth.stores.salesforce_cli.json_file import read_json_object
from orgauth.stores.salesforce_cli.keychain_programs import MacSecurity
from orgauth.transport import _Proxy
from support import invoke, on_a_terminal, pem_of, private_key

PASSPHRASE = "canary-passphrase"
REFRESH_TOKEN = "5Aep861.canary.refresh.token.of.a.web.login"
BROKEN_FILE = "00D000000000001!canary.in.a.file.that.is.no.json"


def spellings(secret):
    """Return a secret in the forms in which secrets slip out, each without its ragged edges."""
    found = {secret.decode("latin-1"), repr(secret)[2:-1], secret.hex(), secret.hex().upper()}
    found |= {quote(secret, safe=""), quote(secret)}
    for offset in range(3):  # base64 has three forms of what stands inside of something longer
        text = base64.b64encode(b"\0" * offset + secret).decode()
        core = text[(4 * offset + 2) // 3 + (offset > 0) : len(text) // 4 * 4 - 4]
        found |= {core, core.replace("+", "-").replace("/", "_")}
    return {form for form in found if len(form) >= 12}


def of_a_key(pem, passphrase=None):
    """Return the parts of a private key, and the lines of its PEM texts."""
    key = load_pem_private_key(pem, passphrase)
    numbers = key.private_numbers()
    found = set()
    for number in (numbers.d, numbers.p, numbers.q, numbers.dmp1, numbers.dmq1, numbers.iqmp):
        found.add(str(number).encode())
        found.add(number.to_bytes((number.bit_length() + 7) // 8))
    for text in (pem, pem_of(key)):
        found |= {line for line in text.splitlines() if b"-----" not in line and len(line) > 20}
    return found


class Canaries:
    """Everything that must not be seen."""

    def __init__(self, here, passphrase):
        self.here = here
        self.assertions = set()
        folder = here.manifest.parent
        self._fixed = {PASSPHRASE.encode(), REFRESH_TOKEN.encode(), BROKEN_FILE.encode()}
        self._fixed |= of_a_key((folder / "server.key").read_bytes(), passphrase)

    def secrets(self):
        found = set(self._fixed)
        for org in self.here.world.orgs:
            for token in org.tokens:
                found |= {token.encode(), token.partition("!")[2].encode()}
        for assertion in self.assertions:
            signature = assertion.rpartition(".")[2]
            found |= {assertion.encode(), signature.encode()}
            found.add(base64.urlsafe_b64decode(signature + "=="))
        with suppress(OSError, ValueError, KeyError):
            found.add(
                json.loads(Path.home().joinpath(".sfdx/key.json").read_bytes())["key"].encode()
            )
        return found

    def leaks(self, *outputs):
        """Return every form of every secret that stands in what came out."""
        text = "\n".join(
            each if isinstance(each, str) else each.decode("latin-1") for each in outputs
        )
        return [form for secret in self.secrets() for form in spellings(secret) if form in text]


@pytest.fixture
def here(salesforce):
    """A Salesforce that refuses, breaks and answers nonsense to some orgs."""
    here = salesforce(scratch_orgs=3, sandboxes=14)
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
            faults.changed(access_token="canary with blanks"),
        ),
        strict=False,
    ):
        org.answers(fault, times=None)
    sandboxes[8].refuses(errors.INVALID_ASSERTION)
    sandboxes[9].refuses_calls()
    sandboxes[10].answers(faults.html(), times=None, on="rest")
    sandboxes[11].refuses(errors.EXPIRED_ASSERTION)
    here.change_manifest(
        "\nretry:",
        "\nretry:\n  transient: {initial_seconds: 0.01, max_seconds: 0.02, attempts: 2}\n#",
    )
    return here


@pytest.fixture
def canaries(here, home, monkeypatch, tmp_path):
    """An encrypted key whose passphrase is in a variable; assertions are written down."""
    folder = here.manifest.parent
    (folder / "server.crt").unlink()
    (folder / "server.key").write_bytes(pem_of(private_key(), PASSPHRASE.encode()))
    for client_id in here.world.apps:
        here.world.connected_app(client_id, private_key().public_key())
    here.change_manifest(
        "jwt_key_file: server.key", "jwt_key_file: server.key\n  jwt_key_passphrase_env: CANARY"
    )
    monkeypatch.setenv("CANARY", PASSPHRASE)
    (tmp_path / "temporary").mkdir()
    monkeypatch.setenv("TMPDIR", str(tmp_path / "temporary"))
    canaries = Canaries(here, PASSPHRASE.encode())
    parse = simulated_token.parse

    def listen(text):
        canaries.assertions.add(text)
        return parse(text)

    monkeypatch.setattr(simulated_token, "parse", listen)
    return canaries


def python(*arguments, **environ):
    done = subprocess.run(
        [sys.executable, *map(str, arguments)],
        capture_output=True,
        check=False,
        env={**os.environ, **environ},
    )
    return done.returncode, done.stdout + done.stderr


def files_of(*folders, but=()):
    """Return names and contents of all files but those that are meant to hold secrets."""
    return [
        str(path).encode() + b"\n" + path.read_bytes()
        for folder in folders
        for path in folder.rglob("*")
        if path.is_file() and path.name not in but
    ]


def test_the_search_finds_what_it_looks_for(canaries):
    """A search that finds nothing proves nothing."""
    secrets = canaries.secrets()
    assert len(secrets) > 50
    for secret in secrets:
        for before in (b"", b"{", b"{'", b"abc"):
            inside = before + secret + b"}"
            for shown in (
                inside,
                base64.b64encode(inside),
                base64.urlsafe_b64encode(inside),
                inside.hex().encode(),
                quote(inside).encode(),
                repr(inside).encode(),
            ):
                assert canaries.leaks(shown), (secret, shown)
    assert not canaries.leaks(b"nothing of the kind", str(os.environ["HOME"]))


def test_no_secret_leaves_a_run_at_any_verbosity(canaries, here, home, tmp_path):
    """Terminal, live picture, log, JSON, both reports, and every file but the stores'."""
    (home / ".sfdx").mkdir(mode=0o700)
    orgs = here.world.orgs
    old = {"accessToken": BROKEN_FILE, "refreshToken": REFRESH_TOKEN, "clientSecret": BROKEN_FILE}
    (home / f".sfdx/{orgs[0].username}.json").write_text(json.dumps(old))
    (home / f".sfdx/{orgs[-1].username}.json").write_text(f'{{"accessToken": "{BROKEN_FILE}')
    login = ("-m", "orgauth", "login", here.manifest)
    reports = ("--report", home / "run.json", "--report", home / "run.xml")
    env_file = home / "tokens.env"
    output = []
    for options in ((), ("-q",), ("-v",), ("-vv",), ("-vv", "--json"), ("-vv", "--if-needed")):
        status, shown = python(*login, *options, *reports)
        assert status == 1, shown
        output.append(shown)
    status, shown = python(*login, "-vv", *reports, "--store", f"env:{env_file}")
    assert status == 1, shown
    status, live = on_a_terminal("login", here.manifest)
    assert status == 1
    output += [shown, live, python("-m", "orgauth", "plan", here.manifest, "--json")[1]]

    tokens = [token for org in orgs for token in org.tokens]
    assert len(tokens) >= 7 * 5
    assert len(canaries.assertions) > 10  # those of one second may be alike
    assert canaries.leaks(env_file.read_bytes())  # the place that is meant to
    assert env_file.stat().st_mode & 0o077 == 0
    meant = {env_file.name, "key.json", "server.key"}
    assert b"ci@acme" in b"".join(output[:1])
    assert b" reused" in output[5]
    assert canaries.leaks(*output, *files_of(tmp_path, but=meant)) == []
    assert list((tmp_path / "temporary").iterdir()) == []


NOISY = """
import asyncio, logging, sys, warnings
warnings.simplefilter("always")
logging.basicConfig(level=1, format="%(asctime)s %(name)s %(pathname)s %(funcName)s %(message)s")
make = asyncio.events.new_event_loop
def new_event_loop():
    loop = make()
    loop.slow_callback_duration = 0.0  # every single callback is logged
    return loop
asyncio.events.new_event_loop = new_event_loop
from orgauth.cli.main import run
sys.argv[0] = "orgauth"
run()
"""


def test_no_secret_stands_in_what_libraries_log_and_python_warns_of(canaries, here):
    """Everybody's logger at its lowest level, asyncio's debug mode, Python's development mode."""
    status, shown = python(
        *("-X", "dev", "-X", "tracemalloc", "-c", NOISY, "login", here.manifest, "-vv"),
        PYTHONASYNCIODEBUG="1",
    )

    assert status == 1, shown
    assert shown.count(b" asyncio ") > 100
    assert b"Executing <" in shown
    assert canaries.leaks(shown) == []


BROKEN = """
import importlib, sys
module, _, name = sys.argv.pop(1).partition(":")
owner = importlib.import_module(module)
*path, name = name.split(".")
for step in path:
    owner = getattr(owner, step)
calls = []
def broken(*arguments, **options):
    calls.append(arguments)
    raise RuntimeError("a mistake deep inside")
setattr(owner, name, broken)
sys.argv[0] = "orgauth"
from orgauth.cli.main import run
try:
    run()
finally:
    assert calls
"""


@pytest.mark.parametrize(
    "where",
    [
        "orgauth.assertion:AssertionBuilder._encode",
        "orgauth.keys.pem:RsaSigner.sign",
        "orgauth.token_endpoint:_credentials",
        "orgauth.token_endpoint:_trusted",
        "orgauth.transport:_read",
        "orgauth.probe:_first_record",
        "orgauth.probe:RestProbe._call",
        "orgauth.saving:BatchSaver._save",
        "orgauth.stores.salesforce_cli.auth_file:own_fields",
        "orgauth.stores.salesforce_cli.crypto:Cipher.encrypt",
        "orgauth.stores.salesforce_cli.store:write_atomically",
        "orgauth.stores.salesforce_cli.store_key:_cipher",
        "orgauth.manifest.loader:_retry",
        "orgauth.keys.file:load_signer",
        "orgauth.preparing:_load_keys",
        "orgauth.cli.run_login:_show",
        "orgauth.cli.run_login:_exit_code",
    ],
)
def test_no_secret_stands_in_the_traceback_of_a_mistake(canaries, here, where):
    """Deep inside, where secrets are at hand; for one org, or for the whole program."""
    status, shown = python("-X", "dev", "-c", BROKEN, where, "login", here.manifest, "-vv")

    assert status == 1
    assert b"RuntimeError" in shown, shown
    assert canaries.leaks(shown) == []


def test_no_secret_stands_in_what_a_dying_python_says(canaries, here):
    """faulthandler's dump of every thread."""
    here.world.host.latency = 0.05
    program = [sys.executable, "-X", "faulthandler", "-m", "orgauth", "login", here.manifest]
    process = subprocess.Popen(
        ["/bin/sh", "-c", 'ulimit -c 0; exec "$@"', "sh", *program, "-vv"],  # no core dump
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    shown = b""
    while b"[ 2/" not in shown and (line := process.stdout.readline()):
        shown += line
    process.send_signal(signal.SIGABRT)
    shown += process.communicate(timeout=30)[0]

    assert process.returncode == -signal.SIGABRT
    assert b"Fatal Python error: Aborted" in shown
    assert canaries.leaks(shown) == []


KEYCHAIN = """#!/bin/sh
exec 3>> "$0.seen"
printf '%s\\n' "$0" "$@" >&3
tr '\\0' '\\n' < /proc/$$/environ >&3
tr '\\0' ' ' < /proc/$PPID/cmdline >&3
case "$*" in
  *store*) cat > "$0.kept" ;;
  -i) cat > "$0.kept" ;;
  *) test -s "$0.kept" && cat "$0.kept" ;;
esac
"""


def test_other_programs_and_the_list_of_processes_see_no_secret(
    canaries, here, home, tmp_path, monkeypatch
):
    """secret-tool gets the store's key on its standard input, and an environment without ours."""
    monkeypatch.delenv("SF_USE_GENERIC_UNIX_KEYCHAIN")
    program = tmp_path / "secret-tool"
    program.write_text(KEYCHAIN)
    program.chmod(0o700)
    here.world.host.latency = 0.02
    pem = (here.manifest.parent / "server.key").read_text()
    text = here.manifest.read_text().replace("jwt_key_file: server.key", "jwt_key_env: SF_JWT_KEY")
    here.manifest.write_text(text)
    process = subprocess.Popen(
        [sys.executable, "-m", "orgauth", "login", here.manifest],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "SFDX_SECRET_TOOL_PATH": str(program), "SF_JWT_KEY": pem},
    )
    command_lines = set()
    while process.poll() is None:
        with suppress(OSError):
            command_lines.add(Path(f"/proc/{process.pid}/cmdline").read_bytes())
        time.sleep(0.01)

    assert process.returncode == 1
    seen = Path(f"{program}.seen").read_bytes()
    key = Path(f"{program}.kept").read_bytes().strip()
    assert len(key) == 32
    assert b"orgauth login" in seen
    assert b"DBUS" in seen or b"HOME=" in seen
    shown = [seen, *command_lines, *files_of(home / ".sfdx")]
    assert canaries.leaks(*shown) == []
    assert not any(form in each.decode("latin-1") for form in spellings(key) for each in shown)


def test_the_mac_s_keychain_program_gets_the_key_on_its_standard_input(tmp_path):
    """A command line is everybody's to read."""
    program = tmp_path / "security"
    program.write_text(KEYCHAIN)
    program.chmod(0o700)
    key = "0123456789abcdef" * 2

    MacSecurity(str(program), environ={"PATH": os.environ["PATH"]}).write(key)

    seen = Path(f"{program}.seen").read_text()
    assert key in Path(f"{program}.kept").read_text()
    assert "-i" in seen.split("\n")
    assert not any(form in seen for form in spellings(key.encode()))


@pytest.mark.parametrize(
    "content",
    [
        '{"account":"local","key":"KEY","service":"sfdx"',
        '{"account":"local","key":"KEYKEY!","service":"sfdx"}',
        '{"account":"other","key":"KEY","service":"sfdx"}',
        '["KEY"]',
        "KEY",
    ],
)
def test_a_store_key_that_is_no_good_is_told_without_being_shown(
    canaries, here, home, content, caplog
):
    """Broken, too short, somebody else's; and readable for others."""
    key = "0123456789abcdef" * 2
    (home / ".sfdx").mkdir(mode=0o700)
    path = home / ".sfdx/key.json"
    for mode in (0o600, 0o644):
        path.write_text(content.replace("KEY", key))
        path.chmod(mode)

        status, out, err = invoke("login", here.manifest, "-vv")

        assert status == 1
        assert "key.json" in out + err
        assert not any(form in out + err + caplog.text for form in spellings(key.encode()))


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("jwt_key_passphrase_env", PASSPHRASE),
        ("jwt_key_passphrase_env", "${CANARY}"),
        ("jwt_key_file", "${KEY}"),
        ("jwt_key_env", "${KEY}"),
        ("client_id", "${KEY}"),
        ("instance_url", "https://user:${CANARY}@x.my.salesforce.com"),
        ("audience", "https://user:${CANARY}@x.my.salesforce.com"),
        ("username", "${CANARY}"),
        ("kind", "${CANARY}"),
        ("new", "${CANARY}"),
        ("no_such_key", "${CANARY}"),
    ],
)
def test_a_secret_in_a_wrong_place_of_the_manifest_is_not_repeated(
    canaries, here, monkeypatch, key, value
):
    """What came from a variable is shown as it was written."""
    monkeypatch.setenv("KEY", pem_of(private_key()).decode())
    for written in (f'"{value}"', value):
        here.manifest.write_text(
            f"version: 1\ndefaults:\n  client_id: x\norgs:\n"
            f"  - {key}: {written}\n    {'alias: x' if key == 'username' else 'username: a@b.cc'}\n"
        )
        for command in ("plan", "login"):
            for options in ((), ("--json",)):
                status, out, err = invoke(command, here.manifest, *options)
                assert status == 2
                assert canaries.leaks(out, err) == []


class Recorder(logging.Handler):
    """What a program that uses the library gets to see."""

    def __init__(self):
        super().__init__(level=1)
        self.events = []
        self.lines = []

    def notify(self, event):
        self.events.append(event)

    def emit(self, record):
        self.lines.append(f"{self.format(record)} {record.args!r} {record.__dict__!r}")


def shown(value):
    """Return every text that Python makes of a value to show it."""
    yield from (repr(value), str(value), ascii(value), f"{value}", f"{value!s:>9}", "%s" % (value,))  # noqa: UP031 - one of the forms
    yield pprint.pformat(value)
    yield json.dumps([value], default=str)
    yield json.dumps([value], default=repr)


def forms(value):
    """Return what is shown of a value, and what it turns into without being asked to reveal."""
    yield from shown(value)
    for make in (copy.copy, copy.deepcopy, dataclasses.asdict, dataclasses.astuple, dir):
        with suppress(TypeError):
            yield pprint.pformat(make(value))
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        try:
            yield pickle.dumps(value, protocol).decode("latin-1")
        except (TypeError, AttributeError, pickle.PicklingError) as error:
            yield repr(error)
    if isinstance(value, BaseException):
        yield repr(value.__dict__)
        for inner in (value.__cause__, value.__context__):
            if inner is not None:
                yield from forms(inner)


async def collected(manifest, observer):
    """Return the outcomes of two runs, the second of which uses what the first has stored."""
    how = {"stores": ["salesforce-cli"], "observer": observer}
    return [
        *[outcome async for outcome in orgauth.authorize(manifest, **how)],
        *[outcome async for outcome in orgauth.authorize(manifest, if_needed=True, **how)],
    ]


def test_no_public_object_shows_a_secret(canaries, here, home):
    """repr, str, format, pretty print, asdict, copies, pickles; of events and log records, too."""
    seen = Recorder()
    root = logging.getLogger()
    level = root.level
    root.addHandler(seen)
    root.setLevel(1)
    try:
        outcomes = asyncio.run(collected(here.manifest, seen))
    finally:
        root.setLevel(level)
        root.removeHandler(seen)
    authorized = [each for each in outcomes if isinstance(each, orgauth.Authorized)]
    assert len(authorized) >= 5
    assert any(isinstance(each, orgauth.Reused) for each in outcomes)
    assert len(seen.events) > len(outcomes)

    prepared = preparing.prepare(here.manifest)
    signer = prepared.ring.signer(prepared.orgs[0].key)
    assert isinstance(signer, RsaSigner)
    store = SalesforceCliStore(home, project=None, environ=os.environ)
    key_file = home / ".sfdx/key.json"
    key = json.loads(key_file.read_bytes())["key"]
    token = authorized[0].credentials.access_token
    values = [
        *outcomes,
        *seen.events,
        *(part for each in authorized for part in (each.org, each.credentials, each.facts)),
        token,
        store.read(authorized[0].org.username),
        prepared,
        prepared.manifest,
        prepared.ring,
        signer,
        store,
        Cipher(key),
        KeptKey("0123", orgauth.Secret(signer.private_key_pem().decode())),
    ]
    for value in values:
        assert canaries.leaks(*forms(value)) == [], type(value)
    ways = [
        HttpAnswer(200, {}, token.reveal().encode()),
        read_file(key_file),
        read_json_object(key_file, sleep=time.sleep, advice=""),
        Surroundings(home, {"KEY": PASSPHRASE}, None),
        _Proxy("http://proxy", {"Proxy-Authorization": PASSPHRASE}),
    ]
    for value in ways:  # inner values, which are on the way from here to there
        assert canaries.leaks(*shown(value)) == [], type(value)
    assert canaries.leaks(*seen.lines) == []
    with pytest.raises(TypeError):
        vars(token)
    assert "access_token" in dataclasses.asdict(authorized[0])["credentials"]


def test_no_error_that_is_raised_shows_a_secret(canaries, here, monkeypatch):
    """Nor what it was raised from."""
    folder = here.manifest.parent
    raised = []

    def attempt(**environ):
        with pytest.raises(orgauth.OrgauthError) as caught:
            preparing.prepare(here.manifest, environ={**os.environ, **environ})
        raised.append(caught.value)

    attempt(CANARY="another " + PASSPHRASE)
    pem = (folder / "server.key").read_bytes()
    for content in (pem[:-200], pem_of(private_key())[:-90]):
        (folder / "server.key").write_bytes(content)
        attempt()
    for error in raised:
        assert canaries.leaks(*forms(error)) == []
        assert canaries.leaks(*(str(problem) for problem in error.problems)) == []
