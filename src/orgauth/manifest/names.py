"""User names, aliases, client ids and names of variables: what may stand in a manifest.

Each check returns the text, or raises ``ValueError`` with the reason and without the text, for
it may come from a variable.
"""

from __future__ import annotations

import re

from orgauth.text import printable

__all__ = [
    "check_alias",
    "check_client_id",
    "check_key_file",
    "check_username",
    "check_variable_name",
]

_MAX_USERNAME = 80  # characters, as Salesforce limits User.Username
_MAX_ALIAS = 255  # characters; more are no name that anybody types
_MAX_FILE_NAME = 255  # bytes, on every common file system
_MAX_VARIABLE_NAME = 128  # longer, it is a value that was put where its name belongs

# Most names are of this form, and one match is quicker than all the questions.
_COMMON_USERNAME = re.compile(r"[A-Za-z0-9_+'][A-Za-z0-9._+'-]*@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+")
_COMMON_ALIAS = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]*")
# The Salesforce CLI lists the authorizations whose file's name without .json matches this one
# (sfdx-core, src/stateAggregator/accessors/orgAccessor.ts).
_LISTED_BY_CLI = re.compile(r"[^.][^@]*@[^.]+(?:\.[^.\s]+)+")
_VARIABLE_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def check_username(value: str) -> str:
    """Admit the form of an e-mail address that is safe as a file's name and that the CLI lists."""
    if not (_COMMON_USERNAME.fullmatch(value) and len(value) <= _MAX_USERNAME):
        _refuse_invisible(value)
        if "/" in value or "\\" in value:
            raise ValueError("contains a path separator and could leave the store's folder")
        if value.startswith("."):
            raise ValueError("begins with a dot, and the Salesforce CLI does not list such names")
        _refuse_option(value)
        if value.count("@") != 1 or value.startswith("@"):
            raise ValueError("has not the form of an e-mail address, name@example.com")
        if not _LISTED_BY_CLI.fullmatch(value):
            raise ValueError(
                "needs a domain with a dot, as in name@example.com:"
                " the Salesforce CLI lists no other user names"
            )
        if len(value) > _MAX_USERNAME:
            raise ValueError(f"is longer than {_MAX_USERNAME} characters")
        if len(f"{value}.json".encode()) > _MAX_FILE_NAME:
            raise ValueError("is too long for the name of a file")
    return value


def check_alias(value: str) -> str:
    """Admit what can stand on a command line, before a ``=``, and in a file's name."""
    if not (_COMMON_ALIAS.fullmatch(value) and len(value) <= _MAX_ALIAS):
        _refuse_invisible(value)
        if "=" in value:
            raise ValueError("contains =, which the Salesforce CLI takes for the alias's end")
        if "/" in value or "\\" in value:
            raise ValueError("contains a path separator")
        _refuse_option(value)
        if len(value) > _MAX_ALIAS:
            raise ValueError(f"is longer than {_MAX_ALIAS} characters")
    return value


def check_client_id(value: str) -> str:
    """Admit a consumer key: anything visible, without white space."""
    _refuse_invisible(value)
    return value


def check_key_file(value: str) -> str:
    """Admit a path. A key that was put where its path belongs must not be shown or opened."""
    if "-----BEGIN" in value or any(
        len(part.encode(errors="replace")) > _MAX_FILE_NAME for part in value.split("/")
    ):
        raise ValueError("takes the path of a file, not the key itself; see jwt_key_env")
    if not value:
        raise ValueError("is empty")
    if not value.isprintable():
        raise ValueError("contains a control character")
    if value.startswith("~") and value != "~" and not value.startswith("~/"):
        raise ValueError("only ~/ is expanded, not another person's home")
    return value


def check_variable_name(value: str) -> str:
    """Admit the name of an environment variable, and never repeat what else it might be."""
    if not _VARIABLE_NAME.fullmatch(value) or len(value) > _MAX_VARIABLE_NAME:
        raise ValueError("takes the name of a variable, such as SF_JWT_KEY, not its value")
    return value


def _refuse_option(value: str) -> None:
    if value.startswith("-"):  # a user name, too: `tar *` in the store's folder would obey it
        raise ValueError("begins with -, and would be taken for an option")


def _refuse_invisible(value: str) -> None:
    if not value:
        raise ValueError("is empty")
    if not value.isprintable() or any(character.isspace() for character in value):
        raise ValueError("contains white space or a control character")
    # Our own output shows it harmlessly, but the Salesforce CLI's prints it as it is.
    if printable(value, limit=len(value)) != value:
        raise ValueError("contains what nobody sees, or what a CI system takes for a command")
