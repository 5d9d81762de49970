"""How a run is written down: JSON and JUnit. Foreign text is harmless in both."""

import json
from xml.etree import ElementTree as ET

import pytest

from orgauth.errors import ManifestError, Position, Problem
from orgauth.models import (
    Authorized,
    Cause,
    Credentials,
    Failed,
    Failure,
    FailureKind,
    OrgKind,
    RunResult,
    Secret,
    Skipped,
)
from orgauth.reports import BY_SUFFIX
from support import make_org

NASTY = 'a"<b>&\x1b[31m\n::error::\u202e\ud800]]>'


def outcomes(text="refused"):
    failure = Failure("invalid_grant", text, FailureKind.PERMANENT, Cause.USER, f"ask {text}")
    credentials = Credentials(
        Secret("00D!canary"), "https://x.my.salesforce.com", "00D000000000001AAA", "005"
    )
    return [
        Authorized(make_org("a@b.example.com", alias="uat"), credentials, None, 2, 1.23456),
        Failed(make_org("c@d.example.com", kind=OrgKind.SCRATCH), failure, 3, 2.0),
        Skipped(make_org("e@f.example.com"), failure),
    ]


def run_of(text="refused", exit_code=1):
    return RunResult(outcomes(text), elapsed_seconds=4.5678, exit_code=exit_code, warnings=["w"])


def rendered(suffix, run):
    return "".join(BY_SUFFIX[suffix].render(run))


def test_json_has_the_contract_s_form():
    """Programs rely on it."""
    value = json.loads(rendered(".json", run_of()))

    assert value["status"] == 1
    assert value["warnings"] == ["w"]
    assert value["result"]["summary"] == {
        "total": 3,
        "authorized": 1,
        "reused": 0,
        "failed": 1,
        "skipped": 1,
        "elapsed_seconds": 4.568,
    }
    assert value["result"]["orgs"][0] == {
        "username": "a@b.example.com",
        "alias": "uat",
        "kind": "production",
        "status": "authorized",
        "org_id": "00D000000000001AAA",
        "instance_url": "https://x.my.salesforce.com",
        "login_url": "https://login.salesforce.com",
        "attempts": 2,
        "elapsed_seconds": 1.235,
        "error": None,
    }
    assert value["result"]["orgs"][1]["error"] == {
        "code": "invalid_grant",
        "description": "refused",
        "kind": "permanent",
        "advice": "ask refused",
    }
    assert [org["status"] for org in value["result"]["orgs"]] == ["authorized", "failed", "skipped"]


def test_junit_has_a_case_an_org():
    """CI systems show it as a table."""
    suite = ET.fromstring(rendered(".xml", run_of()))[0]  # noqa: S314 - our own text

    assert suite.attrib == {
        "name": "orgauth",
        "tests": "3",
        "failures": "1",
        "errors": "0",
        "skipped": "1",
        "time": "4.568",
    }
    good, failed, skipped, warnings = suite
    assert (good.get("name"), good.get("classname"), len(good)) == ("uat", "orgauth.production", 0)
    assert failed[0].tag == "failure"
    assert failed[0].get("message") == "invalid_grant: refused"
    assert failed[0].text == "ask refused"
    assert skipped[0].tag == "skipped"
    assert (warnings.tag, warnings.text) == ("system-err", "w")


@pytest.mark.parametrize("suffix", BY_SUFFIX)
def test_no_report_holds_a_token(suffix):
    """A report is mailed, archived, and shown to everybody."""
    assert "canary" not in rendered(suffix, run_of())


def test_foreign_text_leaves_both_well_formed():
    """Quotes, escapes, and what XML cannot hold at all."""
    text = rendered(".json", run_of(NASTY))
    assert text.isascii()
    (description,) = {
        org["error"]["description"] for org in json.loads(text)["result"]["orgs"] if org["error"]
    }
    # Half a character would make strict readers refuse the whole document.
    assert description == NASTY.replace("\ud800", "\ufffd")

    text = rendered(".xml", run_of(NASTY))
    text.encode()
    suite = ET.fromstring(text)[0]  # noqa: S314 - our own text
    assert "<b>" in suite[1][0].get("message")
    assert "\x1b" not in text


COMMANDS = ("##vso[task.complete]", "##[add-path]/x", "##teamcity[x]", "\n::error::x")


@pytest.mark.parametrize("text", COMMANDS)
def test_a_report_that_is_printed_into_a_log_commands_no_ci_system(text):
    """`--json` and `--report /dev/stdout`; what programs read is the same."""
    document = rendered(".json", run_of(text))
    assert text not in document
    assert json.loads(document)["result"]["orgs"][1]["error"]["description"] == text

    assert text not in rendered(".xml", run_of(text))


@pytest.mark.parametrize("text", ["\x7f", "\x9b", "é", "\U0001f600", "a##b", "\\u0023##["])
def test_json_is_plain_ascii_and_says_the_same(text):
    """Whatever its reader's alphabet is."""
    document = rendered(".json", run_of(text))

    assert document.replace("\n", "").isprintable()
    assert document.isascii()
    assert json.loads(document)["result"]["orgs"][1]["error"]["description"] == text


ERROR = ManifestError(
    [Problem(Position("orgs.yaml", 3, 5), f"unknown key {NASTY}")], advice="Correct it"
)


def test_json_of_a_run_that_could_not_begin_has_the_problems_with_their_places():
    """A program that reads yesterday's good report by mistake would be worse."""
    value = json.loads(BY_SUFFIX[".json"].render_error(ERROR, exit_code=2))

    assert value["status"] == 2
    assert value["name"] == "ManifestError"
    assert value["advice"] == "Correct it"
    assert value["problems"][0] | {"message": ""} == {
        "file": "orgs.yaml",
        "line": 3,
        "column": 5,
        "message": "",
    }


def test_junit_of_a_run_that_could_not_begin_has_one_error():
    """So that the CI system shows red, and why."""
    text = BY_SUFFIX[".xml"].render_error(ERROR, exit_code=2)
    suite = ET.fromstring(text.encode("utf-8", "replace"))[0]  # noqa: S314 - our own text

    assert (suite.get("tests"), suite.get("errors")) == ("1", "1")
    assert "orgs.yaml:3:5" in suite[0][0].get("message")
    assert suite[0][0].text == "Correct it"


@pytest.mark.parametrize("count", [0, 1, 3])
def test_json_is_laid_out_as_the_salesforce_cli_lays_it_out(count):
    """Two spaces, whoever reads it; and the pieces make one document."""
    run = RunResult(outcomes('"orgs": []')[:count], 1.0, 0, warnings=['"orgs": []'])

    text = rendered(".json", run)

    assert text == json.dumps(json.loads(text), indent=2) + "\n"
    assert len(json.loads(text)["result"]["orgs"]) == count
