"""A Salesforce DX project: the folder with ``sfdx-project.json``, found as the CLI finds it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from orgauth.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["SfdxProject", "find_project"]

_MAX_BYTES = 16 * 1024 * 1024  # real ones have a few thousand; half of a larger one is no JSON


@dataclass(frozen=True, slots=True)
class SfdxProject:
    """A project's folder, and the one setting of it that matters here."""

    root: Path
    sfdc_login_url: str | None


def find_project(start: Path) -> SfdxProject | None:
    """Return the nearest project from ``start`` upward, or None.

    Raises:
        UsageError: its ``sfdx-project.json`` cannot be read.
    """
    for folder in (start, *start.parents):
        path = folder / "sfdx-project.json"
        try:
            is_there = path.is_file()
        except OSError:  # a folder above that we may not look into: the CLI finds nothing there
            continue
        if is_there:
            return SfdxProject(folder, _login_url(path))
    return None


def _login_url(path: Path) -> str | None:
    try:
        with path.open("rb") as file:
            settings = json.loads(file.read(_MAX_BYTES))
    except (OSError, ValueError, RecursionError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not JSON"
        raise UsageError(f"{path} cannot be read: {reason}") from error
    url = settings.get("sfdcLoginUrl") if isinstance(settings, dict) else None
    return url if isinstance(url, str) and url else None
