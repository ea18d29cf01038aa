"""What the tests of merges share: the rows of every table, and a merge that succeeds."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.support.databases import connect

from .records import Row

TABLES = {
    "authors": "id",
    "books": "id",
    "contributions": "book_id, position, author_id, role",
    "author_merges": "old_id",
    "book_merges": "old_id",
}


@pytest.fixture
def rows(app: Flask, database_url: str) -> Iterator[Callable[[], dict[str, list[Any]]]]:
    """Read every row of every table."""
    connection = connect(database_url)

    def read() -> dict[str, list[Any]]:
        with connection.cursor() as cursor:
            found = {}
            for table, order in TABLES.items():
                cursor.execute(f"SELECT * FROM {table} ORDER BY {order}")
                found[table] = cursor.fetchall()
            return found

    yield read
    connection.close()


@pytest.fixture
def merge(client: FlaskClient) -> Callable[..., Row]:
    """Merge records into one, which must succeed; return its representation."""

    def send(path: str, *old: int, action: str = "merge") -> Row:
        response = client.post(f"{path}/{action}", json={"from": list(old)})
        assert response.status_code == 200, response.text
        return dict(response.json or {})

    return send
