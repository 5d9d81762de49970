"""JSON files that the Salesforce CLI writes too, by truncating them and writing anew."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from orgauth.errors import StoreError
from orgauth.json_text import indented
from orgauth.stores.atomic_file import read_file

if TYPE_CHECKING:
    import os
    from collections.abc import Callable
    from pathlib import Path

__all__ = ["JsonObject", "encode_json", "parse_json_object", "read_json_object"]

_HALF_WRITTEN_PAUSE_SECONDS = 0.1


@dataclass(frozen=True, slots=True)
class JsonObject:
    """A file that holds one JSON object."""

    content: dict[str, Any] = field(repr=False)
    """It may hold tokens or the store's key, so it stands in no ``repr``."""
    status: os.stat_result


def read_json_object(
    path: Path, *, sleep: Callable[[float], None], advice: str
) -> JsonObject | None:
    """Return what the file holds, or ``None`` where there is none.

    The CLI truncates in place, so half a file may be a whole one a moment later: it is
    read twice before it is called broken. Raises ``StoreError`` with ``advice`` then.
    """
    for is_last in (False, True):
        found = read_file(path)
        if found is None:
            return None
        try:
            return JsonObject(parse_json_object(found.data), found.status)
        except ValueError as error:
            if is_last:
                raise StoreError(f"{path} is broken: {error}", path=path, advice=advice) from error
        sleep(_HALF_WRITTEN_PAUSE_SECONDS)
    raise AssertionError("unreachable")  # pragma: no cover - the second time returns or raises


def parse_json_object(data: bytes) -> dict[str, Any]:
    """Return the object, or raise a ``ValueError`` whose text quotes nothing of it."""
    try:
        content = json.loads(data)
    except UnicodeDecodeError:
        raise ValueError("not UTF-8 text") from None
    except json.JSONDecodeError as error:
        raise ValueError(f"not JSON at line {error.lineno}, column {error.colno}") from None
    except (ValueError, RecursionError):
        raise ValueError("not JSON that anybody wrote") from None
    if not isinstance(content, dict):
        raise ValueError("not a JSON object")  # noqa: TRY004 - the file is wrong, not the program
    return content


def encode_json(content: dict[str, Any], *, in_lines: bool = False) -> bytes:
    """Return the bytes that JavaScript's ``JSON.stringify`` would give, in lines if asked for."""
    try:
        return _text(content, in_lines, ensure_ascii=False).encode("utf-8")
    except UnicodeEncodeError:
        # Half a surrogate pair, which only the escaped form can carry.
        return _text(content, in_lines, ensure_ascii=True).encode("ascii")


def _text(content: dict[str, Any], in_lines: bool, *, ensure_ascii: bool) -> str:  # noqa: FBT001 - handed on
    if in_lines:
        return indented(content, ensure_ascii=ensure_ascii)
    return json.dumps(content, ensure_ascii=ensure_ascii, separators=(",", ":"))
