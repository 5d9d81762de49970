"""``target-org`` and ``target-dev-hub``, in a project and outside one, in both files."""

import json

import pytest


@pytest.fixture
def project(place):
    """A Salesforce DX project in the home, and a folder deep in it."""
    folder = place.home / "project"
    (folder / "force-app/main").mkdir(parents=True)
    (folder / "sfdx-project.json").write_text('{"packageDirectories": [{"path": "force-app"}]}')
    return folder


def settings(place, cwd=None):
    """Return the settings that sf sees, with where they come from."""
    rows = place.sf("config", "list", cwd=cwd)
    return {
        row["name"]: (row["value"], row["location"])
        for row in rows
        if row["name"].startswith("target-")
    }


def files(folder):
    """Return what the two files of a folder hold."""
    return tuple(
        json.loads((folder / name).read_text())
        for name in (".sf/config.json", ".sfdx/sfdx-config.json")
    )


DEFAULTS = {"target-dev-hub": "hub1", "target-org": "hub1-1"}
OLD_NAMES = {"defaultdevhubusername": "hub1", "defaultusername": "hub1-1"}


def test_outside_a_project_the_defaults_are_global(place):
    """Both files of the home, with alias for value."""
    place.login()

    assert settings(place) == {name: (value, "Global") for name, value in DEFAULTS.items()}
    assert files(place.home) == (DEFAULTS, OLD_NAMES)


def test_in_a_project_the_defaults_are_the_project_s(place, project):
    """From any folder in it; outside of it there are none, and queries follow."""
    place.login(cwd=project / "force-app/main")

    assert settings(place, cwd=project) == {
        name: (value, "Local") for name, value in DEFAULTS.items()
    }
    assert files(project) == (DEFAULTS, OLD_NAMES)
    assert place.sf.ask(cwd=project / "force-app") == "Feature 1"
    assert not (place.home / ".sf/config.json").exists()
    assert not (place.home / ".sfdx/sfdx-config.json").exists()


def test_defaults_that_sf_set_are_changed_and_its_other_settings_stay(place):
    """The newer of the two files wins in sf, and both say the same."""
    place.login("--only", "sandbox1")
    place.sf("config", "set", "target-org=sandbox1", "org-max-query-limit=5", "--global")

    place.login()

    assert settings(place) == {name: (value, "Global") for name, value in DEFAULTS.items()}
    ours, old = files(place.home)
    assert ours == {**DEFAULTS, "org-max-query-limit": "5"}
    assert old == {**OLD_NAMES, "maxQueryLimit": "5"}


def test_defaults_that_orgauth_set_are_changed_by_sf(place):
    """And orgauth leaves them alone where the manifest asks for none."""
    place.login()
    place.sf("config", "set", "target-org=sandbox1", "--global")
    place.change_manifest("        set_default: true\n", "")

    place.login()

    assert settings(place)["target-org"] == ("sandbox1", "Global")
