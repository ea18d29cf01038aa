"""`catalog import --restore`: records are restored with their ids and timestamps."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.app.transfer.conftest import everything, ndjson
from tests.support.databases import empty

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
def test_a_restored_catalog_is_the_same(client, load, saved, database_url, together):
    authors, books = saved
    files = [ndjson(*authors, *books)] if together else [ndjson(*authors), ndjson(*books)]
    empty(database_url)
    result = load(*files, options=OPTIONS, name="saved.ndjson")
    assert (result.exit_code, result.counts) == (0, (3, 0, 0, 0, 0)), result.output
    assert (everything(client, "authors"), everything(client)) == (authors, books)
    assert client.get("/books?q=wilson%20odyssey").json["meta"]["count"] == 1
    highest = max(author["id"] for author in authors)
    assert client.post("/authors", json={"name": "Next"}).json["id"] == highest + 1
    assert client.post("/books", json={"title": "Next"}).json["id"] == books[-1]["id"] + 1


def test_author_and_book_of_one_id_are_two_records(client, load, add_book, database_url):
    add_book(authors=[{"name": "Homer"}])
    authors, books = everything(client, "authors"), everything(client)
    assert authors[0]["id"] == books[0]["id"]
    empty(database_url)
    result = load(ndjson(*authors, *books), options=OPTIONS, name="saved.ndjson")
    assert (result.exit_code, result.counts) == (0, (2, 0, 0, 0, 0)), result.output
    assert (everything(client, "authors"), everything(client)) == (authors, books)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"title": "Other"}, "id"),
        ({"id": 9}, "id"),
        ({"id": 9, "isbn": None, "authors": [{"id": 77, "name": "Nobody", "role": "author"}]}, "authors"),
        ({"id": 9, "isbn": None, "created_at": None}, "created_at"),
        ({"id": 9, "isbn": "9780441478126"}, "isbn"),
        ({"id": 9, "isbn": None, "authors": [{"name": "Homer"}]}, "authors"),
    ],
    ids=["id repeated", "ISBN repeated", "no such author", "no timestamp", "no ISBN", "author without id"],
)
def test_a_record_that_cannot_be_restored_is_rejected(client, load, saved, database_url, tmp_path, change, field):
    authors, [book] = saved
    empty(database_url)
    rejects = tmp_path / "rejects.ndjson"
    options = (*OPTIONS, "--rejects", str(rejects))
    result = load(ndjson(*authors, book, {**book, **change}), options=options, name="saved.ndjson")
    assert (result.exit_code, result.counts) == (1, (3, 0, 0, 0, 1))
    assert field in json.loads(rejects.read_text())["rejected"]["field"]
    assert everything(client) == [book]


@pytest.mark.parametrize(
    ("title", "name", "counts"),
    [
        ("A", None, "1 book and 0 authors"),
        (None, "B", "0 books and 1 author"),
        ("A", "B", "1 book and 1 author"),
    ],
    ids=["a book", "an author", "both"],
)
@pytest.mark.parametrize("dry_run", [False, True], ids=["import", "dry run"])
def test_a_restore_into_a_used_catalog_stores_nothing(
    client, load, saved, database_url, add_book, add_author, title, name, counts, dry_run
):
    authors, books = saved
    empty(database_url)
    before = ([add_author(name=name)] if name else [], [add_book(title=title)] if title else [])
    options = (*OPTIONS, "--dry-run") if dry_run else OPTIONS
    result = load(ndjson(*authors, *books), options=options, name="saved.ndjson")
    assert result.exit_code == 2
    assert f"Restore needs an empty catalog; this one has {counts}. Nothing was stored." in result.output
    assert "SAMPLE=off" in result.output
    assert (everything(client, "authors"), everything(client)) == before


def test_a_repeated_record_is_restored_once(client, load, saved, database_url):
    authors, [book] = saved
    empty(database_url)
    result = load(ndjson(*authors, book, {**book, "title": "Twice"}), options=OPTIONS, name="saved.ndjson")
    assert result.counts == (3, 0, 0, 0, 1)
    assert everything(client) == [book]
