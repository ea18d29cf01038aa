"""Batches: all records are stored, or none."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.support.catalogs.examples import (
    ISBN,
    OTHER_ISBN,
)

Add = Callable[..., dict[str, Any]]


def test_a_batch_is_returned_in_its_order(client: FlaskClient) -> None:
    titles = [f"Book {number * 7 % 100}" for number in range(100)]
    response = client.post("/books", json=[{"title": title} for title in titles])
    assert response.status_code == 201
    assert list(response.json) == ["data"]
    assert [book["title"] for book in response.json["data"]] == titles
    assert [client.get(f"/books/{book['id']}").json for book in response.json["data"][:5]] == response.json["data"][:5]
    assert "Location" not in response.headers


@pytest.mark.parametrize("path", ["/books", "/authors"])
def test_a_batch_may_have_1000_records(client: FlaskClient, path: str) -> None:
    response = client.post(
        path, json=[{"title" if path == "/books" else "name": f"{number}"} for number in range(1000)]
    )
    assert response.status_code == 201
    assert len(response.json["data"]) == 1000
    assert client.get(f"{path}?total=exact&limit=1").json["meta"]["total"] == 1000


@pytest.mark.parametrize(
    ("bad", "status", "pointer"),
    [
        ({"title": ""}, 422, "/2/title"),
        ({"title": "x", "authors": [{"id": 99}]}, 422, "/2/authors/0/id"),
        ({"title": "x", "isbn": ISBN}, 409, "/2/isbn"),
        ({"title": "x", "isbn": OTHER_ISBN}, 409, "/2/isbn"),
    ],
)
def test_a_batch_with_one_bad_row_stores_nothing(
    client: FlaskClient, add_book: Add, bad: dict[str, Any], status: int, pointer: str
) -> None:
    add_book(isbn=ISBN)
    batch = [{"title": "A", "authors": [{"name": "New"}]}, {"title": "B", "isbn": OTHER_ISBN}, bad, {"title": "C"}]
    response = client.post("/books", json=batch)
    assert response.status_code == status
    assert [error["pointer"] for error in response.json["errors"]] == [pointer]
    assert client.get("/books?total=exact").json["meta"]["total"] == 1
    assert client.get("/authors?total=exact").json["meta"]["total"] == 0


def test_an_isbn_twice_in_a_batch_names_the_other_row(client: FlaskClient) -> None:
    batch = [{"title": "A"}, {"title": "B", "isbn": ISBN}, {"title": "C"}, {"title": "D", "isbn": "0-441-47812-3"}]
    response = client.post("/books", json=batch)
    assert response.status_code == 409
    error = response.json["errors"][0]
    assert (error["pointer"], error["code"]) == ("/3/isbn", "taken")
    assert "index 1" in error["detail"]
    assert "index 1" in response.json["detail"]
