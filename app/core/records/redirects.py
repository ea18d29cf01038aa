"""Redirects of merged records: from an old id to the survivor.

Reads of an old id are redirected (308), writes are rejected (409), and filters by it match the survivor.
"""

from __future__ import annotations

from collections.abc import Iterable
from http import HTTPStatus

from flask import Response, request
from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    ColumnElement,
    DateTime,
    ForeignKey,
    FromClause,
    Identity,
    Table,
    and_,
    any_,
    func,
    not_,
    or_,
    select,
)
from sqlalchemy.dialects.postgresql import JSONB, array
from sqlalchemy.orm import Session

from app.core.columns.conditions import number_condition
from app.core.fields import Comparison, Filter, Id
from app.core.resource import Resource
from app.http.problems import Conflict, NotFound
from app.http.urls import link, query_of
from extensions.database import Statement, db, fetch


def merges_table(table: str, noun: str) -> Table:
    """Return the table of merged records: one row for each old id."""
    return Table(
        f"{noun}_merges",
        db.metadata,
        Column("old_id", BigInteger, primary_key=True, autoincrement=False),
        # `into_id`: the target of this merge. `survivor_id`: the final target, after merges of the target itself.
        Column("into_id", BigInteger, nullable=False),
        Column("survivor_id", ForeignKey(f"{table}.id", ondelete="CASCADE"), nullable=False, index=True),
        Column("place", BigInteger, Identity(), nullable=False),  # the sequence number of the merge
        Column("batch", BigInteger, nullable=False),  # shared by the merges of one request
        Column("undo", JSONB, nullable=False),  # the data to undo the merge
        Column("merged_at", DateTime(timezone=True), server_default=func.now(), nullable=False),
        CheckConstraint("old_id <> into_id AND old_id <> survivor_id", name="into_another"),
        CheckConstraint("jsonb_typeof(undo) = 'object'", name="undo_object"),
    )


def redirect_merged(resource: Resource, record_id: int, missing: NotFound, below: str = "") -> Response:
    """Return the 308 to the survivor of a missing record, or `below` it.

    Raises `missing` if it was not merged. The redirect must not be cached (RFC 9110, section 15.4.9), because the merge
    can be undone.
    """
    merges = resource.merges
    sql = f"SELECT survivor_id FROM {merges.name} WHERE old_id = %(id)s" if merges is not None else ""
    rows = fetch(Statement(sql), {"id": record_id}) if sql else []
    if not rows:
        raise missing
    query = query_of(request.environ)
    response = Response(status=HTTPStatus.PERMANENT_REDIRECT)
    del response.headers["Content-Type"]
    response.headers["Location"] = link(f"/{resource.name}/{rows[0][0]}{below}") + (f"?{query}" if query else "")
    response.headers["Cache-Control"] = "no-store"
    return response


def survivors_of(session: Session, resource: Resource, ids: Iterable[int]) -> dict[int, int]:
    """Return the survivor of each of the ids whose record was merged."""
    wanted = sorted(ids)
    if resource.merges is None or not wanted:
        return {}
    merges = resource.merges.c
    rows = session.execute(select(merges.old_id, merges.survivor_id).where(merges.old_id.in_(wanted)))
    return {row.old_id: row.survivor_id for row in rows}


def refuse_merged(session: Session, resource: Resource, record_id: int) -> None:
    """Raise `Conflict` if the record of this id was merged."""
    survivor = survivors_of(session, resource, [record_id]).get(record_id)
    if survivor:
        raise merged_conflict(resource, record_id, survivor)


def merged_conflict(resource: Resource, old_id: int, survivor_id: int) -> Conflict:
    """Return the problem of a write to a merged record, which names the survivor."""
    url = link(f"/{resource.name}/{survivor_id}")
    detail = f"The {resource.noun} {old_id} was merged into {resource.noun} {survivor_id}; send the request to {url}."
    return Conflict(detail, headers=[("Link", f'<{url}>; rel="related"')])


def id_filter(merges: Table, noun: str, example: int) -> Filter:
    """Return the filter `id`, which also matches a survivor by its old ids."""

    def build(table: FromClause, comparisons: dict[str, list[Comparison]]) -> ColumnElement[bool]:
        return and_(*(id_condition(merges, table.c.id, comparison) for comparison in comparisons["id"]))

    return Filter("id", Id(), Id.operators, f"The id of the {noun}, or of one merged into it", example, build)


def id_condition(merges: Table, column: ColumnElement[int], comparison: Comparison) -> ColumnElement[bool]:
    """Return the condition of a column of ids, where old ids equal their survivor's.

    The values are in the condition itself, so that the planner can estimate how many rows each of them matches.
    """
    values = comparison.values
    match comparison.operator:
        case "ne":
            return not_(id_condition(merges, column, Comparison("eq", values)))
        case "eq":
            survivor = select(merges.c.survivor_id).where(merges.c.old_id == values[0]).scalar_subquery()
            return column == any_(array([values[0], func.coalesce(survivor, values[0])], type_=BigInteger))
        case "in":
            survivors = select(merges.c.survivor_id).where(merges.c.old_id.in_(values)).scalar_subquery()
            return or_(column.in_(values), column == any_(func.array(survivors)))
    return number_condition(column, comparison)
