"""What the formats of the export hold: read back by the readers of the import, by pymarc, by csv and by json."""

from __future__ import annotations

import csv
import io
import json
import re
from typing import Any

import pymarc
import pytest
from hypothesis import given
from hypothesis import strategies as st
from schema import SchemaError

from app.authors.schemas import AUTHORS
from app.books import credit
from app.books.models import ROLES
from app.books.schemas import BOOKS
from app.representations import Csv, Ndjson, Tsv
from app.transfer.writers.bibtex import Bibtex
from app.transfer.writers.marc import LONGEST_FIELD, Marc, Marcxml
from app.transfer.writers.ris import Ris
from app.values import text

from .conftest import read_file

WRITABLE = [name for name, field in BOOKS.fields.items() if not field.read_only]
STORED = {"id": 1, "created_at": "2026-01-02T03:04:05.123456+00:00", "updated_at": "2026-02-03T04:05:06+00:00"}
TRAPS = st.sampled_from(
    [
        *(
            '"',
            ",",
            ";",
            "\\",
            "\t",
            "[",
            "]",
            "a;b",
            "\\;",
            "x\\",
            "[editor]",
            "A [author as B]",
            "&amp;",
            "=1+1",
            "-0431",
        ),
        *("Anonymous", "various", "Le Guin, Ursula K.", "a  b", "O'Neil & Co", "x&#39;y", "…", "雪国", "é", "#", "'"),
    ]
)


def stored_line(value: str) -> str | None:
    try:
        return text.line(value)
    except SchemaError:
        return None


def stored_paragraphs(value: str) -> str | None:
    try:
        return text.paragraphs(value)
    except SchemaError:
        return None


raw = st.lists(TRAPS | st.text(max_size=4), min_size=1, max_size=4).map("".join)
lines = raw.map(stored_line).filter(bool)
paragraphs = (raw | st.lists(raw, max_size=3).map("\r\n".join) | raw.map(lambda one: f"{one}\n\n{one}")).map(
    stored_paragraphs
)
several = st.lists(lines, max_size=3, unique=True)
identifiers = st.dictionaries(st.sampled_from(["a", "open.library-1"]), st.lists(lines, min_size=1, unique=True))
contributors = st.lists(
    st.fixed_dictionaries({"name": lines, "role": st.sampled_from(ROLES), "credited_as": st.none() | lines}),
    max_size=3,
    unique_by=lambda one: (one["name"], one["role"]),
)
books = st.fixed_dictionaries(
    {
        "title": lines,
        "subtitle": st.none() | lines,
        "isbn": st.none() | st.just("9780441478125"),
        "published": st.sampled_from([None, "-0431", "0008", "1969-03", "1969-03-01"]),
        "publisher": st.none() | lines,
        "language": st.sampled_from([None, "en", "pt-BR", "und", "mul", "deu"]),
        "page_count": st.none() | st.integers(1, 100_000),
        "description": st.none() | paragraphs,
        "series": st.none() | lines,
        "series_position": st.none() | st.floats(0, 100_000),
        "subjects": several,
        "cover_url": st.none() | st.just("https://covers.example/1.jpg"),
        "identifiers": identifiers,
        "authors": contributors,
    }
)


def as_document(book: dict[str, Any]) -> str:
    """The JSON text of a record with these values, as the API has it."""
    authors = [{"id": place + 1, **one} for place, one in enumerate(book.get("authors", ()))]
    return json.dumps({**STORED, **book, **({"authors": authors} if "authors" in book else {})}, ensure_ascii=False)


def written(form: Any, *documents: str) -> bytes:
    return form.head() + form.records(documents) + form.tail()


@given(books, st.sampled_from([Csv, Tsv]))
def test_what_a_table_holds_is_read_back_the_same_whatever_it_looks_like(tmp_path_factory, book, kind):
    file = tmp_path_factory.mktemp("table") / f"books.{kind.suffix}"
    file.write_bytes(written(kind(BOOKS, WRITABLE), as_document(book)))
    one = read_file(file).only
    assert one.mends == []
    empty = {"identifiers": {}, "subjects": []}
    values = {name: one.values.get(name, empty.get(name)) for name in WRITABLE if name != "authors"}
    assert values == {name: value for name, value in book.items() if name != "authors"}
    people = [{"name": c.name, "role": c.role, "credited_as": c.credited_as} for c in one.contributors]
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
    one = read_file(file).only
    assert {name: one.values.get(name) or author[name] for name in columns} == author
    assert one.values["name"] == author["name"]


@given(lines, st.sampled_from(ROLES), st.none() | lines)
def test_a_credit_is_read_as_it_was_written(name, role, credited_as):
    found = credit.read(credit.written(name, role, credited_as))
    assert (found[0], found[1] or "author", found[2]) == (name, role, credited_as)


@pytest.mark.parametrize(
    ("said", "cell"),
    [
        (("Homer", "author", None), "Homer"),
        (("Emily Wilson", "translator", None), "Emily Wilson [translator]"),
        (("Stephen King", "author", "Richard Bachman"), "Stephen King [author as Richard Bachman]"),
        (("Homer [editor]", "author", None), "Homer [editor] [author]"),
        (("A", "author", "B [author as C]"), r"A [author as B \[author as C]]"),
    ],
)
def test_a_credit_is_written_as_plainly_as_it_can_be(said, cell):
    assert credit.written(*said) == cell


