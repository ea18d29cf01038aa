"""The lock of a running job: a session-level advisory lock on its id.

A job that is `running` while its lock is free has lost its runner, and is queued again by `sweep`.
"""

from __future__ import annotations

import contextlib
import os
import select
import threading
import time
from collections.abc import Callable
from typing import Any

import psycopg2
from flask import Flask

from extensions.database import DatabaseUnavailable, connect

LOCK_CLASS = 0x6A6F6273  # "jobs": the first half of the two-part advisory lock; the second one is the id
# How long a job may be `running` without a lock, because a runner whose connection was lost takes its lock again.
RETAKE_SECONDS = 1.0
_PAUSE_SECONDS = 0.1  # between two attempts to take it again

TRY_LOCK = f"SELECT pg_try_advisory_lock({LOCK_CLASS}, (%(id)s %% 2147483648)::integer)"
UNLOCK = TRY_LOCK.replace("pg_try_advisory_lock", "pg_advisory_unlock")
_HAS_ATTEMPT = "SELECT EXISTS (SELECT FROM jobs WHERE id = %(id)s AND attempt = %(attempt)s AND state = 'running')"


def connect_for_jobs() -> Any:
    """Return a connection for locks and states of jobs, in autocommit. Raises `DatabaseUnavailable`."""
    connection = connect({"application_name": "catalog-job"})
    connection.autocommit = True
    return connection


class JobLock:
    """The lock of one attempt, on a connection of its own. A thread takes it again when the connection is lost.

    `on_lost` is called in that thread, once, if another runner has the job now.
    """

    def __init__(self, app: Flask, connection: Any, job_id: int, attempt: int, on_lost: Callable[[], None]) -> None:
        self._app, self._connection, self._on_lost = app, connection, on_lost
        self._values = {"id": job_id, "attempt": attempt}
        self._stopped, self._is_lost = threading.Event(), False
        self._wake, self._woken = os.pipe()
        self._thread = threading.Thread(target=self._watch, name=f"lock-of-job-{job_id}", daemon=True)
        self._thread.start()

    def store(self, statement: str, values: dict[str, Any], seconds: float) -> bool:
        """Stop watching, run the statement that ends the attempt, and release the lock.

        A lost connection is replaced for up to `seconds`. Return whether the attempt was still the job's. Raises
        `DatabaseUnavailable`.
        """
        self._stop()
        deadline = time.monotonic() + seconds
        try:
            while not self._is_lost:
                try:
                    with self._connection.cursor() as cursor:
                        cursor.execute(statement, {**self._values, **values})
                        return bool(cursor.rowcount)
                except (psycopg2.OperationalError, psycopg2.InterfaceError) as error:
                    if self._connection.closed:
                        self._is_lost = not self._retake(lambda: time.monotonic() < deadline)
                    elif time.monotonic() > deadline:  # for so long, another transaction has locked the row
                        raise DatabaseUnavailable from error
            return False
        finally:
            self._connection.close()

    def _stop(self) -> None:
        self._stopped.set()
        os.close(self._woken)
        self._thread.join()
        os.close(self._wake)

    def _watch(self) -> None:
        with self._app.app_context():
            while not self._stopped.is_set():
                ready, _, _ = select.select([self._connection, self._wake], [], [])
                if self._wake in ready:
                    return
                # Postgres sends nothing on an idle connection, except when it ends it.
                with contextlib.suppress(psycopg2.Error):
                    self._connection.poll()
                    if not self._connection.closed:
                        continue
                self._connection.close()
                try:
                    if not self._retake(lambda: not self._stopped.is_set()):
                        self._is_lost = True
                        self._on_lost()
                        return
                except DatabaseUnavailable:  # `store` goes on
                    return

    def _retake(self, may_wait: Callable[[], bool]) -> bool:
        """Take the lock on a new connection. Return False if another runner has the job.

        Raises `DatabaseUnavailable` as soon as `may_wait` returns False.
        """
        while True:
            with contextlib.suppress(DatabaseUnavailable, psycopg2.Error):
                connection = connect_for_jobs()
                with contextlib.ExitStack() as exits:
                    exits.callback(connection.close)
                    with connection.cursor() as cursor:
                        cursor.execute(TRY_LOCK, self._values)
                        is_locked = cursor.fetchone()[0]
                        cursor.execute(_HAS_ATTEMPT, self._values)
                        if not cursor.fetchone()[0]:
                            return False
                    if is_locked:  # else the old session has not ended yet, or a sweep is looking at the job
                        exits.pop_all()
                        self._connection = connection
                        return True
            if not may_wait():
                raise DatabaseUnavailable
            time.sleep(_PAUSE_SECONDS)
