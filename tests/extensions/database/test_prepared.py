"""Prepared statements that a connection lacks, or has from another client, cause no errors.

A connection pooler may reset a connection before another client uses it (`DISCARD ALL`), or assign another connection
to each transaction. A migration may change the schema of a prepared statement.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event

from extensions.database import transaction
from extensions.database.engine import db, fetch
from extensions.database.prepared import KNOWN, Statement
from tests.support.databases import connect

READS = ("/books", "/books/1", "/books/isbn/9780441478125", "/authors/1", "/books?sort=-published")
WRITES = (
    ("POST", "/books", {"title": "New", "authors": [{"name": "The Author"}, {"name": "New Author {}"}]}, 201),
    ("POST", "/books", [{"title": "One of two", "authors": [{"name": "Another {}"}]}, {"title": "Two of two"}], 201),
    ("POST", "/authors", {"name": "Somebody"}, 201),
    ("PATCH", "/books/1", {"subtitle": "Changed {}"}, 200),
    ("PUT", "/books/1", {"title": "Replaced {}", "isbn": "9780441478125", "authors": [{"id": 1}]}, 200),
    ("PUT", "/books/isbn/9780441478125", {"title": "By its number {}", "authors": [{"id": 1}]}, 200),
    ("PATCH", "/authors/1", {"biography": "Changed {}"}, 200),
)


def changed(document: Any, number: int) -> Any:
    """A document of the table, with a number filled in."""
    if isinstance(document, str):
        return document.format(number)
    if isinstance(document, list):
        return [changed(item, number) for item in document]
    if isinstance(document, dict):
        return {name: changed(value, number) for name, value in document.items()}
    return document


@pytest.fixture
def book(add_book: Callable[..., dict[str, Any]]) -> dict[str, Any]:
    return add_book(title="The book", isbn="9780441478125", authors=[{"name": "The Author"}])


@pytest.fixture
def on_connection(app: Flask) -> Callable[[str], list[Any]]:
    """Run SQL on the next request's connection; return its prepared statements' names."""

    def run(sql: str) -> list[Any]:
        with app.app_context():
            pooled = db.engine.raw_connection()
            try:
                pooled.dbapi_connection.autocommit = True
                with pooled.dbapi_connection.cursor() as cursor:
                    cursor.execute(sql)
                    cursor.execute("SELECT name FROM pg_prepared_statements")
                    return [name for (name,) in cursor.fetchall()]
            finally:
                pooled.close()

    return run


@pytest.mark.parametrize("forget", ["DEALLOCATE ALL", "DISCARD ALL"])
@pytest.mark.parametrize("path", READS)
def test_a_read_survives_forgotten_statements(
    path: str,
    forget: str,
    client: FlaskClient,
    book: dict[str, Any],
    on_connection: Callable[[str], list[Any]],
    statements: list[str],
) -> None:
    fresh = {"Cache-Control": "no-cache"}
    before = client.get(path, headers=fresh)
    assert before.status_code == 200
    assert on_connection("SELECT 1")
    assert on_connection(forget) == []
    statements.clear()
    for _ in range(3):
        again = client.get(path, headers=fresh)
        assert (again.status_code, again.data) == (200, before.data)
    assert statements[0].startswith("EXECUTE ")  # which fails
    assert on_connection("SELECT 1")  # which is prepared again


@pytest.mark.parametrize("forget", ["DEALLOCATE ALL", "DISCARD ALL"])
@pytest.mark.parametrize(("method", "path", "document", "expected"), WRITES)
def test_a_write_with_forgotten_statements_happens_once(
    method: str,
    path: str,
    document: Any,
    expected: int,
    forget: str,
    client: FlaskClient,
    book: dict[str, Any],
    on_connection: Callable[[str], list[Any]],
    statements: list[str],
) -> None:
    assert client.open(path, method=method, json=changed(document, 1)).status_code == expected
    assert on_connection("SELECT 1")
    assert on_connection(forget) == []
    count = client.get("/books?total=exact&limit=1&fields=id&title[ne]=x").json["meta"]["total"]
    statements.clear()
    response = client.open(path, method=method, json=changed(document, 2))
    assert response.status_code == expected, response.text
    assert any(text.startswith("EXECUTE ") for text in statements)
    added = (len(document) if isinstance(document, list) else 1) if (method, path) == ("POST", "/books") else 0
    assert client.get("/books?total=exact&limit=1&fields=id&title[ne]=x").json["meta"]["total"] == count + added


@pytest.fixture
def another_each_time(app: Flask) -> Iterator[None]:
    """Connections forget some statements at each checkout, and the pool forgets others."""
    chance = random.Random(1)

    def mix(connection: Any, record: Any, _: Any) -> None:
        known = record.info.setdefault(KNOWN, {})
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute("SELECT name FROM pg_prepared_statements")
            for (name,) in cursor.fetchall():
                if chance.random() < 0.3:
                    cursor.execute(f"DEALLOCATE {name}")
            for name in list(known):
                if chance.random() < 0.3:
                    del known[name]
        connection.autocommit = False

    with app.app_context():
        event.listen(db.engine, "checkout", mix)
        yield
        event.remove(db.engine, "checkout", mix)
        db.engine.dispose()  # so that the next test starts with consistent connections


def test_requests_work_behind_a_pooler_that_swaps_connections(
    client: FlaskClient, book: dict[str, Any], another_each_time: None
) -> None:
    for number in range(30):
        for method, path, document, expected in WRITES:
            response = client.open(path, method=method, json=changed(document, number))
            assert response.status_code == expected, (number, path, response.text)
        for path in READS:
            assert client.get(path, headers={"Cache-Control": "no-cache"}).status_code == 200


EVERYTHING = Statement("SELECT * FROM changing", prepared="SELECT * FROM changing")


@pytest.fixture
def changing(app: Flask, database_url: str) -> Iterator[Callable[[str], None]]:
    """Change the schema of a table with one row, over another connection."""
    connection = connect(database_url)

    def change(sql: str) -> None:
        with connection.cursor() as cursor:
            cursor.execute(sql)

    change("CREATE TABLE changing AS SELECT 1 AS a")
    yield change
    change("DROP TABLE changing")
    connection.close()


def test_a_statement_is_prepared_again_after_columns_change(app: Flask, changing: Callable[[str], None]) -> None:
    def written() -> tuple[Any, ...]:
        return transaction(lambda session: tuple(EVERYTHING.run_within(session.connection(), {}).one()))

    with app.app_context():
        assert fetch(EVERYTHING, {}) == [(1,)]
        changing("ALTER TABLE changing ADD b int DEFAULT 2")
        assert fetch(EVERYTHING, {}) == [(1, 2)]
        assert written() == (1, 2)
        changing("ALTER TABLE changing ADD c int DEFAULT 3")
        assert written() == (1, 2, 3)
        changing("ALTER TABLE changing DROP a")
        assert [written(), *fetch(EVERYTHING, {})] == [(2, 3)] * 2
