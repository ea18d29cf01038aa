"""MARC, BibTeX and RIS: what they hold, read back by the import and by pymarc."""

from __future__ import annotations

import io
import re
from typing import Any

import pymarc
import pytest
from hypothesis import given

from app.books.formats.bibtex import Bibtex
from app.books.formats.marc import MAX_FIELD, Marc, Marcxml
from app.books.formats.ris import Ris
from tests.app.transfer.conftest import read_file

from .documents import WRITABLE, as_document, lines, written

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

SORT_NAMES = {1: "Le Guin, Ursula K.", 2: "Simon and Schuster", 3: "Wilson, Emily", 4: "Beardsley, Aubrey"}

BARE = {**dict.fromkeys(WRITABLE), "title": "Bare", "subjects": [], "identifiers": {}, "authors": []}


def bibliographic(kind: Any, *books: dict[str, Any]) -> Any:
    """Return a representation, and its bytes of some books."""
    representation = kind(lambda ids: {author_id: SORT_NAMES[author_id] for author_id in ids})
    return representation, written(representation, *map(as_document, books))


def test_a_marc_record_holds_the_book():
    _, data = bibliographic(Marc, FULL)
    [record] = pymarc.MARCReader(data)
    fields = {field.tag: str(field).partition("  ")[2] for field in record.fields}
    assert (fields["001"], fields["003"], fields["005"]) == ("1", "catalog", "20260203040506.0")
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
    result = read_file(file)
    first, second = result.prepared
    assert (result.counts.read, second.values["title"]) == (2, "Bare")
    for name in ("title", "subtitle", "isbn", "published", "publisher", "language", "page_count", "series", "subjects"):
        assert first.values[name] == FULL[name]
    assert first.values["description"].split() == FULL["description"].split()
    people = [(contributor.name, contributor.role) for contributor in first.contributors]
    assert people == [(author["name"], author["role"]) for author in FULL["authors"]]


def test_fields_too_long_for_marc_are_left_out():
    long = {**FULL, "description": "é" * MAX_FIELD, "subjects": [f"{n} " + "x" * 490 for n in range(200)]}
    form, data = bibliographic(Marc, long, BARE)
    first, second = pymarc.MARCReader(data)
    assert (first.get_fields("520"), second["245"]["a"]) == ([], "Bare")
    assert form.left_out["field 520 that is too long for MARC 21"] == 1
    kept = len(first.get_fields("650"))
    assert 0 < kept < 200
    assert form.left_out["field 650 that is too long for MARC 21"] == 200 - kept


def test_characters_unknown_to_xml_are_left_out():
    form, data = bibliographic(Marcxml, {**BARE, "title": "a\ufffeb <&> \U0001f4d6"})
    [record] = pymarc.parse_xml_to_array(io.BytesIO(data))
    assert record["245"]["a"] == "ab <&> \U0001f4d6"
    assert form.left_out == {"character that XML does not allow": 1}


def test_bibtex_escapes_what_tex_would_interpret():
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
def test_braces_of_bibtex_match_for_any_title(title):
    _, data = bibliographic(Bibtex, {**BARE, "title": title})
    depth = 0
    for mark in data.decode():
        depth += (mark == "{") - (mark == "}")
        assert depth >= 0
    assert depth == 0


def test_ris_has_one_tag_and_value_per_line():
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
