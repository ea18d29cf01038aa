"""Finds what no message told of: jobs that are due, jobs whose runner has died, and periodic jobs."""

from __future__ import annotations

import contextlib
from functools import partial
from typing import Any

from extensions.database import connect, transaction

from .kinds import kinds
from .queue import enqueue
from .running import MOST_FAILURES, TRY_LOCK

_RUNNING = "SELECT id FROM jobs WHERE state = 'running' ORDER BY id"
_RECOVER = f"""
    UPDATE jobs SET failures = failures + 1,
        state = CASE WHEN cancel_requested THEN 'cancelled'
            WHEN failures < {MOST_FAILURES} THEN 'queued' ELSE 'failed' END,
        error = CASE WHEN failures >= {MOST_FAILURES} AND NOT cancel_requested
            THEN 'The process of this job ended unexpectedly again and again; see the log.' END,
        finished_at = CASE WHEN cancel_requested OR failures >= {MOST_FAILURES} THEN now() END
    WHERE id = %(id)s AND state = 'running'
"""
_UNLOCK = TRY_LOCK.replace("pg_try_advisory_lock", "pg_advisory_unlock")
_DUE = "SELECT id FROM jobs WHERE state = 'queued' AND due_at <= now() ORDER BY due_at, id LIMIT %(most)s"
_IS_PERIODIC_DUE = """
    SELECT NOT EXISTS (SELECT FROM jobs WHERE kind = %(kind)s
        AND (state IN ('queued', 'running') OR finished_at > now() - make_interval(secs => %(every)s)))
"""
MOST_DUE = 100  # jobs that one sweep returns


def sweep() -> list[int]:
    """Queue lost jobs again, create periodic jobs, and return the ids of due jobs, the oldest first.

    Raises `DatabaseUnavailable`.
    """
    with contextlib.closing(connect({"application_name": "catalog-job"})) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            _recover(cursor)
            _create_periodic(cursor)
            cursor.execute(_DUE, {"most": MOST_DUE})
            return [row[0] for row in cursor.fetchall()]


def _recover(cursor: Any) -> None:
    cursor.execute(_RUNNING)
    for (job_id,) in cursor.fetchall():
        cursor.execute(TRY_LOCK, {"id": job_id})
        if cursor.fetchone()[0]:
            cursor.execute(_RECOVER, {"id": job_id})
            cursor.execute(_UNLOCK, {"id": job_id})


def _create_periodic(cursor: Any) -> None:
    for kind in kinds().values():
        if kind.every is None:
            continue
        cursor.execute(_IS_PERIODIC_DUE, {"kind": kind.name, "every": kind.every})
        if cursor.fetchone()[0] and kind.is_due():
            transaction(partial(enqueue, kind=kind.name, key="periodic"), area=None)
