"""Runs this service in this process, without its cache and on one connection.

It returns the responses with their times, in total and in the database, and the plans of the statements.
"""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg2.extensions
from sqlalchemy import event
from werkzeug.test import EnvironBuilder, run_wsgi_app

from app import create_app
from extensions.database.engine import db

PLANS = (
    "LOAD 'auto_explain'",
    "SET auto_explain.log_min_duration = 1",  # ms; with 0, functions in an index would fill the log
    "SET auto_explain.log_analyze = on",
    "SET auto_explain.log_buffers = on",
    "SET auto_explain.log_nested_statements = on",
    "SET client_min_messages = log",
)
NO_PLANS = ("SET auto_explain.log_min_duration = -1", "RESET client_min_messages")


@dataclass(frozen=True)
class TracedResponse:
    """The document of a response 200, with the seconds of the request and of its statements."""

    document: dict[str, Any]
    seconds: float
    in_postgres: float


class TimedCursor(psycopg2.extensions.cursor):
    """A cursor that adds up the seconds that all such cursors spent in statements."""

    spent = 0.0

    def execute(self, query: Any, vars: Any = None) -> None:
        """Execute a statement, and add its time."""
        started = time.perf_counter()
        try:
            super().execute(query, vars)
        finally:
            TimedCursor.spent += time.perf_counter() - started


class Traced:
    """The service on the database at `url`, with `folder` as its instance folder."""

    def __init__(self, url: str, folder: Path) -> None:
        self.app = create_app(
            {
                "DATABASE_URL": url,
                "INSTANCE_PATH": folder,
                "REDIS_URL": "",
                "CACHE_DEFAULT_TIMEOUT": 0,
                "CONNECTIONS": 1,
                "LOG_LEVEL": "WARNING",
            }
        )
        with self.app.app_context():
            event.listen(db.engine, "connect", _time_statements)

    def get(self, target: str) -> TracedResponse:
        """Return the response to a GET. Raises RuntimeError unless it is a 200."""
        environ = EnvironBuilder(target).get_environ()
        before = TimedCursor.spent
        started = time.perf_counter()
        body, status, _ = run_wsgi_app(self.app, environ, buffered=True)
        seconds = time.perf_counter() - started
        text = b"".join(body)
        if not status.startswith("200"):
            raise RuntimeError(f"{target}: {status} {text[:500].decode(errors='replace')}")
        return TracedResponse(json.loads(text), seconds, TimedCursor.spent - before)

    def plans(self, target: str) -> list[str]:
        """Return the plans, with times and buffers, of the statements of a GET that take a millisecond or more.

        Statements inside of functions are included.
        """
        self._execute(PLANS)
        try:
            self.get(target)
            with self._connection() as connection:
                return [notice for notice in connection.notices if "plan:" in notice]
        finally:
            self._execute(NO_PLANS)

    def close(self) -> None:
        """Close the connection."""
        with self.app.app_context():
            db.engine.dispose()

    def _execute(self, statements: tuple[str, ...]) -> None:
        with self._connection() as connection, connection.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)
            connection.commit()
            connection.notices.clear()

    @contextlib.contextmanager
    def _connection(self) -> Iterator[Any]:
        """Yield the connection of the pool."""
        with self.app.app_context():
            pooled = db.engine.raw_connection()
            try:
                yield pooled.dbapi_connection
            finally:
                pooled.close()


def _time_statements(connection: Any, _: Any) -> None:
    connection.cursor_factory = TimedCursor
