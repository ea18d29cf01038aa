"""What a write stores, and what every response shows of it."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.support.catalogs.examples import (
    AUTHOR,
    AUTHOR_FIELDS,
    BOOK,
    BOOK_FIELDS,
    ISBN,
    timestamp,
    writable,
)

Add = Callable[..., dict[str, Any]]


@pytest.mark.parametrize(
    ("path", "document", "members"),
    [
        ("/books", BOOK, BOOK_FIELDS),
        ("/books", {"title": "Dune"}, BOOK_FIELDS),
        ("/authors", AUTHOR, AUTHOR_FIELDS),
        ("/authors", {"name": "Ada"}, AUTHOR_FIELDS),
    ],
    ids=["a whole book", "a title", "a whole author", "a name"],
)
def test_every_response_has_the_same_representation(
    client: FlaskClient, path: str, document: dict[str, Any], members: list[str]
) -> None:
    created = client.post(path, json=document)
    assert created.status_code == 201
    assert list(json.loads(created.text)) == members
    location = created.headers["Location"]
    assert location == f"{path}/{created.json['id']}"
    read = client.get(location)
    assert read.text == created.text
    assert json.loads(client.get(path).text)["data"] == [created.json]
    assert client.put(location, json=writable(created.json)).text == created.text
    assert client.patch(location, json={}).text == created.text
    batch = client.post(path, json=[{"title" if path == "/books" else "name": "Another"}])
    assert [list(item) for item in batch.json["data"]] == [members]


def test_unknown_fields_are_null_or_empty(add_book: Add, add_author: Add) -> None:
    book = add_book(title="Dune")
    assert {name: value for name, value in book.items() if value not in (None, [], {})} == {
        "id": 1,
        "title": "Dune",
        "created_at": book["created_at"],
        "updated_at": book["created_at"],
    }
    assert (book["subjects"], book["authors"], book["identifiers"]) == ([], [], {})
    author = add_author(name="Ada")
    assert writable(author) == {
        "name": "Ada",
        "sort_name": "Ada",
        "alternate_names": [],
        "birth_date": None,
        "death_date": None,
        "biography": None,
        "identifiers": {},
    }


def test_every_field_is_stored(add_book: Add, add_author: Add) -> None:
    book = add_book(**BOOK)
    assert writable(book) == BOOK | {
        "authors": [
            {"id": book["authors"][0]["id"], "name": "Ursula K. Le Guin", "role": "author", "credited_as": None},
            {"id": book["authors"][1]["id"], "name": "Ann Other", "role": "editor", "credited_as": "A. O."},
        ]
    }
    assert [list(item) for item in book["authors"]] == [["id", "name", "role", "credited_as"]] * 2
    assert writable(add_author(**AUTHOR)) == AUTHOR


def test_timestamps_are_utc_and_equal_at_first(add_book: Add, add_author: Add) -> None:
    for record in (add_book(), add_author()):
        assert timestamp(record["created_at"]) == timestamp(record["updated_at"])
        assert record["created_at"].endswith(("Z", "+00:00"))


NORMALIZED: tuple[tuple[str, str, Any, Any], ...] = (
    ("/books", "title", "  Dune  ", "Dune"),
    ("/books", "title", "Du\t \n ne", "Du ne"),
    ("/books", "title", "a\r\nb", "a b"),
    ("/books", "title", "\u3000a\u00a0\u2003b\u2028c\x85d\u3000", "a b c d"),
    ("/books", "title", "cafe\u0301", "café"),
    ("/books", "title", "\u212b", "Å"),
    ("/books", "title", "\u1100\u1161", "가"),
    ("/books", "title", "a\u200db", "a\u200db"),
    ("/books", "title", "a\u200eb\u200f", "a\u200eb\u200f"),
    ("/books", "title", "ﬁ", "ﬁ"),
    ("/books", "subtitle", " a  b ", "a b"),
    ("/books", "publisher", "A\nB", "A B"),
    ("/books", "series", "\tx", "x"),
    ("/books", "description", "\n  a  \n\n b \n", "a  \n\n b"),
    ("/books", "description", "e\u0301\tx", "é\tx"),
    ("/books", "isbn", "978-0-441-47812-5", ISBN),
    ("/books", "isbn", "0-441-47812-3", ISBN),
    ("/books", "isbn", " 978 0441478125 ", ISBN),
    ("/books", "isbn", "978–0–441–47812–5", ISBN),
    ("/books", "isbn", "080442957x", "9780804429573"),
    ("/books", "isbn", "0-8044-2957-X", "9780804429573"),
    ("/books", "language", "EN", "en"),
    ("/books", "language", "pt-br", "pt-BR"),
    ("/books", "language", "ZH-hANT-tw", "zh-Hant-TW"),
    ("/books", "language", "sl-ROZAJ", "sl-rozaj"),
    ("/books", "subjects", [" b ", "a", "B"], ["b", "a", "B"]),
    ("/books", "subjects", None, []),
    ("/books", "identifiers", None, {}),
    ("/books", "authors", None, []),
    ("/books", "page_count", None, None),
    ("/books", "identifiers", {"x": [" 1 ", "2"]}, {"x": ["1", "2"]}),
    ("/books", "identifiers", {"isbn": ["0-8044-2957-X", "978-0-441-47812-5"]}, {"isbn": ["9780804429573", ISBN]}),
    ("/books", "series_position", 2, 2),
    ("/books", "series_position", 0.1, 0.1),
    ("/books", "series_position", 1e2, 100),
    ("/books", "published", "-0044", "-0044"),
    ("/books", "published", "2024-02", "2024-02"),
    ("/authors", "name", " Ada \n Lovelace ", "Ada Lovelace"),
    ("/authors", "alternate_names", [" A ", "a"], ["A", "a"]),
    ("/authors", "biography", " a\n b ", "a\n b"),
    ("/authors", "identifiers", {"isbn": ["080442957X"]}, {"isbn": ["9780804429573"]}),
)


@pytest.mark.parametrize(("path", "name", "sent", "kept"), NORMALIZED, ids=lambda value: ascii(value)[:40])
def test_values_are_stored_in_canonical_form(client: FlaskClient, path: str, name: str, sent: Any, kept: Any) -> None:
    document = {"title": "Dune"} if path == "/books" else {"name": "Ada"}
    created = client.post(path, json=document | {name: sent})
    assert created.status_code == 201, created.text
    assert created.json[name] == kept
    assert client.get(created.headers["Location"]).json[name] == kept
    assert client.put(created.headers["Location"], json=document | {name: sent}).text == created.text


def test_null_means_the_same_as_omission(client: FlaskClient, add_book: Add) -> None:
    nulls = dict.fromkeys(name for name in BOOK if name != "title")
    book = add_book(title="Dune", **nulls)
    assert writable(book) == writable(add_book(title="Dune"))
    authors = [{"id": None, "name": "Ada", "role": None, "credited_as": None}]
    assert add_book(authors=authors)["authors"][0] | {"id": 0} == {
        "id": 0,
        "name": "Ada",
        "role": "author",
        "credited_as": None,
    }
    assert add_book(identifiers={"x": None, "y": ["1"]})["identifiers"].get("y") == ["1"]
