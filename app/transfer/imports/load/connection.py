"""The database connection of an import: reconnects after outages, and holds the import lock."""

from __future__ import annotations

import contextlib
import json
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias, TypeVar

import psycopg2

from app.config import command_line
from app.transfer.errors import ImportRunning
from extensions.database.engine import ATTEMPTS, DatabaseUnavailable, committed, connect, translated_errors

from . import staging

# Settings of this connection. Only index scans are enabled, because the planner underestimates tables that grow during
# the import. Commits are durable, as everywhere in the service.
IMPORT_SETTINGS = {
    "application_name": "catalog-import",
    "statement_timeout": "0",
    "lock_timeout": "0",
    "idle_in_transaction_session_timeout": "0",
    "work_mem": "64MB",
    "gin_pending_list_limit": "16MB",
    "enable_seqscan": "off",
    "enable_mergejoin": "off",
    "enable_hashjoin": "off",
    "synchronous_commit": "on",
}
LOCK = 0x696D706F7274  # "import": an advisory lock, so that only one import runs
LOCK_TIMEOUT = "10s"
RECONNECT_SECONDS = 60  # time to wait for a database that is down
RECONNECT_PAUSE = 0.5  # seconds

# A dry run is one transaction, with a savepoint for each batch.
_SAVE_POINT = "SAVEPOINT batch"
_ROLL_BACK = "ROLLBACK TO SAVEPOINT batch; RELEASE SAVEPOINT batch"

# The job of an import that runs as a job, for the message to another import.
_RUNNING_JOB = "SELECT id FROM jobs WHERE kind = 'import' AND state = 'running'"

Returned = TypeVar("Returned")
Cause: TypeAlias = Mapping[str, Any]


class ImportConnection:
    """A connection that is replaced if it is lost, so that transactions can be retried.

    `on_lost` is called with the error and the maximum seconds to wait. With `dry_run`, everything is one transaction
    that is rolled back at the end. `cause` names the account and the request of the changes, for history. Raises
    `ImportRunning` and `DatabaseUnavailable`.
    """

    def __init__(self, *, dry_run: bool, on_lost: Callable[[str, int], None], cause: Cause | None = None) -> None:
        self.dry_run, self._on_lost, self._cause = dry_run, on_lost, cause or {}
        self._cancelled = threading.Event()
        self._connection = _connect(self._cause)

    def retry(self, work: Callable[[], Returned]) -> Returned:
        """Return what `work` returns; call it again after a lost connection.

        Raises ``psycopg2.Error``, and `DatabaseUnavailable` if the database stays down.
        """
        for _ in range(ATTEMPTS - 1):
            try:
                return work()
            except psycopg2.Error as error:
                # A dry run loses its transaction with the connection, so it cannot be retried.
                if self.dry_run or not self._connection.closed or self._cancelled.is_set():
                    raise
                self._reconnect(error)
        return work()

    def cursor(self) -> Any:
        """Return a cursor of the current connection."""
        return self._connection.cursor()

    def begin(self) -> None:
        """Start the part of the transaction that `rollback` undoes."""
        if self.dry_run:
            with self.cursor() as cursor:
                cursor.execute(_SAVE_POINT)

    def commit(self) -> None:
        """Commit the transaction; a dry run keeps it open."""
        if self.dry_run:
            return
        try:
            self._connection.commit()
        finally:
            committed()  # also after an error, because the commit may have succeeded

    def rollback(self) -> None:
        """Undo everything since `begin`. The server does so for a lost connection."""
        if self._connection.closed:
            return
        if self.dry_run:
            with self.cursor() as cursor:
                cursor.execute(_ROLL_BACK)
        else:
            self._connection.rollback()

    def transaction_id(self) -> str:
        """Return the id of the current transaction, for `is_committed`."""
        with self.cursor() as cursor:
            cursor.execute("SELECT pg_current_xact_id()::text")
            return str(cursor.fetchone()[0])

    def is_committed(self, transaction_id: str) -> bool:
        """Return whether a transaction of a lost connection was committed.

        The transaction has ended, because this connection has acquired its lock.
        """
        with self.cursor() as cursor:
            cursor.execute("SELECT pg_xact_status(%s::xid8) = 'committed'", (transaction_id,))
            return bool(cursor.fetchone()[0])

    def cancel(self) -> None:
        """Cancel the statement of another thread, and stop reconnecting."""
        self._cancelled.set()
        with contextlib.suppress(psycopg2.Error):  # a lost connection runs no statement
            self._connection.cancel()

    def close(self) -> None:
        """Close the connection, and release the lock immediately for the next import."""
        with contextlib.closing(self._connection) as connection, contextlib.suppress(psycopg2.Error):
            connection.rollback()
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_unlock(%s)", (LOCK,))

    def _reconnect(self, error: psycopg2.Error) -> None:
        self._on_lost(str(error).strip().partition("\n")[0], RECONNECT_SECONDS)
        deadline = time.monotonic() + RECONNECT_SECONDS
        while True:
            try:
                self._connection = _connect(self._cause)
                return
            except DatabaseUnavailable:
                if time.monotonic() > deadline or self._cancelled.wait(RECONNECT_PAUSE):
                    raise


def _connect(cause: Cause) -> Any:
    """Return a connection with the import lock and the staging tables."""
    # In the options of libpq a backslash quotes a space, and itself.
    text = json.dumps({"via": "import", **cause}, separators=(",", ":")).replace("\\", "\\\\").replace(" ", "\\ ")
    with translated_errors():
        connection = connect({**IMPORT_SETTINGS, "catalog.cause": text})
        try:
            with connection.cursor() as cursor:
                # The server may still run a statement of a killed import, which holds the lock until it ends.
                cursor.execute(f"SET lock_timeout = '{LOCK_TIMEOUT}'; SELECT pg_advisory_lock(%s)", (LOCK,))
                cursor.execute("RESET lock_timeout")
                staging.create_tables(cursor)
            connection.commit()
        except BaseException as error:
            with contextlib.closing(connection):
                if isinstance(error, psycopg2.errors.LockNotAvailable):
                    raise ImportRunning(_why_locked(connection)) from None
            raise
        return connection


def _why_locked(connection: Any) -> str:
    connection.rollback()
    with connection.cursor() as cursor:
        cursor.execute(_RUNNING_JOB)
        row = cursor.fetchone()
    if row is None:
        return "Another import is running. Wait until it has finished."
    return (
        f"Import {row[0]} is running, which was uploaded over HTTP. Wait until it has finished, or cancel it with "
        f"`{command_line(f'jobs cancel {row[0]}')}`."
    )
