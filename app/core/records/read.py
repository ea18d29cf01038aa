"""Read requests: parse the query → plan → run → render."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from flask import Response, current_app
from sqlalchemy import Connection

from app.core.query.pairs import request_pairs
from app.core.query.parse import START_AGAIN, parse_fields, parse_query
from app.core.query.query import Condition, Query
from app.core.resource import Resource
from app.core.sql.plan import Parent, ReadPlan, plan_page, plan_record
from app.core.sql.spelling import FEW, suggest_spelling
from app.http.headers.negotiation import require_acceptable
from app.http.problems import InvalidCursor, NotFound
from app.http.responses import read_response

from .page import PageRow, count_fitting, render_page
from .redirects import redirect_merged
from .scans import refuse_scans
from .stream import requested_format, stream_list


def show(resource: Resource, record_id: int) -> Response:
    """Return the response to GET of one record; 308 if it was merged."""
    try:
        missing = f"There is no {resource.noun} {record_id}; check the URL."
        return show_planned(resource, lambda fields: plan_record(resource, fields, record_id), missing)
    except NotFound as problem:
        return redirect_merged(resource, record_id, problem)


def show_planned(resource: Resource, plan: Callable[[tuple[str, ...]], ReadPlan], missing: str) -> Response:
    """Return the response to a GET of the record that a plan finds.

    `plan` takes the fields to read; `missing` is the detail of the 404.
    """
    fields = parse_fields(resource, request_pairs())
    require_acceptable()
    rows = plan(fields).run()
    if not rows:
        raise NotFound(missing)
    return read_response(rows[0][0].encode())


def index(resource: Resource) -> Response:
    """Return the response to a GET of a list: a page or a stream."""
    return list_records(resource, parse_query(resource, resource.name, request_pairs()))


def index_of(resource: Resource, parent: Resource, parent_id: int, filter_name: str) -> Response:
    """Return the response to a GET of the records of a parent.

    `filter_name` is the filter of `resource` by the parent's id. 404 if there is no such parent, 308 if it was merged.
    """
    query = parse_query(resource, f"{parent.name}/{parent_id}/{resource.name}", request_pairs())
    belonging = query.with_condition(Condition(filter_name, "eq", (parent_id,)))
    try:
        return list_records(resource, belonging, Parent(parent, parent_id))
    except NotFound as problem:
        redirect = redirect_merged(parent, parent_id, problem, f"/{resource.name}")
        if query.cursor:
            detail = f"The {parent.noun} {parent_id} was merged into another one; {START_AGAIN}."
            raise InvalidCursor.mismatch(detail) from None
        return redirect


def list_records(resource: Resource, query: Query, parent: Parent | None = None) -> Response:
    """Return the response to a GET of a list whose query is parsed: a page or a stream."""
    format_ = requested_format(query)
    refuse_scans(resource, query)
    if format_ is None:
        return _page(resource, query, parent)
    if parent and not plan_record(parent.resource, ("id",), parent.id).run():
        raise _missing(parent)
    return stream_list(resource, query, format_)


def _page(resource: Resource, query: Query, parent: Parent | None) -> Response:
    """Return a page.

    A search without matches runs once more, with the suggested spelling if there is one.
    """
    suggestion = None
    while True:
        rows, most = _rows(resource, query, parent)
        if parent and not rows:
            raise _missing(parent)
        present: list[PageRow] = [row for row in rows if row[1] is not None]
        if suggestion or not _may_be_misspelled(resource, query, parent, len(present)):
            break
        suggestion = suggest_spelling(resource, query, len(present))
        if present or not suggestion:
            break
        query = query.with_spelling(suggestion)
    body, headers = render_page(resource, query, present, most, rows[0][3] if query.total else None, suggestion)
    return read_response(body, headers)


def page_within(connection: Connection, resource: Resource, query: Query) -> tuple[bytes, list[tuple[str, str]]]:
    """Return the body and the header `Link` of a page without a search, as it is in the transaction of a connection."""

    def run(plan: ReadPlan) -> list[tuple[Any, ...]]:
        return [tuple(row) for row in plan.statement.run_within(connection, plan.values)]

    rows, most = _rows(resource, query, None, run)
    return render_page(resource, query, rows, most, None)


def _rows(
    resource: Resource,
    query: Query,
    parent: Parent | None,
    run: Callable[[ReadPlan], list[tuple[Any, ...]]] = ReadPlan.run,
) -> tuple[list[PageRow], int]:
    """Return the rows of a page, and how many of them it has.

    The page has at most PAGE_MAX_BYTES, but always a row. If none of its records has more than its part of that, the
    page fits. Else the texts of the large ones are not read, only their sizes, and those that fit are read once more.
    """
    page_bytes: int = current_app.config["PAGE_MAX_BYTES"]
    rows = run(plan_page(resource, query, parent, page_bytes // (query.limit + 1)))
    if all(row[0] is not None or row[1] is None for row in rows):
        return list(rows), query.limit
    most = min(count_fitting((row[2] for row in rows), page_bytes), query.limit)
    return list(run(plan_page(resource, replace(query, limit=most), parent))), most


def _may_be_misspelled(resource: Resource, query: Query, parent: Parent | None, count: int) -> bool:
    """Whether a search has few matches in all.

    An empty page at an offset may come after many.
    """
    if query.search is None or query.cursor or count > FEW:
        return False
    if not query.offset:
        return True
    first = replace(query, offset=0, limit=1, total=None)
    return not count and not any(row[1] for row in plan_page(resource, first, parent, record_bytes=0).run())


def _missing(parent: Parent) -> NotFound:
    return NotFound(f"There is no {parent.resource.noun} {parent.id}; check the URL.")
