from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest
import yaml

from orgauth.errors import ManifestError
from orgauth.manifest import yaml_nodes

if TYPE_CHECKING:
    from conftest import Parse, ProblemsOf

KEYS = "client_id: x, jwt_key_file: k"
HEAD = f"version: 1\ndefaults: {{{KEYS}}}\n"


@pytest.mark.parametrize("text", ["", "\n\n", "# only a comment\n", "---\n", "--- ~\n...\n", "   "])
def test_an_empty_manifest_is_called_empty(problems_of: ProblemsOf, text: str) -> None:
    """A file without a value is not a mapping of the wrong type."""
    assert problems_of(text) == [
        "1:1: the manifest is empty; `version: 1` and some orgs belong in it"
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "orgs: [a",
            "1:9: not YAML: did not find expected ',' or ']', while parsing a flow sequence",
        ),
        (
            "a:\n\t- b\n",
            "2:1: not YAML: found character that cannot start any token, while scanning",
        ),
        (
            "a: b: c\n",
            "1:5: not YAML: mapping values are not allowed in this context (quote a text",
        ),
        (
            "a:\n  'b\n\n",
            (
                "3:1: not YAML: found unexpected end of stream,"
                " while scanning a quoted scalar that begins on line 2"
            ),
        ),
        (
            "a: b\nc\nd: e\n",
            "3:1: not YAML: could not find expected ':', while scanning a simple key",
        ),
        ("%YAML 3.0\n---\na: b\n", "1:1: not YAML: found incompatible YAML document"),
        (
            'a: "\\q"\n',
            "1:5: not YAML: found unknown escape character, while parsing a quoted scalar",
        ),
    ],
)
def test_what_is_not_yaml_is_told_on_one_line(
    problems_of: ProblemsOf, text: str, expected: str
) -> None:
    """The parser's own error becomes a problem like any other, with a hint where one helps."""
    (problem,) = problems_of(text)
    assert problem.startswith(expected)


def test_a_second_document_is_refused(problems_of: ProblemsOf) -> None:
    """Half of a manifest must not be passed over in silence."""
    assert problems_of("version: 1\n---\nversion: 1\n") == [
        "2:1: a second document begins here; a manifest is one document"
    ]


@pytest.mark.parametrize(
    ("opening", "column"),
    [("[", 41), ("{", 41), ("- ", 81), ("? ", 81), ("{a: ", 161), ("[&a ", 158)],
)
def test_deep_nesting_neither_crashes_nor_takes_long(
    problems_of: ProblemsOf, opening: str, column: int
) -> None:
    """A hundred thousand levels are refused at the fortieth."""
    started = time.perf_counter()
    assert problems_of(opening * 100_000) == [f"1:{column}: nested more than 40 levels deep"]
    assert time.perf_counter() - started < 2


def test_deep_indentation_is_refused_alike(problems_of: ProblemsOf) -> None:
    """Block style nests as deeply as brackets do."""
    text = "\n".join(" " * level + "a:" for level in range(1000))
    assert problems_of(text) == ["41:41: nested more than 40 levels deep"]


def test_anchors_that_expand_without_end_are_refused(problems_of: ProblemsOf) -> None:
    """Nine levels of nine aliases are half a billion values in 400 bytes."""
    text = "version: 1\na0: &a0 [x, x, x, x, x, x, x, x, x]\n" + "".join(
        f"a{level + 1}: &a{level + 1} [{', '.join([f'*a{level}'] * 9)}]\n" for level in range(9)
    )
    (problem,) = problems_of(text)
    assert problem.startswith("7:")
    assert problem.endswith("anchors and aliases expand to too much")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("&a [*a]", "1:5: the anchor &a cannot contain itself"),
        ("a: &a {b: *a}", "1:11: the anchor &a cannot contain itself"),
        ("a: &a {<<: *a}", "1:12: the anchor &a cannot contain itself"),
        ("a: *b", "1:4: no anchor &b stands before this"),
    ],
)
def test_aliases_need_a_finished_anchor(problems_of: ProblemsOf, text: str, expected: str) -> None:
    """Recursion and unknown anchors end the reading."""
    assert problems_of(text) == [expected]


