"""Real catalogs, whole, if CATALOG_DATA names a folder that has them: gutenberg, goodbooks, openlibrary, marc.

The figures were counted by other means: a few lines of `csv`, `json` and `pymarc` without any code of the catalog.
"""

from __future__ import annotations

import os
import re
from collections import Counter
from pathlib import Path

import pytest

from app.transfer.records import Key

from .conftest import Read, read_file

DATA = os.environ.get("CATALOG_DATA")
pytestmark = pytest.mark.skipif(not DATA, reason="CATALOG_DATA is not set")


def read_data(name: str) -> Read:
    found = read_file(Path(DATA) / name)
    assert found.broke_off is None
    return found


def having(found: Read, field: str) -> int:
    return sum(field in one.values for one in found.prepared)


def identified(found: Read, scheme: str) -> int:
    return sum(scheme in one.values.get("identifiers", {}) for one in found.prepared)


def credits_of(found: Read) -> int:
    return sum(len(one.contributors) for one in found.prepared)


def test_the_books_of_gutenberg():
    found = read_data("gutenberg/books.csv.gz")
    counts = found.counts
    assert (counts.rows, counts.read, counts.prepared, counts.rejected) == (82_415, 78_766, 78_765, 1)
    assert [(one.original[0], one.flaws[0].field) for one in found.rejected] == [("90907", "title")]
    assert credits_of(found) == 82_415 - 2_966 - 3_985 - 946 - 151
    assert counts.mends["no_person"] == 3_985 + 946 + 151
    assert (counts.mends["characters"], counts.mends["language_reduced"]) == (3, 219)
    books = {one.key.value: one for one in found.prepared}
    assert len(books) == 78_765
    for book_id in ("43282", "58362", "58366"):
        assert not re.search("[\x00-\x1f\x7f-\x9f]", books[book_id].values["title"])
    assert "\n" not in "".join(one.values["title"] for one in found.prepared)
    assert max(len(one.contributors) for one in found.prepared) == 24


def test_the_people_of_gutenberg():
    found = read_data("gutenberg/authors.csv.gz")
    counts = found.counts
    assert (counts.read, counts.prepared, counts.reasons) == (26_928, 26_925, {"no person": 3})
    assert (having(found, "birth_date"), having(found, "death_date")) == (20_631, 19_815)
    assert sum(one.values.get("birth_date", "").startswith("-") for one in found.prepared) == 38
    homonyms = [one.key.value for one in found.prepared if one.values.get("sort_name") == "Smith, George"]
    assert len(set(homonyms)) == 4


def test_the_subjects_of_gutenberg():
    found = read_data("gutenberg/subjects.csv.gz")
    assert (found.counts.rows, found.counts.prepared, found.counts.rejected) == (265_327, 78_629, 0)
    assert sum(len(one.values.get("subjects", ())) for one in found.prepared) == 183_348
    assert sum(len(one.values["identifiers"].get("lcc", ())) for one in found.prepared) == 81_979
    assert all(one.adds for one in found.prepared)


def test_goodbooks():
    found = read_data("goodbooks/books.csv")
    assert (found.counts.read, found.counts.prepared) == (10_000, 10_000)
    assert having(found, "isbn") == 9_277
    assert found.counts.mends["isbn_padded"] == 9_277 - 2_690 + 1  # one stands in the column isbn13, too
    assert (having(found, "published"), having(found, "language")) == (9_979, 8_915)
    assert sum(one.values.get("published", "").startswith("-") for one in found.prepared) == 31
    assert credits_of(found) == 13_188
    assert max(len(one.contributors) for one in found.prepared) == 47
    hunger = found.prepared[0]
    assert (hunger.key, hunger.values["series"]) == (Key("goodreads", "2767052"), "The Hunger Games")


@pytest.mark.parametrize(
    ("name", "kind", "contributors"),
    [("authors", "authors", 0), ("works", "books", 1_006), ("editions", "books", 1_045)],
)
def test_open_library(name, kind, contributors):
    found = read_data(f"openlibrary/{name}.txt")
    assert (found.counts.read, found.counts.prepared) == (1_000, 1_000)
    assert {one.kind for one in found.prepared} == {kind}
    assert credits_of(found) == contributors
    assert len({one.key for one in found.prepared}) == 1_000


def test_the_editions_of_open_library():
    found = read_data("openlibrary/editions.txt")
    assert (having(found, "isbn"), having(found, "published"), having(found, "language")) == (996, 982, 420)
    assert (identified(found, "openlibrary_work"), having(found, "description")) == (746, 12)
    linked = [one for book in found.prepared for one in book.contributors if one.key]
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
def test_every_record_of_the_libraries_is_accounted_for(name, prepared, skipped, rejected):
    found = read_data(f"marc/{name}")
    assert (found.counts.prepared, found.counts.reasons, found.counts.rejected) == (
        prepared,
        Counter(skipped),
        rejected,
    )


@pytest.mark.parametrize(("name", "isbns"), [("gpo-5000.mrc", 26), ("loc-general.xml", 98), ("dnb.xml", 3)])
def test_cancelled_isbns_are_not_the_isbn(name, isbns):
    assert having(read_data(f"marc/{name}"), "isbn") == isbns
