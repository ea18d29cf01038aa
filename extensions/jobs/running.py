"""Runs one job: takes it, does its work, and stores the result.

A runner holds the lock of its job (`lock`), and writes to its row only while the job is on its own attempt.
"""

from __future__ import annotations

import contextlib
import json
import logging
from collections.abc import Callable
from typing import Any

import psycopg2.errors
from flask import current_app

from extensions.database import DatabaseUnavailable
from extensions.database.engine import translated_errors

from .job import JobAttemptFailed, JobCancelled, JobFailed, JobLost, JobPostponed, RunningJob
from .kinds import kinds
from .lock import TRY_LOCK, JobLock, connect_for_jobs

log = logging.getLogger("catalog.jobs")

MOST_FAILURES = 20  # deaths of runners without any progress between them, after which a job has failed
STORE_SECONDS = 60.0  # for which the end of a job waits for the database
OUTAGE_SECONDS = 2.0  # before the next attempt after an outage of the database, and longer after each further one
OUTAGE_SECONDS_MOST = 30.0

# Jobs of a lane run in the order of their ids. One that has begun keeps its turn while it waits for its next attempt.
# Jobs of an unknown kind, which a later version has created, wait for a worker of that version.
IS_NEXT_OF_LANE = """
    (jobs.lane IS NULL OR NOT EXISTS (SELECT FROM jobs other WHERE other.lane = jobs.lane AND other.state = 'queued'
        AND other.id < jobs.id AND other.kind = ANY (%(kinds)s)
        AND (other.due_at <= now() OR other.started_at IS NOT NULL)))
"""
_TAKE = f"""
    UPDATE jobs SET state = 'running', attempt = attempt + 1, started_at = coalesce(started_at, now())
    WHERE id = %(id)s AND state = 'queued' AND due_at <= now() AND kind = ANY (%(kinds)s) AND {IS_NEXT_OF_LANE}
    RETURNING kind, attempt, payload, progress, account_id, request_id, failures
"""
_FINISH = """
    UPDATE jobs SET state = %(state)s, result = coalesce(%(result)s, result), error = %(error)s, finished_at = now()
    WHERE id = %(id)s AND attempt = %(attempt)s AND state = 'running'
"""
_QUEUE_AGAIN = """
    UPDATE jobs SET state = CASE WHEN cancel_requested THEN 'cancelled' ELSE 'queued' END,
        failures = failures + %(failed)s, finished_at = CASE WHEN cancel_requested THEN now() END,
        due_at = now() + make_interval(secs => %(seconds)s)
    WHERE id = %(id)s AND attempt = %(attempt)s AND state = 'running'
"""


def run_job(job_id: int, on_lost: Callable[[], None] = lambda: None) -> bool:
    """Run a job in this process, in the context of the application. Return whether it was taken.

    It is not taken if it is not queued, not due, of an unknown kind or has a runner, or if another job of its lane runs
    or is due before it. `on_lost` is called from another thread if another runner takes the job meanwhile. Raises
    `DatabaseUnavailable` if it cannot be taken, or if its end cannot be stored; then `sweep` queues it again.
    """
    with translated_errors(), contextlib.ExitStack() as exits:
        connection = connect_for_jobs()
        exits.callback(connection.close)
        job = _take(connection, job_id)
        if job is None:
            return False
        exits.pop_all()  # the lock closes the connection
        lock = JobLock(current_app._get_current_object(), connection, job.id, job.attempt, on_lost)  # type: ignore[attr-defined]
    statement, values = _QUEUE_AGAIN, {"failed": 1, "seconds": 0.0}  # unless the work ends, as by Ctrl-C
    try:
        statement, values = _outcome(job)
    finally:
        if not lock.store(statement, values, STORE_SECONDS):
            log.warning("Job %d (%s) has another runner; attempt %d has no effect", job.id, job.kind, job.attempt)
    return True


def _take(connection: Any, job_id: int) -> RunningJob | None:
    with connection.cursor() as cursor:
        cursor.execute(TRY_LOCK, {"id": job_id})
        if not cursor.fetchone()[0]:
            return None
        try:
            cursor.execute(_TAKE, {"id": job_id, "kinds": list(kinds())})
        except psycopg2.errors.UniqueViolation:  # another job of its lane is running
            return None
        row = cursor.fetchone()
        return RunningJob(job_id, *row) if row else None


def _outcome(job: RunningJob) -> tuple[str, dict[str, Any]]:
    """Do the work of a job. Return the statement that ends the attempt, and its values."""
    kind = kinds()[job.kind]
    result: dict[str, Any] = {"result": None, "error": None}
    try:
        with translated_errors():  # also of connections of the work's own
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
        return _FINISH, {**result, "state": "failed"}  # has no effect: the attempt is another one
    except JobPostponed as postponed:
        return _QUEUE_AGAIN, {"failed": 0, "seconds": postponed.seconds}
    except DatabaseUnavailable:
        if job.failures < MOST_FAILURES:
            return _QUEUE_AGAIN, {"failed": 1, "seconds": min(OUTAGE_SECONDS * (1 + job.failures), OUTAGE_SECONDS_MOST)}
        return _FINISH, {**result, "state": "failed", "error": "The database did not respond again and again."}
    except Exception:
        log.exception("Job %d (%s) has failed", job.id, job.kind)
        if job.failures < len(kind.retries):
            return _QUEUE_AGAIN, {"failed": 1, "seconds": kind.retries[job.failures]}
        return _FINISH, {**result, "state": "failed", "error": "An unexpected error occurred; see the log."}
    return _FINISH, {**result, "state": "succeeded", "result": json.dumps(dict(returned or {}))}
