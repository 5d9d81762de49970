"""How a run is written down: one file a format, each behind ``Report``, chosen by suffix.

To add a format: write a file beside ``json.py`` with a class that has ``render``, and add a line
here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from orgauth.reports.json import JsonReport
from orgauth.reports.junit import JunitReport

if TYPE_CHECKING:
    from collections.abc import Mapping

    from orgauth.ports import Report

__all__ = ["BY_SUFFIX"]

BY_SUFFIX: Mapping[str, Report] = {".json": JsonReport(), ".xml": JunitReport()}
"""The file's suffix → the report's format."""
