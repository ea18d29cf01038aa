"""The records that a merge locks, reads and changes in its transaction."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from flask import Response
from sqlalchemy import Table, func, literal_column, select, update
from sqlalchemy.orm import Session

from app.core.fields import fields_of
from app.core.records.redirects import refuse_merged
from app.core.records.write import representation, write_record
from app.core.resource import Resource
from app.http.headers.conditional import etag, require_precondition
from app.http.problems import NotFound

from .merging import MergedRow


def respond(resource: Resource, survivor_id: int, work: Callable[[Session], None], *, is_dry_run: bool) -> Response:
    """Run work in a transaction, and return the survivor after it.

    A dry run is rolled back, and its response has no ETag.
    """

    def work_and_read(session: Session) -> str:
        work(session)
        session.flush()
        return representation(session, resource, survivor_id)

    return write_record(work_and_read, is_dry_run=is_dry_run, long=True)


def lock_records(session: Session, resource: Resource, ids: Sequence[int]) -> None:
    """Lock records until the transaction ends, in one order, so that two merges never deadlock."""
    table = resource.table
    session.execute(select(table.c.id).where(table.c.id.in_(ids)).order_by(table.c.id).with_for_update())


def read_records(session: Session, resource: Resource, ids: Sequence[int]) -> dict[int, MergedRow]:
    """Return the rows of ids, by id."""
    columns = [resource.table.c[name] for name in fields_of(resource.model)]
    rows = select(*columns).where(resource.table.c.id.in_(ids)).subquery("record")
    documents = session.scalars(select(func.row_to_json(literal_column("record"))).select_from(rows))
    return {record["id"]: record for record in documents}


def require_survivor(session: Session, resource: Resource, survivor_id: int, records: dict[int, MergedRow]) -> None:
    """Raise the problem of a survivor that is missing, or fails the precondition."""
    if survivor_id not in records:
        refuse_merged(session, resource, survivor_id)
        raise NotFound(f"There is no {resource.noun} {survivor_id}.")
    require_precondition(etag(representation(session, resource, survivor_id).encode()))


def change_record(session: Session, resource: Resource, record_id: int, values: MergedRow) -> None:
    """Change a row."""
    session.execute(update(resource.table).where(resource.table.c.id == record_id).values(values))


def now(session: Session) -> str:
    """Return the time of the database's clock as JSON."""
    return str(session.scalar(select(func.to_json(func.clock_timestamp()))))


def merges_of(resource: Resource) -> Table:
    """Return the table of a resource's merges."""
    assert resource.merges is not None
    return resource.merges
