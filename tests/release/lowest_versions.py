"""Prints the lowest version of each runtime dependency as a pin; see `make test-lowest`."""

from __future__ import annotations

import re
import sys
import tomllib
from pathlib import Path

PYPROJECT = Path(__file__).resolve().parents[2] / "pyproject.toml"
_BOUND = re.compile(r"(?P<name>[A-Za-z0-9._-]+)>=(?P<version>[0-9.]+)")


def constraints(pyproject: str) -> list[str]:
    """Return ``name==version`` of each dependency; one without a plain lower bound is an error."""
    found = []
    for dependency in tomllib.loads(pyproject)["project"]["dependencies"]:
        bound = _BOUND.fullmatch(dependency)
        if bound is None:
            raise ValueError(f"{dependency} has no plain lower bound")
        # Spelt out, for services that look up a version by its letters.
        version = [*bound["version"].split("."), "0", "0"][:3]
        found.append(f"{bound['name']}=={'.'.join(version)}")
    return found


if __name__ == "__main__":
    sys.stdout.writelines(f"{line}\n" for line in constraints(PYPROJECT.read_text()))
