"""As much SOQL as clients of the login flow send: one object, AND, a few operators, LIMIT.

Source: https://developer.salesforce.com/docs/atlas.en-us.soql_sosl.meta/soql_sosl/
"""

from __future__ import annotations

import operator
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Condition", "MalformedQueryError", "Query", "parse"]

_TOKEN = re.compile(
    r"\s*(?:(?P<text>'(?:[^'\\]|\\.)*')|(?P<sign><=|>=|!=|<>|[=<>(),])|(?P<word>[^\s'(),=<>!]+))"
)
_OPERATORS: dict[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq,
    "!=": operator.ne,
    "<>": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_ESCAPED = re.compile(r"\\(.)")
_WORDS: dict[str, Any] = {"true": True, "false": False, "null": None}


class MalformedQueryError(ValueError):
    """The text is no query that this parser understands."""


@dataclass(frozen=True, slots=True)
class Condition:
    """``field operator value``; ``operator`` is one of ``= != < <= > >= in not in``."""

    field: str
    operator: str
    value: Any

    def holds(self, value: Any) -> bool:
        """Return whether ``value`` passes; texts compare without case, as Salesforce's do."""
        ours = _folded(value)
        if self.operator in {"in", "not in"}:
            among = ours in {_folded(one) for one in self.value}
            return among == (self.operator == "in")
        theirs = _folded(self.value)
        if self.operator not in {"=", "!=", "<>"} and type(ours) is not type(theirs):
            return False
        return _OPERATORS[self.operator](ours, theirs)


@dataclass(frozen=True, slots=True)
class Query:
    """A parsed query; ``fields`` keep the case they were written in."""

    fields: tuple[str, ...]
    table: str
    conditions: tuple[Condition, ...] = ()
    order: tuple[str, bool] | None = None
    """Field and whether descending."""
    limit: int | None = None
    offset: int = 0

    @property
    def counts(self) -> bool:
        """Whether it is ``SELECT COUNT()``: a total and no records."""
        return self.fields == ("COUNT()",)


def parse(text: str) -> Query:
    """Return the query in ``text``.

    Raises:
        MalformedQueryError: it is something else; the message is for people.
    """
    return _Parser(text).query()


def _folded(value: Any) -> Any:
    return value.lower() if isinstance(value, str) else value


class _Parser:
    def __init__(self, text: str) -> None:
        self._tokens: list[str] = []
        place, text = 0, text.rstrip()
        while place < len(text):
            match = _TOKEN.match(text, place)
            if match is None:
                raise MalformedQueryError(f"unexpected token: {text[place : place + 20]!r}")
            self._tokens.append(match[0].strip())
            place = match.end()
        self._tokens.reverse()

    def query(self) -> Query:
        self._expect("select")
        fields = self._fields()
        self._expect("from")
        table = self._next()
        conditions = self._conditions() if self._take("where") else ()
        order = self._order() if self._take("order") else None
        limit = self._number() if self._take("limit") else None
        offset = self._number() if self._take("offset") else 0
        if self._tokens:
            raise MalformedQueryError(f"unexpected token: {self._next()!r}")
        return Query(fields, table, conditions, order, limit, offset)

    def _next(self) -> str:
        if not self._tokens:
            raise MalformedQueryError("unexpected end of query")
        return self._tokens.pop()

    def _take(self, word: str) -> bool:
        found = bool(self._tokens) and self._tokens[-1].lower() == word
        if found:
            self._tokens.pop()
        return found

    def _expect(self, word: str) -> None:
        if not self._take(word):
            raise MalformedQueryError(f"expecting {word.upper()}")

    def _fields(self) -> tuple[str, ...]:
        fields = [self._next()]
        if fields[0].lower() == "count" and self._take("("):
            self._expect(")")
            return ("COUNT()",)
        while self._take(","):
            fields.append(self._next())
        return tuple(fields)

    def _conditions(self) -> tuple[Condition, ...]:
        conditions = [self._condition()]
        while self._take("and"):
            conditions.append(self._condition())
        return tuple(conditions)

    def _condition(self) -> Condition:
        if self._take("("):
            inner = self._condition()
            self._expect(")")
            return inner
        field, sign = self._next(), self._next().lower()
        if sign == "not":
            self._expect("in")
            sign = "not in"
        if sign in {"in", "not in"}:
            return Condition(field, sign, self._values())
        if sign not in _OPERATORS:
            raise MalformedQueryError(f"unexpected token: {sign!r}")
        return Condition(field, sign, _value(self._next()))

    def _values(self) -> tuple[Any, ...]:
        self._expect("(")
        values = [_value(self._next())]
        while self._take(","):
            values.append(_value(self._next()))
        self._expect(")")
        return tuple(values)

    def _order(self) -> tuple[str, bool]:
        self._expect("by")
        field = self._next()
        descending = self._take("desc")
        if not descending:
            self._take("asc")
        if self._take("nulls") and not self._take("last"):
            self._expect("first")
        return field, descending

    def _number(self) -> int:
        token = self._next()
        if not token.isdecimal():
            raise MalformedQueryError(f"expecting a number, not {token!r}")
        return int(token)


def _value(token: str) -> Any:
    """Return a literal's value; dates stay text, which compares as dates do (ISO form)."""
    if token.startswith("'"):
        return _ESCAPED.sub(r"\1", token[1:-1])
    if token.lower() in _WORDS:
        return _WORDS[token.lower()]
    try:
        return float(token) if "." in token else int(token)
    except ValueError:
        return token
