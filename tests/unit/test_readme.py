"""The README is the product's face: what it shows is what the program does."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from orgauth.failures import classify
from orgauth.manifest import parse_manifest
from orgauth.models import OrgKind
from support import invoke, make_org

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()


def blocks(language):
    """Return the fenced blocks of one language."""
    return re.findall(rf"```{language}\n(.*?)```", README, flags=re.DOTALL)


def console(command):
    """Return what the README shows below a command."""
    shown = [block for block in blocks("console") if block.startswith(f"$ {command}\n")]
    assert len(shown) == 1
    return shown[0].split("\n", 1)[1]


@pytest.mark.parametrize("command", ["orgauth --help", "orgauth login --help"])
def test_help_is_what_the_program_prints(command):
    """Eighty columns wide, to the letter."""
    result = subprocess.run(
        [sys.executable, "-m", *command.split()],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "COLUMNS": "80"},
    )

    assert console(command) == result.stdout.replace("python -m orgauth", "orgauth")


@pytest.mark.skipif(shutil.which("openssl") is None, reason="the README's commands call openssl")
def test_the_first_real_org_gets_as_far_as_it_can_without_salesforce(home, monkeypatch):
    """Its commands make a key and a certificate, and its manifest passes `orgauth plan`."""
    for command in blocks("sh")[1].splitlines():
        subprocess.run(command, shell=True, check=True, capture_output=True, cwd=home)  # noqa: S602 - the README's own commands
    manifest = next(block for block in blocks("yaml") if "dev_hubs:" in block)
    (home / "orgs.yaml").write_text(manifest)
    monkeypatch.setenv("SF_CLIENT_ID", "3MVG9.made.up")

    status, out, err = invoke("plan")

    assert status == 0, err
    assert "my-hub-org" in out
    assert "server.crt matches" in out


def test_the_problems_it_shows_are_the_ones_that_are_reported(tmp_path):
    """Place, words and suggestion."""
    manifest = tmp_path / "orgs.yaml"
    manifest.write_text(
        "version: 1\n"
        "defaults:\n"
        "  clientid: 3MVG9.made.up\n"
        "orgs:\n"
        "  - username: a@acme.example.com\n"
        "    alias: uat\n"
        "  - username: b@acme.example.com\n"
        "    # the copied one\n"
        "    alias: uat\n"
    )

    _, _, err = invoke("plan", manifest)

    reported = {line.replace(str(manifest), "orgs.yaml") for line in err.splitlines()}
    for line in console("orgauth plan").splitlines():
        assert line in reported


def test_the_python_example_is_a_program():
    """It compiles; the typed test of the public API checks the same names."""
    for block in blocks("python"):
        compile(block, "README.md", "exec")
        assert "orgauth.authorize(" in block


def test_every_manifest_of_the_readme_is_valid(tmp_path):
    """People copy them."""
    for block in blocks("yaml"):
        if "version:" in block:
            environ = {"SF_CLIENT_ID": "3MVG9.made.up"}
            assert parse_manifest(block.encode(), path=tmp_path / "orgs.yaml", environ=environ).orgs


@pytest.mark.parametrize(
    ("error", "description"),
    [
        ("invalid_grant", "user hasn't approved this consumer"),
        ("app_not_found", "app_not_found"),
        ("invalid_client_id", "client identifier invalid"),
        ("invalid_client", "invalid client credentials"),
        ("invalid_grant", "invalid assertion"),
        ("invalid_grant", "audience is invalid"),
        ("invalid_grant", "expired authorization code"),
        ("invalid_grant", "ip restricted or invalid login hours"),
        ("unsupported_grant_type", "grant type not supported"),
        ("invalid_grant", "login rate exceeded"),
    ],
)
def test_every_error_that_has_advice_is_in_the_table(error, description):
    """Found by the text that people see."""
    assert classify(make_org(kind=OrgKind.SANDBOX), 400, error, description).advice
    assert description in README


def test_the_workflow_it_recommends_trusts_no_tag_and_keeps_no_credentials():
    """Whoever moves an action's tag would get the key to all orgs."""
    workflow = next(block for block in blocks("yaml") if "actions/" in block)

    actions = re.findall(r"uses: (\S+)", workflow)

    assert all(re.fullmatch(r"[\w/-]+@[0-9a-f]{40}", action) for action in actions)
    checkouts = [action for action in actions if action.startswith("actions/checkout@")]
    assert workflow.count("persist-credentials: false") == len(checkouts) == 2
    assert "permissions: { contents: read }" in workflow


def test_every_file_it_links_to_is_there():
    """Relative links only; they work in a checkout and on a page."""
    for target in re.findall(r"\]\(([^)#]+)\)", README):
        assert target.startswith("https://") or (ROOT / target).exists(), target
