"""A manifest's entries, one after the other → ``Org`` values."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from orgauth.manifest.explain import wrong_type
from orgauth.manifest.levels import entries, read_level
from orgauth.manifest.resolve import Resolver
from orgauth.manifest.schema import Defaults, DevHub, OrgEntry, OrgKeys, OtherOrg, ScratchOrg
from orgauth.manifest.uniqueness import Uniqueness
from orgauth.manifest.yaml_values import UNUSABLE, YamlMapping
from orgauth.models import Org, OrgKind

if TYPE_CHECKING:
    from orgauth.manifest.levels import Level
    from orgauth.manifest.problems import Problems
    from orgauth.manifest.resolve import Login, Surroundings
    from orgauth.manifest.schema import ManifestFile

__all__ = ["OrgReader"]

_EntryT = TypeVar("_EntryT", bound=OrgEntry)

_INHERITABLE = frozenset(OrgKeys.model_fields)


class OrgReader:
    """Goes through a manifest's orgs once, in order."""

    def __init__(
        self, file: Level[ManifestFile], surroundings: Surroundings, problems: Problems
    ) -> None:
        self._file = file
        self._problems = problems
        self._unique = Uniqueness(problems)
        raw, place = file.raw.get("defaults"), file.place_of("defaults")
        defaults = read_level(Defaults, raw, place, "defaults", problems)
        self.resolver = Resolver(surroundings, defaults, problems)
        self.resolver.check_key(defaults)
        self._shared: dict[tuple[OrgKind, int], Login] = {}
        self._orgs: list[Org] = []

    def read(self) -> tuple[Org, ...]:
        """Return the orgs; where there are problems, some are missing."""
        hubs, hub_places = entries(self._file, "dev_hubs", self._problems)
        others, other_places = entries(self._file, "orgs", self._problems)
        for raw, place in zip(hubs, hub_places, strict=True):
            self._dev_hub(raw, place)
        for raw, place in zip(others, other_places, strict=True):
            if level := self._entry(OtherOrg, raw, place, "an entry of orgs"):
                kind = OrgKind.PRODUCTION if "kind" in level.broken else OrgKind(level.values.kind)
                self._add(kind, level)
        is_listed = any(self._file.raw.get(key) for key in ("dev_hubs", "orgs"))
        if not is_listed and not self._file.broken:
            reason = "no org to authorize; list some under dev_hubs or orgs"
            self._problems.add(self._file.place, reason)
        self._unique.finish()
        return tuple(self._orgs)

    def _dev_hub(self, raw: Any, place: int) -> None:
        hub = self._entry(DevHub, raw, place, "an entry of dev_hubs")
        if hub is None:
            return
        self._add(OrgKind.DEV_HUB, hub)
        scratch_orgs, places = entries(hub, "scratch_orgs", self._problems)
        for scratch_raw, scratch_place in zip(scratch_orgs, places, strict=True):
            level = self._entry(ScratchOrg, scratch_raw, scratch_place, "an entry of scratch_orgs")
            if level is not None:
                self._add(OrgKind.SCRATCH, level, hub)

    def _entry(
        self, model: type[_EntryT], raw: Any, place: int, section: str
    ) -> Level[_EntryT] | None:
        if isinstance(raw, str):  # the short form
            mapping = YamlMapping()
            mapping.add("username", raw, place, place)
            raw = mapping
        if isinstance(raw, YamlMapping):
            return read_level(model, raw, place, section, self._problems)
        if raw is not UNUSABLE:
            wanted = "takes a user name as text, or a mapping"
            message = wrong_type(section, wanted, raw, self._problems.source, place)
            self._problems.add(place, message)
        return None

    def _add(self, kind: OrgKind, level: Level[OrgEntry], hub: Level[DevHub] | None = None) -> None:
        login = self._login(kind, level, hub)
        self._note_names(level)
        if kind is OrgKind.SCRATCH and level.values.new is False:
            reason = "a scratch org always counts as new; `new: false` changes nothing"
            self._problems.warn(level.place_of("new"), reason)
        if level.broken or login is None or (hub and hub.broken):
            return  # the problem is told, so there will be no manifest
        values = level.values
        self._orgs.append(
            Org(
                username=values.username,
                client_id=login.client_id,
                key=login.key,
                login_url=login.login_url,
                audience=login.audience,
                kind=kind,
                alias=values.alias,
                audience_is_explicit=login.audience_is_explicit,
                dev_hub=hub.values.username if hub else None,
                is_new=login.is_new,
                set_default=bool(values.set_default),
                set_default_dev_hub=isinstance(values, DevHub) and bool(values.set_default_dev_hub),
            )
        )

    def _login(
        self, kind: OrgKind, level: Level[OrgEntry], hub: Level[DevHub] | None
    ) -> Login | None:
        """Resolve an org; those that say nothing of their own share one result."""
        if not _INHERITABLE.isdisjoint(level.raw):
            self.resolver.check_key(level)
            return self.resolver.resolve(kind, level, hub)
        sharing = (kind, hub.place if hub else -1)
        login = self._shared.get(sharing) or self.resolver.resolve(kind, level, hub)
        if login is not None:  # what is missing is told for each org
            self._shared[sharing] = login
        return login

    def _note_names(self, level: Level[OrgEntry]) -> None:
        values, raw, unique = level.values, level.raw, self._unique
        username = None if "username" in level.broken else values.username
        if username is not None:
            unique.username(username, raw["username"], level.place_of("username"))
        if values.alias is not None:
            unique.alias(values.alias, raw["alias"], username, level.place_of("alias"))
        for key in ("set_default", "set_default_dev_hub"):
            if key in raw and getattr(values, key, None) is True:
                unique.default(key, level.place_of(key))
