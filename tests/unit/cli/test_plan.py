"""``orgauth plan``: everything that can be checked, and nothing sent."""

import json

import pytest

from support import invoke, pem_of, private_key


def test_the_table_shows_what_login_would_do(salesforce, home):
    """Every org with its login URL and audience; the key and its certificate; where it goes."""
    here = salesforce()

    status, out, _ = invoke("plan", here.manifest)

    assert status == 0
    assert "hub1@acme.example.com" in out
    assert "└ hub1-1" in out
    assert "https://test.salesforce.com" in out
    assert "server.crt matches, until 20" in out
    assert "tokens saved in: salesforce-cli" in out
    assert here.world.requests.total == 0
    assert list(home.iterdir()) == []


def test_json_holds_the_same(salesforce):
    """For programs that check a manifest in a pull request."""
    here = salesforce(scratch_orgs=1)

    status, out, _ = invoke("plan", here.manifest, "--json")

    value = json.loads(out)
    assert value["status"] == status == 0
    scratch = value["result"]["orgs"][1]
    assert scratch["dev_hub"] == "hub1@acme.example.com"
    assert scratch["audience"] == "https://test.salesforce.com"
    assert scratch["waits_for_replication"] is True
    assert value["result"]["keys"][0]["certificate"]["matches"] is True
    assert value["result"]["stores"] == ["salesforce-cli"]


def test_a_key_of_another_certificate_is_a_problem_with_its_place(salesforce):
    """Found here, not in the evening's "invalid assertion"."""
    here = salesforce()
    (here.manifest.parent / "server.key").write_bytes(pem_of(private_key(number=1)))

    status, _, err = invoke("plan", here.manifest)

    assert status == 2
    assert f"{here.manifest}:" in err
    assert "does not belong to the certificate" in err


def test_no_certificate_beside_the_key_is_fine(salesforce):
    """The app needs it; orgauth does not."""
    here = salesforce()
    (here.manifest.parent / "server.crt").unlink()

    status, out, _ = invoke("plan", here.manifest)

    assert status == 0
    assert "none found" in out
    assert json.loads(invoke("plan", here.manifest, "--json")[1])["result"]["keys"] == [
        {
            "source": "file",
            "location": str(here.manifest.parent / "server.key"),
            "certificate": None,
        }
    ]


def test_warnings_are_shown(salesforce):
    """A key that others can read works, and should not."""
    here = salesforce()
    (here.manifest.parent / "server.key").chmod(0o644)

    _, out, _ = invoke("plan", here.manifest)

    assert "warning: other users of this machine can read" in out
    assert "chmod 600" in out


def test_a_login_host_that_is_nobody_knows_whose_is_warned_about(salesforce, home):
    """A manifest or an sfdx-project.json of somebody else's could collect assertions."""
    here = salesforce(sandboxes=3)
    text = here.manifest.read_text()
    for number in (1, 2, 3):
        text = text.replace(
            f"username: ci@acme.example.com.sandbox{number}\n    alias: sandbox{number}\n",
            f"username: ci@acme.example.com.sandbox{number}\n    alias: sandbox{number}\n"
            f"    #{number}\n",
        )
    own = "instance_url: https://login.evil.example\n    "
    text = text.replace("#1", own).replace("#2", own + "audience: https://login.evil.example")
    here.manifest.write_text(text.replace("#3", "instance_url: https://acme.my.salesforce.com"))

    _, out, _ = invoke("plan", here.manifest, "--json")

    (warning,) = json.loads(out)["warnings"]
    assert "assertions go to login.evil.example, which is no domain of Salesforce's" in warning
    assert (
        json.loads(invoke("plan", here.manifest, "--only", "sandbox2", "--json")[1])["warnings"]
        == []
    )  # an Experience Cloud site has an audience of its own


@pytest.mark.parametrize("as_json", [False, True])
def test_all_problems_of_a_manifest_and_its_keys_have_places(salesforce, as_json):
    """file:line:column: message, and status 2."""
    here = salesforce()
    (here.manifest.parent / "server.key").unlink()

    status, out, err = invoke("plan", here.manifest, *(["--json"] if as_json else []))

    assert status == 2
    if as_json:
        value = json.loads(out)
        assert value["name"] == "ManifestError"
        assert value["problems"][0]["line"] == 8
        assert "does not exist" in value["problems"][0]["message"]
    else:
        assert f"{here.manifest}:8:" in err
        assert "1 problem\n" in err


def test_no_manifest_says_how_to_get_one(home):
    """The default is orgs.yaml in this folder."""
    status, _, err = invoke("plan")

    assert status == 2
    assert "there is no manifest orgs.yaml" in err
    assert "orgs.example.yaml" in err


def test_a_folder_is_no_manifest(home):
    """The system's reason is told."""
    status, _, err = invoke("plan", home)

    assert status == 2
    assert "Is a directory" in err


def test_usage_errors_have_an_envelope_too(home):
    """Who asked for JSON gets JSON."""
    status, out, _ = invoke("plan", "--json")

    assert json.loads(out)["status"] == status == 2
    assert json.loads(out)["name"] == "UsageError"


def test_a_certificate_that_cannot_be_read_is_not_called_a_match(salesforce):
    """It is no reason to refuse the key either."""
    here = salesforce()
    certificate = here.manifest.parent / "server.crt"
    certificate.write_text("-----BEGIN CERTIFICATE-----\nnonsense\n-----END CERTIFICATE-----\n")

    status, out, _ = invoke("plan", here.manifest)

    assert status == 0
    assert "server.crt cannot be compared" in out
    assert "warning: " in out
    assert f"{certificate} is damaged" in out
