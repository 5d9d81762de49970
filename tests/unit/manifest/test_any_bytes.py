from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from support.promises import keep_for_manifest

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


@given(st.one_of(ANY_BYTES, ANY_TEXT, LIKELY, GROWN))
def test_any_bytes_give_a_manifest_or_problems_inside_the_file(data: bytes) -> None:
    """Nothing else is raised, each message is one line, and each place exists."""
    keep_for_manifest(data)
