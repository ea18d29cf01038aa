"""The way of a read: query → one statement → the text of its answer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Response, request
from sqlalchemy import FromClause

from extensions.database import fetch

from . import paging, query, responses, statements
from .problems import InvalidCursor, NotFound
from .query import Condition, Pairs, Query
from .resource import Resource
from .statements import Statement


def pairs() -> Pairs:
    """The parameters of the current request's query."""
    return query.split(request.query_string)


def show(resource: Resource, record_id: int) -> Response:
    """The answer to a GET of one record."""
    return first(
        resource,
        lambda fields: statements.one(resource, fields),
        {"id": record_id},
        f"There is no {resource.noun} {record_id}.",
    )


def first(
    resource: Resource, statement_for: Callable[[tuple[str, ...]], Statement], values: dict[str, Any], missing: str
) -> Response:
    """The answer to a GET of the record that a statement finds; `missing` says that it finds none."""
    fields = query.parse_fields(resource, pairs())
    responses.require_acceptable()
    statement = statement_for(fields)
    rows = fetch(statement.sql, statement.constants | values)
    if not rows:
        raise NotFound(missing)
    return responses.readable(rows[0][0].encode())


def index(resource: Resource) -> Response:
    """The answer to a GET of all records of a resource."""
    return _page(resource, query.parse(resource, resource.name, pairs()))


def index_of(resource: Resource, parent: Resource, parent_id: int, filter_name: str) -> Response:
    """The answer to a GET of the records that belong to one of another resource; 404 where that does not exist.

    `filter_name`: the filter of `resource` that says so.
    """
    scope = f"{parent.name}/{parent_id}/{resource.name}"
    asked = query.parse(resource, scope, pairs())
    return _page(resource, asked, parent, Condition(filter_name, "eq", (parent_id,)))


def _page(
    resource: Resource, asked: Query, parent: Resource | None = None, belonging: Condition | None = None
) -> Response:
    responses.require_acceptable()
    narrowed = asked.narrowed(belonging) if belonging else asked
    _check_keys(resource, asked)
    shape = statements.shape_of(narrowed, parent=parent is not None)
    values = statements.values_of(narrowed)
    table: FromClause | None = None
    if parent is not None and belonging is not None:
        table, values["parent"] = parent.table, belonging.values[0]
    statement = statements.page(resource, shape, table)
    quoted = {}
    if asked.total == "estimated":
        counted = statements.rows_of(resource, shape.conditions)
        quoted["counted"] = counted.sql
        values |= counted.constants
    rows = fetch(statement.sql, statement.constants | values, quoted)
    if parent is not None and not rows:
        raise NotFound(f"There is no {parent.noun} {values['parent']}.")
    total = rows[0][2] if asked.total else None
    present: list[paging.Row] = [row for row in rows if row[0] is not None]
    body, headers = paging.render(resource, asked, pairs(), present, total)
    return responses.readable(body, headers)


def _check_keys(resource: Resource, asked: Query) -> None:
    """A cursor can be forged; its keys must be of the types that the sort compares."""
    if asked.cursor is None:
        return
    kinds = [resource.fields[key.name].kind for key in statements.sort_keys(asked.sort)]
    keys = asked.cursor.keys
    if len(keys) != len(kinds) or not all(kind.is_key(key) for kind, key in zip(kinds, keys, strict=True)):
        raise InvalidCursor.of("damaged", "This cursor is damaged: take it whole from links.")
