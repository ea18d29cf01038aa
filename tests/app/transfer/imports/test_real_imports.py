"""Real catalogs, imported whole, if CATALOG_DATA names a folder with them (see `test_real_data`).

The figures were counted by other means: here, by a few lines of `csv`, `json` and `pymarc`, or in `test_real_data`.
"""

from __future__ import annotations

import csv
import gzip
import itertools
import json
import os
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.app.transfer.conftest import everything

DATA = Path(os.environ.get("CATALOG_DATA", "."))

pytestmark = pytest.mark.skipif("CATALOG_DATA" not in os.environ, reason="CATALOG_DATA is not set")

PLACEHOLDERS = {"116", "216", "49"}  # Various, Anonymous, Unknown


def rows(name: str) -> Iterator[dict[str, str]]:
    with gzip.open(DATA / "gutenberg" / f"{name}.csv.gz", "rt", encoding="utf-8", newline="") as stream:
        yield from csv.DictReader(stream)


def total(client, target: str) -> int:
    mark = "&" if "?" in target else "?"
    return int(client.get(f"{target}{mark}total=exact&limit=1").json["meta"]["total"])


def test_gutenberg_is_imported_whole(load, client, app):
    files = [DATA / "gutenberg" / f"{name}.csv.gz" for name in ("authors", "books", "subjects")]
    result = load(*files)
    assert result.exit_code == 1  # one book has no title
    assert [(file["read"], file["created"], file["updated"], file["skipped"]) for file in result.report["files"]] == [
        (26_928, 26_925, 0, 3),
        (78_766, 78_765, 0, 0),
        (78_629, 0, 78_629, 0),
    ]
    assert result.report["rejected"] == 1

    people = {
        row["gutenberg_author_id"]: row for row in rows("authors") if row["gutenberg_author_id"] not in PLACEHOLDERS
    }
    authors_of = defaultdict(list)
    for row in rows("books"):
        if row["gutenberg_author_id"] and row["gutenberg_author_id"] not in PLACEHOLDERS and row["title"].strip():
            authors_of[row["gutenberg_id"]].append(row["gutenberg_author_id"])
    subjects_of = defaultdict(set)
    for row in rows("subjects"):
        if row["subject_type"] == "lcsh":
            subjects_of[row["gutenberg_id"]].add(" ".join(row["subject"].split()))
    assert total(client, "/books") == 78_765
    assert total(client, "/authors") == len(people) == 26_925
    assert total(client, "/books?subjects[null]=false") == sum(map(bool, subjects_of.values()))
    assert total(client, "/authors?birth_date[null]=false") == sum(bool(row["birthdate"]) for row in people.values())
    assert total(client, "/authors?death_date[null]=false") == sum(bool(row["deathdate"]) for row in people.values())

    for name, count in Counter(row["author"] for row in people.values()).most_common(5):  # homonyms are kept apart
        assert total(client, f"/authors?sort_name={name.strip()}") == count
    for book_id in ("11", "84", "2641", "43282", "58362", "20203", "100"):
        [book] = client.get(f"/books?identifier=gutenberg:{book_id}").json["data"]
        credited = [
            client.get(f"/authors/{author['id']}").json["identifiers"]["gutenberg"][0] for author in book["authors"]
        ]
        assert credited == list(dict.fromkeys(authors_of[book_id])), book_id
        assert set(book["subjects"]) == subjects_of[book_id]
    [carroll] = client.get("/authors?identifier=gutenberg:7").json["data"]
    assert (carroll["birth_date"], carroll["death_date"]) == ("1832", "1898")
    assert carroll["sort_name"] == "Carroll, Lewis"
    assert any("Dodgson" in name for name in carroll["alternate_names"])

    again = load(*files)
    assert again.counts == (0, 0, 26_925 + 78_765 + 78_629, 3, 1)


def test_goodbooks_is_imported_whole(load, client):
    result = load(DATA / "goodbooks" / "books.csv")
    assert (result.exit_code, result.counts) == (0, (10_000, 0, 0, 0, 0))
    assert total(client, "/books?isbn[null]=false") == 9_277
    assert total(client, "/books?isbn=0439023483") == 1
    assert load(DATA / "goodbooks" / "books.csv").counts == (0, 0, 10_000, 0, 0)


@pytest.mark.parametrize("order", list(itertools.permutations(("authors", "works", "editions"))))
def test_open_library_is_imported_in_any_order(load, client, order):
    result = load(*(DATA / "openlibrary" / f"{name}.txt" for name in order))
    assert (result.exit_code, result.report["read"]) == (0, 3_000)
    documents = {}
    for name in order:
        with (DATA / "openlibrary" / f"{name}.txt").open(encoding="utf-8") as stream:
            documents[name] = [json.loads(line.split("\t", 4)[4]) for line in stream]
    keys = {document["key"] for document in documents["authors"]}
    mentioned = {author["key"] for document in documents["editions"] for author in document.get("authors", ())}
    for document in documents["works"]:
        mentioned |= {
            author["author"]["key"] if isinstance(author["author"], dict) else author["author"]
            for author in document.get("authors", ())
            if "author" in author
        }
    assert total(client, "/books") == 2_000
    known = {key for author in everything(client, "authors") for key in author["identifiers"].get("openlibrary", ())}
    assert known == {key.rpartition("/")[2] for key in keys | mentioned}
    placeholders = {author["name"] for author in everything(client, "authors")} & known
    assert placeholders == {key.rpartition("/")[2] for key in mentioned - keys}
    again = load(*(DATA / "openlibrary" / f"{name}.txt" for name in order))
    assert again.counts == (0, 0, 3_000, 0, 0)


@pytest.mark.parametrize(
    ("name", "counts"),
    [
        ("gpo-5000.mrc", (3_679, 1_320, 1)),
        ("loc-general.xml", (99, 0, 0)),
        ("dnb.xml", (4, 95, 0)),
        ("princeton.xml", (88, 11, 0)),
    ],
)
def test_marc_records_of_libraries_are_accounted_for(load, client, name, counts):
    result = load(DATA / "marc" / name)
    report = result.report
    loaded = report["created"] + report["updated"] + report["unchanged"]
    assert (loaded, report["skipped"], report["rejected"]) == counts
    assert total(client, "/books") == report["created"]
    again = load(DATA / "marc" / name)
    assert (again.report["created"], again.report["updated"]) == (0, 0)
