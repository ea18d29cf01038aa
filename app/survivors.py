"""Where merged records went: the id that a record had leads to the record that it was merged into.

Reads by an old id are sent on (308), writes to it are refused (409), and filters by it find what the survivor has.
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

from extensions.database import db, fetch
from extensions.statement import Statement

from . import conditions
from .addresses import query_of
from .fields import Asked, Filter
from .problems import Conflict, NotFound
from .resource import Resource
from .vocabulary import Id


def merges_of(table: str, noun: str) -> Table:
    """The table of the merges of a table's records.

    `old_id` is the id of a record that is no more; `into_id` the one that it was merged into, and `survivor_id` the one
    that this was merged into in turn, and so on. `place` is the order of all merges; those of one request have one
    `batch`. `undo` is what it takes to undo the merge.
    """
    return Table(
        f"{noun}_merges",
        db.metadata,
        Column("old_id", BigInteger, primary_key=True, autoincrement=False),
        Column("into_id", BigInteger, nullable=False),
        Column("survivor_id", ForeignKey(f"{table}.id", ondelete="CASCADE"), nullable=False, index=True),
        Column("place", BigInteger, Identity(), nullable=False),
        Column("batch", BigInteger, nullable=False),
        Column("undo", JSONB, nullable=False),
        Column("merged_at", DateTime(timezone=True), server_default=func.now(), nullable=False),
        CheckConstraint("old_id <> into_id AND old_id <> survivor_id", name="into_another"),
        CheckConstraint("jsonb_typeof(undo) = 'object'", name="undo_object"),
    )


def redirected(resource: Resource, record_id: int, missing: NotFound, below: str = "") -> Response:
    """The 308 (RFC 9110, section 15.4.9) to the record that this one was merged into, or what stands `below` it; raises
    `missing` where it never was merged. It is the one redirect of the service, and no cache keeps it.
    """
    merges = resource.merges
    sql = f"SELECT survivor_id FROM {merges.name} WHERE old_id = %(id)s" if merges is not None else ""
    found = fetch(Statement(sql), {"id": record_id}) if sql else []
    if not found:
        raise missing
    query = query_of(request.environ)
    response = Response(status=HTTPStatus.PERMANENT_REDIRECT)
    del response.headers["Content-Type"]
    response.headers["Location"] = f"/{resource.name}/{found[0][0]}{below}" + (f"?{query}" if query else "")
    response.headers["Cache-Control"] = "no-store"
    return response


def survivors_of(session: Session, resource: Resource, ids: Iterable[int]) -> dict[int, int]:
    """Which of the ids are those of records that were merged, and into which ones."""
    wanted = sorted(ids)
    if resource.merges is None or not wanted:
        return {}
    merges = resource.merges.c
    found = session.execute(select(merges.old_id, merges.survivor_id).where(merges.old_id.in_(wanted)))
    return {row.old_id: row.survivor_id for row in found}


def refuse_old(session: Session, resource: Resource, record_id: int) -> None:
    """Raise `Conflict` where this is the id of a record that was merged."""
    survivor = survivors_of(session, resource, [record_id]).get(record_id)
    if survivor:
        raise is_merged(resource, record_id, survivor)


def is_merged(resource: Resource, old_id: int, survivor_id: int) -> Conflict:
    """The problem of a write to a record that was merged; it names the survivor."""
    address = f"/{resource.name}/{survivor_id}"
    detail = f"The {resource.noun} {old_id} was merged into {resource.noun} {survivor_id}: {address}."
    return Conflict(detail, headers=[("Link", f'<{address}>; rel="related"')])


def id_filter(merges: Table, noun: str, example: int) -> Filter:
    """The filter `id` of a resource: an old one finds the survivor."""

    def build(table: FromClause, asked: dict[str, list[Asked]]) -> ColumnElement[bool]:
        return and_(*(same(merges, table.c.id, one) for one in asked["id"]))

    return Filter("id", Id(), Id.operators, f"The {noun}'s id, or that of one merged into it", example, build)


def same(merges: Table, column: ColumnElement[int], asked: Asked) -> ColumnElement[bool]:
    """A column of ids; for equality an old id stands for the survivor's, too.

    The values asked for stand in the condition themselves, so that the planner knows how much each finds.
    """
    values = asked.values
    match asked.operator:
        case "ne":
            return not_(same(merges, column, Asked("eq", values)))
        case "eq":
            survivor = select(merges.c.survivor_id).where(merges.c.old_id == values[0]).scalar_subquery()
            return column == any_(array([values[0], func.coalesce(survivor, values[0])], type_=BigInteger))
        case "in":
            survivors = select(merges.c.survivor_id).where(merges.c.old_id.in_(values)).scalar_subquery()
            return or_(column.in_(values), column == any_(func.array(survivors)))
    return conditions.number(column, asked)
