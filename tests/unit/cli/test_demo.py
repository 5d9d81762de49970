"""``orgauth demo``: the main job on a fresh machine."""

import os
import subprocess
import sys


def test_the_demo_authorizes_all_its_orgs_and_touches_nothing_of_the_persons(tmp_path):
    """Fifty orgs, the real login, a home of its own; and it says where things are."""
    home = tmp_path / "persons-home"
    home.mkdir()
    folder = tmp_path / "demo"

    result = subprocess.run(
        [sys.executable, "-m", "orgauth", "demo", str(folder)],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "HOME": str(home)},
    )

    assert result.returncode == 0, result.stderr
    assert "50 authorized" in result.stdout
    assert str(folder / "orgs.yaml") in result.stdout
    assert "orgauth plan" in result.stdout
    assert len(list((folder / "home/.sfdx").glob("*@*.json"))) == 50
    assert list(home.iterdir()) == []


def test_the_demo_leaves_a_persons_own_folder_as_it_is(tmp_path):
    """A folder with an orgs.yaml of one's own is no place for it."""
    (tmp_path / "orgs.yaml").write_text("version: 1\n")

    result = subprocess.run(
        [sys.executable, "-m", "orgauth", "demo", str(tmp_path)],
        capture_output=True,
        text=True,
        check=False,
    )

    assert result.returncode == 1
    assert "name another folder" in result.stderr
    assert "Traceback" not in result.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["orgs.yaml"]
