"""Real catalogs, read whole, if CATALOG_DATA names a folder with them: gutenberg, goodbooks, openlibrary, marc.

The figures were counted by other means: a few lines of `csv`, `json` and `pymarc`, without any code of the catalog.
"""

from __future__ import annotations

import os
import re
from collections import Counter
from pathlib import Path

import pytest

from app.transfer.records import SourceKey
from tests.app.transfer.conftest import Read, read_file

DATA = os.environ.get("CATALOG_DATA")

pytestmark = pytest.mark.skipif(not DATA, reason="CATALOG_DATA is not set")


def read_data(name: str) -> Read:
    result = read_file(Path(DATA) / name)
    assert result.aborted is None
    return result


def having(result: Read, field: str) -> int:
    return sum(field in record.values for record in result.prepared)


def identified(result: Read, scheme: str) -> int:
    return sum(scheme in record.values.get("identifiers", {}) for record in result.prepared)


def credits_of(result: Read) -> int:
    return sum(len(record.contributors) for record in result.prepared)


def test_books_of_gutenberg_are_read():
    result = read_data("gutenberg/books.csv.gz")
    counts = result.counts
    assert (counts.rows, counts.read, counts.prepared, counts.rejected) == (82_415, 78_766, 78_765, 1)
    assert [(rejected.original[0], rejected.reasons[0].field) for rejected in result.rejected] == [("90907", "title")]
    assert credits_of(result) == 82_415 - 2_966 - 3_985 - 946 - 151
    assert counts.warnings["no_person"] == 3_985 + 946 + 151
    assert (counts.warnings["characters"], counts.warnings["language_reduced"]) == (3, 219)
    books = {record.key.value: record for record in result.prepared}
    assert len(books) == 78_765
    for book_id in ("43282", "58362", "58366"):
        assert not re.search("[\x00-\x1f\x7f-\x9f]", books[book_id].values["title"])
    assert "\n" not in "".join(record.values["title"] for record in result.prepared)
    assert max(len(record.contributors) for record in result.prepared) == 24


def test_authors_of_gutenberg_are_read():
    result = read_data("gutenberg/authors.csv.gz")
    counts = result.counts
    assert (counts.read, counts.prepared, counts.reasons) == (26_928, 26_925, {"no person": 3})
    assert (having(result, "birth_date"), having(result, "death_date")) == (20_631, 19_815)
    assert sum(record.values.get("birth_date", "").startswith("-") for record in result.prepared) == 38
    homonyms = [record.key.value for record in result.prepared if record.values.get("sort_name") == "Smith, George"]
    assert len(set(homonyms)) == 4


def test_subjects_of_gutenberg_are_read():
    result = read_data("gutenberg/subjects.csv.gz")
    assert (result.counts.rows, result.counts.prepared, result.counts.rejected) == (265_327, 78_629, 0)
    assert sum(len(record.values.get("subjects", ())) for record in result.prepared) == 183_348
    assert sum(len(record.values["identifiers"].get("lcc", ())) for record in result.prepared) == 81_979
    assert all(record.adds for record in result.prepared)


def test_goodbooks_is_read():
    result = read_data("goodbooks/books.csv")
    assert (result.counts.read, result.counts.prepared) == (10_000, 10_000)
    assert having(result, "isbn") == 9_277
    assert result.counts.warnings["isbn_padded"] == 9_277 - 2_690 + 1  # one is also in the column isbn13
    assert (having(result, "published"), having(result, "language")) == (9_979, 8_915)
    assert sum(record.values.get("published", "").startswith("-") for record in result.prepared) == 31
    assert credits_of(result) == 13_188
    assert max(len(record.contributors) for record in result.prepared) == 47
    hunger = result.prepared[0]
    assert (hunger.key, hunger.values["series"]) == (SourceKey("goodreads", "2767052"), "The Hunger Games")


@pytest.mark.parametrize(
    ("name", "kind", "contributors"),
    [("authors", "authors", 0), ("works", "books", 1_006), ("editions", "books", 1_045)],
)
def test_open_library_is_read(name, kind, contributors):
    result = read_data(f"openlibrary/{name}.txt")
    assert (result.counts.read, result.counts.prepared) == (1_000, 1_000)
    assert {record.kind for record in result.prepared} == {kind}
    assert credits_of(result) == contributors
    assert len({record.key for record in result.prepared}) == 1_000


def test_editions_of_open_library_are_read():
    result = read_data("openlibrary/editions.txt")
    assert (having(result, "isbn"), having(result, "published"), having(result, "language")) == (996, 982, 420)
    assert (identified(result, "openlibrary_work"), having(result, "description")) == (746, 12)
    linked = [contributor for book in result.prepared for contributor in book.contributors if contributor.key]
    assert len(linked) == 927


@pytest.mark.parametrize(
    ("name", "prepared", "skipped", "rejected"),
    [
        (
            "gpo-5000.mrc",
            3_679,
            {
                "integrating resource": 709,
                "serial": 446,
                "map": 126,
                "computer file": 17,
                "picture": 11,
                "film or projection": 9,
                "collection": 2,
            },
            1,
        ),
        ("loc-general.xml", 99, {}, 0),
        ("dnb.xml", 4, {"serial": 95}, 0),
        ("princeton.xml", 88, {"music": 6, "picture": 4, "mixed materials": 1}, 0),
    ],
)
def test_marc_records_of_libraries_are_accounted_for(name, prepared, skipped, rejected):
    result = read_data(f"marc/{name}")
    assert (result.counts.prepared, result.counts.reasons, result.counts.rejected) == (
        prepared,
        Counter(skipped),
        rejected,
    )


@pytest.mark.parametrize(("name", "isbns"), [("gpo-5000.mrc", 26), ("loc-general.xml", 98), ("dnb.xml", 3)])
def test_cancelled_isbns_are_no_isbn(name, isbns):
    assert having(read_data(f"marc/{name}"), "isbn") == isbns