def test_an_edited_cell_of_our_own_table_is_mended_as_any_other(tmp_path):
    file = tmp_path / "books.csv"
    document = as_document({**dict.fromkeys(WRITABLE), "title": "A", "subjects": [], "identifiers": {}, "authors": []})
    lines_ = written(Csv(BOOKS, WRITABLE), document).decode().replace("A,,,,,", "A,,0-441-47812-3,March 1999,,DE,")
    file.write_text(lines_, newline="")
    values = read_file(file).only.values
    assert (values["isbn"], values["published"], values["language"]) == ("9780441478125", "1999-03", "de")


def test_a_table_is_a_csv_as_rfc_4180_has_it():
    book = {"title": 'A "quoted", title', "subtitle": None, "description": "two\nlines"}
    content = written(Csv(BOOKS, ("title", "subtitle", "description")), as_document(book))
    assert content == b'title,subtitle,description\r\n"A ""quoted"", title",,"two\nlines"\r\n'
    [row] = csv.DictReader(io.StringIO(content.decode(), newline=""))
    assert row == {"title": 'A "quoted", title', "subtitle": "", "description": "two\nlines"}


@pytest.mark.parametrize(
    ("value", "cell"), [(None, ""), (4.0, "4.0"), (1.5, "1.5"), (1e-07, "0.0000001"), (100000, "100000")]
)
def test_a_number_is_written_plainly(value, cell):
    assert BOOKS.fields["series_position"].kind.cell(value) == cell


@given(st.lists(st.fixed_dictionaries({"title": lines, "subtitle": st.none() | lines}), max_size=3), st.integers(1, 2))
def test_python_reads_the_rows_of_a_table_as_they_are(books, width):
    names = ("subtitle", "title")[:width]
    content = written(Csv(BOOKS, names), *map(as_document, books)) if books else Csv(BOOKS, names).head()
    found = list(csv.reader(io.StringIO(content.decode(), newline=""), strict=True))
    assert found == [list(names), *([book[name] or "" for name in names] for book in books)]


def test_cells_that_look_like_formulas_are_what_is_stored():
    content = written(Csv(BOOKS, ("title",)), *(as_document({"title": title}) for title in ("=1+1", "-0431", "@a")))
    assert content.decode().split("\r\n") == ["title", "=1+1", "-0431", "@a", ""]


def test_ndjson_is_the_text_of_each_record_in_a_line():
    documents = ['{"id":1,"title":"a\\nb"}', '{"id":2,"identifiers":{"a": ["1"]}}']
    assert written(Ndjson(BOOKS, ("id",)), *documents).decode() == "".join(f"{one}\n" for one in documents)


# ---- formats of libraries and citations

FULL: dict[str, Any] = {
    "title": "The Left Hand of {Darkness}",
    "subtitle": "50% & more",
    "isbn": "9780441478125",
    "published": "1969-03",
    "publisher": "Ace Books",
    "language": "pt-BR",
    "page_count": 304,
    "description": "One line,\nER  - and another.",
    "series": "Hainish Cycle",
    "series_position": 4,
    "subjects": ["Science fiction", "Gender"],
    "cover_url": "https://covers.example/1.jpg",
    "identifiers": {
        "isbn": ["9780306406157"],
        "openlibrary": ["OL1M"],
        "edition": ["2nd"],
        "lccn": ["12"],
        "oclc": ["3"],
    },
    "authors": [
        {"name": "Ursula K. Le Guin", "role": "author", "credited_as": "U. Le Guin"},
        {"name": "Simon and Schuster", "role": "editor", "credited_as": None},
        {"name": "Emily Wilson", "role": "translator", "credited_as": None},
        {"name": "Aubrey Beardsley", "role": "illustrator", "credited_as": None},
    ],
}
FILED = {1: "Le Guin, Ursula K.", 2: "Simon and Schuster", 3: "Wilson, Emily", 4: "Beardsley, Aubrey"}
BARE = {**dict.fromkeys(WRITABLE), "title": "Bare", "subjects": [], "identifiers": {}, "authors": []}


def bibliographic(kind: Any, *books: dict[str, Any]) -> Any:
    form = kind(lambda ids: {one: FILED[one] for one in ids})
    return form, written(form, *map(as_document, books))


