"""Books from the fields of MARC 21."""

from __future__ import annotations

import pytest

from app.transfer.records import PreparedContributor, SourceKey
from tests.app.transfer.marc_records import POOH, collection, record

VALUES = {
    "title": "Winnie-the-Pooh",
    "subtitle": "the stories",
    "isbn": "9780439023481",
    "publisher": "Methuen",
    "published": "1926",
    "series": "Pooh books",
    "series_position": 5.0,
    "language": "en",
    "page_count": 239,
    "description": "A bear.",
    "subjects": ["Bears -- England -- Fiction"],
    "identifiers": {
        "original.published": ["c1926."],
        "isbn.cancelled": ["0441478123"],
        "lccn": ["2010525222"],
        "oclc": ["123"],
        "edition": ["2nd ed."],
        "ocolc": ["ocm123"],
    },
}

CONTRIBUTORS = [
    PreparedContributor(
        "A. A. Milne",
        sort_name="Milne, A. A. (Alan Alexander)",
        birth_date="1882",
        death_date="1956",
        alternate_names=("Alan Alexander Milne",),
    ),
    PreparedContributor(
        "Ernest H. Shepard", "illustrator", SourceKey("gnd", "118797204"), sort_name="Shepard, Ernest H."
    ),
    PreparedContributor("Methuen & Co.", "contributor", sort_name="Methuen & Co."),
]


@pytest.mark.parametrize("form", [lambda item: item.as_marc(), collection])
def test_a_record_becomes_a_book(read, form):
    result = read(form(POOH))
    assert result.only.values == VALUES
    assert result.only.contributors == CONTRIBUTORS
    assert result.only.key == SourceKey("ocolc", "ocm123")
    assert result.counts.warnings == {"date_reduced": 1, "no_contributor": 1}


def test_a_record_without_id_has_isbn_or_digest(read):
    bare = record(("245", "10", "aOne /"))
    result = read(bare.as_marc() + record(("245", "10", "aTwo"), ("020", "  ", "a0439023483")).as_marc())
    assert [(record.key, len(record.digest)) for record in result.prepared] == [(None, 32), (None, 0)]
    assert read(collection(bare)).only.digest == read(collection(bare)).only.digest != ""


def test_a_named_source_is_the_scheme(read):
    assert read(POOH.as_marc(), source="shop").only.key == SourceKey("shop", "ocm123")


@pytest.mark.parametrize(
    ("leader", "reason"),
    [
        ("00000nas a2200000 a 4500", "serial"),
        ("00000nai a2200000 a 4500", "integrating resource"),
        ("00000nem a2200000 a 4500", "map"),
        ("00000njm a2200000 a 4500", "music"),
        ("00000nz  a2200000n  4500", "authority record"),
    ],
)
def test_other_materials_are_skipped(read, leader, reason):
    result = read(record(("245", "10", "aA"), leader=leader).as_marc() + POOH.as_marc())
    assert (result.counts.prepared, result.counts.reasons) == (1, {reason: 1})


@pytest.mark.parametrize(
    ("fields", "values"),
    [
        (
            [("264", " 4", "c©2011"), ("264", " 1", "aX :", "bHouse,", "c2012.")],
            {"publisher": "House", "published": "2012"},
        ),
        ([("260", "  ", "b[s.n.],", "c[1999?]")], {"published": "1999"}),
        ([], {"published": "2010"}),
        ([("245", "10", "aOrders.", "nPart 6,", "pTravel /")], {"title": "Orders. Part 6, Travel"}),
        ([("041", "0 ", "aengspa")], {"language": "en"}),
        ([("830", " 0", "aSeries ;", "v12.")], {"series": "Series", "series_position": 12.0}),
        ([("600", "10", "aTwain, Mark,", "d1835-1910.")], {"subjects": ["Twain, Mark, 1835-1910"]}),
    ],
)
def test_fields_are_read_as_libraries_write_them(read, fields, values):
    title = [] if any(field[0] == "245" for field in fields) else [("245", "10", "aA")]
    result = read(record(*title, *fields).as_marc()).only.values
    assert {name: result.get(name) for name in values} == values


@pytest.mark.parametrize(
    ("field", "name", "role"),
    [
        (("100", "0 ", "aSophocles."), "Sophocles", "author"),
        (("100", "1 ", "aGarnett, Constance,", "d1861-1946,", "etranslator."), "Constance Garnett", "translator"),
        (
            ("700", "1 ", "aGarnett, Constance,", "4http://id.loc.gov/vocabulary/relators/trl"),
            "Constance Garnett",
            "translator",
        ),
        (("700", "1 ", "aGarnett, Constance"), "Constance Garnett", "contributor"),
        (("110", "1 ", "aUnited States.", "bArmy."), "United States. Army", "author"),
        (("111", "2 ", "aCongress of Bears.", "jauthor."), "Congress of Bears", "author"),
        (("710", "2 ", "aMethuen", "einventor of it"), "Methuen", "contributor"),
    ],
)
def test_a_heading_is_a_contributor_in_a_role(read, field, name, role):
    [result] = read(record(("245", "10", "aA"), field).as_marc()).only.contributors
    assert (result.name, result.role) == (name, role)
