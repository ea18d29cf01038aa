"""Finds jobs that are due or whose runner has died, and creates periodic jobs, without any message."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterable, Iterator
from functools import partial
from typing import Any

from extensions.database import Statement, fetch, transaction
from extensions.database.engine import translated_errors

from .kinds import kinds
from .lock import RETAKE_SECONDS, TRY_LOCK, UNLOCK, connect_for_jobs
from .queue import enqueue
from .running import IS_NEXT_OF_LANE, MOST_FAILURES

MOST_DUE = 100  # jobs that one sweep returns

_RUNNING = "SELECT id, attempt FROM jobs WHERE state = 'running' ORDER BY id"
_RECOVER = f"""
    UPDATE jobs SET failures = failures + %(failed)s,
        state = CASE WHEN cancel_requested THEN 'cancelled'
            WHEN failures < {MOST_FAILURES} THEN 'queued' ELSE 'failed' END,
        error = CASE WHEN failures >= {MOST_FAILURES} AND NOT cancel_requested
            THEN 'The process of this job ended unexpectedly again and again; see the log.' END,
        finished_at = CASE WHEN cancel_requested OR failures >= {MOST_FAILURES} THEN now() END,
        due_at = now() + make_interval(secs => least(failures, 10))
    WHERE id = %(id)s AND attempt = %(attempt)s AND state = 'running'
"""
_POSTPONE = f"""
    UPDATE jobs SET failures = failures + 1, due_at = now() + make_interval(secs => 1 + least(failures, 10)),
        state = CASE WHEN failures < {MOST_FAILURES} THEN state ELSE 'failed' END,
        error = CASE WHEN failures >= {MOST_FAILURES}
            THEN 'The process of this job could not start again and again; see the log.' END,
        finished_at = CASE WHEN failures >= {MOST_FAILURES} THEN now() END
    WHERE id = %(id)s AND attempt = %(attempt)s AND state = 'queued'
"""
_DUE = Statement(f"""
    SELECT id FROM jobs
    WHERE state = 'queued' AND due_at <= now() AND kind = ANY (%(kinds)s)
        AND NOT EXISTS (SELECT FROM jobs other WHERE other.lane = jobs.lane AND other.state = 'running')
        AND {IS_NEXT_OF_LANE}
    ORDER BY due_at, id LIMIT %(most)s
""")
_IS_PERIODIC_DUE = """
    SELECT NOT EXISTS (SELECT FROM jobs WHERE kind = %(kind)s
        AND (state IN ('queued', 'running') OR finished_at > now() - make_interval(secs => %(every)s)))
"""


def sweep() -> list[int]:
    """Queue lost jobs again, create periodic jobs, and return the ids of jobs that can run now, the oldest first.

    Of a lane, only the next job can run. Raises `DatabaseUnavailable`.
    """
    with _cursor() as cursor:
        lost = _without_runner(cursor)
        if lost:
            time.sleep(RETAKE_SECONDS)
            _recover(cursor, lost & _without_runner(cursor), failed=1)
        _create_periodic(cursor)
    return due_jobs(MOST_DUE)


def recover_job(job_id: int, *, failed: bool) -> None:
    """Queue a job again at once if its runner has died; with `failed`, one more failure is counted.

    Raises `DatabaseUnavailable`.
    """
    with _cursor() as cursor:
        lost = {(found, attempt) for found, attempt in _without_runner(cursor) if found == job_id}
        _recover(cursor, lost, failed=int(failed))


def due_jobs(most: int) -> list[int]:
    """Return the ids of jobs that can run now, the oldest first. Raises `DatabaseUnavailable`."""
    return [row[0] for row in fetch(_DUE, {"most": most, "kinds": list(kinds())})]


def postpone_job(job_id: int, attempt: int) -> None:
    """Let a queued job wait, because its process ended before it took the job. Raises `DatabaseUnavailable`."""
    with _cursor() as cursor:
        cursor.execute(_POSTPONE, {"id": job_id, "attempt": attempt})


@contextlib.contextmanager
def _cursor() -> Iterator[Any]:
    with translated_errors(), contextlib.closing(connect_for_jobs()) as connection, connection.cursor() as cursor:
        yield cursor


def _without_runner(cursor: Any) -> set[tuple[int, int]]:
    """Return the ids and attempts of the running jobs whose lock is free."""
    cursor.execute(_RUNNING)
    found = set()
    for job_id, attempt in cursor.fetchall():
        cursor.execute(TRY_LOCK, {"id": job_id})
        if cursor.fetchone()[0]:
            cursor.execute(UNLOCK, {"id": job_id})
            found.add((job_id, attempt))
    return found


def _recover(cursor: Any, lost: Iterable[tuple[int, int]], failed: int) -> None:
    for job_id, attempt in sorted(lost):
        cursor.execute(TRY_LOCK, {"id": job_id})
        if cursor.fetchone()[0]:
            cursor.execute(_RECOVER, {"id": job_id, "attempt": attempt, "failed": failed})
            cursor.execute(UNLOCK, {"id": job_id})


def _create_periodic(cursor: Any) -> None:
    for kind in kinds().values():
        if kind.every is None:
            continue
        cursor.execute(_IS_PERIODIC_DUE, {"kind": kind.name, "every": kind.every})
        if cursor.fetchone()[0] and kind.is_due():
            transaction(partial(enqueue, kind=kind.name, key="periodic"), area=None)
