"""A small catalog that no hostile request may change."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.support.databases import connect

from .bad_requests import (
    AUTHORS,
    BOOKS,
)


def fill(client: FlaskClient) -> None:
    assert client.post("/authors", json=AUTHORS).status_code == 201
    assert client.post("/books", json=BOOKS).status_code == 201


@pytest.fixture(scope="session")
def hostile_app(shared_catalog: Callable[..., FlaskClient]) -> Flask:
    """An application with a small catalog."""
    return shared_catalog("hostile", fill).application


@pytest.fixture(scope="session")
def hostile_url(hostile_app: Flask) -> str:
    """The URL of its database."""
    return str(hostile_app.config["DATABASE_URL"])


@pytest.fixture(scope="session")
def stored(hostile_url: str) -> Iterator[Callable[[], Any]]:
    """Read everything that is stored."""

    def read() -> Any:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT (SELECT json_agg(a ORDER BY id) FROM authors a)::text, "
                "(SELECT json_agg(b ORDER BY id) FROM books b)::text, "
                "(SELECT json_agg(c ORDER BY book_id, position) FROM contributions c)::text"
            )
            return cursor.fetchone()

    with contextlib.closing(connect(hostile_url)) as connection:
        yield read


@pytest.fixture
def nothing_changes(stored: Callable[[], Any]) -> Iterator[None]:
    """Fail if the catalog is not the same after the test."""
    before = stored()
    assert None not in before
    yield
    assert stored() == before
