"""``/query``: SOQL over an org's records, 2,000 rows a page."""

from __future__ import annotations

import itertools
from collections import OrderedDict
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from orgauth.simulator import soql
from orgauth.simulator.reply import json_reply, rest_refusal
from orgauth.simulator.tables import table

if TYPE_CHECKING:
    from orgauth.simulator.orgs import Org
    from orgauth.simulator.reply import Reply
    from orgauth.simulator.tables import Table

__all__ = ["Cursors", "column_metadata", "record", "run"]

PAGE = 2_000
REMEMBERED = 200
Record = dict[str, Any]


class _RefusedError(Exception):
    """A query that cannot be answered: the REST API's code and words."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.reply = rest_refusal(HTTPStatus.BAD_REQUEST, code, message)


@dataclass(frozen=True, slots=True)
class _Cursor:
    org: Org
    records: list[Record]


class Cursors:
    """The results of long queries, kept until 200 newer ones have come."""

    def __init__(self) -> None:
        self._open: OrderedDict[str, _Cursor] = OrderedDict()
        self._numbers = itertools.count(1)

    def first(self, org: Org, version: str, records: list[Record]) -> Reply:
        """Return the first page, and remember the rest if there is one."""
        if len(records) <= PAGE:
            return json_reply({"totalSize": len(records), "done": True, "records": records})
        name = f"01g9A{next(self._numbers):010d}"
        self._open[name] = _Cursor(org, records)
        if len(self._open) > REMEMBERED:
            self._open.popitem(last=False)
        return self.more(org, version, f"{name}-0")

    def more(self, org: Org, version: str, locator: str) -> Reply:
        """Return the page at ``locator`` (``<cursor>-<first row>``)."""
        name, _, start = locator.rpartition("-")
        cursor = self._open.get(name)
        if cursor is None or cursor.org is not org or not start.isdecimal():
            message = "invalid query locator"
            return rest_refusal(HTTPStatus.BAD_REQUEST, "INVALID_QUERY_LOCATOR", message)
        end = int(start) + PAGE
        page: Record = {"totalSize": len(cursor.records), "done": end >= len(cursor.records)}
        if not page["done"]:
            page["nextRecordsUrl"] = f"/services/data/{version}/query/{name}-{end}"
        page["records"] = cursor.records[int(start) : end]
        return json_reply(page)


def run(org: Org, version: str, text: str, cursors: Cursors) -> Reply:
    """Return the answer to ``/query?q=<text>``."""
    try:
        query, asked, fields = _understood(org, text)
        chosen = _chosen(query, asked, org)
    except _RefusedError as error:
        return error.reply
    if query.counts:
        return json_reply({"totalSize": len(chosen), "done": True, "records": []})
    return cursors.first(org, version, [record(asked, one, fields, version) for one in chosen])


def column_metadata(org: Org, text: str) -> Reply:
    """Return the answer to ``/query?q=<text>&columns=true``, which the Salesforce CLI asks."""
    try:
        _, asked, fields = _understood(org, text)
    except _RefusedError as error:
        return error.reply
    columns = []
    for field in fields:
        parent, _, child = field.rpartition(".")
        inner = [{"columnName": child, "aggregate": False, "joinColumns": []}] if parent else []
        columns.append({"columnName": parent or field, "aggregate": False, "joinColumns": inner})
    return json_reply({"columnMetadata": columns, "entityName": asked.name})


def record(asked: Table, subject: Org, fields: list[str], version: str) -> Record:
    """Return one record; ``CreatedBy.Username`` becomes an object in the object."""
    url = f"/services/data/{version}/sobjects/{asked.name}/{asked.columns['Id'](subject)}"
    shown: Record = {"attributes": {"type": asked.name, "url": url}}
    for field in fields:
        parent, _, child = field.rpartition(".")
        value = asked.columns[field](subject)
        if parent:
            shown[parent] = {"attributes": {"type": "User"}, child: value}
        else:
            shown[field] = value
    return shown


def _understood(org: Org, text: str) -> tuple[soql.Query, Table, list[str]]:
    """Return the query, its object, and the right names of its fields."""
    try:
        query = soql.parse(text)
    except soql.MalformedQueryError as error:
        raise _RefusedError("MALFORMED_QUERY", str(error)) from error
    asked = table(org, query.table)
    if asked is None:
        raise _RefusedError("INVALID_TYPE", f"sObject type '{query.table}' is not supported.")
    names = () if query.counts else query.fields
    return query, asked, [_column(asked, name) for name in names]


def _column(asked: Table, name: str) -> str:
    column = asked.column(name)
    if column is None:
        raise _RefusedError("INVALID_FIELD", f"No such column '{name}' on entity '{asked.name}'.")
    return column


def _chosen(query: soql.Query, asked: Table, org: Org) -> list[Org]:
    """Return the subjects that pass the conditions, in order, cut to the limit."""
    tests = [(one, asked.columns[_column(asked, one.field)]) for one in query.conditions]
    chosen = [
        subject
        for subject in asked.subjects(org)
        if all(condition.holds(value(subject)) for condition, value in tests)
    ]
    if query.order is not None:
        name, descending = query.order
        value = asked.columns[_column(asked, name)]
        # Nulls first, as Salesforce sorts; a column never mixes other types.
        chosen.sort(key=lambda one: ((own := value(one)) is not None, own), reverse=descending)
    end = None if query.limit is None else query.offset + query.limit
    return chosen[query.offset : end]