def test_a_marc_record_holds_the_book_by_the_fields_that_libraries_know():
    _, data = bibliographic(Marc, FULL)
    [record] = pymarc.MARCReader(data)
    said = {field.tag: str(field).partition("  ")[2] for field in record.fields}
    assert (said["001"], said["003"], said["005"]) == ("1", "catalog", "20260203040506.0")
    assert (len(record["008"].data), record["008"].data[:11], record["008"].data[35:38]) == (40, "260102s1969", "por")
    assert record["245"].get_subfields("a", "b") == ["The Left Hand of {Darkness}", "50% & more"]
    assert [field["a"] for field in record.get_fields("020")] == ["9780441478125", "9780306406157"]
    assert record["264"].get_subfields("b", "c") == ["Ace Books", "1969-03"]
    assert [record[tag]["a"] for tag in ("010", "035", "041", "250", "300")] == [
        *("12", "(OCoLC)3", "pt-BR", "2nd", "304 pages")
    ]
    assert [str(field) for field in record.get_fields("100", "700")] == [
        "=100  1\\$aLe Guin, Ursula K.$eauthor$4aut",
        "=700  0\\$aSimon and Schuster$eeditor$4edt",
        "=700  1\\$aWilson, Emily$etranslator$4trl",
        "=700  1\\$aBeardsley, Aubrey$eillustrator$4ill",
    ]
    assert [str(field) for field in record.get_fields("024")] == ["=024  7\\$aOL1M$2openlibrary"]
    assert [field["a"] for field in record.get_fields("650")] == ["Science fiction", "Gender"]
    assert (record["490"]["a"], record["490"]["v"]) == ("Hainish Cycle", "4")


@pytest.mark.parametrize("kind", [Marc, Marcxml])
def test_marc_is_read_back_by_the_import(tmp_path, kind):
    file = tmp_path / f"books.{kind.suffix}"
    file.write_bytes(bibliographic(kind, FULL, BARE)[1])
    found = read_file(file)
    first, second = found.prepared
    assert (found.counts.read, second.values["title"]) == (2, "Bare")
    for name in ("title", "subtitle", "isbn", "published", "publisher", "language", "page_count", "series", "subjects"):
        assert first.values[name] == FULL[name]
    assert first.values["description"].split() == FULL["description"].split()
    people = [(one.name, one.role) for one in first.contributors]
    assert people == [(one["name"], one["role"]) for one in FULL["authors"]]


def test_what_is_too_long_for_a_binary_marc_record_is_left_out_and_counted():
    long = {**FULL, "description": "é" * LONGEST_FIELD, "subjects": [f"{n} " + "x" * 490 for n in range(200)]}
    form, data = bibliographic(Marc, long, BARE)
    first, second = pymarc.MARCReader(data)
    assert (first.get_fields("520"), second["245"]["a"]) == ([], "Bare")
    assert form.left_out["field 520 that is too long for MARC 21"] == 1
    kept = len(first.get_fields("650"))
    assert 0 < kept < 200
    assert form.left_out["field 650 that is too long for MARC 21"] == 200 - kept


def test_what_xml_does_not_have_is_left_out_of_marcxml_and_counted():
    form, data = bibliographic(Marcxml, {**BARE, "title": "a\ufffeb <&> \U0001f4d6"})
    [record] = pymarc.parse_xml_to_array(io.BytesIO(data))
    assert record["245"]["a"] == "ab <&> \U0001f4d6"
    assert form.left_out == {"character that XML has not": 1}


def test_bibtex_keeps_what_tex_would_read_as_its_own():
    _, data = bibliographic(Bibtex, FULL)
    entry = data.decode()
    fields = dict(re.findall(r"^  (\w+) = (.*?),?$", entry, re.MULTILINE))
    assert entry.startswith("@book{leguin1969-1,\n")
    assert fields["title"] == r"{{The Left Hand of \textbraceleft{}Darkness\textbraceright{}}}"
    assert fields["subtitle"] == r"{{50\% \& more}}"
    assert fields["author"] == "{Le Guin, Ursula K.}"
    assert fields["editor"] == "{{Simon and Schuster}}"
    assert (fields["year"], fields["month"]) == ("{1969}", "mar")
    assert fields["isbn"] == "{9780441478125 9780306406157}"
    assert (fields["illustrator"], fields["number"]) == ("{Beardsley, Aubrey}", "{4}")


@given(lines)
def test_the_braces_of_bibtex_match_whatever_a_title_holds(title):
    _, data = bibliographic(Bibtex, {**BARE, "title": title})
    depth = 0
    for mark in data.decode():
        depth += (mark == "{") - (mark == "}")
        assert depth >= 0
    assert depth == 0


def test_ris_has_a_tag_in_each_line_and_no_value_of_more_than_one():
    _, data = bibliographic(Ris, FULL, BARE)
    first, second = data.decode().split("\r\n\r\n")[:2]
    lines_ = [re.fullmatch(r"([A-Z][A-Z0-9])  - (.*)", line).groups() for line in first.split("\r\n")]
    assert lines_[:4] == [
        ("TY", "BOOK"),
        ("ID", "1"),
        ("TI", "The Left Hand of {Darkness}: 50% & more"),
        ("AU", "Le Guin, Ursula K."),
    ]
    assert {("ED", "Simon and Schuster"), ("A4", "Wilson, Emily"), ("N1", "illustrator: Beardsley, Aubrey")} <= set(
        lines_
    )
    assert {("PY", "1969"), ("DA", "1969/03//"), ("SN", "9780306406157"), ("KW", "Gender")} <= set(lines_)
    assert ("AB", "One line, ER - and another.") in lines_
    assert lines_[-1] == ("ER", "")
    assert second.split("\r\n")[2:] == ["TI  - Bare", "ER  - "]
