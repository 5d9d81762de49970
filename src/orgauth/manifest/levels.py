"""One mapping of the manifest, validated: what it says, and which of its keys cannot be used."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar

from pydantic import ValidationError

from orgauth.manifest.explain import explain, locate, wrong_type
from orgauth.manifest.schema import TOP_LEVEL, ManifestFile, VersionLine
from orgauth.manifest.schema_run import Section
from orgauth.manifest.suggestions import meant_key
from orgauth.manifest.yaml_values import UNUSABLE, YamlMapping, YamlSequence

if TYPE_CHECKING:
    from orgauth.manifest.problems import Problems
    from orgauth.manifest.schema import OrgKeys

__all__ = ["BROKEN", "Broken", "Level", "entries", "nearest", "read_file", "read_level"]

SectionT = TypeVar("SectionT", bound=Section)
OrgKeysT_co = TypeVar("OrgKeysT_co", bound=Section, covariant=True)

_NOTHING: frozenset[str] = frozenset()


class Broken:
    """A value that the nearest level names but that cannot be used; its problem is told."""


BROKEN: Final = Broken()


@dataclass(frozen=True, slots=True)
class Level(Generic[OrgKeysT_co]):
    """A place that org keys can be inherited from, or an org itself."""

    values: OrgKeysT_co
    raw: YamlMapping
    place: int
    broken: frozenset[str] = _NOTHING
    """Keys that are named here but cannot be used."""

    def place_of(self, key: str) -> int:
        """Return the offset of the value of ``key``, or of this level where it does not say it."""
        return self.raw.value_place(key) if key in self.raw else self.place


def nearest(key: str, levels: tuple[Level[OrgKeys], ...]) -> Any | Broken | None:
    """Return the value of ``key`` at the first level that names it, or ``None``."""
    for level in levels:
        if key in level.broken:
            return BROKEN
        if key in level.raw:
            return getattr(level.values, key)
    return None


def read_level(
    model: type[SectionT], raw: Any, place: int, section: str, problems: Problems
) -> Level[SectionT]:
    """Validate the mapping ``raw`` as ``model``; what is wrong goes to ``problems``.

    Every key that is right by itself can be used, so that one mistake hides no other.
    """
    if not isinstance(raw, YamlMapping):
        if raw is not None and raw is not UNUSABLE:
            message = wrong_type(section, "takes a mapping", raw, problems.source, place)
            problems.add(place, message)
        broken = _NOTHING if raw is None else frozenset(model.model_fields)
        return Level(model.model_construct(None), YamlMapping(), place, broken)
    try:
        return Level(model.model_validate(raw), raw, place)
    except ValidationError as error:
        broken = _report(error, raw, place, section, problems)
    # Nothing is resolved from now on; the values only serve to find what else is wrong.
    usable = {key: value for key, value in raw.items() if key not in broken}
    return Level(model.model_construct(None, **usable), raw, place, broken)


def read_file(raw: Any, place: int, problems: Problems) -> Level[ManifestFile]:
    """Validate the top level, its lists of orgs and its defaults left out.

    Raises:
        ManifestError: no mapping, or another version, whose keys we cannot judge.
    """
    if not isinstance(raw, YamlMapping):
        if raw is not UNUSABLE:
            wanted = "takes a mapping that begins with `version: 1`"
            problems.add(place, wrong_type("the manifest", wanted, raw, problems.source, place))
        raise problems.error()
    if "version" in raw:
        alone = YamlMapping()
        alone.add("version", raw["version"], raw.key_place("version"), raw.value_place("version"))
        if read_level(VersionLine, alone, place, TOP_LEVEL, problems).broken:
            raise problems.error()
    return read_level(ManifestFile, raw, place, TOP_LEVEL, problems)


def entries(level: Level[Section], key: str, problems: Problems) -> tuple[YamlSequence, list[int]]:
    """Return the list under ``key`` and its items' offsets; nothing there is an empty list."""
    value = level.raw.get(key)
    if isinstance(value, YamlSequence):
        return value, value.places
    if value is not None and value is not UNUSABLE:
        place = level.raw.value_place(key)
        message = wrong_type(
            key, "takes a list, each org after '- '", value, problems.source, place
        )
        problems.add(place, message)
    return YamlSequence(), []


def _report(
    error: ValidationError, raw: YamlMapping, place: int, section: str, problems: Problems
) -> frozenset[str]:
    broken = set()
    for detail in error.errors(include_url=False):
        path = detail["loc"]
        is_unknown = detail["type"] == "extra_forbidden"
        if is_unknown and len(path) == 1:
            # Whoever misspelt a key need not hear that the right one is missing, too.
            broken.add(meant_key(str(path[0]), section) or "")
        broken.add(str(path[0]))
        at, value = locate(raw, place, path, key=is_unknown)
        if value is not UNUSABLE or is_unknown:
            problems.add(at, explain(detail, value, problems.source, section, at))
    return frozenset(broken)
