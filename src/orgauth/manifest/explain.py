"""pydantic's findings in the words of the person who wrote the manifest."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from orgauth.manifest.schema import TOP_LEVEL
from orgauth.manifest.suggestions import unknown_key
from orgauth.manifest.variables import Expanded
from orgauth.manifest.yaml_values import YamlMapping, YamlSequence
from orgauth.text import printable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pydantic_core import ErrorDetails

    from orgauth.manifest.source import Source

__all__ = ["explain", "locate", "shown", "wrong_type"]

_NEVER_SHOWN = frozenset({"client_id", "jwt_key_file", "jwt_key_env", "jwt_key_passphrase_env"})
"""Keys in whose place somebody may have put the secret itself."""

_WANTED = {
    "string_type": "takes text",
    "string_unicode": "contains half a character",
    "int_type": "takes a whole number",
    "float_type": "takes a number",
    "bool_type": "takes true or false",
    "model_type": "takes a mapping",
    "model_attributes_type": "takes a mapping",
    "finite_number": "takes a finite number",
    "greater_than": "must be more than {gt:g}",
    "greater_than_equal": "must be at least {ge:g}",
    "less_than_equal": "must be at most {le:g}",
    "literal_error": "takes {expected}",
    "missing": "is missing",
}
_SWITCH_WORDS = frozenset({"yes", "no", "on", "off", "y", "n"})
_NODE_PROPERTIES = re.compile(r"(?:[&!]\S*\s+)*")
_PLAIN_WORD = re.compile(r"[^\s,\[\]{}#]*")


def explain(error: ErrorDetails, raw: Any, source: Source, section: str, place: int) -> str:
    """Return the message for one of pydantic's findings in ``section``.

    ``raw`` is the value as the file has it, and ``place`` its offset. What came from a variable is
    shown as it was written, and what may be a secret not at all.
    """
    key = str(error["loc"][-1])
    kind, value = error["type"], raw if isinstance(raw, Expanded) else error["input"]
    if kind == "extra_forbidden":
        inner = ".".join([section, *map(str, error["loc"][:-1])])
        return unknown_key(key, shown(key), inner.removeprefix(f"{TOP_LEVEL}."))
    if kind == "value_error":
        text = f' "{shown(value)}"' if isinstance(value, str) and key not in _NEVER_SHOWN else ""
        return f"{key}{text} {error['ctx']['error']}"
    wanted = _WANTED.get(kind, error["msg"]).format(**error.get("ctx", {}))
    if kind == "missing":
        example = "; write `version: 1`" if key == "version" else f" in {section}"
        return f"{key} {wanted}{example}"
    if kind == "literal_error" and value == "dev_hub":
        return f"{key} {wanted}; a Dev Hub belongs in dev_hubs"
    if not kind.endswith("_type") and kind != "literal_error":
        return f"{key} {wanted}"
    return wrong_type(key, wanted, value, source, place)


def wrong_type(key: str, wanted: str, value: Any, source: Source, place: int) -> str:
    """Return the message for a value of another type than ``wanted``, the surprises explained."""
    message = f"{key} {wanted}"
    if value is None:
        return f"{key} has no value; give it one or leave the line out"
    if isinstance(value, YamlMapping):
        return f"{message}, not a mapping"
    if isinstance(value, YamlSequence):
        return f"{message}, not a list"
    if isinstance(value, str):
        hint = (
            "; yes, no, on and off are text in YAML 1.2" if value.lower() in _SWITCH_WORDS else ""
        )
        return f'{message}, not the text "{shown(value)}"{hint}'
    written = _written(source.text, place)
    what = "true or false" if isinstance(value, bool) else "a number"
    if key.startswith("jwt_"):  # it may be the passphrase itself
        return f"{message}, not {what}"
    if "text" in wanted:
        return f'{message}, but {written} is read as {what}: put it in quotes, "{written}"'
    return f"{message}, not {written}"


def shown(value: str) -> str:
    """Return a text for a message: on one line, and its variables as they were written."""
    return printable(value.written if isinstance(value, Expanded) else value, limit=100)


def locate(
    mapping: YamlMapping, place: int, path: Sequence[int | str], *, key: bool = False
) -> tuple[int, Any]:
    """Return offset and value of what stands at ``path``, or of what should contain it.

    With ``key`` the offset is the key's, not the value's.
    """
    here: Any = mapping
    for index, step in enumerate(path):
        name = str(step)
        if not isinstance(here, YamlMapping) or name not in here:
            break
        wants_key = key and index == len(path) - 1
        place = here.key_place(name) if wants_key else here.value_place(name)
        here = here[name]
    return place, here


def _written(text: str, place: int) -> str:
    """Return the number or word at ``place`` as it is written: ``0123``, not ``123``."""
    start = _NODE_PROPERTIES.match(text, place)
    word = _PLAIN_WORD.match(text, start.end() if start else place)
    return printable(word.group() if word else "", limit=100)
