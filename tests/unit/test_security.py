"""SECURITY.md names a test for every claim, and the test is there."""

import re
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]
TEXT = (TESTS.parent / "SECURITY.md").read_text()
NAMED = re.findall(r"`((?:unit|integration)/[\w/]+\.py)(?:::(\w+))?`", TEXT)


@pytest.mark.parametrize(("path", "name"), NAMED)
def test_a_test_that_is_named_is_there(path, name):
    """A claim without its test is a hope."""
    assert f"def {name}(" in (TESTS / path).read_text() if name else (TESTS / path).exists()


def test_every_claim_names_one():
    """Each row of its tables."""
    rows = [line for line in TEXT.splitlines() if line.startswith("| ")]
    claims = [row for row in rows if not row.startswith("| defence")]

    assert len(claims) > 15
    assert [row for row in claims if "::test_" not in row] == []
