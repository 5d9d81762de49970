"""Every dependency has a lower bound that `make test-lowest` can test."""

import ast
import sys

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


def test_what_is_imported_is_declared_and_nothing_else_is() -> None:
    """A dependency that nobody imports any more is one more author to trust, for nothing."""
    known_as = {"jwt": "PyJWT", "yaml": "PyYAML", "pydantic_core": "pydantic"}
    imported = set()
    for path in (PYPROJECT.parent / "src").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_bytes())):
            if isinstance(node, ast.Import):
                imported |= {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
                imported.add(node.module.split(".")[0])
    foreign = imported - sys.stdlib_module_names - {"orgauth"}
    declared = {line.partition("==")[0] for line in constraints(PYPROJECT.read_text())}
    assert {known_as.get(name, name) for name in foreign} == declared
