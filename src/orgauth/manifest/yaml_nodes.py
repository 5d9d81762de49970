"""YAML text as plain Python values that remember where they stand.

Values are built from the parser's events with a stack of our own: ``yaml.compose`` recurses in C,
where a few thousand brackets overflow the stack, expands no limit on anchors, and takes several
times as long. Mappings and lists keep the offsets of what is in them, as one integer each.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import yaml

from orgauth.manifest.scalars import plain_value
from orgauth.manifest.variables import expand
from orgauth.manifest.yaml_values import UNUSABLE, YamlMapping, YamlSequence
from orgauth.text import printable

if TYPE_CHECKING:
    from collections.abc import Mapping

    from orgauth.manifest.problems import Problems
    from orgauth.manifest.yaml_values import Unusable

__all__ = ["compose"]

_Loader: type[Any] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

_MAX_DEPTH = 40
"""Levels of nesting; a manifest needs five."""
_MAX_VALUES = 3_000_000
"""Values in a file; 100,000 orgs need half a million."""
_MAX_KEYS = 100
"""Keys of one mapping; a manifest's have at most fifteen."""
_FREE_EXPANSION = 100_000
_EXPANSION_RATIO = 5
"""Aliases may stand for so many times the values that are written out, and some for free."""


def compose(problems: Problems, environ: Mapping[str, str]) -> tuple[Any, int]:
    """Return the one document of the file, variables expanded, and its offset.

    Scalars come as text, number, bool or ``None``, what is wrong in itself as ``UNUSABLE``.

    Raises:
        ManifestError: not YAML, empty, several documents, nested too deeply, or anchors that
            expand without end. Problems that leave the rest readable go to ``problems``.
    """
    return _Composer(problems, environ).compose()


class _Frame:
    """A mapping or list that is not finished."""

    __slots__ = ("anchor", "container", "key", "key_place", "merged", "place", "values_before")

    def __init__(
        self, container: YamlMapping | YamlSequence, place: int, anchor: str | None, values: int
    ) -> None:
        self.container = container
        self.place = place
        self.anchor = anchor
        self.values_before = values
        self.key: str | Unusable | None = None  # None: the next value is a key
        self.key_place = 0
        self.merged: tuple[Any, int] | None = None


