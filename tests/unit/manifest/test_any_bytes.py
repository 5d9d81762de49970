from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from orgauth.errors import ManifestError
from orgauth.manifest import parse_manifest
from orgauth.text import printable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from orgauth.errors import Problem

# Pieces from which something like a manifest can grow by chance.
PIECES = st.sampled_from(
    """version: 1|\n|\r\n|  |    |- |: |[|]|{|}|, |&a |*a|<<: |!!str |!x |"|'|# |~|true|012|1e3|
    defaults:|dev_hubs:|orgs:|username: |a@example.com|b@c.de|alias: |scratch_orgs:|client_id: |
    jwt_key_file: k|jwt_key_env: K|instance_url: |https://|http://localhost:1|${K}|${NO:-x}|${|$${|
    kind: |sandbox|settings: |concurrency: |retry:|\x00|\ufeff|\u2028|\t|?|%|---|...|>|""".replace(
        "|\n    ", "|"
    ).split("|")
)
ANY_BYTES = st.binary(max_size=60)
ANY_TEXT = st.text(max_size=60).map(lambda text: text.encode("utf-8", "surrogatepass"))
LIKELY = st.lists(PIECES, max_size=40).map(lambda pieces: "".join(pieces).encode())
GROWN = st.lists(PIECES, max_size=20).map(
    lambda pieces: (
        "version: 1\ndefaults: {client_id: x, jwt_key_file: k}\norgs:\n- " + "".join(pieces)
    ).encode()
)


@settings(max_examples=250, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.one_of(ANY_BYTES, ANY_TEXT, LIKELY, GROWN))
def test_any_bytes_give_a_manifest_or_problems_inside_the_file(data: bytes) -> None:
    """Nothing else is raised, each message is one line, and each place exists."""
    for problem in _problems_of(data):
        text = data.decode("utf-8-sig", "replace").replace("\r\n", "\n").replace("\r", "\n")
        lines = text.removesuffix("\n").split("\n")
        assert printable(problem.message, limit=10_000) == problem.message
        assert 1 <= problem.position.line <= len(lines)
        assert 1 <= problem.position.column <= len(lines[problem.position.line - 1]) + 1


def _problems_of(data: bytes) -> Sequence[Problem]:
    try:
        manifest = parse_manifest(data, path=Path("o.yaml"), environ={"K": "k"})
    except ManifestError as error:
        return error.problems or pytest.fail("refused without a reason")
    assert manifest.orgs
    return ()
