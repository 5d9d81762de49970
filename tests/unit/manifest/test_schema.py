from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from orgauth.manifest import json_schema
from orgauth.manifest.schema import SECTIONS

if TYPE_CHECKING:
    from conftest import ProblemsOf

HEAD = "version: 1\norgs: [{username: a@b.com, client_id: x, jwt_key_file: k}]\n"


def test_the_json_schema_knows_every_key_and_says_what_it_is() -> None:
    """An editor can complete each key and explain it."""
    schema = json_schema()
    assert json.loads(json.dumps(schema)) == schema
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert schema["required"] == ["version"]
    assert schema["properties"]["version"]["enum"] == [1]
    models: dict[str, Any] = {"ManifestFile": schema, **schema["$defs"]}
    for model in SECTIONS.values():
        properties = models[model.__name__]["properties"]
        assert list(properties) == list(model.model_fields)
        assert all(value.get("description") for value in properties.values())
        assert models[model.__name__]["additionalProperties"] is False
        assert all(value.get("default", "") is not None for value in properties.values())


def test_the_json_schema_admits_short_forms_and_variables() -> None:
    """What the loader takes must not be underlined in red."""
    schema = json_schema()
    entries = schema["properties"]["orgs"]["anyOf"][0]["items"]["anyOf"]
    assert entries == [{"$ref": "#/$defs/OtherOrg"}, {"type": "string"}]
    number, text = schema["$defs"]["RunSettings"]["properties"]["concurrency"]["anyOf"]
    assert (number["minimum"], number["maximum"]) == (1, 10_000)
    assert text == {"type": "string", "pattern": r"\$\{[^}]+\}"}
    assert schema["$defs"]["OtherOrg"]["properties"]["alias"]["type"] == "string"


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ("settings: {per_host: true}", "per_host takes a whole number, not true"),
        ("settings: {per_host: 1.0}", "per_host takes a whole number, not 1.0"),
        ("settings: {per_host: '3'}", 'per_host takes a whole number, not the text "3"'),
        ("settings: {per_host: }", "per_host has no value; give it one or leave the line out"),
        ("settings: {timeout_seconds: 1e999}", "timeout_seconds takes a finite number"),
        ("settings: {timeout_seconds: .nan}", "timeout_seconds takes a finite number"),
        ("settings: {timeout_seconds: -1}", "timeout_seconds must be more than 0"),
        ("settings: {timeout_seconds: false}", "timeout_seconds takes a number, not false"),
        ("settings: {requests_per_second: 0}", "requests_per_second must be at least 0.001"),
        ("settings: 3", "settings takes a mapping, not 3"),
        ("settings: [3]", "settings takes a mapping, not a list"),
        ("retry: {transient: {attempts: 0}}", "attempts must be at least 1"),
        (
            "retry: {throttled: {max_seconds: 4}}",
            "max_seconds (4) must be at least initial_seconds (5)",
        ),
        ("defaults: [x]", "defaults takes a mapping, not a list"),
        ("defaults: x", 'defaults takes a mapping, not the text "x"'),
        ("dev_hubs: {}", "dev_hubs takes a list, each org after '- ', not a mapping"),
        ("dev_hubs: x", "dev_hubs takes a list, each org after '- ', not the text \"x\""),
        ("defaults: {client_id: true}", "client_id takes text, but true is read as true or false"),
        ("defaults: {client_id: &a !!str 3, new: 3}", "new takes true or false, not 3"),
        (
            "defaults: {instance_url: &a 0x1f}",
            "instance_url takes text, but 0x1f is read as a number",
        ),
        ("defaults: {jwt_key_file: [k]}", "jwt_key_file takes text, not a list"),
        (
            "defaults: {jwt_key_passphrase_env: 9876}",
            "jwt_key_passphrase_env takes text, not a number",
        ),
    ],
)
def test_values_of_the_wrong_type_or_size(
    problems_of: ProblemsOf, settings: str, expected: str
) -> None:
    """Types are not guessed, limits are told, and YAML's surprises are explained."""
    (problem,) = problems_of(HEAD + settings)
    assert problem.startswith(f"3:{problem.split(':')[1]}: {expected}")


def test_half_a_character_is_no_text(problems_of: ProblemsOf) -> None:
    """A variable that is not UTF-8 cannot become a user name."""
    text = HEAD.replace("a@b.com", '"${U}"')
    assert problems_of(text, {"U": "a\udcff@b.com"}) == ["2:19: username contains half a character"]
