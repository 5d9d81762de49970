from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from orgauth.manifest.variables import Expanded, expand

if TYPE_CHECKING:
    from conftest import Parse, ProblemsOf

ENVIRON = {"A": "x", "B_2": "${A}", "EMPTY": ""}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("${A}", "x"),
        ("a${A}b${B_2}", "axb${A}"),
        ("${EMPTY}", ""),
        ("${A:-d}", "x"),
        ("${NO:-d e}", "d e"),
        ("${EMPTY:-d}", "d"),
        ("${NO:-}", ""),
        ("${NO:-a:-b}", "a:-b"),
        ("$A $ $$", "$A $ $$"),
        ("$${A}", "${A}"),
        ("$$${A}", "$${A}"),
        ("$${${A}}", "${x}"),
    ],
)
def test_references_are_expanded_once(text: str, expected: str) -> None:
    """Defaults are a shell's, $${ is literal, and what a variable holds is not expanded again."""
    complaints: list[str] = []
    assert expand(text, ENVIRON, complaints.append) == expected
    assert complaints == []


@pytest.mark.parametrize(
    "text", ["${}", "${1A}", "${A", "${A-d}", "${A:?no}", "${NO:-${A}}", "${ A}"]
)
def test_other_forms_of_the_shell_are_explained(text: str) -> None:
    """A reference that would silently stay as it is, is a problem."""
    complaints: list[str] = []
    assert expand(text, ENVIRON, complaints.append) is None
    assert complaints == [
        "a variable is written ${NAME} or ${NAME:-default}, and a literal ${ as $${"
    ]


def test_every_unset_variable_is_named() -> None:
    """Two unset variables in one text are two problems."""
    complaints: list[str] = []
    assert expand("${NO}${A}${NEITHER}", ENVIRON, complaints.append) is None
    assert complaints == ["the variable NO is not set", "the variable NEITHER is not set"]


def test_only_what_came_from_a_variable_is_marked() -> None:
    """An escaped reference is the person's own text and may be shown."""
    assert type(expand("$${A}", ENVIRON, print)) is str
    expanded = expand("${A}", ENVIRON, print)
    assert isinstance(expanded, Expanded)
    assert expanded.written == "${A}"


def test_any_string_value_can_hold_a_variable(parse: Parse) -> None:
    """Quoted, block and short-form texts, numbers and switches are expanded alike."""
    manifest = parse(
        """
        version: 1
        defaults: {client_id: "${ID}", jwt_key_file: 'keys/${ID}.key'}
        orgs:
          - ${USER_NAME}
          - username: >-
              ${NO:-b@example.com}
            set_default: ${YES}
        settings: {concurrency: "${N}", requests_per_second: "${NO:-}"}
        """,
        {"ID": "0123", "USER_NAME": "a@example.com", "YES": "true", "N": "7"},
    )
    assert [org.username for org in manifest.orgs] == ["a@example.com", "b@example.com"]
    assert manifest.orgs[0].client_id == "0123"
    assert manifest.orgs[0].key.location == "/srv/keys/0123.key"
    assert manifest.orgs[1].set_default is True
    assert manifest.settings.concurrency == 7
    assert manifest.settings.requests_per_second is None


def test_a_variable_that_is_no_number_is_shown_as_written(problems_of: ProblemsOf) -> None:
    """What the environment holds is not repeated in a message."""
    problems = problems_of(
        """\
        version: 1
        defaults: {client_id: "${S}", jwt_key_env: "${S}", jwt_key_file: "${P}"}
        orgs:
          - username: ${S}
            alias: ${S}
            instance_url: ${S}
            set_default: ${F}
        settings: {concurrency: "${S}", per_host: "${F}"}
        """,
        {"S": "canary canary", "P": "-----BEGIN canary", "F": "1.5"},
    )
    assert "canary" not in "\n".join(problems)
    assert '4:15: username "${S}" contains white space or a control character' in problems
    assert '8:25: concurrency takes a whole number, not the text "${S}"' in problems
    assert '8:43: per_host takes a whole number, not the text "${F}"' in problems
    assert '7:18: set_default takes true or false, not the text "${F}"' in problems


def test_an_unset_variable_is_one_problem_only(problems_of: ProblemsOf) -> None:
    """What depends on an unset variable is not complained about again, for every org."""
    assert problems_of(
        """\
        version: 1
        defaults: {client_id: "${NO}", jwt_key_file: k}
        orgs: [a@example.com, "${NEITHER}"]
        """
    ) == ["2:23: the variable NO is not set", "3:23: the variable NEITHER is not set"]
