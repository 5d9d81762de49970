from __future__ import annotations

import re

import pytest

from orgauth.manifest.names import (
    check_alias,
    check_client_id,
    check_key_file,
    check_username,
    check_variable_name,
)

USERNAMES = {
    "": "is empty",
    "user@localhost": "needs a domain with a dot",
    "user@example..com": "needs a domain with a dot",
    "user@.com": "needs a domain with a dot",
    "user": "e-mail",
    "@example.com": "e-mail",
    "a@b@example.com": "e-mail",
    ".a@example.com": "begins with a dot",
    "../../x@example.com": "path separator",
    "a\\b@example.com": "path separator",
    "a\0@example.com": "control character",
    "a\u202e@example.com": "control character",
    "a b@example.com": "white space",
    "a\n@example.com": "white space",
    "a@example.com\n": "white space",
    "a\u3164@example.com": "nobody sees",
    "##vso[task.complete]@example.com": "takes for a command",
    "--checkpoint-action=exec=sh@example.com": "option",
    "a" * 69 + "@example.com": "longer than 80",
    "\U0001f600" * 66 + "@example.com": "name of a file",
}
ALIASES = {
    "": "is empty",
    "a b": "white space",
    "a\tb": "white space",
    "a\u200bb": "control character",
    "a=b": "contains =",
    "a/b": "path separator",
    "a\\b": "path separator",
    "-a": "option",
    "prod\ufe0f": "nobody sees",
    "::error::prod": "takes for a command",
    "a" * 256: "longer than 255",
    "ä" * 256: "longer than 255",
}


@pytest.mark.parametrize(
    "value",
    [
        "a@example.com",
        "test-wvkpnfm5z113@example.com",
        "o'neil+x_y.z@a-b.co.uk",
        "ci@acme.com.uat",
        "jürgen@exämple.com",
        "a" * 68 + "@example.com",
    ],
)
def test_usernames_of_the_usual_forms_are_admitted(value: str) -> None:
    """Names that Salesforce gives, up to 80 characters, pass unchanged."""
    assert check_username(value) == value


@pytest.mark.parametrize(("value", "reason"), USERNAMES.items())
def test_other_usernames_are_refused_with_the_reason(value: str, reason: str) -> None:
    """Nothing that the CLI would not list, or that could leave the store, gets through."""
    with pytest.raises(ValueError, match=re.escape(reason)):
        check_username(value)


@pytest.mark.parametrize("value", ["a", "my-hub-org", "Uat_2.x", "ü", "@a", "é+1"])
def test_aliases_of_the_usual_forms_are_admitted(value: str) -> None:
    """Anything that can be typed as one word passes unchanged."""
    assert check_alias(value) == value


@pytest.mark.parametrize(("value", "reason"), ALIASES.items())
def test_other_aliases_are_refused_with_the_reason(value: str, reason: str) -> None:
    """What a shell, the CLI's alias=value or a file's name would take apart is refused."""
    with pytest.raises(ValueError, match=re.escape(reason)):
        check_alias(value)


def test_a_client_id_is_one_visible_word() -> None:
    """A line end at the end of a variable is the usual slip."""
    assert check_client_id("3MVG9.x_y") == "3MVG9.x_y"
    for value in ("", "a b", "a\n"):
        with pytest.raises(ValueError, match=r"is empty|white space"):
            check_client_id(value)


@pytest.mark.parametrize("value", ["k.pem", "~", "~/k", "/a/b c.key", "../k", "a~b"])
def test_paths_of_key_files_are_admitted(value: str) -> None:
    """A path may go anywhere: it is the person's own."""
    assert check_key_file(value) == value


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ("", "is empty"),
        ("-----BEGIN PRIVATE KEY-----\nMII", "not the key itself"),
        ("LS0tLS1CRUdJTiBQ" * 20, "not the key itself"),
        ("k\n", "control character"),
        ("k\0", "control character"),
        ("~jane/k", "another person"),
    ],
)
def test_a_key_in_the_place_of_its_path_is_not_repeated(value: str, reason: str) -> None:
    """Whoever pastes the key itself must not find it in a log."""
    with pytest.raises(ValueError, match=reason) as caught:
        check_key_file(value)
    assert "LS0t" not in str(caught.value)
    assert "MII" not in str(caught.value)


def test_a_variable_is_named_not_given() -> None:
    """The value in the place of the name is refused and not repeated."""
    assert check_variable_name("SF_JWT_KEY") == "SF_JWT_KEY"
    for value in ("", "1A", "$KEY", "A-B", "LS0t" * 100, "-----BEGIN"):
        with pytest.raises(ValueError, match="the name of a variable") as caught:
            check_variable_name(value)
        assert "LS0t" not in str(caught.value)
