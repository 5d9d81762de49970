"""What may stand only once among all orgs of a manifest: user names, aliases, defaults."""

from __future__ import annotations

from typing import TYPE_CHECKING

from orgauth.manifest.explain import shown

if TYPE_CHECKING:
    from orgauth.manifest.problems import Problems

__all__ = ["Uniqueness"]


class Uniqueness:
    """Told of every name as it is found; problems point at the later one."""

    def __init__(self, problems: Problems) -> None:
        self._problems = problems
        self._usernames: dict[str, tuple[int, str]] = {}
        self._aliases: dict[str, tuple[int, str]] = {}
        self._owners: dict[str, str] = {}
        self._defaults: dict[str, tuple[int, str]] = {}

    def username(self, username: str, raw: str, place: int) -> None:
        """Note a user name; case makes no difference to Salesforce."""
        self._note(self._usernames, username.lower(), place, raw)

    def alias(self, alias: str, raw: str, username: str | None, place: int) -> None:
        """Note an alias, and whose it is."""
        self._note(self._aliases, alias, place, raw)
        if "@" in alias and username is not None:
            self._owners.setdefault(alias, username)

    def default(self, key: str, place: int) -> None:
        """Note an org that is to be a default: ``set_default`` or ``set_default_dev_hub``."""
        self._note(self._defaults, key, place, key)

    def finish(self) -> None:
        """Check what needs all names: an alias must not be another org's user name."""
        for alias, (place, raw) in self._aliases.items():
            other = self._usernames.get(alias.lower())
            if other is not None and alias.lower() != self._owners.get(alias, "").lower():
                line = self._problems.line_of(other[0])
                reason = f'the alias "{shown(raw)}" is another org\'s user name, on line {line}'
                self._problems.add(place, reason)

    def _note(self, names: dict[str, tuple[int, str]], name: str, place: int, raw: str) -> None:
        # Every org comes here once for each kind of name, so whatever is there is another org's.
        noted = names.setdefault(name, new := (place, raw))
        if noted is new:
            return
        (first, _), (second, text) = sorted((noted, new))
        if names is self._defaults:
            what = f"{text}: true"
        else:
            kind = "user name" if names is self._usernames else "alias"
            what = f'the {kind} "{shown(text)}"'
        if first == second:
            self._problems.add(second, f"{what} is taken over by two orgs")
        else:
            line_of = self._problems.line_of
            self._problems.add(second, lambda: f"{what} is already on line {line_of(first)}")
