"""`catalog import --restore`: records as the API represents them are put back with their ids and timestamps."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.conftest import empty

from .conftest import everything, ndjson

OPTIONS = ("--restore",)


@pytest.fixture
def saved(client, add_author, add_book) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """The authors and books of a catalog with gaps among its ids."""
    authors = [
        add_author(name="Homer", alternate_names=["Ὅμηρος", 'the "blind"'], birth_date="-0800", biography="One\n\ntwo"),
        add_author(name="Gone"),
        add_author(name="Emily Wilson", sort_name="Wilson", identifiers={"viaf": ["1", "2"]}),
    ]
    add_book(title="Gone")
    add_book(
        title="The Odyssey \\ again",
        isbn="9780441478125",
        published="2017-11",
        series_position=1.5,
        subjects=["War", "The sea"],
        authors=[{"id": authors[2]["id"], "role": "translator", "credited_as": "E. W."}, {"id": authors[0]["id"]}],
    )
    client.delete(f"/authors/{authors[1]['id']}")
    client.delete("/books/1")
    client.patch("/books/2", json={"page_count": 582})
    return everything(client, "authors"), everything(client)


@pytest.mark.parametrize("together", [True, False], ids=["one file", "two files"])
def test_a_catalog_that_is_restored_is_the_same(client, load, saved, database_url, together):
    authors, books = saved
    files = [ndjson(*authors, *books)] if together else [ndjson(*authors), ndjson(*books)]
    empty(database_url)
    found = load(*files, options=OPTIONS, name="saved.ndjson")
    assert (found.exit_code, found.fates) == (0, (3, 0, 0, 0, 0)), found.said
    assert (everything(client, "authors"), everything(client)) == (authors, books)
    assert client.get("/books?q=wilson%20odyssey").json["meta"]["count"] == 1
    again = load(*files, options=OPTIONS, name="saved.ndjson")
    assert again.fates == (0, 0, 3, 0, 0)
    highest = max(author["id"] for author in authors)
    assert client.post("/authors", json={"name": "Next"}).json["id"] == highest + 1
    assert client.post("/books", json={"title": "Next"}).json["id"] == books[-1]["id"] + 1


def test_an_author_and_a_book_of_one_id_are_two_records(client, load, add_book, database_url):
    add_book(authors=[{"name": "Homer"}])
    authors, books = everything(client, "authors"), everything(client)
    assert authors[0]["id"] == books[0]["id"]
    empty(database_url)
    found = load(ndjson(*authors, *books), options=OPTIONS, name="saved.ndjson")
    assert (found.exit_code, found.fates) == (0, (2, 0, 0, 0, 0)), found.said
    assert (everything(client, "authors"), everything(client)) == (authors, books)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"title": "Other"}, "id"),
        ({"id": 9}, "isbn"),
        ({"id": 9, "isbn": None, "authors": [{"id": 77, "name": "Nobody", "role": "author"}]}, "authors"),
        ({"id": 9, "isbn": None, "created_at": None}, "created_at"),
        ({"id": 9, "isbn": "9780441478126"}, "isbn"),
        ({"id": 9, "isbn": None, "authors": [{"name": "Homer"}]}, "authors"),
    ],
    ids=["id taken", "ISBN taken", "no such author", "no timestamp", "no ISBN", "author without id"],
)
def test_what_cannot_be_put_back_exactly_is_rejected(client, load, saved, tmp_path, change, field):
    _, [book] = saved
    rejects = tmp_path / "rejects.ndjson"
    options = (*OPTIONS, "--rejects", str(rejects))
    found = load(ndjson({**book, **change}), options=options, name="saved.ndjson")
    assert (found.exit_code, found.fates) == (1, (0, 0, 0, 0, 1))
    assert field in json.loads(rejects.read_text())["rejected"]["field"]
    assert everything(client) == [book]


def test_a_record_that_stands_twice_is_put_back_once(client, load, saved, database_url):
    authors, [book] = saved
    empty(database_url)
    found = load(ndjson(*authors, book, {**book, "title": "Twice"}), options=OPTIONS, name="saved.ndjson")
    assert found.fates == (3, 0, 0, 0, 1)
    assert everything(client) == [book]
