"""ISBNs: unique, and the address of a book in any form."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.support.catalogs.examples import (
    BOOK,
    ISBN,
    OTHER_ISBN,
    THIRD_ISBN,
)

Add = Callable[..., dict[str, Any]]


def test_a_taken_isbn_names_its_holder(client: FlaskClient, add_book: Add) -> None:
    holder, other = add_book(isbn=ISBN), add_book()
    for response in (
        client.post("/books", json={"title": "x", "isbn": "0441478123"}),
        client.post("/books", json=[{"title": "x", "isbn": ISBN}]),
        client.put(f"/books/{other['id']}", json={"title": "x", "isbn": ISBN}),
        client.patch(f"/books/{other['id']}", json={"isbn": ISBN}),
    ):
        assert response.status_code == 409
        assert response.headers["Link"] == f'</books/{holder["id"]}>; rel="related"'
        assert f"/books/{holder['id']}" in response.json["detail"]
    assert client.get(f"/books/{other['id']}").json == other


def test_deleting_a_book_frees_its_isbn(client: FlaskClient, add_book: Add) -> None:
    holder = add_book(isbn=ISBN)
    assert client.patch(f"/books/{holder['id']}", json={"isbn": ISBN}).status_code == 200
    assert client.delete(f"/books/{holder['id']}").status_code == 204
    assert add_book(isbn=ISBN)["isbn"] == ISBN


@pytest.mark.parametrize("form", [ISBN, "0441478123", "978-0-441-47812-5", "0-441-47812-3", "%20978%200441478125"])
def test_any_form_of_an_isbn_addresses_the_book(client: FlaskClient, form: str) -> None:
    created = client.put(f"/books/isbn/{form}", json={"title": "A"})
    assert created.status_code == 201
    assert created.headers["Location"] == f"/books/{created.json['id']}"
    assert created.json["isbn"] == ISBN
    read = client.get(f"/books/isbn/{form}")
    assert (read.status_code, read.text) == (200, created.text)
    assert read.headers["ETag"] == created.headers["ETag"]
    replaced = client.put(f"/books/isbn/{form}", json={"title": "B", "isbn": form.replace("%20", " ")})
    assert (replaced.status_code, replaced.json["id"], replaced.json["title"]) == (200, created.json["id"], "B")
    assert "Location" not in replaced.headers
    assert client.put(f"/books/isbn/{form}", json=replaced.json).text == replaced.text


def test_put_by_isbn_clears_omitted_fields_except_the_isbn(client: FlaskClient, add_book: Add) -> None:
    book = add_book(**BOOK)
    replaced = client.put(f"/books/isbn/{ISBN}", json={"title": "B"}).json
    assert replaced["id"] == book["id"]
    assert replaced["isbn"] == ISBN
    assert replaced["authors"] == []
    assert replaced["subtitle"] is None


def test_put_by_isbn_honours_preconditions(client: FlaskClient) -> None:
    path = f"/books/isbn/{ISBN}"
    assert client.put(path, json={"title": "A"}, headers={"If-Match": "*"}).status_code == 412
    assert client.put(path, json={"title": "A"}, headers={"If-Match": '"x"'}).status_code == 412
    assert client.get(path).status_code == 404
    created = client.put(path, json={"title": "A"}, headers={"If-None-Match": "*"})
    assert created.status_code == 201
    assert client.put(path, json={"title": "B"}, headers={"If-None-Match": "*"}).status_code == 412
    assert client.put(path, json={"title": "B"}, headers={"If-Match": '"x"'}).status_code == 412
    assert client.get(path).json["title"] == "A"
    assert client.put(path, json={"title": "B"}, headers={"If-Match": created.headers["ETag"]}).status_code == 200


def test_a_further_isbn_finds_the_book(client: FlaskClient, add_book: Add) -> None:
    first = add_book(title="first", isbn=ISBN, identifiers={"isbn": [OTHER_ISBN, "0-441-47812-3"]})
    second = add_book(title="second", identifiers={"isbn": ["978-0-06-012563-9", THIRD_ISBN]})
    third = add_book(title="third", isbn=THIRD_ISBN)
    for isbn, found in ((ISBN, first), (OTHER_ISBN, first), (THIRD_ISBN, third), ("0060125632", first)):
        assert client.get(f"/books/isbn/{isbn}").json == found
    client.delete(f"/books/{first['id']}")
    assert client.get(f"/books/isbn/{OTHER_ISBN}").json == second
    assert client.get(f"/books/isbn/{ISBN}").status_code == 404
    created = client.put(f"/books/isbn/{OTHER_ISBN}", json={"title": "its own"})
    assert created.status_code == 201
    assert client.get(f"/books/isbn/{OTHER_ISBN}").json == created.json
