"""Periodic jobs that delete rows that have no use any more: of a table, by a condition, and jobs that have ended."""

from __future__ import annotations

from sqlalchemy import text
from sqlalchemy.orm import Session

from extensions.database import Statement, fetch, transaction

from .job import RunningJob
from .kinds import Kind, kinds

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


_HAS_OLD = Statement("""
    SELECT EXISTS (SELECT FROM jobs
        WHERE kind = ANY (%(kinds)s) AND finished_at < now() - make_interval(secs => %(seconds)s))
""")
_DELETE = text("""
    DELETE FROM jobs WHERE id IN (
        SELECT id FROM jobs WHERE kind = :kind AND finished_at < now() - make_interval(secs => :seconds)
        ORDER BY id LIMIT :most FOR UPDATE SKIP LOCKED)
""")


def delete_old_jobs(job: RunningJob) -> dict[str, int]:
    """Delete jobs that ended more than `keep_seconds` of their kind ago."""
    deleted = 0
    for kind in kinds().values():
        if kind.keep_seconds is None:
            continue
        values = {"kind": kind.name, "seconds": kind.keep_seconds, "most": ROWS_AT_ONCE}

        def work(session: Session, values: dict[str, object] = values) -> int:
            return int(session.execute(_DELETE, values).rowcount)  # type: ignore[attr-defined]

        while some := transaction(work, area=None):
            deleted += some
    return {"deleted": deleted}


def has_old_jobs() -> bool:
    """Whether a job may be old enough to be deleted."""
    kept = {kind.name: kind.keep_seconds for kind in kinds().values() if kind.keep_seconds is not None}
    return bool(kept) and bool(fetch(_HAS_OLD, {"kinds": list(kept), "seconds": min(kept.values())})[0][0])


OLD_JOBS = Kind("old-jobs", delete_old_jobs, every=EVERY_SECONDS, is_due=has_old_jobs)
