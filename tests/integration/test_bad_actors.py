"""Bad actors: whatever stands in a name or comes from a server, nothing obeys it.

All carriers (names in the manifest, names of files, every text that a server sends) meet all sinks
(terminal, live picture, log, JSON, JUnit, env file, the Salesforce CLI's store, names of files).
"""

import json
import os
import re
import socket
import subprocess
import sys
import threading
import unicodedata
from contextlib import contextmanager
from xml.etree import ElementTree as ET

import pytest

from orgauth import preparing
from orgauth.keys.file import FileKeySource
from orgauth.simulator import errors, faults
from support import invoke, on_a_terminal

ADMITTED = {
    "shell": "$(touch${IFS}owned)`touch${IFS}owned`';touch${IFS}owned;'\"&&|",
    "html": "<svg'onload:alert(1)'>&amp;<!--",
    "cdata": "]]>",
    "formula": "+HYPERLINK(\"x\")*cmd|'calc'!A1",
    "format": "%s%n%x{0}{a}${PATH:-x}",
    "markup": "[bold][red]:bomb:[link]",
    "homoglyph": "pаypal",
    "glob": "*?[a-z]~",
    "prototype": "__proto__",
    "dots": "a..",
}
"""Names that a manifest may hold, for they are somebody's; alias and first half of a username."""

REFUSED = {
    "github": "::error::owned",
    "github-old": "##[add-path]owned",
    "azure": "##vso[task.prependpath]owned",
    "teamcity": "##teamcity[buildStop]owned",
    "marks": "e" + "\u0301" * 30,
    "escape": "\x1b]0;owned\x07\x1b[2J\x1b[9;9Howned",
    "eight-bit-escape": "\x9b2Jowned",
    "line": "\n[999/999] authorized owned\n::error::owned",
    "return": "\r##vso[task.complete]owned\r\n::set-output name=a::owned",
    "next-line": "\x85::error::owned\u2028::error::owned",
    "backspace": "x\b\b\x7fowned",
    "nul": "a\0owned",
    "bidi": "\u202e\u2066owned\u200f",
    "zero-width": "a\u200b\u200d\ufeff\u00ad\u3164\ufe0f\U000e0041b",
    "joined-command": "#\u200d#[group]owned:\u200b:error::owned",
    "half": "\ud83d owned \udc00",
    "path": "../../../../../../tmp/owned",
    "windows-path": "..\\..\\owned",
    "long": "long" * 100_000,
    "script": "<script>alert(1)</script><!--]]>--><!ENTITY x SYSTEM 'file:///etc/passwd'>",
    "wrapped": "x " * 40 + "::error::owned " + "y " * 40 + "::set-output name=a::owned",
}
"""Texts that are no name, but that a server may send."""

TEXTS = ADMITTED | REFUSED
NAMES = [*ADMITTED]
INVISIBLE = {"\u3164", "\ufe0f", "\u115f", "\u034f", "\u2800"}


def username(name):
    return f"{ADMITTED[name][:60]}@{name}.example.com"


def orders(line):
    """Return whether a CI system would obey a line of a log, by its own rules.

    GitHub: actions/runner, ActionCommand.cs; both streams, and a carriage return ends a line.
    """
    for part in re.split("[\r\n]", line):
        if "##[" in part or part.strip().startswith("::"):
            return True
    return re.search(r"##(vso|teamcity)\[", line, re.IGNORECASE) is not None


