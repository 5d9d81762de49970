"""Standard output and error as they really are: closed, full, gone, or of a small alphabet."""

import json
import os
import subprocess
import sys

import pytest

from support import invoke

PROGRAM = f"{sys.executable} -m orgauth"


def shell(command, **environ):
    """Run a command line as a shell does, with its redirections."""
    return subprocess.run(
        ["/bin/bash", "-c", command],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, **environ},
    )


def saved(home):
    return len(list((home / ".sfdx").glob("*@*.json")))


@pytest.mark.parametrize("redirection", ["2>&-", "2>/dev/full", "2> >(true)"])
def test_a_standard_error_that_is_gone_costs_nothing(salesforce, home, redirection):
    """A log on a full disk is no reason to stop at night."""
    here = salesforce(scratch_orgs=20)

    result = shell(f"{PROGRAM} login {here.manifest} --json {redirection}")

    assert result.returncode == 0
    assert json.loads(result.stdout)["result"]["summary"]["authorized"] == 22
    assert saved(home) == 22


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_no_file_gets_the_number_of_a_standard_stream(closed):
    """What a dying library says on standard error would be written into an authorization."""
    code = (
        "import os; from orgauth.cli import main;"
        "main._run = lambda: os.open('/dev/zero', os.O_RDONLY);"
        "main.run()"  # ends with the number that the first file gets
    )

    status = shell(f'{sys.executable} -c "{code}" {closed}').returncode

    assert status >= 3


def test_all_standard_streams_closed_costs_nothing(salesforce, home):
    """As some supervisors start programs."""
    result = shell(f"{PROGRAM} login {salesforce().manifest} <&- >&- 2>&-")

    assert result.returncode == 0
    assert saved(home) == 4


def test_a_closed_standard_output_costs_nothing(salesforce, home):
    """Some supervisors start programs without one."""
    result = shell(f"{PROGRAM} login {salesforce().manifest} >&-")

    assert result.returncode == 0
    assert "Traceback" not in result.stderr
    assert saved(home) == 4


@pytest.mark.parametrize("options", ["", "--json"])
def test_a_full_standard_output_is_told_and_everything_is_saved(salesforce, home, options):
    """The document is lost, so the status cannot be good."""
    result = shell(f"{PROGRAM} login {salesforce().manifest} {options} >/dev/full")

    assert result.returncode == 1
    assert "the result cannot be shown: No space left on device" in result.stderr
    assert "Traceback" not in result.stderr
    assert saved(home) == 4


def test_a_reader_that_has_seen_enough_is_no_error(salesforce):
    """`orgauth plan | head -1` says nothing of pipes."""
    here = salesforce(scratch_orgs=2000)

    result = shell(f"{PROGRAM} plan {here.manifest} | head -1")

    assert result.stderr == ""


@pytest.mark.parametrize("command", ["plan", "login"])
def test_a_small_alphabet_is_no_error(salesforce, home, command):
    """An alias may be written in any script; a log may not."""
    here = salesforce()
    here.change_manifest("alias: sandbox1", "alias: sandbox-東京")

    result = shell(f"{PROGRAM} {command} {here.manifest}", PYTHONIOENCODING="ascii")

    assert result.returncode == 0
    assert "Traceback" not in result.stderr
    assert "sandbox-" in result.stdout + result.stderr


def test_a_home_that_is_none_is_told(salesforce):
    """Python would take an empty HOME for the root folder."""
    result = shell(f"{PROGRAM} login {salesforce().manifest}", HOME="")

    assert result.returncode == 2
    assert "no home folder" in result.stderr


def test_a_current_folder_that_is_gone_is_told(salesforce, tmp_path):
    """CI runners clean up under running jobs."""
    here = salesforce()
    (tmp_path / "gone").mkdir()

    result = shell(f"cd {tmp_path}/gone && rmdir ../gone && {PROGRAM} login {here.manifest}")

    assert result.returncode == 2
    assert "the current folder is gone" in result.stderr


