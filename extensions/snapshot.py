"""A snapshot: the database as it was at one moment, however long it takes to read what is asked of it.

Rows come through a cursor of the server, piece by piece, so that memory holds one piece of them. Each snapshot has a
connection of its own, beside those of the pool: it is held for as long as somebody takes to read, and nobody who
wants a short answer waits behind it. How many there are at once is bounded.
"""

from __future__ import annotations

import math
import threading
import time
import weakref
from collections.abc import Callable, Iterator, Mapping
from types import TracebackType
from typing import Any, TypeVar

from flask import Flask, current_app

from .database import Row, connect, translated_errors
from .deadline import within
from .statement import Statement

SNAPSHOTS = "catalog.snapshots"
# For each piece. The first one may be the end of a long search: all rows may have to be found and sorted before it.
FETCH_SECONDS = 30.0
FIRST_ROWS, MOST_ROWS = 20, 200
PIECE_CHARACTERS = 128 * 1024  # that a piece has, about: after large rows fewer are asked for at once

Result = TypeVar("Result")


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
        places: threading.BoundedSemaphore = current_app.extensions[SNAPSHOTS]
        if not places.acquire(blocking=False):
            raise Busy
        try:
            self._connection = _connected()
        except BaseException:
            places.release()
            raise
        # Also when somebody forgets it: a place that was lost would be lost for good.
        self.close = weakref.finalize(self, _close, self._connection, places)

    def pieces(self, statement: Statement, values: Mapping[str, Any]) -> Iterator[list[str]]:
        """The first column of the rows that a statement answers, as texts, some at a time.

        Raises ``DatabaseUnavailable`` where the database goes away or takes too long, and `OverTime`.
        """
        self._cursors += 1
        cursor = self._connection.cursor(name=f"rows_{self._cursors}")
        self._ask(lambda: cursor.execute(statement.sql, {**statement.constants, **values}))
        rows = FIRST_ROWS
        while found := self._fetched(cursor, rows):
            yield found
            each = max(1, sum(map(len, found)) // len(found))
            rows = max(1, min(2 * rows, MOST_ROWS, PIECE_CHARACTERS // each))
        self._ask(cursor.close)

    def rows(self, statement: Statement, values: Mapping[str, Any]) -> list[Row]:
        """All rows that a statement answers: for few."""

        def ask() -> list[Row]:
            with self._connection.cursor() as cursor:
                cursor.execute(statement.sql, {**statement.constants, **values})
                return list(cursor.fetchall())

        return self._ask(ask)

    def __enter__(self) -> Snapshot:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def _fetched(self, cursor: Any, rows: int) -> list[str]:
        return self._ask(lambda: [text for (text,) in cursor.fetchmany(rows)])

    def _ask(self, question: Callable[[], Result]) -> Result:
        left = self._ends - time.monotonic()
        if left <= 0:
            raise OverTime
        with translated_errors(), within(self._connection, FETCH_SECONDS):
            return question()


def _connected() -> Any:
    """A connection of its own, in a transaction that sees one moment and changes nothing."""
    connection = connect({"statement_timeout": f"{int(FETCH_SECONDS * 1000)}"})
    connection.set_session(isolation_level="REPEATABLE READ", readonly=True)  # said to the server with the first query
    return connection


def _close(connection: Any, places: threading.BoundedSemaphore) -> None:
    try:
        connection.close()
    finally:
        places.release()


def init_app(app: Flask, most: int) -> None:
    """Let the application have `most` snapshots at once."""
    app.extensions[SNAPSHOTS] = threading.BoundedSemaphore(most)
