"""Every dependency has a lower bound that `make test-lowest` can test."""

import pytest

from release.lowest_versions import PYPROJECT, constraints


def test_every_dependency_has_a_plain_lower_bound() -> None:
    lines = constraints(PYPROJECT.read_text())
    assert "cryptography==50.0.0" in lines
    assert all(line.count(".") >= 2 for line in lines)


@pytest.mark.parametrize("dependency", ["aiohttp", "aiohttp<4", "aiohttp>=3,<4", "aiohttp~=3.1"])
def test_any_other_bound_is_refused(dependency: str) -> None:
    with pytest.raises(ValueError, match="no plain lower bound"):
        constraints(f'[project]\ndependencies = ["{dependency}"]')