def test_too_many_values_are_refused(
    problems_of: ProblemsOf, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The memory that a file of the largest size can take is bounded."""
    monkeypatch.setattr(yaml_nodes, "_MAX_VALUES", 50)
    assert problems_of("- 1\n" * 50) == ["50:3: more than 50 values; split the manifest"]


def test_anchors_and_merge_keys_of_sane_size_work(parse: Parse) -> None:
    """What is written beats what is merged, the earlier of two merged mappings the later."""
    manifest = parse(
        """
        version: 1
        defaults: &app {client_id: x, jwt_key_file: &file keys/a.key}
        orgs:
          - {<<: *app, username: &who a@example.com, alias: one}
          - <<: [{client_id: y, alias: two}, *app]
            username: b@example.com
          - {username: c@example.com, client_id: z, <<: *app}
        """
    )
    assert [(org.client_id, org.alias) for org in manifest.orgs] == [
        ("x", "one"),
        ("y", "two"),
        ("z", None),
    ]
    assert {org.key.location for org in manifest.orgs} == {"/srv/keys/a.key"}


def test_an_alias_can_stand_for_a_key(parse: Parse) -> None:
    """YAML allows it, and it costs nothing."""
    text = HEAD + "orgs: [{&u username : a@example.com}, {*u : b@example.com}]"
    assert [org.username for org in parse(text).orgs] == ["a@example.com", "b@example.com"]


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        ("{<<: 1, username: a@example.com}", "3:13: << takes a mapping, or a list of mappings"),
        ("{<<: [1], username: a@example.com}", "3:13: << takes a mapping, or a list of mappings"),
        ("{<<: {}, <<: {}, username: a@example.com}", '3:17: the key "<<" stands here twice'),
        ("{[b]: c, username: a@example.com}", "3:9: a key is a plain word"),
        ("{? {b: c} : d, username: a@example.com}", "3:11: a key is a plain word"),
        (
            "{username: a@example.com, username: b@example.com}",
            '3:34: the key "username" stands here twice; it is already on line 3',
        ),
        ("!foo {username: a@example.com}", "3:8: the tag !foo has no meaning here; leave it out"),
        ("{!!int username: a@example.com}", "3:9: the tag !!int has no meaning here; leave it out"),
        (
            "{username: a@example.com, alias: !x b}",
            "3:41: the tag !x has no meaning here; leave it out",
        ),
        (
            "!!python/object:os.system {username: a@example.com}",
            "3:8: the tag !!python/object:os.system has no meaning here; leave it out",
        ),
        (
            "!!python/name:os.system ''",
            "3:8: the tag !!python/name:os.system has no meaning here; leave it out",
        ),
    ],
)
def test_what_yaml_allows_but_a_manifest_does_not(
    problems_of: ProblemsOf, entry: str, expected: str
) -> None:
    """Odd keys, merges and tags are one problem each, and the rest is still read."""
    assert problems_of(f"{HEAD}orgs: [{entry}, ../x@example.com]\n")[0] == expected
    assert problems_of(f"{HEAD}orgs: [{entry}, ../x@example.com]\n")[1:] == [
        (
            f'3:{len(entry) + 10}: username "../x@example.com" contains a path separator'
            " and could leave the store's folder"
        )
    ]


def test_the_usual_tags_change_nothing_but_a_text(parse: Parse) -> None:
    """!!str makes a text of what looks like a number; !!map and !!seq say what is obvious."""
    manifest = parse(
        HEAD + "orgs: !!seq [!!map {username: ! a@example.com, alias: !!str 0123}]", {}
    )
    assert manifest.orgs[0].alias == "0123"


def test_a_mapping_with_many_keys_is_probably_a_list(problems_of: ProblemsOf) -> None:
    """Orgs under their names, and not in a list, are one problem and not thousands."""
    text = HEAD + "orgs:\n" + "".join(f"  org{number}: {{}}\n" for number in range(1000))
    assert problems_of(text) == [
        "4:3: a mapping of 1,000 keys; many orgs are a list, each after '- '"
    ]


def test_the_pure_python_parser_does_as_well(
    parse: Parse, problems_of: ProblemsOf, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where PyYAML was built without libyaml, values and places are the same."""
    text = HEAD + 'orgs:\r\n- {username: "a@example.com", alias: ä}\r\n- b@localhost\r\n'
    with_c = problems_of(text.encode())
    monkeypatch.setattr(yaml_nodes, "_Loader", yaml.SafeLoader)
    assert problems_of(text.encode()) == with_c
    assert parse(HEAD + "orgs: [! a@example.com]").orgs[0].username == "a@example.com"
    assert problems_of("[" * 100_000) == ["1:41: nested more than 40 levels deep"]
    assert problems_of("a: 'b")[0].startswith("1:6: not YAML: found unexpected end of stream")


def test_a_variable_inside_braces_gets_the_hint_to_quote_it(parse: Parse) -> None:
    """``{client_id: ${X}}`` is natural to write, and no YAML."""
    with pytest.raises(ManifestError, match="put \\$\\{NAME\\} in quotes"):
        parse("version: 1\ndefaults: {client_id: ${X}, new: true}\n")