class _Composer:
    def __init__(self, problems: Problems, environ: Mapping[str, str]) -> None:
        self._problems = problems
        self._environ = environ
        self._documents = YamlSequence()
        self._frames = [_Frame(self._documents, 0, None, 0)]
        self._anchors: dict[str, tuple[Any, int] | None] = {}  # None: not finished
        self._values = 0  # aliases counted as what they stand for
        self._expanded = 0  # the part of it that aliases made

    def compose(self) -> tuple[Any, int]:
        loader = _Loader(self._problems.source.text)
        try:
            for event in iter(loader.get_event, None):  # None: no more
                self._take(event)
        except yaml.YAMLError as error:
            self._problems.add(*_explain(error))
            raise self._problems.error() from error
        finally:
            loader.dispose()
        if not self._documents or self._documents[0] is None:
            raise self._fatal(0, "the manifest is empty; `version: 1` and some orgs belong in it")
        return self._documents[0], self._documents.places[0]

    def _take(self, event: Any) -> None:
        kind = type(event)
        if kind is yaml.ScalarEvent:
            self._scalar(event)
        elif kind is yaml.MappingStartEvent:
            self._open(event, YamlMapping(), "tag:yaml.org,2002:map")
        elif kind is yaml.SequenceStartEvent:
            self._open(event, YamlSequence(), "tag:yaml.org,2002:seq")
        elif kind is yaml.MappingEndEvent or kind is yaml.SequenceEndEvent:
            self._close()
        elif kind is yaml.AliasEvent:
            self._alias(event)
        elif kind is yaml.DocumentStartEvent and self._documents:
            reason = "a second document begins here; a manifest is one document"
            raise self._fatal(event.start_mark.index, reason)

    def _scalar(self, event: Any) -> None:
        place = event.start_mark.index
        self._count(1, place)
        frame = self._frames[-1]
        if frame.key is None and type(frame.container) is YamlMapping:
            value = event.value  # keys are words; neither numbers nor variables
            self._tag_is_known(event, "tag:yaml.org,2002:str", place)
        else:
            value = self._scalar_value(event, place)
        if event.anchor is not None:
            self._anchors[event.anchor] = (value, 1)
        self._attach(value, place)

    def _scalar_value(self, event: Any, place: int) -> Any:
        value = event.value
        if event.tag is None:
            if event.implicit[0]:
                value = plain_value(value)
        elif not self._tag_is_known(event, "tag:yaml.org,2002:str", place):
            return UNUSABLE
        if type(value) is str and "$" in value:
            value = expand(value, self._environ, lambda reason: self._problems.add(place, reason))
            return UNUSABLE if value is None else value
        return value

    def _tag_is_known(self, event: Any, usual: str, place: int) -> bool:
        if event.tag is None or event.tag in ("!", usual):
            return True
        tag = printable(event.tag.replace("tag:yaml.org,2002:", "!!"), limit=80)
        self._problems.add(place, f"the tag {tag} has no meaning here; leave it out")
        return False

    def _open(self, event: Any, container: YamlMapping | YamlSequence, usual_tag: str) -> None:
        place = event.start_mark.index
        if len(self._frames) > _MAX_DEPTH:
            raise self._fatal(place, f"nested more than {_MAX_DEPTH} levels deep")
        self._tag_is_known(event, usual_tag, place)
        self._frames.append(_Frame(container, place, event.anchor, self._values))
        if event.anchor is not None:
            self._anchors[event.anchor] = None
        self._count(1, place)

    def _close(self) -> None:
        frame = self._frames.pop()
        value: Any = frame.container
        if isinstance(value, YamlMapping):
            if frame.merged is not None:
                self._merge(value, *frame.merged)
            if len(value) > _MAX_KEYS:
                reason = f"a mapping of {len(value):,} keys; many orgs are a list, each after '- '"
                self._problems.add(frame.place, reason)
                value = UNUSABLE
        if frame.anchor is not None:
            self._anchors[frame.anchor] = (value, self._values - frame.values_before)
        self._attach(value, frame.place)

    def _alias(self, event: Any) -> None:
        place = event.start_mark.index
        name = printable(event.anchor, limit=80)
        if event.anchor not in self._anchors:
            raise self._fatal(place, f"no anchor &{name} stands before this")
        target = self._anchors[event.anchor]
        if target is None:
            raise self._fatal(place, f"the anchor &{name} cannot contain itself")
        value, size = target
        self._expanded += size
        written = self._values - self._expanded
        if self._expanded > max(_FREE_EXPANSION, _EXPANSION_RATIO * written):
            raise self._fatal(place, "anchors and aliases expand to too much")
        self._count(size, place)
        self._attach(value, place)

    def _count(self, values: int, place: int) -> None:
        self._values += values
        if self._values > _MAX_VALUES:
            raise self._fatal(place, f"more than {_MAX_VALUES:,} values; split the manifest")

    def _attach(self, value: Any, place: int) -> None:
        frame = self._frames[-1]
        container = frame.container
        if isinstance(container, YamlSequence):
            container.append(value)
            container.places.append(place)
        elif frame.key is None:
            self._key(frame, value, place)
        else:
            if frame.key == "<<":
                frame.merged = (value, place)
            elif isinstance(frame.key, str):
                container.add(frame.key, value, frame.key_place, place)
            frame.key = None

    def _key(self, frame: _Frame, key: Any, place: int) -> None:
        frame.key_place = place
        frame.key = key if isinstance(key, str) else UNUSABLE
        if frame.key is UNUSABLE:
            self._problems.add(place, "a key is a plain word")
        elif key in frame.container or (key == "<<" and frame.merged is not None):
            frame.key = UNUSABLE
            self._problems.add(place, lambda: self._duplicate(key, frame))

    def _duplicate(self, key: str, frame: _Frame) -> str:
        shown = f'the key "{printable(key, limit=80)}" stands here twice'
        if key not in frame.container or not isinstance(frame.container, YamlMapping):
            return shown
        line = self._problems.line_of(frame.container.key_place(key))
        return f"{shown}; it is already on line {line}"

    def _merge(self, container: YamlMapping, merged: Any, place: int) -> None:
        """Apply ``<<``: what is merged gives way to what is written, and later to earlier."""
        for mapping in merged if isinstance(merged, YamlSequence) else (merged,):
            if not isinstance(mapping, YamlMapping):
                self._problems.add(place, "<< takes a mapping, or a list of mappings")
                return
            container.merge(mapping)

    def _fatal(self, place: int, message: str) -> Exception:
        self._problems.add(place, message)
        return self._problems.error()


_HINTS = (
    ("cannot start any token", "indent with spaces, not tabs, and quote a text that begins oddly"),
    ("mapping values are not allowed", "quote a text that contains ': '"),
    ("':'", "a key is followed by ': '"),
    ("parsing a flow mapping", "inside { }, put ${NAME} in quotes"),
)


def _explain(error: Any) -> tuple[int, str]:
    """Return the place of a syntax error, and one line about it."""
    mark, start = error.problem_mark, error.context_mark
    said = ", ".join(part for part in (error.problem, error.context) if part)
    if mark and start and start.line != mark.line:
        said += f" that begins on line {start.line + 1}"
    hint = next((f" ({hint})" for sign, hint in _HINTS if sign in said), "")
    return mark.index if mark else 0, f"not YAML: {printable(said, limit=200)}{hint}"
