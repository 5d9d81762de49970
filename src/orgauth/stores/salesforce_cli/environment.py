"""Switches in the environment, read as the Salesforce CLI reads them."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["is_true"]


def is_true(environ: Mapping[str, str], name: str, *, default: bool = False) -> bool:
    """Whether the variable says ``true`` in any case, or ``1``.

    So does ``toBoolean`` of ``@salesforce/kit``, ``lib/nodash/internal.js``.
    """
    value = environ.get(name)
    if value is None:
        return default
    return value.lower() == "true" or value == "1"
