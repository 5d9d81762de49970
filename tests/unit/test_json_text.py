"""JSON in lines: exactly what the standard library writes."""

import json

from hypothesis import example, given
from hypothesis import strategies as st

from orgauth.json_text import indented

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(content=st.dictionaries(st.text(), VALUES, max_size=5), ascii_only=st.booleans())
@example(content={"a\n": {"b\n": ["\n", {}]}, "é": []}, ascii_only=False)
def test_it_is_what_the_standard_library_writes(content, ascii_only):
    """Whatever is in it: somebody's org may be called anything."""
    text = indented(content, ensure_ascii=ascii_only)

    assert text == json.dumps(content, indent=2, ensure_ascii=ascii_only)


def test_a_part_of_another_object_stands_under_it():
    """An org in a report."""
    part = {"a": 1, "b": {"c": 2}}

    assert f'{{\n  "part": {indented(part, margin="  ")}\n}}' == json.dumps(
        {"part": part}, indent=2
    )
