"""Periodic jobs that delete the rows of a table that have no use any more."""

from __future__ import annotations

from sqlalchemy import text
from sqlalchemy.orm import Session

from extensions.database import Statement, fetch, transaction

from .job import RunningJob
from .kinds import Kind

ROWS_AT_ONCE = 1_000  # in one transaction
EVERY_SECONDS = 600.0


def expiry(name: str, table: str, condition: str, order: str) -> Kind:
    """Return a periodic kind that deletes the rows of a table that meet a condition, by a column with an index.

    `table`, `condition` and `order`, the column, are SQL. Rows that another transaction holds are left to the next job.
    """
    exists = Statement(f"SELECT EXISTS (SELECT FROM {table} WHERE {condition})")
    delete = text(f"""
        DELETE FROM {table} WHERE ctid = ANY (ARRAY(
            SELECT ctid FROM {table} WHERE {condition} ORDER BY {order} LIMIT {ROWS_AT_ONCE} FOR UPDATE SKIP LOCKED))
    """)

    def delete_some(session: Session) -> int:
        return int(session.connection().execute(delete).rowcount)

    def delete_all(job: RunningJob) -> dict[str, int]:
        return {"rows": sum(iter(lambda: transaction(delete_some, area=None), 0))}

    return Kind(name, delete_all, every=EVERY_SECONDS, is_due=lambda: bool(fetch(exists, {})[0][0]))
