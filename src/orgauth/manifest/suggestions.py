"""What to say of a key that nobody knows."""

from __future__ import annotations

from difflib import get_close_matches
from functools import lru_cache

from orgauth.manifest.schema import SECTIONS

__all__ = ["meant_key", "unknown_key"]

_OTHER_WORDS = {
    "consumer_key": "client_id",
    "key_file": "jwt_key_file",
    "private_key": "jwt_key_file",
    "login_url": "instance_url",
    "user": "username",
    "type": "kind",
}
"""What the Salesforce CLI and its users call some keys."""

_MIN_PREFIX = 4


@lru_cache(maxsize=4096)
def meant_key(key: str, section: str) -> str | None:
    """Return the key of ``section`` that was probably meant, or ``None``."""
    word = key.lower().replace("-", "_")
    known = SECTIONS[section].model_fields
    if (other := _OTHER_WORDS.get(word)) in known:
        return other
    if len(word) >= _MIN_PREFIX and (longer := [name for name in known if name.startswith(word)]):
        return longer[0]
    return next(iter(get_close_matches(word, known, n=1, cutoff=0.7)), None)


def unknown_key(key: str, shown: str, section: str) -> str:
    """Return the message for ``key``, which does not belong in ``section``."""
    message = f'unknown key "{shown}" in {section}'
    if homes := _homes(key):
        return f"{message}: it belongs in {homes}"
    if meant := meant_key(key, section):
        return f'{message}: did you mean "{meant}"?'
    for other in SECTIONS:
        if meant := meant_key(key, other):
            return f'{message}: did you mean "{meant}", which belongs in {_homes(meant)}?'
    return f"{message}; it takes {', '.join(SECTIONS[section].model_fields)}"


def _homes(key: str) -> str:
    homes = [name for name, model in SECTIONS.items() if key in model.model_fields]
    return " or ".join([*([", ".join(homes[:-1])] if homes[1:] else []), *homes[-1:]])
