"""What a manifest says in whatever way is what is loaded, and damage to it is told with a place."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

from orgauth.manifest import parse_manifest
from support.manifest_texts import FOLDER, written_manifests
from support.promises import keep_for_manifest

if TYPE_CHECKING:
    from support.manifest_texts import WrittenManifest


@given(written_manifests())
def test_what_was_written_is_loaded(written: WrittenManifest) -> None:
    """Every org with all that it inherits, in the manifest's order."""
    path = Path(FOLDER, "orgs.yaml")
    loaded = parse_manifest(written.data, path=path, environ=written.environ)

    assert loaded.orgs == written.orgs
    assert loaded.settings == written.settings


@given(
    written_manifests(),
    st.lists(
        st.tuples(
            st.floats(0, 1),
            st.integers(0, 12),
            st.binary(max_size=4)
            | st.sampled_from([b"\n", b" ", b": ", b"- ", b"{", b"]", b"*a", b"&a ", b"<<: *a"]),
        ),
        min_size=1,
        max_size=3,
    ),
)
def test_damage_anywhere_is_a_problem_inside_the_file_or_none(
    written: WrittenManifest, damage: list[tuple[float, int, bytes]]
) -> None:
    """Some bytes are lost, and others stand in their place."""
    data = written.data
    for where, length, inserted in damage:
        start = int(where * len(data))
        data = data[:start] + inserted + data[start + length :]

    keep_for_manifest(data, written.environ)