def assert_harmless(text):
    """No character that leads a terminal or hides, and no line that a CI system obeys."""
    strange = {
        character
        for character in text
        if character != "\n"
        and (unicodedata.category(character) in {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
    }
    assert strange | (INVISIBLE & set(text)) == set()
    assert [line for line in text.split("\n") if orders(line)] == []
    assert "\u0301" * 8 not in text
    assert max(map(len, text.split("\n"))) < 8000


class Stage:
    """A Salesforce with an org for every text in every place where a server can put it."""

    def __init__(self, here):
        self.world = here.world
        self.manifest = here.manifest
        self.lines = []
        for name in NAMES:  # the names' turn: half of them get in, half are refused
            org = self.world.sandbox(username(name), name=TEXTS[name])
            self.add(org, ADMITTED[name])
            if NAMES.index(name) % 2:
                org.refuses(errors.OAuthError("inactive_user", f"{username(name)} is inactive"))
        for name, text in TEXTS.items():  # the server's turn
            self.server_says(name, text)
        here.manifest.write_text(
            "version: 1\n"
            "defaults:\n"
            "  client_id: 3MVG9.orgauth.rehearsal\n"
            "  jwt_key_file: server.key\n"
            f"  instance_url: {here.url}\n"
            "retry:\n"
            "  transient: {initial_seconds: 0.01, max_seconds: 0.01, attempts: 2}\n"
            "  throttled: {initial_seconds: 0.01, max_seconds: 0.01, timeout_seconds: 0.02}\n"
            "orgs:\n" + "".join(self.lines),
            encoding="utf-8",
        )

    def add(self, org, alias):
        text = json.dumps({"username": org.username, "alias": alias}, ensure_ascii=False)
        text = text.replace("${", "$${")  # else it would be a variable of the manifest
        self.lines.append(f"  - {text[:-1]}, kind: sandbox}}\n")

    def org(self, kind, name, **options):
        org = self.world.sandbox(f"{kind}@{name}.example.com", **options)
        self.add(org, f"{kind}-{name}")
        return org

    def server_says(self, name, text):
        self.org("description", name).refuses(errors.OAuthError("inactive_user", text))
        self.org("error", name).refuses(errors.OAuthError(text, text))
        self.org("passing", name).refuses(errors.OAuthError(text, text, status=500))
        call = self.org("call", name)
        call.answers(faults.call_refusal(403, text, text), times=None, on="rest")
        self.org("id", name).answers(faults.changed(id=text), times=None)
        self.org("token", name).answers(faults.changed(access_token=text), times=None)
        self.org("instance", name).answers(faults.wrong_instance_url(text), times=None)
        self.org("redirect", name).answers(
            faults.redirect("https://x.example/" + re.sub(r"[^!-~]", "", text)[:99]), times=None
        )
        self.org("batch", name).answers(
            faults.wrong_shape({"results": [{"statusCode": 403, "result": [{
                "errorCode": text, "message": text}]}]}), times=None, on="batch"
        )  # fmt: skip
        self.org("facts", name).answers(
            faults.wrong_shape({"results": [{"statusCode": 200, "result": {"records": [{
                "Name": text, "InstanceName": text, "NamespacePrefix": text,
                "OrganizationType": text, "IsSandbox": True, "TrialExpirationDate": text}]}}]}),
            times=None, on="batch",
        )  # fmt: skip


@pytest.fixture
def stage(salesforce):
    return Stage(salesforce(dev_hubs=0, scratch_orgs=0, sandboxes=0))


def lines_of_a_run(count):
    """Return the grammar of what a run says on a pipe; what no rule knows somebody has put in."""
    return re.compile(
        rf"\[ *\d+/{count}\] (authorized|failed|skipped) .*|warning: .*|  \S.*|"
        r"\d+ (failed|skipped): .*|\d+ authorized, \d+ failed in [\d.]+ s|"
        r"(DEBUG|INFO) orgauth[.\w]*: .*|"
    )


def run(*args, home, **environ):
    return subprocess.run(
        [sys.executable, "-m", "orgauth", *map(str, args)],
        capture_output=True,
        check=False,
        cwd=home,
        env={**os.environ, "PYTHONIOENCODING": "utf-8", **environ},
    )


def test_terminal_log_and_every_file_stay_as_we_write_them(stage, home, tmp_path):
    """One run at -vv with every store and report; each line is one of ours."""
    before = set(tmp_path.rglob("*"))
    result = run(
        *("login", stage.manifest, "-vv", "--store", "salesforce-cli", "--store", "env:x.env"),
        *("--report", "run.json", "--report", "run.xml"),
        home=home,
    )

    shown = (result.stdout + result.stderr).decode()
    assert result.returncode == 1, shown
    assert_harmless(shown)
    grammar = lines_of_a_run(len(stage.lines))
    assert [line for line in shown.split("\n") if not grammar.fullmatch(line)] == []
    assert len(re.findall(r"^\[ *\d+/", shown, re.MULTILINE)) == len(stage.lines)

    check_document((home / "run.json").read_bytes(), stage)
    check_junit((home / "run.xml").read_bytes(), stage)
    check_env_file(home / "x.env", home)
    check_store(home)
    new = {path.relative_to(home).parts[0] for path in set(tmp_path.rglob("*")) - before}
    assert new == {".sfdx", "x.env", "run.json", "run.xml"}


def check_document(data, stage):
    """Plain ASCII on lines that nobody obeys, and every name exactly as the manifest has it."""
    text = data.decode("ascii")
    assert_harmless(text)
    orgs = json.loads(text)["result"]["orgs"]
    assert len(orgs) == len(stage.lines)
    assert [org["alias"] for org in orgs[: len(NAMES)]] == [*ADMITTED.values()]
    for org in orgs:
        if org["error"] is not None:
            assert_harmless(org["error"]["description"] + org["error"]["code"])
            assert "\n" not in org["error"]["description"]


def check_junit(data, stage):
    """Well-formed, and harmless before and after a CI system has taken the XML apart."""
    assert_harmless(data.decode())
    suite = ET.fromstring(data)[0]  # noqa: S314 - our own file
    cases = suite.findall("testcase")
    assert len(cases) == len(stage.lines)
    for element in suite.iter():
        assert element.tag in {"testsuite", "testcase", "failure", "skipped", "system-err"}
        assert_harmless("\n".join([*element.attrib.values(), element.text or ""]))


def check_env_file(path, home):
    """Names and values of few letters; a shell that reads it runs nothing."""
    lines = path.read_text("ascii").splitlines()
    allowed = re.compile(r"SF_[A-Z0-9_]+_(ACCESS_TOKEN|INSTANCE_URL)=[A-Za-z0-9_.!:/+=-]+")
    assert [line for line in lines if not allowed.fullmatch(line)] == []
    assert len(lines) > len(NAMES)
    for shell in ("sh", "bash"):
        done = subprocess.run(  # noqa: S602 - what a shell makes of the file is the question
            f"set -eu; . {path}; echo read",
            shell=True,
            executable=f"/bin/{shell}",
            capture_output=True,
            check=False,
            cwd=home,
            text=True,
        )
        assert (done.returncode, done.stdout, done.stderr) == (0, "read\n", "")
    assert not (home / "owned").exists()


def check_store(home):
    """One file an org, named after it, in the store's folder; texts that `sf` may show as are."""
    folder = home / ".sfdx"
    names = {path.name for path in folder.iterdir()}
    in_the_manifest = {f"{username(name)}.json" for name in NAMES[::2]}
    assert in_the_manifest <= names
    known = re.compile(r"(alias|key)\.json|(facts|token)@[\w-]+\.example\.com\.json")
    assert [name for name in names - in_the_manifest if not known.fullmatch(name)] == []
    for path in folder.iterdir():
        assert_harmless(path.read_text("utf-8"))
        json.loads(path.read_bytes())
    aliases = json.loads((folder / "alias.json").read_bytes())["orgs"]
    for name in NAMES[::2]:
        assert aliases[ADMITTED[name]] == username(name)
    path = folder / f"{username(NAMES[0])}.json"
    assert json.loads(path.read_bytes())["name"] == ADMITTED[NAMES[0]]  # what is harmless stays


def test_the_live_picture_and_json_stay_as_we_draw_them(stage, home):
    """On a terminal, whose width may put the middle of a text at the beginning of a line."""
    status, shown = on_a_terminal("login", stage.manifest, "--store", "none")

    assert status == 1
    drawn = re.sub(r"\x1b\[[0-9;]*[mAK]|\x1b\[\?25[lh]|\r", "", shown)  # what rich draws with
    assert_harmless(drawn)

    status, out, err = invoke("login", stage.manifest, "--store", "none", "--json", "-q")

    assert status == 1
    assert_harmless(err)
    check_document(out.encode(), stage)


@pytest.mark.parametrize("name", REFUSED)
@pytest.mark.parametrize("field", ["username", "alias"])
def test_a_name_that_is_none_is_refused_with_its_place_and_leads_nobody(
    salesforce, home, field, name
):
    """In the message, the document and the report."""
    here = salesforce(dev_hubs=0, scratch_orgs=0, sandboxes=1)
    text = REFUSED[name] + ("@x.example.com" if field == "username" else "")
    old = {"username": "ci@acme.example.com.sandbox1", "alias": "sandbox1"}[field]
    # YAML knows \uXXXX and \UXXXXXXXX; half a character it does not.
    written = "".join(f"\\U{ord(character):08x}" for character in text)
    here.change_manifest(f"{field}: {old}\n", f'{field}: "{written}"\n')

    for command in ("plan", "login"):
        status, out, err = invoke(command, here.manifest)
        assert (status, out) == (2, "")
        assert_harmless(err)
        assert f"{here.manifest.name}:" in err
        assert len(err.splitlines()) < 6

    status, out, _ = invoke("login", here.manifest, "--json", "--report", home / "run.xml")
    assert status == 2
    assert_harmless(out)
    assert_harmless((home / "run.xml").read_text("utf-8"))
    assert_harmless(json.loads(out)["problems"][0]["message"])
    assert here.world.requests.total == 0


@pytest.mark.parametrize(
    "name",
    [*(name for name in TEXTS if name not in {"nul", "long", "path", "script", "html", "half"})],
)
def test_names_of_files_lead_nobody(salesforce, home, name):
    """The manifest's, its folder's, the key's, its certificate's, a report's, a store's."""
    here = salesforce(dev_hubs=0, scratch_orgs=0, sandboxes=1)
    text = TEXTS[name][:40].replace("/", "")
    folder = home / text
    here.manifest.parent.rename(folder)
    manifest = folder / f"{text}.yaml"
    (folder / "orgs.yaml").rename(manifest)
    (folder / "server.key").chmod(0o644)
    report, env = folder / f"{text}.xml", folder / f"{text}.env"

    status, out, err = invoke(
        "login", manifest, "--report", report, "--store", f"env:{env}", "--store", "salesforce-cli"
    )
    assert status == 0
    assert "chmod 600" in err
    assert_harmless(out + err)
    assert_harmless(report.read_text("utf-8"))
    status, out, err = invoke("plan", manifest, "--store", f"env:{env}")
    assert status == 0
    assert_harmless(out + err)

    env.unlink()
    env.mkdir()
    (folder / "server.crt").write_text("-----BEGIN CERTIFICATE-----\nnonsense")
    for args in (("login", "--store", f"env:{env}"), ("plan", "--json"), ("plan",)):
        _, out, err = invoke(args[0], manifest, *args[1:])
        assert_harmless(out + err)
    manifest.write_text("nonsense: 1\n")
    invoke("login", manifest, "--report", report)
    assert manifest.suffix in report.read_text("utf-8")
    assert_harmless(report.read_text("utf-8"))
    for args in (("plan", manifest), ("plan", folder / text), ("plan", folder)):
        for options in ((), ("--json",)):
            status, out, err = invoke(*args, *options)
            assert status == 2
            assert_harmless(out + err)


def test_every_option_leads_nobody(salesforce, home):
    """`orgauth login *` in a folder that somebody else has filled."""
    manifest = salesforce().manifest
    for text in (text[:2000] for name, text in TEXTS.items() if name not in ("nul", "half")):
        for options in (
            [manifest, text],
            [manifest, "--only", text],
            [manifest, "--store", text],
            [manifest, "--store", f"env:{text}/x"],
            [manifest, "--report", text],
            [manifest, "--report", f"{text}/x.xml"],
            [manifest, "--concurrency", text],
            [f"--{text}"],
        ):
            for extra in ([], ["--json"]):
                with in_process(["login", *map(str, options), *extra]) as (status, shown):
                    assert status == 2, options
                    assert_harmless(shown)


@contextmanager
def in_process(arguments):
    """The program with its own way of showing wrong usage, without the cost of a process each."""
    from click.testing import CliRunner  # noqa: PLC0415 - only here

    from orgauth.cli import main  # noqa: PLC0415 - likewise

    runner = CliRunner()
    with runner.isolation() as (out, err, *_), pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", ["orgauth", *arguments])
        status = main._run()
        sys.stdout.flush()
        sys.stderr.flush()
        shown = out.getvalue().decode() + err.getvalue().decode()
    yield status, shown


EVIL = [
    "http://evil.example:{port}",
    "https://evil.example:{port}",
    "http://evil.localhost:{port}",
    "https://acme.my.salesforce.com@evil.example:{port}",
    "https://evil.example:{port}\\.salesforce.com",
    "https://evil.example:{port}#.salesforce.com",
    "https://evil.example:{port}?.salesforce.com",
    "https://acme.my.salesforce.com.evil.example:{port}",
    "http://acme.my.salesforce.com:{port}",
    "https://acme.my.salesforce.com:{port}",
    "//evil.example:{port}",
    "https:evil.example:{port}",
    "http://evil.example:{port}\r\nHost: acme.my.salesforce.com",
    "https://еvil.salesforce.com:{port}",
    "http://[::ffff:10.0.0.1]:{port}",
]
PAGES = [
    "//evil.example:{port}/x",
    "http://evil.example:{port}/x",
    "@evil.example:{port}/services/data/",
    ".evil.example:{port}/services/data/",
    "/services/data/../../\r\nX: y",
    "/services/data/@evil.example:{port}/",
]


@pytest.fixture
def evil(monkeypatch):
    """A host to which every name leads, and which keeps what it gets."""
    got = []
    listener = socket.create_server(("127.0.0.1", 0))

    def take():
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with connection:
                connection.settimeout(1)
                try:
                    got.append(connection.recv(65536))
                except OSError:
                    got.append(b"")

    thread = threading.Thread(target=take)
    thread.start()
    real = socket.getaddrinfo

    def everywhere(host, port, *args, **options):
        return real("127.0.0.1", port, *args, **options)

    monkeypatch.setattr(socket, "getaddrinfo", everywhere)
    yield listener.getsockname()[1], got
    with socket.create_connection(listener.getsockname()):  # wakes accept
        pass
    listener.shutdown(socket.SHUT_RDWR)
    listener.close()
    thread.join()


def test_a_token_goes_nowhere_else(salesforce, home, evil):
    """Neither to an instance_url of somebody else's, nor after a redirect, nor for a next page."""
    port, got = evil
    here = salesforce(dev_hubs=len(PAGES), scratch_orgs=0, sandboxes=len(EVIL) + 4)
    sandboxes = [org for org in here.world.orgs if org.kind == "sandbox"]
    for org, url in zip(sandboxes, EVIL, strict=False):
        org.answers(faults.wrong_instance_url(url.format(port=port)), times=None)
    target = f"http://evil.example:{port}/x"
    for org, on, code in zip(
        sandboxes[len(EVIL) :],
        ("token", "rest", "token", "rest"),
        (302, 302, 307, 308),
        strict=True,
    ):
        org.answers(faults.redirect(target, code), times=None, on=on)
    hubs = [org for org in here.world.orgs if org.kind == "dev_hub"]
    organization = {"Name": "x", "InstanceName": "x", "IsSandbox": False}
    for org, page in zip(hubs, PAGES, strict=True):
        pages = {"records": [], "nextRecordsUrl": page.format(port=port)}
        results = [{"records": [organization]}, pages]
        shape = {"results": [{"statusCode": 200, "result": result} for result in results]}
        org.answers(faults.wrong_shape(shape), times=None, on="batch")
    here.change_manifest("\nretry:", "\nretry:\n  transient: {attempts: 1}\n#")

    status, _, _ = invoke("login", here.manifest, "--store", "none", "--json")

    assert status == 1
    received = b"".join(got)
    tokens = [token.encode() for org in here.world.orgs for token in org.tokens]
    assert len(tokens) >= len(EVIL)
    assert [token for token in tokens if token in received] == []
    assert b"Authorization" not in received
    assert b"assertion" not in received


def test_a_stored_token_goes_nowhere_else(salesforce, home, evil):
    """Somebody else may have written what the store holds; --if-needed asks no host of theirs."""
    port, got = evil
    here = salesforce(dev_hubs=0, scratch_orgs=0, sandboxes=len(EVIL) + 1)
    assert invoke("login", here.manifest)[0] == 0
    tokens = [token.encode() for org in here.world.orgs for token in org.tokens]
    for org, url in zip(here.world.orgs, EVIL, strict=False):
        path = home / f".sfdx/{org.username}.json"
        stored = json.loads(path.read_bytes())
        path.write_text(json.dumps(stored | {"instanceUrl": url.format(port=port)}))

    status, out, _ = invoke("login", here.manifest, "--if-needed", "--json")

    assert status == 0
    summary = json.loads(out)["result"]["summary"]
    assert (summary["authorized"], summary["reused"]) == (len(EVIL), 1)
    received = b"".join(got)
    assert [token for token in tokens if token in received] == []
    assert b"Authorization" not in received


HOSTILE_YAML = [
    "!!python/object/apply:os.system [touch owned]",
    "!!python/object/new:subprocess.Popen [[touch, owned]]",
    "!!python/name:os.system",
    "!!python/module:antigravity",
    "$(touch owned)",
    "`touch owned`",
    "${PATH:-$(touch owned)}",
    "${x[`touch owned`]}",
    "|touch owned",
    "!ENV ${HOME}",
    "<<: *x",
    "file:///etc/passwd",
    "/etc/passwd",
    "/proc/self/environ",
]


def test_a_manifest_runs_nothing(salesforce, home):
    """Not by a tag, not by a variable, not by a name: no process starts, whatever it says."""
    here = salesforce(dev_hubs=0, scratch_orgs=0, sandboxes=1)
    text = here.manifest.read_text()
    manifests = []
    for key in ("client_id: ", "jwt_key_file: ", "username: ", "alias: ", "kind: ", "version: "):
        for hostile in HOSTILE_YAML:
            path = here.manifest.with_name(f"hostile{len(manifests)}.yaml")
            path.write_text(re.sub(f"{key}.*", lambda _: f"{key}{hostile}", text, count=1))  # noqa: B023 - used at once
            manifests.append(str(path))
    code = (
        "import sys\n"
        "started = []\n"
        "names = ('subprocess', 'os.system', 'os.exec', 'os.fork', 'os.spawn', 'os.posix_spawn',\n"
        "         'pty.spawn', 'os.startfile')\n"
        "import orgauth.cli.main, orgauth.cli.run_login, orgauth.cli.run_plan, platform\n"
        "def watch(event, args):\n"
        "    if event.startswith(names): started.append((event, args))\n"
        "sys.addaudithook(watch)\n"
        "for manifest in sys.argv[1:]:\n"
        "    for command in ('plan', 'login'):\n"
        "        orgauth.cli.main.cli([command, manifest], standalone_mode=False)\n"
        "print(started, file=sys.stderr)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, *manifests], capture_output=True, text=True, check=True
    )

    assert done.stderr.splitlines()[-1] == "[]"
    assert "root:" not in done.stdout + done.stderr
    assert "HOME=" not in done.stdout + done.stderr
    assert not list(home.rglob("owned"))
    assert not list(here.manifest.parent.rglob("owned"))


def test_a_key_that_others_can_read_is_told_wherever_one_looks(salesforce, home):
    """By a link, from the home: however the manifest names it; in JSON and JUnit, too."""
    here = salesforce(dev_hubs=0, scratch_orgs=0, sandboxes=1)
    here.manifest.parent.joinpath("server.key").rename(home / "shared.key")
    (home / "shared.key").chmod(0o644)
    (home / "link.key").symlink_to("shared.key")
    for name in ("~/shared.key", str(home / "link.key"), f"{home}/../home/shared.key"):
        here.manifest.write_text(
            re.sub("jwt_key_file: .*", f"jwt_key_file: {name}", here.manifest.read_text())
        )
        for command in (["plan"], ["login", "--store", "none", "--report", str(home / "r.xml")]):
            status, out, err = invoke(command[0], here.manifest, *command[1:])
            assert status == 0
            assert "warning: other users of this machine can read" in out + err
            assert "other users" in invoke(command[0], here.manifest, "--json", *command[1:])[1]
        assert "other users" in (home / "r.xml").read_text()


@pytest.mark.parametrize("kind", ["pipe", "endless", "huge", "folder", "circle", "socket", "gone"])
@pytest.mark.parametrize("what", ["manifest", "key", "project"])
def test_what_stands_in_a_files_place_stops_nobody(salesforce, home, monkeypatch, what, kind):
    """A pipe that nobody writes into, a device without an end, a terabyte of nothing."""
    monkeypatch.setattr(preparing, "_PIPE_SECONDS", 0.05)
    monkeypatch.setattr(FileKeySource.__init__, "__kwdefaults__", {"pipe_seconds": 0.05})
    here = salesforce(dev_hubs=0, scratch_orgs=0, sandboxes=1)
    folder = here.manifest.parent
    names = {"manifest": "orgs.yaml", "key": "server.key", "project": "sfdx-project.json"}
    path = folder / names[what]
    path.unlink(missing_ok=True)
    with socket.socket(socket.AF_UNIX) as server:
        match kind:
            case "pipe":
                os.mkfifo(path)
            case "endless":
                path.symlink_to("/dev/zero")
            case "huge":
                path.touch()
                os.truncate(path, 1 << 40)
            case "folder":
                path.mkdir()
            case "circle":
                path.symlink_to(path.name)
            case "socket":
                os.chdir(folder)
                server.bind(path.name)
        status, _, err = invoke("login", here.manifest, "--store", "none")

    ignored = what == "project" and kind != "huge"  # as the Salesforce CLI looks for files only
    assert status == (0 if ignored else 2)
    assert ignored or path.name in err
    assert "Traceback" not in err
