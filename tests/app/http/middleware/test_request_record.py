"""Each request has one record, with its route and its time in the database."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import Client

from app.http.middleware.request_record import RequestRecord

Records = list[RequestRecord]


@pytest.fixture
def records(app: Flask) -> Iterator[Records]:
    """The records of the requests from now on."""
    front, found = app.extensions["catalog.front"], []
    before, front._observation = front._observation, replace(front._observation, observers=(found.append,))
    yield found
    front._observation = before


@pytest.mark.parametrize(
    ("path", "route"),
    [
        ("/books", "/books"),
        ("/books/", "/books"),
        ("/books/1?fields=id", "/books/{book_id}"),
        ("/books/7", "/books/{book_id}"),
        ("/books?limit=x", "/books"),
        ("/me", "/me"),
        ("/nothing/here", ""),
    ],
    ids=["list", "slash at the end", "record", "missing record", "invalid query", "refused", "no route"],
)
def test_a_record_names_the_route(book: Any, client: FlaskClient, records: Records, path: str, route: str) -> None:
    client.get(path)
    assert records[-1].route == route


def test_a_hit_names_the_route_of_its_miss(book: Any, client: FlaskClient, records: Records) -> None:
    for _ in range(2):
        client.get("/books/1")
    assert [(record.route, record.cache) for record in records] == [
        ("/books/{book_id}", "miss"),
        ("/books/{book_id}", "hit"),
    ]


def test_a_miss_counts_its_statements(book: Any, client: FlaskClient, records: Records, statements: list[str]) -> None:
    client.get("/books?total=exact")
    assert records[-1].statements == len(statements) > 0
    assert 0 < records[-1].timing.database < records[-1].seconds


def test_a_hit_counts_no_statement(book: Any, client: FlaskClient, records: Records) -> None:
    for _ in range(2):
        client.get("/books/1")
    assert (records[-1].statements, records[-1].timing.database) == (0, 0)


def test_a_write_counts_its_statements(add_book: Callable[..., Any], records: Records, statements: list[str]) -> None:
    add_book(title="Counted")
    assert records[-1].statements == len(statements) > 0


def test_a_stream_counts_the_statements_of_all_pieces(book: Any, app: Flask, records: Records) -> None:
    front = Client(app.extensions["catalog.front"])
    front.get("/books", headers={"Accept": "application/x-ndjson"}, buffered=True)
    assert records[-1].streamed == "whole"
    assert records[-1].statements > 3
    assert records[-1].timing.database > 0
