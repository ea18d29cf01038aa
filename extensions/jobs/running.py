"""Runs one job: takes it, does its work, and stores the result.

A runner holds a session-level advisory lock on the id of its job. A job that is `running` while its lock is free has
lost its runner, and is queued again by `sweep`.
"""

from __future__ import annotations

import contextlib
import json
import logging
from typing import Any

import psycopg2
import psycopg2.errors

from extensions.database import DatabaseUnavailable, connect

from .job import JobAttemptFailed, JobCancelled, JobFailed, JobLost, RunningJob
from .kinds import kinds

log = logging.getLogger("catalog.jobs")

LOCK_CLASS = 0x6A6F6273  # "jobs": the first half of the two-part advisory lock; the second one is the id
MOST_FAILURES = 20  # deaths of runners without any progress between them, after which a job has failed

TRY_LOCK = f"SELECT pg_try_advisory_lock({LOCK_CLASS}, (%(id)s % 2147483648)::integer)"
_TAKE = """
    UPDATE jobs SET state = 'running', attempt = attempt + 1, started_at = coalesce(started_at, now())
    WHERE id = %(id)s AND state = 'queued' AND due_at <= now()
    RETURNING kind, attempt, payload, progress, account_id, request_id, failures
"""
_FINISH = """
    UPDATE jobs SET state = %(state)s, result = coalesce(%(result)s, result), error = %(error)s, finished_at = now()
    WHERE id = %(id)s AND attempt = %(attempt)s AND state = 'running'
"""
_QUEUE_AGAIN = """
    UPDATE jobs SET state = 'queued', failures = failures + %(failed)s,
        due_at = now() + make_interval(secs => %(seconds)s)
    WHERE id = %(id)s AND attempt = %(attempt)s AND state = 'running'
"""


def run_job(job_id: int) -> bool:
    """Run a job in this process, in the context of the application. Return whether it was taken.

    It is not taken if it is not queued, not due, or has a runner, or if another job of its lane is running. Raises
    `DatabaseUnavailable` if it cannot be taken, or if its end cannot be stored; then `sweep` queues it again.
    """
    with contextlib.closing(connect({"application_name": "catalog-job"})) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            job = _take(cursor, job_id)
            if job is None:
                return False
            statement, values = _outcome(job)
            cursor.execute(statement, {"id": job.id, "attempt": job.attempt, **values})
    return True


def _take(cursor: Any, job_id: int) -> RunningJob | None:
    cursor.execute(TRY_LOCK, {"id": job_id})
    if not cursor.fetchone()[0]:
        return None
    try:
        cursor.execute(_TAKE, {"id": job_id})
    except psycopg2.errors.UniqueViolation:  # another job of its lane is running
        return None
    row = cursor.fetchone()
    return RunningJob(job_id, *row) if row else None


def _outcome(job: RunningJob) -> tuple[str, dict[str, Any]]:
    """Do the work of a job. Return the statement that ends the attempt, and its values."""
    kind = kinds()[job.kind]
    result: dict[str, Any] = {"result": None, "error": None}
    try:
        returned = kind.work(job)
    except JobCancelled:
        return _FINISH, {**result, "state": "cancelled"}
    except JobFailed as error:
        return _FINISH, {**result, "state": "failed", "error": str(error)}
    except JobAttemptFailed as error:
        if job.failures < len(kind.retries):
            pause = kind.retries[job.failures]
            log.warning("Job %d (%s) is tried again in %g s: %s", job.id, job.kind, pause, error)
            return _QUEUE_AGAIN, {"failed": 1, "seconds": pause}
        log.error("Job %d (%s) has failed: %s", job.id, job.kind, error)
        return _FINISH, {**result, "state": "failed", "error": str(error)}
    except JobLost:
        log.warning("Job %d (%s) has another runner; this one stops", job.id, job.kind)
        return _FINISH, {**result, "state": "failed"}  # has no effect: the attempt is another one
    except DatabaseUnavailable:
        return _QUEUE_AGAIN, {"failed": 0, "seconds": 2.0}
    except Exception:
        log.exception("Job %d (%s) has failed", job.id, job.kind)
        if job.failures < len(kind.retries):
            return _QUEUE_AGAIN, {"failed": 1, "seconds": kind.retries[job.failures]}
        return _FINISH, {**result, "state": "failed", "error": "An unexpected error occurred; see the log."}
    return _FINISH, {**result, "state": "succeeded", "result": json.dumps(dict(returned or {}))}
