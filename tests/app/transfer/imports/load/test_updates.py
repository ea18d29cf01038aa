"""What an import changes in records of the catalog."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.app.transfer.conftest import contributors_of, everything, ndjson
from tests.support.databases import execute


def test_an_update_keeps_fields_that_the_file_lacks(load, client, add_book):
    stored = add_book(
        title="Old",
        isbn="9780441478125",
        page_count=304,
        subjects=["Gender"],
        identifiers={"oclc": ["1"]},
        authors=[{"name": "Ursula K. Le Guin"}],
    )
    result = load("title,isbn,publisher,identifiers\nNew,9780441478125,Ace,oclc:2\n")
    assert result.counts == (0, 1, 0, 0, 0)
    [book] = everything(client)
    assert book["updated_at"] > stored["updated_at"]
    changed = {"title": "New", "publisher": "Ace", "identifiers": {"oclc": ["1", "2"]}}
    assert book == {**stored, **changed, "updated_at": book["updated_at"]}


def test_contributors_are_replaced_and_search_follows(load, client, add_book):
    add_book(title="Iliad", isbn="9780441478125", authors=[{"name": "Virgil"}, {"name": "Homer", "role": "editor"}])
    load("title,isbn,authors\nIliad,9780441478125,Homer\n")
    assert contributors_of(everything(client)[0]) == [("Homer", "author")]
    assert client.get("/books?q=virgil").json["meta"]["count"] == 0
    assert client.get("/books?q=homer").json["meta"]["count"] == 1


def test_an_import_leaves_no_pending_entries(load, database_url):
    load("title,isbn,identifiers\nIliad,9780441478125,oclc:2\n")
    pages = execute(
        database_url,
        "SELECT sum(gin_clean_pending_list(indexrelid::regclass)) FROM pg_index JOIN pg_class ON oid = indexrelid "
        "WHERE indrelid = 'books'::regclass AND relam = (SELECT oid FROM pg_am WHERE amname = 'gin')",
    )
    assert pages == [(0,)]


def test_a_position_in_another_series_is_not_kept(load, client, add_book):
    add_book(title="A", isbn="9780441478125", series="Old", series_position=3)
    load("title,isbn,series\nA,9780441478125,New\n")
    [book] = everything(client)
    assert (book["series"], book["series_position"]) == ("New", None)


def test_on_conflict_skip_leaves_stored_records(load, client, add_book):
    stored = add_book(title="Old", isbn="9780441478125")
    result = load("title,isbn\nNew,9780441478125\nOther,\n", options=("--on-conflict", "skip"))
    assert (result.counts, result.report["reasons"]) == ((1, 0, 0, 1, 0), {"already there": 1})
    assert everything(client)[0] == stored


@pytest.mark.parametrize(
    ("change", "sort_name"), [("", "Clemens, Samuel"), ("By hand", "By hand")], ids=["made", "given by hand"]
)
def test_a_derived_sort_name_follows_the_name(load, client, change, sort_name):
    load(ndjson({"id": 1, "name": "Mark Twain"}), options=("--source", "shop"), name="file.ndjson")
    if change:
        client.patch(f"/authors/{everything(client, 'authors')[0]['id']}", json={"sort_name": change})
    load(ndjson({"id": 1, "name": "Samuel Clemens"}), options=("--source", "shop"), name="file.ndjson")
    [author] = everything(client, "authors")
    assert (author["name"], author["sort_name"]) == ("Samuel Clemens", sort_name)


SUBJECTS = "gutenberg_id,subject_type,subject\n1,lcsh,War\n1,lcsh,Epic\n1,lcc,PA\n2,lcsh,Tales\n"


def test_additions_wait_for_their_book(load, client, tmp_path):
    rejects = tmp_path / "rejects.csv"
    load("gutenberg_id,title,author,gutenberg_author_id,language\n1,Iliad,Homer,5,en\n")
    result = load(SUBJECTS, options=("--rejects", str(rejects)))
    assert (result.exit_code, result.counts) == (1, (0, 1, 0, 0, 1))
    [book] = everything(client)
    assert (book["subjects"], book["identifiers"]["lcc"]) == (["War", "Epic"], ["PA"])
    load("gutenberg_id,title,author,gutenberg_author_id,language\n2,Tales,,,en\n")
    assert load(rejects).counts == (0, 1, 0, 0, 0)
    assert load(SUBJECTS).counts == (0, 0, 2, 0, 0)


def dump(kind: str, key: str, **document: Any) -> str:
    return f"/type/{kind}\t{key}\t1\t2020-01-01T00:00:00\t{json.dumps({'key': key, **document})}\n"


AUTHOR_LINE = dump("author", "/authors/OL1A", name="Homer", birth_date="800 BC")

EDITION_LINE = dump("edition", "/books/OL1M", title="Iliad", authors=[{"key": "/authors/OL1A"}])

WORK_LINE = dump("work", "/works/OL1W", title="Ilias", authors=[{"author": {"key": "/authors/OL1A"}}])


@pytest.mark.parametrize(
    "files",
    [
        [AUTHOR_LINE, EDITION_LINE, WORK_LINE],
        [EDITION_LINE, WORK_LINE, AUTHOR_LINE],
        [WORK_LINE + AUTHOR_LINE + EDITION_LINE],
        [EDITION_LINE + AUTHOR_LINE, WORK_LINE],
    ],
)
@pytest.mark.parametrize("conflict", ["update", "skip"])
def test_open_library_lines_may_come_in_any_order(load, client, files, conflict):
    assert load(*files, options=("--on-conflict", conflict), name="dump.txt").exit_code == 0
    [author] = everything(client, "authors")
    assert (author["name"], author["sort_name"]) == ("Homer", "Homer")
    assert author["identifiers"]["openlibrary"] == ["OL1A"]
    result = {book["title"]: contributors_of(book) for book in everything(client)}
    assert result == {"Iliad": [("Homer", "author")], "Ilias": [("Homer", "author")]}
    assert client.get("/books?q=homer").json["meta"]["count"] == 2


def test_an_author_without_a_line_is_a_placeholder(load, client):
    load(EDITION_LINE, name="dump.txt")
    [author] = everything(client, "authors")
    assert (author["name"], author["identifiers"]) == ("OL1A", {"openlibrary": ["OL1A"]})