def test_a_file_name_cannot_lead_the_terminal(home):
    """Escapes in a manifest's name are shown as text."""
    name = "c\x1b[31md.yaml"
    (home / name).write_text("version: 2\n")

    _, _, err = invoke("plan", name)

    assert "\x1b[31md" not in err
    assert "c\\x1b[31md.yaml:1:10" in err


def test_wrong_usage_has_an_envelope_too_where_json_was_asked_for():
    """Also where the option parser finds it."""
    result = shell(f"{PROGRAM} login --json --concurrency 0")

    assert result.returncode == 2
    assert json.loads(result.stdout)["status"] == 2
    assert "concurrency" in json.loads(result.stdout)["message"]


def test_a_report_can_go_to_a_device_and_never_replaces_one(salesforce, home):
    """/dev/null stays what it is."""
    here = salesforce()
    (home / "null.json").symlink_to("/dev/null")
    os.mkfifo(home / "pipe.xml")

    result = shell(
        f"cat {home}/pipe.xml & {PROGRAM} login {here.manifest} -q"
        f" --report {home}/null.json --report {home}/pipe.xml; wait"
    )

    assert result.returncode == 0
    assert "<testsuite " in result.stdout
    assert (home / "pipe.xml").is_fifo()
    assert not (home / "null.json").is_file()


def test_a_report_into_a_pipe_that_nobody_reads_is_told_and_waited_for_by_nobody(salesforce, home):
    """Somebody may have made the pipe to stop us."""
    os.mkfifo(home / "pipe.xml")

    status, out, err = invoke("login", salesforce().manifest, "--report", home / "pipe.xml")

    assert status == 1
    assert "4 authorized" in out
    assert f"cannot write {home}/pipe.xml: nobody reads from the pipe" in err


def test_a_report_never_replaces_the_manifest(salesforce):
    """A slip of the hand."""
    here = salesforce()
    manifest = here.manifest.rename(here.manifest.with_suffix(".json"))
    before = manifest.read_bytes()

    status, _, err = invoke("login", manifest, "--report", manifest)

    assert status == 2
    assert "is the manifest itself" in err
    assert manifest.read_bytes() == before


def test_tokens_are_not_written_into_a_device(salesforce):
    """A terminal's scrollback is no store."""
    status, _, err = invoke("login", salesforce().manifest, "--store", "env:/dev/null")

    assert status == 1
    assert "/dev/null" in err


@pytest.mark.parametrize(
    ("start", "kill", "status"),
    [("", "INT", 130), ("", "HUP", 129), ("nohup", "HUP", 0)],
)
def test_signals_to_a_run_in_the_background_mean_what_they_say(salesforce, start, kill, status):
    """A shell ignores SIGINT for what it starts with `&`; nohup ignores hang-ups."""
    here = salesforce(scratch_orgs=0, sandboxes=40)
    here.world.host.latency = 0.05

    result = shell(
        f"{start} {PROGRAM} login {here.manifest} --json --concurrency 2 2>err & pid=$!;"
        "for _ in {1..200}; do grep -q authorized err && break; sleep 0.05; done;"
        f"kill -{kill} $pid; wait $pid; echo $?"
    )

    assert result.stdout.splitlines()[-1] == str(status)


def test_a_run_is_stopped_gently_though_nobody_can_be_told(salesforce, home):
    """A terminal that is gone is often why a run is stopped."""
    here = salesforce(scratch_orgs=0, sandboxes=40)
    here.world.host.latency = 0.05

    result = shell(
        f"{PROGRAM} login {here.manifest} --json --concurrency 2 2>/dev/full & pid=$!;"
        f"for _ in {{1..200}}; do ls {home}/.sfdx/*@*.json 2>/dev/null | grep -q . && break;"
        "sleep 0.05; done; kill -HUP $pid; wait $pid; echo $?"
    )

    *document, status = result.stdout.splitlines()
    assert status == "129"
    assert json.loads("\n".join(document))["result"]["summary"]["authorized"] == saved(home) > 0
