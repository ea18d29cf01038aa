"""NDJSON and JSON arrays of our own representation."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.transfer.imports.files import lines
from app.transfer.records import PreparedContributor, SourceKey
from tests.app.transfer.conftest import read_file

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
def test_books_and_authors_are_read(read, form):
    result = read(form(BOOK, AUTHOR))
    book, author = result.prepared
    assert (book.kind, book.values, book.key, book.digest) == ("books", VALUES, ("openlibrary", "OL1M"), "")
    assert book.contributors == [
        PreparedContributor("Leo Tolstoy"),
        PreparedContributor("Constance Garnett", "translator", None, "C. Garnett"),
    ]
    assert author.kind == "authors"
    assert author.values == {"name": "Tolstoy, Leo", "sort_name": "Tolstoy", "birth_date": "1828-09-09"}
    assert len(author.digest) == 32


def test_ids_of_a_named_source_are_kept(read):
    book, author = read(ndjson(BOOK, AUTHOR), source="shop").prepared
    assert (book.key, author.key) == (SourceKey("shop", "7"), SourceKey("shop", "3"))
    assert [contributor.key for contributor in book.contributors] == [SourceKey("shop", "3"), SourceKey("shop", "4")]


def test_restored_records_are_unchanged(read):
    book, author = read(ndjson(BOOK, AUTHOR), restore=True).prepared
    assert book.restored == {name: BOOK[name] for name in ("id", "created_at", "updated_at")}
    assert {name: value for name, value in book.values.items() if value is not None} == VALUES
    assert book.values["subtitle"] is None
    assert [(contributor.key, contributor.role, contributor.credited_as) for contributor in book.contributors] == [
        (SourceKey("id", "3"), "author", None),
        (SourceKey("id", "4"), "translator", "C. Garnett"),
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
def test_restored_records_are_not_cleaned(read, change, field):
    result = read(ndjson({**BOOK, **change}), restore=True)
    assert field in [reason.field for reason in result.rejected[0].reasons]


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
def test_values_are_cleaned_as_those_of_other_formats(read, change, kinds):
    result = read(ndjson({**BOOK, **change}))
    assert (len(result.prepared), result.counts.warnings) == (1, kinds)


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
    result = read(ndjson({**BOOK, **change}, AUTHOR))
    assert (result.counts.prepared, [reason.field for reason in result.rejected[0].reasons]) == (1, [field])


@pytest.mark.parametrize(
    "line",
    ["{", '{"title": "A"', "nonsense", '{"title": "A", "title": "B"}', '{"title": NaN}', "[1]", '"A"', "[" * 100_000],
)
def test_lines_around_a_broken_one_are_read(read, line):
    result = read(ndjson(AUTHOR) + line + "\n\n" + ndjson(BOOK), format="ndjson")
    assert [outcome.number for outcome in result.outcomes] == [1, 2, 4]
    assert [rejected.original for rejected in result.rejected] == [line]


def test_items_around_a_broken_one_are_read(read):
    result = read('[{"title": "A"}, {"title": B}, {"title": "C", }, 5, {"title": "D]}"}]')
    assert [record.values["title"] for record in result.prepared] == ["A", "D]}"]
    assert [(rejected.number, rejected.original) for rejected in result.rejected] == [
        (2, '{"title": B}'),
        (3, '{"title": "C", }'),
        (4, "5"),
    ]


@pytest.mark.parametrize("constant", ["NaN", "Infinity", "-Infinity"])
def test_only_an_invalid_constant_in_an_array_is_rejected(read, constant):
    result = read(f'[{constant}, {{"title": "A"}}, {constant}]', format="json")
    assert [type(outcome).__name__ for outcome in result.outcomes] == ["Rejected", "Prepared", "Rejected"]
    assert [rejected.original for rejected in result.rejected] == [constant, constant]


@pytest.mark.parametrize(
    ("content", "prepared", "words"),
    [
        ('[{"title": "A"}', 1, "cut off after record 1"),
        ('[{"title": "A"}, {"title": "B', 1, "cannot be read beyond record 1"),
        ('[{"title": "A"}] {"title": "B"}', 1, "after the end of the array"),
        ("[", 0, "cut off after record 0"),
    ],
)
def test_a_truncated_array_is_aborted_with_its_position(read, content, prepared, words):
    result = read(content, format="json")
    assert result.counts.prepared == prepared
    assert words in result.aborted


@pytest.mark.parametrize("size", [1, 7, 64])
def test_an_array_is_read_in_chunks_of_any_size(read, monkeypatch, size):
    monkeypatch.setattr("app.transfer.imports.formats.json_items.ITEM_CHUNK", size)
    books = [{"title": f"Book {n}", "description": "x" * n, "page_count": n + 1} for n in range(50)]
    result = read(json.dumps(books, indent=1))
    assert [record.values["title"] for record in result.prepared] == [book["title"] for book in books]


def test_an_endless_item_is_read_in_bounded_memory(read, monkeypatch):
    monkeypatch.setattr("app.transfer.imports.formats.json_items.MAX_ITEM", lines.TEXT_CHUNK)
    result = read('[{"title": "A"}, {"title": "' + "x" * 3_000_000)
    assert result.counts.prepared == 1
    assert "beyond record 1" in result.aborted


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)

NAMES = st.sampled_from([*BOOK, "name", "rejected", "biography"])


@given(st.lists(st.dictionaries(NAMES, JSON) | JSON, max_size=5), st.booleans())
def test_every_item_of_an_array_has_an_outcome(tmp_path_factory, items, restore):
    file = tmp_path_factory.mktemp("json") / "file.json"
    file.write_text(json.dumps(items, allow_nan=True), "utf-8")
    result = read_file(file, format="json", restore=restore)
    assert result.counts.read == len(items)


DEEP = "[" * 20_000 + "]" * 20_000
NESTED = {
    "a member of a line": ("a.ndjson", f'{{"title": "x", "note": {DEEP}}}\n'),
    "a member of an item": ("a.json", f'[{{"title": "x", "note": {DEEP}}}]'),
    "nested objects": ("a.ndjson", '{"a":' * 20_000 + "1" + "}" * 20_000 + "\n"),
    "brackets that never close": ("a.ndjson", '{"title": "x", "note": ' + "[" * 20_000 + "\n"),
}


@pytest.mark.parametrize(("name", "text"), NESTED.values(), ids=NESTED)
def test_deep_nesting_is_rejected(app, tmp_path, name, text):
    (tmp_path / name).write_text(text)
    result = app.test_cli_runner().invoke(args=["catalog", "import", str(tmp_path / name)])
    assert "Not valid JSON: it is nested too deeply." in result.output
    assert result.exit_code == 1
