"""``${NAME}`` and ``${NAME:-default}`` in a manifest's strings."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["Expanded", "expand"]

# Either an escaped opening or a reference; one that is never closed runs to the end.
_REFERENCE = re.compile(r"\$\$\{|\$\{([^}]*)(\}?)")
_INSIDE = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)(?::-(.*))?", re.DOTALL)


class Expanded(str):  # noqa: SLOT000 - a str cannot have slots beside its characters
    """A text with variables in it, expanded. Messages show it as it was written."""

    written: str


def expand(text: str, environ: Mapping[str, str], complain: Callable[[str], None]) -> str | None:
    """Expand the variables in ``text``; ``$${`` stands for a literal ``${``.

    What a variable holds is taken as it is, not expanded again. A default is taken where the
    variable is unset or empty, as in a shell. Each problem is handed to ``complain``, and the
    result is then ``None``.
    """
    problems: list[str] = []
    variables = 0

    def replace(match: re.Match[str]) -> str:
        nonlocal variables
        if match.group() == "$${":
            return "${"
        variables += 1
        inside = _INSIDE.fullmatch(match[1])
        if inside is None or not match[2] or "${" in match[1]:
            problems.append(
                "a variable is written ${NAME} or ${NAME:-default}, and a literal ${ as $${"
            )
            return ""
        name, default = inside.groups()
        value = environ.get(name)
        if default is not None:
            return value or default
        if value is None:
            problems.append(f"the variable {name} is not set")
        return value or ""

    result = _REFERENCE.sub(replace, text)
    for problem in problems:
        complain(problem)
    if problems:
        return None
    if not variables:
        return result
    expanded = Expanded(result)
    expanded.written = text
    return expanded
