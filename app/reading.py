"""The way of a read: query → one statement → the text of its answer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from flask import Response

from extensions.database import fetch
from extensions.statement import Statement

from . import approach, correction, counts, paging, query, responses, shapes, statements, streaming, survivors
from .addresses import parameters
from .problems import InvalidCursor, NotFound
from .query import Condition, Query
from .resource import Resource
from .shapes import USUAL


def show(resource: Resource, record_id: int) -> Response:
    """The answer to a GET of one record; one that was merged into another is there."""
    try:
        return first(
            resource,
            lambda fields: statements.one(resource, fields),
            {"id": record_id},
            f"There is no {resource.noun} {record_id}.",
        )
    except NotFound as missing:
        return survivors.redirected(resource, record_id, missing)


def first(
    resource: Resource, statement_for: Callable[[tuple[str, ...]], Statement], values: dict[str, Any], missing: str
) -> Response:
    """The answer to a GET of the record that a statement finds; `missing` says that it finds none."""
    fields = query.parse_fields(resource, parameters())
    responses.require_acceptable()
    statement = statement_for(fields)
    rows = fetch(statement, values)
    if not rows:
        raise NotFound(missing)
    return responses.readable(rows[0][0].encode())


def index(resource: Resource) -> Response:
    """The answer to a GET of all records of a resource."""
    return _list(resource, query.parse(resource, resource.name, parameters()))


def index_of(resource: Resource, parent: Resource, parent_id: int, filter_name: str) -> Response:
    """The answer to a GET of the records that belong to one of another resource; 404 where that does not exist.

    `filter_name`: the filter of `resource` that says so.
    """
    asked = query.parse(resource, f"{parent.name}/{parent_id}/{resource.name}", parameters())
    try:
        return _list(resource, asked, _Parent(parent, parent_id, filter_name))
    except NotFound as missing:
        redirection = survivors.redirected(parent, parent_id, missing, f"/{resource.name}")
        if asked.cursor:
            raise InvalidCursor.of(
                "mismatch", f"{parent.noun.capitalize()} {parent_id} was merged into another one; begin again."
            ) from None
        return redirection


@dataclass(frozen=True)
class _Parent:
    """The record that a list belongs to: `filter_name` of the list says so."""

    resource: Resource
    id: int
    filter_name: str

    @property
    def missing(self) -> str:
        """That there is none, in a sentence."""
        return f"There is no {self.resource.noun} {self.id}."


def _list(resource: Resource, asked: Query, parent: _Parent | None = None) -> Response:
    """All of a list in the form that is wanted, or a page of it."""
    form = streaming.wanted(asked)
    if form is None:
        return _page(resource, asked, parent)
    if parent and not fetch(statements.one(parent.resource, ("id",)), {"id": parent.id}):
        raise NotFound(parent.missing)
    return streaming.answer(resource, _belonging(asked, parent), form)


def _page(resource: Resource, asked: Query, parent: _Parent | None) -> Response:
    rows = _rows(resource, asked, parent)
    if parent and not rows:
        raise NotFound(parent.missing)
    present: list[paging.Row] = [row for row in rows if row[0] is not None]
    meant = None
    if (
        asked.question
        and not asked.cursor
        and len(present) <= correction.FEW
        and _is_all(resource, asked, parent, present)
    ):
        meant = correction.of(resource, _belonging(asked, parent), len(present))
        if meant and not present:
            asked = asked.searching(meant)
            rows = _rows(resource, asked, parent)
            present = [row for row in rows if row[0] is not None]
    body, headers = paging.render(resource, asked, present, rows[0][2] if asked.total else None, meant)
    return responses.readable(body, headers)


def _is_all(resource: Resource, asked: Query, parent: _Parent | None, present: list[paging.Row]) -> bool:
    """Whether what was found is all that there is to find: with an offset, only where nothing stands before it."""
    return not asked.offset or not (
        present or any(row[0] for row in _rows(resource, replace(asked, offset=0, limit=1, total=None), parent))
    )


def _belonging(asked: Query, parent: _Parent | None) -> Query:
    """The query of a list that may belong to a record."""
    return asked.narrowed(Condition(parent.filter_name, "eq", (parent.id,))) if parent else asked


def _rows(resource: Resource, asked: Query, parent: _Parent | None) -> list[Any]:
    """The rows of a page, as `statements.page` says."""
    belonging = _belonging(asked, parent)
    values = shapes.values_of(belonging)
    how = approach.of(resource, belonging) if belonging.is_ranked else USUAL
    shape = shapes.of(resource, belonging, how)
    if parent:
        values["parent"] = parent.id
    statement = statements.page(resource, shape, parent.resource.table if parent else None)
    quoted = {}
    if asked.total == "estimated":
        counted = counts.rows_of(resource, shape.conditions)
        quoted["counted"] = counted.sql
        values |= counted.constants
    return fetch(statement, values, quoted)
