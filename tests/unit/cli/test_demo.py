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
