"""PUT, PATCH and DELETE change the fields of their body, and keep the others."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.support.catalogs.examples import (
    AUTHOR,
    BOOK,
    OTHER_ISBN,
    timestamp,
    writable,
)

Add = Callable[..., dict[str, Any]]


def test_put_clears_omitted_fields(client: FlaskClient, add_book: Add, add_author: Add) -> None:
    book, author = add_book(**BOOK), add_author(**AUTHOR)
    replaced = client.put(f"/books/{book['id']}", json={"title": "Dune"})
    assert replaced.status_code == 200
    assert [name for name, value in replaced.json.items() if value not in (None, [], {})] == [
        "id",
        "title",
        "created_at",
        "updated_at",
    ]
    assert replaced.json["created_at"] == book["created_at"]
    replaced = client.put(f"/authors/{author['id']}", json={"name": "Ada"})
    assert writable(replaced.json) == {
        "name": "Ada",
        "sort_name": "Ada",
        "alternate_names": [],
        "birth_date": None,
        "death_date": None,
        "biography": None,
        "identifiers": {},
    }
    assert client.get("/authors?total=exact").json["meta"]["total"] == 3  # the former contributors remain as authors


PATCHES: tuple[tuple[Any, Any], ...] = (
    ({}, {}),
    ({"title": "Dune"}, {"title": "Dune"}),
    ({"subtitle": None, "isbn": None, "page_count": None}, {"subtitle": None, "isbn": None, "page_count": None}),
    ({"subjects": None}, {"subjects": []}),
    ({"subjects": ["x"]}, {"subjects": ["x"]}),
    ({"identifiers": None}, {"identifiers": {}}),
    ({"identifiers": {}}, {}),
    ({"identifiers": {"goodreads": None}}, {"identifiers": {"openlibrary": ["OL7353617M"]}}),
    ({"identifiers": {"nothing": None}}, {}),
    ({"identifiers": {"goodreads": ["3"]}}, {"identifiers": {"openlibrary": ["OL7353617M"], "goodreads": ["3"]}}),
    ({"identifiers": {"oclc": ["9"], "openlibrary": None}}, {"identifiers": {"goodreads": ["1", "2"], "oclc": ["9"]}}),
    ({"authors": None}, {"authors": []}),
    ({"authors": []}, {"authors": []}),
    ({"series_position": 2}, {"series_position": 2}),
)


@pytest.mark.parametrize(("patch", "changed"), PATCHES, ids=[json.dumps(patch) for patch, _ in PATCHES])
@pytest.mark.parametrize("media_type", ["application/json", "application/merge-patch+json"])
def test_patch_is_a_merge_patch(client: FlaskClient, add_book: Add, patch: Any, changed: Any, media_type: str) -> None:
    book = add_book(**BOOK)
    response = client.patch(f"/books/{book['id']}", data=json.dumps(patch), content_type=media_type)
    assert response.status_code == 200
    assert writable(response.json) == writable(book | changed)
    assert (response.json["updated_at"] > book["updated_at"]) == bool(changed)
    assert client.get(f"/books/{book['id']}").json == response.json


def _unchanging(record: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    """Writes that change nothing."""
    some = "title" if "title" in record else "name"
    changes = [
        ("PUT", record),
        ("PUT", writable(record)),
        ("PATCH", record),
        ("PATCH", {}),
        ("PATCH", {some: f" {record[some]} "}),
        ("PATCH", {"identifiers": {}}),
        ("PATCH", {"id": record["id"], "created_at": "x", "updated_at": None}),
        ("PUT", writable(record) | {"id": None, "updated_at": "2000-01-01T00:00:00Z"}),
    ]
    if "isbn" in record:
        names = [{**item, "id": None} for item in record["authors"]]
        changes += [
            ("PATCH", {"isbn": "0-441-47812-3"}),
            ("PATCH", {"authors": names}),
            ("PATCH", {"language": "EN"}),
            ("PUT", writable(record) | {"authors": names}),
        ]
    return changes


@pytest.mark.parametrize("path", ["/books", "/authors"])
def test_a_write_without_changes_keeps_updated_at_and_etag(client: FlaskClient, path: str) -> None:
    created = client.post(path, json=BOOK if path == "/books" else AUTHOR)
    for method, document in _unchanging(created.json):
        response = client.open(created.headers["Location"], method=method, json=document)
        assert response.status_code == 200, (method, document, response.text)
        assert response.text == created.text, (method, document)
        assert response.headers["ETag"] == created.headers["ETag"]


CHANGES: tuple[tuple[str, Any], ...] = (
    ("subtitle", "x"),
    ("description", None),
    ("subjects", ["Gender", "Science fiction"]),
    ("authors", []),
    ("identifiers", {"openlibrary": None}),
    ("series_position", 1.25),
    ("isbn", OTHER_ISBN),
    ("published", "1969"),
    ("authors", [{"name": "Ann Other", "role": "editor", "credited_as": "A. O."}, {"name": "Ursula K. Le Guin"}]),
    ("authors", [{"name": "Ursula K. Le Guin"}, {"name": "Ann Other", "role": "editor"}]),
    ("authors", [{"name": "Ursula K. Le Guin"}, {"name": "Ann Other", "role": "author", "credited_as": "A. O."}]),
    ("authors", [{"name": "Ursula K. Le Guin"}, {"name": "Somebody New", "role": "editor", "credited_as": "A. O."}]),
    ("authors", [{"name": "Ursula K. Le Guin"}]),
)


@pytest.mark.parametrize(("name", "value"), CHANGES, ids=[ascii(value)[:50] for _, value in CHANGES])
def test_any_change_moves_updated_at_and_etag(client: FlaskClient, name: str, value: Any) -> None:
    created = client.post("/books", json=BOOK)
    changed = client.patch(created.headers["Location"], json={name: value})
    assert changed.status_code == 200
    assert timestamp(changed.json["updated_at"]) > timestamp(created.json["updated_at"])
    assert changed.json["created_at"] == created.json["created_at"]
    assert changed.headers["ETag"] != created.headers["ETag"]
    again = client.patch(created.headers["Location"], json={name: value})
    assert again.text == changed.text


def test_deleting_a_book_keeps_its_authors(client: FlaskClient, add_book: Add) -> None:
    book = add_book(**BOOK)
    response = client.delete(f"/books/{book['id']}")
    assert (response.status_code, response.data) == (204, b"")
    assert "Content-Type" not in response.headers
    assert client.get(f"/books/{book['id']}").status_code == 404
    assert client.delete(f"/books/{book['id']}").status_code == 404
    assert client.get("/authors?total=exact").json["meta"]["total"] == 2
