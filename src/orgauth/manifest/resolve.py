"""Levels of a manifest → ``Org`` values: the nearest value wins."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import PurePath
from typing import TYPE_CHECKING

from orgauth.manifest.levels import BROKEN, nearest
from orgauth.manifest.urls import LOGIN, TEST, check_audience, check_login_url
from orgauth.models import KeyRef, OrgKind

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from orgauth.manifest.levels import Broken, Level
    from orgauth.manifest.problems import Problems
    from orgauth.manifest.schema import Defaults, DevHub, OrgKeys

__all__ = ["Login", "Resolver", "Surroundings"]

_TEST_KINDS = (OrgKind.SCRATCH, OrgKind.SANDBOX)
_KEY_NAMES = frozenset({"jwt_key_file", "jwt_key_env"})


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a manifest depends on beside its own text."""

    folder: Path
    """Absolute; where relative key files are looked for."""
    environ: Mapping[str, str] = field(repr=False)
    """It may hold keys and passphrases, so it stands in no ``repr``."""
    sfdc_login_url: str | None


@dataclass(frozen=True, slots=True)
class Login:
    """How an org logs in; the fields are those of ``Org``."""

    client_id: str
    key: KeyRef
    login_url: str
    audience: str
    audience_is_explicit: bool
    is_new: bool


class Resolver:
    """Resolves one manifest. ``key_places`` tells where each key is first named."""

    def __init__(
        self, surroundings: Surroundings, defaults: Level[Defaults], problems: Problems
    ) -> None:
        self._surroundings = surroundings
        self._defaults = defaults
        self._problems = problems
        self._paths: dict[str, str] = {}
        self._checked: dict[str, str | Broken | None] = {}
        self.key_places: dict[KeyRef, int] = {}

    def resolve(
        self, kind: OrgKind, level: Level[OrgKeys], hub: Level[DevHub] | None = None
    ) -> Login | None:
        """Resolve the org at ``level``; ``None`` where something is wrong, which is then told."""
        key_levels = (level, hub, self._defaults) if hub else (level, self._defaults)
        is_told = hub is not None  # what a hub lacks is told once, not for each scratch org
        client_id = self._client_id(key_levels, is_told=is_told)
        key = self._key(key_levels, is_told=is_told)
        login_url = self._login_url(kind, level, hub)
        audience, is_explicit = self._audience(kind, level, login_url)
        is_new = kind is OrgKind.SCRATCH or bool(nearest("new", (level, self._defaults)))
        if client_id is None or key is None or login_url is None or audience is None:
            return None
        return Login(client_id, key, login_url, audience, is_explicit, is_new)

    def check_key(self, level: Level[OrgKeys]) -> None:
        """Check what one level says of keys by itself: one of two, and variables that are set."""
        if level.raw.keys() >= _KEY_NAMES:
            place = max(level.raw.key_place(name) for name in _KEY_NAMES)
            self._problems.add(place, "jwt_key_file and jwt_key_env exclude each other; keep one")
        for key in ("jwt_key_env", "jwt_key_passphrase_env"):
            if key not in level.raw or key in level.broken:
                continue
            name = getattr(level.values, key)
            if name is not None and not self._variable(name):
                reason = f"{key}: the variable {name} is not set, or empty"
                self._problems.add(level.place_of(key), reason)

    def _variable(self, name: str) -> str:
        return self._surroundings.environ.get(name, "")

    def _client_id(self, levels: tuple[Level[OrgKeys], ...], *, is_told: bool) -> str | None:
        client_id = nearest("client_id", levels)
        if client_id is None and not is_told:
            reason = "no client_id; give the app's consumer key here or under defaults"
            self._problems.add(levels[0].place, reason)
        return client_id if isinstance(client_id, str) else None

    def _key(self, levels: tuple[Level[OrgKeys], ...], *, is_told: bool) -> KeyRef | None:
        for level in levels:
            if level.broken & _KEY_NAMES or level.raw.keys() >= _KEY_NAMES:
                return None
            if named := level.raw.keys() & _KEY_NAMES:
                return self._key_ref(level, named.pop(), levels)
        if not is_told:
            reason = "no key; give jwt_key_file or jwt_key_env here or under defaults"
            self._problems.add(levels[0].place, reason)
        return None

    def _key_ref(
        self, level: Level[OrgKeys], name: str, levels: tuple[Level[OrgKeys], ...]
    ) -> KeyRef | None:
        # Nearest wins for the passphrase by itself: one passphrase for many keys is common,
        # and null says that a key has none.
        passphrase = next(
            (
                other.values.jwt_key_passphrase_env
                for other in levels
                if "jwt_key_passphrase_env" in other.raw
            ),
            None,
        )
        value = getattr(level.values, name)
        location = value if name == "jwt_key_env" else self._path(value, level.place_of(name))
        if location is None:
            return None
        ref = KeyRef("env" if name == "jwt_key_env" else "file", location, passphrase)
        place = level.place_of(name)
        self.key_places[ref] = min(place, self.key_places.get(ref, place))
        return ref

    def _path(self, value: str, place: int) -> str | None:
        if value in self._paths:
            return self._paths[value]
        parts = [str(self._surroundings.folder), value]
        if value == "~" or value.startswith("~/"):
            if not (home := self._variable("HOME")):
                self._problems.add(place, "jwt_key_file begins with ~, but HOME is not set")
                return None
            parts[1:] = [home, value[2:]]
        # PurePath tidies ./ away but keeps .. as it is: behind a link it is another folder.
        self._paths[value] = str(PurePath(*parts))
        return self._paths[value]

    def _login_url(
        self, kind: OrgKind, level: Level[OrgKeys], hub: Level[DevHub] | None
    ) -> str | None:
        own = nearest("instance_url", (level,))
        if own is None and kind is OrgKind.SCRATCH:
            above = (hub, self._defaults) if hub else (self._defaults,)
            own = nearest("scratch_instance_url", above) or TEST
        if own is None:
            own = nearest("instance_url", (self._defaults,))
        if own is None:
            own = self._fallback_login_url(level.place)
        if own is None:
            own = TEST if kind is OrgKind.SANDBOX else LOGIN
        return own if isinstance(own, str) else None

    def _fallback_login_url(self, place: int) -> str | Broken | None:
        if url := self._surroundings.sfdc_login_url:
            return self._outside("sfdcLoginUrl of sfdx-project.json", url, check_login_url, place)
        if url := self._variable("SF_ORG_INSTANCE_URL"):
            return self._outside("the variable SF_ORG_INSTANCE_URL", url, check_login_url, place)
        return None

    def _audience(
        self, kind: OrgKind, level: Level[OrgKeys], login_url: str | None
    ) -> tuple[str | None, bool]:
        chosen = nearest("audience", (level, self._defaults))
        if chosen is None and (url := self._variable("SF_AUDIENCE_URL")):
            name = "the variable SF_AUDIENCE_URL"
            chosen = self._outside(name, url, check_audience, level.place)
        if chosen is not None:
            return (chosen if isinstance(chosen, str) else None), True
        if login_url in (LOGIN, TEST):
            return login_url, False
        return (TEST if kind in _TEST_KINDS else LOGIN), False

    def _outside(
        self, name: str, url: str, check: Callable[[str], str], place: int
    ) -> str | Broken | None:
        """Check a URL from outside the manifest once, at the first org that needs it."""
        if name not in self._checked:
            try:
                self._checked[name] = check(url)
            except ValueError as error:
                self._checked[name] = BROKEN
                self._problems.add(place, f"{name} {error}")
        return self._checked[name]
