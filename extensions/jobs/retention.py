"""Deletes jobs that ended some time ago; how long they are kept depends on their kind."""

from __future__ import annotations

from sqlalchemy import text
from sqlalchemy.orm import Session

from extensions.database import Statement, fetch, transaction

from .job import RunningJob
from .kinds import Kind, kinds

EVERY_SECONDS = 3600.0
AT_ONCE = 1000  # jobs that are deleted in one transaction

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
        values = {"kind": kind.name, "seconds": kind.keep_seconds, "most": AT_ONCE}

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
