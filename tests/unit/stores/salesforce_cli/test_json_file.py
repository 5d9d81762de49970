from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from orgauth.errors import StoreError
from orgauth.stores.salesforce_cli.json_file import encode_json, parse_json_object, read_json_object

if TYPE_CHECKING:
    from pathlib import Path

BROKEN = {
    "half": b'{"orgs": {"a": "secr',
    "empty": b"",
    "list": b"[]",
    "not text": b"\xff\xfe\x00secr",
    "bytes": b'{"a": "\xffsecr"}',
    "deep": b"[" * 100_000,
    "number": b"1" * 5000,
}


@pytest.mark.parametrize("data", BROKEN.values(), ids=BROKEN)
def test_a_broken_file_is_told_after_a_second_look_and_not_quoted(
    tmp_path: Path, data: bytes
) -> None:
    path = tmp_path / "alias.json"
    path.write_bytes(data)
    slept: list[float] = []
    with pytest.raises(StoreError, match=r"alias\.json is broken") as caught:
        read_json_object(path, sleep=slept.append, advice="Repair it.")
    assert len(slept) == 1
    assert caught.value.path == path
    assert caught.value.advice == "Repair it."
    assert "secr" not in str(caught.value)
    assert path.read_bytes() == data


def test_half_a_file_may_be_whole_a_moment_later(tmp_path: Path) -> None:
    path = tmp_path / "alias.json"
    path.write_bytes(b'{"or')

    def finish(_: float) -> None:
        path.write_bytes(b'{"orgs":{}}')

    found = read_json_object(path, sleep=finish, advice="")
    assert found is not None
    assert found.content == {"orgs": {}}
    assert found.status.st_size == 11


def test_no_file_is_none(tmp_path: Path) -> None:
    assert read_json_object(tmp_path / "no", sleep=lambda _: None, advice="") is None


def test_the_place_of_a_mistake_is_told() -> None:
    with pytest.raises(ValueError, match="line 2, column 5"):
        parse_json_object(b'{\n"a":,}')


def test_the_bytes_are_those_of_javascript() -> None:
    content = {"orgs": {"é": "a@example.com"}, "none": None, "list": [1, True]}
    compact = '{"orgs":{"é":"a@example.com"},"none":null,"list":[1,true]}'
    assert encode_json(content) == compact.encode()
    assert encode_json({"a": {"b": 1}}, in_lines=True) == b'{\n  "a": {\n    "b": 1\n  }\n}'


@pytest.mark.parametrize("in_lines", [False, True])
def test_half_a_surrogate_pair_survives(in_lines) -> None:
    content = {"name": "\ud83d"}
    data = encode_json(content, in_lines=in_lines)
    assert json.loads(data) == content
