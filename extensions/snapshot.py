"""A snapshot: the database as it was at one moment, however long it takes to read what is asked of it.

Rows come through a cursor of the server, piece by piece, so that memory holds two pieces of them: while one is made use
of, the server finds the next. Each snapshot has a connection of its own, beside those of the pool: it is held for as
long as somebody takes to read, and nobody who wants a short answer waits behind it. How many there are at once is
bounded.
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

from .database import CONNECT_SECONDS, Row, connect, translated_errors
from .deadline import DeadlinePassed
from .statement import Statement

SNAPSHOTS = "catalog.snapshots"
# That a piece is waited for. The first one may be the end of a long search: all rows may have to be found and sorted
# before it.
FETCH_SECONDS = 30.0
FIRST_ROWS, MOST_ROWS = 20, 200
PIECE_CHARACTERS = 128 * 1024  # that a piece has, about: after large rows fewer are asked for at once
SETTINGS = {
    # Time is kept by the client, which stops to wait: the server may be done long before a slow reader wants more.
    "statement_timeout": "0",
    "client_connection_check_interval": "2000",  # milliseconds, after which it stops to work for a client that is gone
}


class Busy(Exception):
    """As many snapshots are open as may be."""


class OverTime(Exception):
    """The snapshot was held for as long as it may be."""


class Snapshot:
    """An open snapshot; it must be closed. Raises `Busy`, and ``DatabaseUnavailable``.

    `seconds`: for how long it may be held. An old snapshot keeps Postgres from clearing away what was changed since.
    """

    def __init__(self, seconds: float = math.inf) -> None:
        self._ends = time.monotonic() + seconds
        self._cursors = 0
        self._asking = False  # for a piece, which nobody has waited for
        self._early: list[Row] | None = None  # the piece that was asked for, taken before it was wanted
        places: threading.BoundedSemaphore = current_app.extensions[SNAPSHOTS]
        if not places.acquire(blocking=False):
            raise Busy
        try:
            connection = connect(SETTINGS, asynchronous=True)
        except BaseException:
            places.release()
            raise
        self._connection = connection
        # Also when somebody forgets it: a place that was lost would be lost for good.
        self.close = weakref.finalize(self, _close, connection, places)
        try:
            self._wait(CONNECT_SECONDS)
            self._cursor = connection.cursor()
            self._run("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
        except BaseException:
            self.close()
            raise

    def pieces(self, statement: Statement, values: Mapping[str, Any]) -> Iterator[list[str]]:
        """The first column of the rows that a statement answers, as texts, some at a time.

        Raises ``DatabaseUnavailable`` where the database goes away or takes too long, and `OverTime`.
        """
        self._cursors += 1
        name, rows = f"rows_{self._cursors}", FIRST_ROWS
        self._run(f"DECLARE {name} NO SCROLL CURSOR FOR {statement.sql}", {**statement.constants, **values})
        self._send(f"FETCH {rows} FROM {name}")
        while found := [text for (text,) in self._piece()]:
            each = max(1, sum(map(len, found)) // len(found))
            rows = max(1, min(2 * rows, MOST_ROWS, PIECE_CHARACTERS // each))
            self._send(f"FETCH {rows} FROM {name}")
            yield found
        self._run(f"CLOSE {name}")

    def rows(self, statement: Statement, values: Mapping[str, Any]) -> list[Row]:
        """All rows that a statement answers: for few."""
        if self._asking:
            self._early = self._piece()
        self._run(statement.sql, {**statement.constants, **values})
        return list(self._cursor.fetchall())

    def __enter__(self) -> Snapshot:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def _piece(self) -> list[Row]:
        """The piece that was asked for."""
        early, self._early = self._early, None
        if early is not None:
            return early
        self._wait(FETCH_SECONDS)
        self._asking = False
        return list(self._cursor.fetchall())

    def _send(self, sql: str) -> None:
        """Ask for a piece, and wait for nothing."""
        if time.monotonic() > self._ends:
            raise OverTime
        with translated_errors():
            self._cursor.execute(sql)
        self._asking = True

    def _run(self, sql: str, values: Mapping[str, Any] | None = None) -> None:
        """Have the server do something, and wait until it is done."""
        with translated_errors():
            self._cursor.execute(sql, values)
        self._wait(FETCH_SECONDS)

    def _wait(self, seconds: float) -> None:
        ends = time.monotonic() + seconds
        with translated_errors():
            while (state := self._connection.poll()) != POLL_OK:
                poll = select.poll()
                poll.register(self._connection, select.POLLIN if state == POLL_READ else select.POLLOUT)
                if not poll.poll(max(0.0, ends - time.monotonic()) * 1000):
                    raise DeadlinePassed


def _close(connection: Any, places: threading.BoundedSemaphore) -> None:
    try:
        connection.close()
    finally:
        places.release()


def init_app(app: Flask, most: int) -> None:
    """Let the application have `most` snapshots at once."""
    app.extensions[SNAPSHOTS] = threading.BoundedSemaphore(most)
