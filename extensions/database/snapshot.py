"""Snapshots of the database, for reads that take long.

Rows are fetched in batches from a server-side cursor. While one batch is processed the server finds the next, so memory
holds two. Each snapshot has a connection of its own outside the pool, because a slow client can hold it for long and
short requests must not wait for it. The number of open snapshots is limited.
"""

from __future__ import annotations

import math
import select
import threading
import time
import weakref
from collections.abc import Iterator, Mapping
from types import TracebackType
from typing import Any

from flask import Flask, current_app
from psycopg2.extensions import POLL_OK, POLL_READ

from extensions.origins import ORIGINS, Origins
from extensions.telemetry.timing import Timing, add_waiting, current_timing

from .deadline import DeadlinePassed
from .engine import CONNECT_SECONDS, Row, connect, translated_errors
from .prepared import Statement

SNAPSHOTS = "catalog.snapshots"
# Timeout of a batch. The first one can take long, because all rows may have to be found and sorted before it.
FETCH_SECONDS = 30.0
FIRST_ROWS, MOST_ROWS = 20, 200
BATCH_CHARACTERS = 128 * 1024  # approximate size of a batch: after large rows, fewer are fetched
SETTINGS = {
    # The client has the timeout instead: a cursor may stay open for long while a slow client reads.
    "statement_timeout": "0",
    "client_connection_check_interval": "2000",  # ms, after which the server stops working for a lost client
}


class Busy(Exception):
    """The maximal number of snapshots is open."""


class OverTime(Exception):
    """The snapshot was open for its maximal time."""


class Snapshot:
    """An open snapshot, which must be closed. Raises `Busy` and ``DatabaseUnavailable``.

    It may be open for `seconds`, because Postgres cannot vacuum row versions that an old snapshot may need.
    """

    def __init__(self, seconds: float = math.inf) -> None:
        self._deadline = time.monotonic() + seconds
        self._cursors = 0
        # Of the request that opened it: further pieces of a stream are made in other threads.
        self._timing: Timing | None = current_timing()
        self._shape = ""  # the statement that is running
        self._is_fetching = False  # a FETCH was sent, and its result not yet received
        self._early: list[Row] | None = None  # a batch that was received before it was needed
        slots: threading.BoundedSemaphore = current_app.extensions[SNAPSHOTS]
        if not slots.acquire(blocking=False):
            raise Busy
        began = time.perf_counter()
        try:
            connection = connect(SETTINGS, asynchronous=True)
        except BaseException:
            slots.release()
            raise
        self._connection = connection
        # A finalizer, so that a snapshot that is never closed does not leak its slot.
        self.close = weakref.finalize(self, _close, connection, slots)
        try:
            self._poll(CONNECT_SECONDS)
            add_waiting(began)
            self._cursor = connection.cursor()
            # Further pieces of a stream are made outside of the context of its request.
            origins: Origins = current_app.extensions[ORIGINS]
            self._cursor.route = origins.current_route()
            self._run("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
        except BaseException:
            self.close()
            raise

    def pieces(self, statement: Statement, values: Mapping[str, Any]) -> Iterator[list[str]]:
        """Yield the first column of a statement's rows, in batches of texts.

        Raises ``DatabaseUnavailable`` if the connection is lost or the database too slow, and `OverTime`.
        """
        self._cursors += 1
        # The name of the statement, so that pg_stat_statements attributes each FETCH to it.
        name, rows = f"{statement.name}_{self._cursors}", FIRST_ROWS
        self._run(f"DECLARE {name} NO SCROLL CURSOR FOR {statement.sql}", {**statement.constants, **values})
        self._send(f"FETCH {rows} FROM {name}", statement)
        while batch := [text for (text,) in self._receive()]:
            row_length = max(1, sum(map(len, batch)) // len(batch))
            rows = max(1, min(2 * rows, MOST_ROWS, BATCH_CHARACTERS // row_length))
            # Few sizes, because pg_stat_statements counts the FETCHes of each by themselves.
            rows -= rows % FIRST_ROWS if rows > FIRST_ROWS else 0
            self._send(f"FETCH {rows} FROM {name}", statement)
            yield batch
        self._run(f"CLOSE {name}")

    def rows(self, statement: Statement, values: Mapping[str, Any]) -> list[Row]:
        """Return all rows of a statement at once, for few rows."""
        if self._is_fetching:
            self._early = self._receive()
        self._run(statement.sql, {**statement.constants, **values})
        return list(self._cursor.fetchall())

    def __enter__(self) -> Snapshot:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def _receive(self) -> list[Row]:
        """Wait for the batch that `_send` requested, and return it."""
        early, self._early = self._early, None
        if early is not None:
            return early
        self._wait(FETCH_SECONDS)
        self._is_fetching = False
        return list(self._cursor.fetchall())

    def _send(self, sql: str, statement: Statement) -> None:
        """Send a FETCH, which does the work of a statement, without waiting for its result."""
        if time.monotonic() > self._deadline:
            raise OverTime
        with translated_errors():
            self._cursor.execute(sql)
        self._is_fetching, self._shape = True, statement.sql

    def _run(self, sql: str, values: Mapping[str, Any] | None = None) -> None:
        """Execute SQL and wait for its result."""
        self._shape = sql
        with translated_errors():
            self._cursor.execute(sql, values)
        self._wait(FETCH_SECONDS)

    def _wait(self, seconds: float) -> None:
        """Wait for the result of a statement, and count it."""
        began = time.perf_counter()
        try:
            self._poll(seconds)
        finally:
            if self._timing is not None:
                self._timing.used_database(began, self._shape)

    def _poll(self, seconds: float) -> None:
        deadline = time.monotonic() + seconds
        with translated_errors():
            while (state := self._connection.poll()) != POLL_OK:
                poll = select.poll()
                poll.register(self._connection, select.POLLIN if state == POLL_READ else select.POLLOUT)
                if not poll.poll(max(0.0, deadline - time.monotonic()) * 1000):
                    raise DeadlinePassed


def _close(connection: Any, slots: threading.BoundedSemaphore) -> None:
    try:
        connection.close()
    finally:
        slots.release()


def init_app(app: Flask, most: int) -> None:
    """Allow the application `most` open snapshots."""
    app.extensions[SNAPSHOTS] = threading.BoundedSemaphore(most)
