"""This service inside this process, without its cache and on one connection: what it answers, how long that took, how
much of it the database took, and by which plans.
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
from extensions.database import db

PLANS = (
    "LOAD 'auto_explain'",
    "SET auto_explain.log_min_duration = 1",  # ms, without which functions in an index would fill the log
    "SET auto_explain.log_analyze = on",
    "SET auto_explain.log_buffers = on",
    "SET auto_explain.log_nested_statements = on",
    "SET client_min_messages = log",
)
NO_PLANS = ("SET auto_explain.log_min_duration = -1", "RESET client_min_messages")


@dataclass(frozen=True)
class Answer:
    """The document of an answer that is a 200, seconds of the whole request, and those spent in its statements."""

    document: dict[str, Any]
    seconds: float
    in_postgres: float


class TimedCursor(psycopg2.extensions.cursor):
    """A cursor that knows how long all of its kind have waited for statements: from sending to having the rows."""

    spent = 0.0

    def execute(self, query: Any, vars: Any = None) -> None:
        """Execute, on the clock."""
        started = time.perf_counter()
        try:
            super().execute(query, vars)
        finally:
            TimedCursor.spent += time.perf_counter() - started


class Traced:
    """The service on the database at `url`; `folder` is for what it keeps."""

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

    def get(self, target: str) -> Answer:
        """The answer to a GET; raises RuntimeError unless it is a 200."""
        environ = EnvironBuilder(target).get_environ()
        before = TimedCursor.spent
        started = time.perf_counter()
        body, status, _ = run_wsgi_app(self.app, environ, buffered=True)
        seconds = time.perf_counter() - started
        text = b"".join(body)
        if not status.startswith("200"):
            raise RuntimeError(f"{target}: {status} {text[:500].decode(errors='replace')}")
        return Answer(json.loads(text), seconds, TimedCursor.spent - before)

    def plans(self, target: str) -> list[str]:
        """The plans of all statements of a GET, those inside of functions included, that take a millisecond or more:
        with times and buffers.
        """
        self._execute(PLANS)
        try:
            self.get(target)
            with self._connection() as connection:
                return [notice for notice in connection.notices if "plan:" in notice]
        finally:
            self._execute(NO_PLANS)

    def close(self) -> None:
        """Let go of the connection."""
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
        """The one connection of the pool."""
        with self.app.app_context():
            pooled = db.engine.raw_connection()
            try:
                yield pooled.dbapi_connection
            finally:
                pooled.close()


def _time_statements(connection: Any, _: Any) -> None:
    connection.cursor_factory = TimedCursor
