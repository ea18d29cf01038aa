"""CSV, TSV and NDJSON: what they hold, read back by the import, by csv and by json."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.authors.resource import AUTHORS
from app.books.contributors.text import format_contributor, parse_contributor
from app.books.models import ROLES
from app.books.resource import BOOKS
from app.core.formats import Csv, Ndjson, Tsv
from tests.app.transfer.conftest import read_file

from .documents import WRITABLE, as_document, books, lines, paragraphs, several, written


@given(books, st.sampled_from([Csv, Tsv]))
def test_a_table_of_books_is_read_back_the_same(tmp_path_factory, book, kind):
    file = tmp_path_factory.mktemp("table") / f"books.{kind.suffix}"
    file.write_bytes(written(kind(BOOKS, WRITABLE), as_document(book)))
    record = read_file(file).only
    assert record.warnings == []
    empty = {"identifiers": {}, "subjects": []}
    values = {name: record.values.get(name, empty.get(name)) for name in WRITABLE if name != "authors"}
    assert values == {name: value for name, value in book.items() if name != "authors"}
    people = [{"name": c.name, "role": c.role, "credited_as": c.credited_as} for c in record.contributors]
    assert people == book["authors"]


@given(
    st.fixed_dictionaries(
        {
            "name": lines,
            "sort_name": lines,
            "alternate_names": several,
            "birth_date": st.sampled_from([None, "-0431", "1969-03"]),
            "biography": st.none() | paragraphs,
        }
    )
)
def test_a_table_of_authors_is_read_back_the_same(tmp_path_factory, author):
    file = tmp_path_factory.mktemp("table") / "authors.csv"
    author = {**author, "death_date": None, "identifiers": {}}
    columns = [name for name, field in AUTHORS.fields.items() if not field.read_only]
    file.write_bytes(written(Csv(AUTHORS, columns), as_document(author)))
    record = read_file(file).only
    assert {name: record.values.get(name) or author[name] for name in columns} == author
    assert record.values["name"] == author["name"]


@given(lines, st.sampled_from(ROLES), st.none() | lines)
def test_a_contributor_is_read_as_it_was_written(name, role, credited_as):
    result = parse_contributor(format_contributor(name, role, credited_as))
    assert (result[0], result[1] or "author", result[2]) == (name, role, credited_as)


@pytest.mark.parametrize(
    ("contributor", "cell"),
    [
        (("Homer", "author", None), "Homer"),
        (("Emily Wilson", "translator", None), "Emily Wilson [translator]"),
        (("Stephen King", "author", "Richard Bachman"), "Stephen King [author as Richard Bachman]"),
        (("Homer [editor]", "author", None), "Homer [editor] [author]"),
        (("A", "author", "B [author as C]"), r"A [author as B \[author as C]]"),
    ],
)
def test_a_contributor_is_written_plainly(contributor, cell):
    assert format_contributor(*contributor) == cell


def test_an_edited_cell_is_cleaned(tmp_path):
    file = tmp_path / "books.csv"
    document = as_document({**dict.fromkeys(WRITABLE), "title": "A", "subjects": [], "identifiers": {}, "authors": []})
    table = written(Csv(BOOKS, WRITABLE), document).decode().replace("A,,,,,", "A,,0-441-47812-3,March 1999,,DE,")
    file.write_text(table, newline="")
    values = read_file(file).only.values
    assert (values["isbn"], values["published"], values["language"]) == ("9780441478125", "1999-03", "de")


def test_a_table_follows_rfc_4180():
    book = {"title": 'A "quoted", title', "subtitle": None, "description": "two\nlines"}
    content = written(Csv(BOOKS, ("title", "subtitle", "description")), as_document(book))
    assert content == b'title,subtitle,description\r\n"A ""quoted"", title",,"two\nlines"\r\n'
    [row] = csv.DictReader(io.StringIO(content.decode(), newline=""))
    assert row == {"title": 'A "quoted", title', "subtitle": "", "description": "two\nlines"}


@pytest.mark.parametrize(
    ("value", "cell"), [(None, ""), (4.0, "4.0"), (1.5, "1.5"), (1e-07, "0.0000001"), (100000, "100000")]
)
def test_a_number_is_written_plainly(value, cell):
    assert BOOKS.fields["series_position"].type.cell(value) == cell


@given(st.lists(st.fixed_dictionaries({"title": lines, "subtitle": st.none() | lines}), max_size=3), st.integers(1, 2))
def test_csv_reads_the_rows_of_a_table(books, width):
    names = ("subtitle", "title")[:width]
    content = written(Csv(BOOKS, names), *map(as_document, books)) if books else Csv(BOOKS, names).head()
    result = list(csv.reader(io.StringIO(content.decode(), newline=""), strict=True))
    assert result == [list(names), *([book[name] or "" for name in names] for book in books)]


def test_cells_like_formulas_are_unchanged():
    content = written(Csv(BOOKS, ("title",)), *(as_document({"title": title}) for title in ("=1+1", "-0431", "@a")))
    assert content.decode().split("\r\n") == ["title", "=1+1", "-0431", "@a", ""]


def test_ndjson_holds_each_document_in_a_line():
    documents = ['{"id":1,"title":"a\\nb"}', '{"id":2,"identifiers":{"a": ["1"]}}']
    assert written(Ndjson(BOOKS, ("id",)), *documents).decode() == "".join(f"{document}\n" for document in documents)
