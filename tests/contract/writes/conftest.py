"""What the tests of idempotency keys share."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.support.databases import connect, execute

KEY = "8e03978e-40d5-43dd-bc93-6894a57f9324"
BOOK = {"title": "Kindred", "authors": [{"name": "Octavia E. Butler"}]}
PER_REQUEST = ("X-Request-ID", "Idempotent-Replayed")
# A row for each lock of this database that a connection waits for.
WAITING = (
    "SELECT 1 FROM pg_locks JOIN pg_database ON pg_database.oid = database "
    "WHERE datname = current_database() AND NOT granted"
)

Post = Callable[..., Any]
Query = Callable[..., list[tuple[Any, ...]]]
Count = Callable[[str], int]


@pytest.fixture
def query(database_url: str) -> Query:
    return partial(execute, database_url)


@pytest.fixture
def post(client: FlaskClient) -> Post:
    """POST a document with a key."""

    def send(path: str, document: Any = None, key: str = KEY, **options: Any) -> Any:
        body = {} if document is None else {"json": document}
        return client.post(path, headers={"Idempotency-Key": key}, **body, **options)

    return send


@pytest.fixture
def count(query: Query) -> Count:
    """The number of rows of a table."""
    return lambda table: int(query(f"SELECT count(*) FROM {table}")[0][0])


def answer(response: Any) -> tuple[Any, ...]:
    """What a replay repeats: status, headers and body."""
    headers = [pair for pair in response.headers.items() if pair[0] not in PER_REQUEST]
    return response.status_code, sorted(headers), response.data


def is_replay(response: Any) -> bool:
    return bool(response.headers.get("Idempotent-Replayed") == "true")


@contextlib.contextmanager
def locked(url: str, table: str) -> Iterator[Callable[[], None]]:
    """Let no other connection write to a table; gives a function that ends this early."""
    with contextlib.closing(connect(url)) as connection, connection.cursor() as cursor:
        cursor.execute(f"BEGIN; LOCK TABLE {table} IN EXCLUSIVE MODE")
        yield lambda: cursor.execute("ROLLBACK")
