"""NDJSON and JSON arrays of our own representation."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.transfer.readers import lines
from app.transfer.records import Contributor, Key

from .conftest import read_file

BOOK = {
    "id": 7,
    "title": "Anna Karenina",
    "subtitle": None,
    "isbn": "9780143035008",
    "published": "1878",
    "page_count": 864,
    "series_position": 1.5,
    "description": "One\n\nTwo",
    "subjects": ["Russia"],
    "identifiers": {"openlibrary": ["OL1M"]},
    "authors": [
        {"id": 3, "name": "Leo Tolstoy", "role": "author", "credited_as": None},
        {"id": 4, "name": "Constance Garnett", "role": "translator", "credited_as": "C. Garnett"},
    ],
    "created_at": "2026-01-01T00:00:00.000001+00:00",
    "updated_at": "2026-01-02T00:00:00+00:00",
}
AUTHOR = {
    "id": 3,
    "name": "Tolstoy, Leo",
    "sort_name": "Tolstoy",
    "birth_date": "1828-09-09",
    "alternate_names": [],
    "identifiers": {},
    "created_at": "2026-01-01T00:00:00Z",
    "updated_at": "2026-01-01T00:00:00Z",
}
VALUES = {
    name: value
    for name, value in BOOK.items()
    if value is not None and name not in ("id", "authors", "created_at", "updated_at")
}


def ndjson(*records: object) -> str:
    return "".join(json.dumps(record) + "\n" for record in records)


@pytest.mark.parametrize("form", [ndjson, lambda *records: json.dumps(records), lambda *r: json.dumps(r, indent=2)])
def test_books_and_authors_are_read_as_they_are_represented(read, form):
    found = read(form(BOOK, AUTHOR))
    book, author = found.prepared
    assert (book.kind, book.values, book.key, book.digest) == ("books", VALUES, ("openlibrary", "OL1M"), "")
    assert book.contributors == [
        Contributor("Leo Tolstoy"),
        Contributor("Constance Garnett", "translator", None, "C. Garnett"),
    ]
    assert author.kind == "authors"
    assert author.values == {"name": "Tolstoy, Leo", "sort_name": "Tolstoy", "birth_date": "1828-09-09"}
    assert len(author.digest) == 32


def test_ids_of_a_source_that_is_named_are_kept(read):
    book, author = read(ndjson(BOOK, AUTHOR), source="shop").prepared
    assert (book.key, author.key) == (Key("shop", "7"), Key("shop", "3"))
    assert [one.key for one in book.contributors] == [Key("shop", "3"), Key("shop", "4")]


def test_what_is_restored_is_exactly_what_it_was(read):
    book, author = read(ndjson(BOOK, AUTHOR), restore=True).prepared
    assert book.restored == {name: BOOK[name] for name in ("id", "created_at", "updated_at")}
    assert {name: value for name, value in book.values.items() if value is not None} == VALUES
    assert book.values["subtitle"] is None
    assert [(one.key, one.role, one.credited_as) for one in book.contributors] == [
        (Key("id", "3"), "author", None),
        (Key("id", "4"), "translator", "C. Garnett"),
    ]
    assert (author.values["name"], author.values["alternate_names"]) == ("Tolstoy, Leo", [])


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"id": None}, "id"),
        ({"id": "7"}, "id"),
        ({"created_at": "yesterday"}, "created_at"),
        ({"updated_at": 5}, "updated_at"),
        ({"published": "March 1999"}, "published"),
        ({"authors": [{"name": "Leo Tolstoy"}]}, "authors"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_what_is_restored_is_not_mended(read, change, field):
    found = read(ndjson({**BOOK, **change}), restore=True)
    assert field in [flaw.field for flaw in found.rejected[0].flaws]


@pytest.mark.parametrize(
    ("change", "kinds"),
    [
        ({"published": "March 1999"}, {"date_rewritten": 1}),
        ({"published": 1999}, {}),
        ({"page_count": "304"}, {}),
        ({"title": "Tom &amp; Jerry"}, {"entities": 1}),
        ({"colour": "red"}, {"unknown_member": 1}),
        ({"isbn": "0143035003"}, {"isbn_wrong": 1}),
    ],
)
def test_values_are_mended_like_those_of_other_files(read, change, kinds):
    found = read(ndjson({**BOOK, **change}))
    assert (len(found.prepared), found.counts.mends) == (1, kinds)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"title": None}, "title"),
        ({"title": 1984}, "title"),
        ({"title": ["A"]}, "title"),
        ({"page_count": 1.5}, "page_count"),
        ({"subjects": "Russia"}, "subjects"),
        ({"subjects": [1]}, "subjects"),
        ({"identifiers": []}, "identifiers"),
        ({"isbn": 9780143035008}, "isbn"),
        ({"language": {}}, "language"),
        ({"authors": "Leo Tolstoy"}, "authors"),
        ({"authors": [{"id": 3}]}, "authors"),
        ({"authors": [{"name": "A", "age": 3}]}, "authors/0/age"),
        ({"authors": [None]}, "authors/0"),
    ],
)
def test_values_of_another_type_are_rejected(read, change, field):
    found = read(ndjson({**BOOK, **change}, AUTHOR))
    assert (found.counts.prepared, [flaw.field for flaw in found.rejected[0].flaws]) == (1, [field])


@pytest.mark.parametrize(
    "line",
    ["{", '{"title": "A"', "nonsense", '{"title": "A", "title": "B"}', '{"title": NaN}', "[1]", '"A"', "[" * 100_000],
)
def test_a_line_that_is_no_object_is_rejected_and_the_others_are_read(read, line):
    found = read(ndjson(AUTHOR) + line + "\n\n" + ndjson(BOOK), format="ndjson")
    assert [one.place for one in found.outcomes] == [1, 2, 4]
    assert [one.original for one in found.rejected] == [line]


def test_a_broken_item_of_an_array_is_told_from_those_around_it(read):
    found = read('[{"title": "A"}, {"title": B}, {"title": "C", }, 5, {"title": "D]}"}]')
    assert [one.values["title"] for one in found.prepared] == ["A", "D]}"]
    assert [(one.place, one.original) for one in found.rejected] == [
        (2, '{"title": B}'),
        (3, '{"title": "C", }'),
        (4, "5"),
    ]


@pytest.mark.parametrize(
    ("content", "prepared", "words"),
    [
        ('[{"title": "A"}', 1, "cut off after record 1"),
        ('[{"title": "A"}, {"title": "B', 1, "cannot be read beyond record 1"),
        ('[{"title": "A"}] {"title": "B"}', 1, "follows the array"),
        ("[", 0, "cut off after record 0"),
    ],
)
def test_an_array_that_breaks_off_says_where(read, content, prepared, words):
    found = read(content, format="json")
    assert found.counts.prepared == prepared
    assert words in found.broke_off


@pytest.mark.parametrize("size", [1, 7, 64])
def test_an_array_is_read_whatever_its_pieces_are(read, monkeypatch, size):
    monkeypatch.setattr("app.transfer.readers.jsonrecords.CHUNK", size)
    books = [{"title": f"Book {n}", "description": "x" * n, "page_count": n + 1} for n in range(50)]
    found = read(json.dumps(books, indent=1))
    assert [one.values["title"] for one in found.prepared] == [book["title"] for book in books]


def test_an_item_without_an_end_is_followed_within_bounds(read, monkeypatch):
    monkeypatch.setattr("app.transfer.readers.jsonrecords.LONGEST", lines.CHUNK)
    found = read('[{"title": "A"}, {"title": "' + "x" * 3_000_000)
    assert found.counts.prepared == 1
    assert "beyond record 1" in found.broke_off


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
NAMES = st.sampled_from([*BOOK, "name", "rejected", "biography"])


@given(st.lists(st.dictionaries(NAMES, JSON) | JSON, max_size=5), st.booleans())
def test_whatever_an_array_holds_each_item_has_an_outcome(tmp_path_factory, items, restore):
    file = tmp_path_factory.mktemp("json") / "file.json"
    file.write_text(json.dumps(items, allow_nan=True), "utf-8")
    found = read_file(file, format="json", restore=restore)
    assert found.counts.read == len(items)
