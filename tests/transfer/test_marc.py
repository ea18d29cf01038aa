"""MARC 21, binary and as MARCXML."""

from __future__ import annotations

import pymarc
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pymarc import Field, Indicators, Leader, Subfield
from pymarc.marcxml import record_to_xml

from app.transfer.records import Contributor, Key

from .conftest import read_file

LEADER = "00000nam a2200000 a 4500"
FIXED = "110922s2010    enk           000 0 eng  "


def record(*fields: tuple[str, ...], leader: str = LEADER, fixed: str = FIXED) -> pymarc.Record:
    """A record; a field is its tag, its two indicators and its subfields ("aText"), or its tag and its data."""
    made = pymarc.Record()
    made.leader = Leader(leader)
    made.add_field(Field("008", data=fixed))
    for tag, first, *rest in fields:
        if tag < "010":
            made.add_field(Field(tag, data=first))
        else:
            parts = [Subfield(part[0], part[1:]) for part in rest]
            made.add_field(Field(tag, Indicators(*first), parts))
    return made


POOH = record(
    ("001", "ocm123"),
    ("003", "OCoLC"),
    ("010", "  ", "a  2010525222"),
    ("020", "  ", "a0439023483 (pbk.) :", "c$5.00"),
    ("020", "  ", "a9780439023481"),
    ("020", "  ", "a(paperback)"),
    ("020", "  ", "z0441478123 (hbk.)"),
    ("035", "  ", "a(OCoLC)123"),
    ("041", "1 ", "aeng", "hger"),
    ("100", "1 ", "aMilne, A. A.", "q(Alan Alexander),", "d1882-1956."),
    ("245", "10", "aWinnie-the-Pooh :", "bthe stories /", "cA. A. Milne."),
    ("250", "  ", "a2nd ed."),
    ("260", "  ", "aLondon :", "bMethuen,", "cc1926."),
    ("300", "  ", "axv, 239 p. :", "bill."),
    ("490", "1 ", "aPooh books ;", "vv. 5"),
    ("520", "  ", "aA bear."),
    ("650", " 0", "aBears", "zEngland", "vFiction."),
    ("650", " 0", "aBears", "zEngland", "vFiction."),
    ("700", "1 ", "aShepard, Ernest H.", "eill.", "0(DE-588)118797204"),
    ("700", "1 ", "aOwner, An.", "eformer owner."),
    ("700", "1 ", "aOther, Another.", "tAnother work."),
    ("710", "2 ", "aMethuen & Co.", "4pbl"),
)
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
    Contributor(
        "A. A. Milne",
        sort_name="Milne, A. A. (Alan Alexander)",
        birth_date="1882",
        death_date="1956",
        alternate_names=("Alan Alexander Milne",),
    ),
    Contributor("Ernest H. Shepard", "illustrator", Key("gnd", "118797204"), sort_name="Shepard, Ernest H."),
    Contributor("Methuen & Co.", "contributor", sort_name="Methuen & Co."),
]


def collection(*records: pymarc.Record) -> bytes:
    body = b"".join(record_to_xml(one) for one in records)
    return b'<collection xmlns="http://www.loc.gov/MARC21/slim">' + body + b"</collection>"


@pytest.mark.parametrize("form", [lambda one: one.as_marc(), collection])
def test_a_record_becomes_a_book(read, form):
    found = read(form(POOH))
    assert found.only.values == VALUES
    assert found.only.contributors == CONTRIBUTORS
    assert found.only.key == Key("ocolc", "ocm123")
    assert found.counts.mends == {"date_reduced": 1, "no_contributor": 1}


def test_a_record_without_a_number_is_known_by_its_isbn_or_a_digest(read):
    bare = record(("245", "10", "aOne /"))
    found = read(bare.as_marc() + record(("245", "10", "aTwo"), ("020", "  ", "a0439023483")).as_marc())
    assert [(one.key, len(one.digest)) for one in found.prepared] == [(None, 32), (None, 0)]
    assert read(collection(bare)).only.digest == read(collection(bare)).only.digest != ""


def test_the_source_that_is_named_is_the_scheme(read):
    assert read(POOH.as_marc(), source="shop").only.key == Key("shop", "ocm123")


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
def test_what_is_no_book_is_skipped_with_the_reason(read, leader, reason):
    found = read(record(("245", "10", "aA"), leader=leader).as_marc() + POOH.as_marc())
    assert (found.counts.prepared, found.counts.reasons) == (1, {reason: 1})


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
def test_fields_have_the_forms_that_libraries_use(read, fields, values):
    title = [] if any(field[0] == "245" for field in fields) else [("245", "10", "aA")]
    found = read(record(*title, *fields).as_marc()).only.values
    assert {name: found.get(name) for name in values} == values


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
    [found] = read(record(("245", "10", "aA"), field).as_marc()).only.contributors
    assert (found.name, found.role) == (name, role)


def test_marc_8_and_utf_8_are_read_whatever_the_leader_says(read):
    utf8 = record(("245", "10", "aÉté à Łódź")).as_marc()
    mislabelled = utf8[:9] + b" " + utf8[10:]
    made = pymarc.Record()
    made.leader = Leader("00000nam  2200000 a 4500")
    made.add_field(Field("245", Indicators("1", "0"), [Subfield("a", "Et\xe2e")]))
    marc8 = made.as_marc().replace("â".encode(), b"\xe2")
    marc8 = b"%05d" % len(marc8) + marc8[5:9] + b" " + marc8[10:]
    found = read(utf8 + mislabelled + marc8)
    assert [one.values["title"] for one in found.prepared[:2]] == ["Été à Łódź"] * 2
    assert len(found.outcomes) == 3


def test_a_record_of_a_wrong_length_is_rejected_and_the_others_are_read(read):
    good = POOH.as_marc()
    content = good + b"00123" + good[5:] + good + b"00999nam" + b"x" * 50 + b"\x1d" + good[:-40]
    found = read(content)
    assert [type(one).__name__ for one in found.outcomes] == [
        "Prepared",
        "Rejected",
        "Prepared",
        "Rejected",
        "Rejected",
    ]
    assert [one.place for one in found.rejected] == [2, 4, 5]
    assert f"123 bytes, and has {len(good):,}" in found.rejected[0].flaws[0].reason
    assert "cut off" in found.rejected[2].flaws[0].reason


def test_bytes_without_an_end_of_record_are_passed_over_within_bounds(read):
    good = POOH.as_marc()
    found = read(good + b"9" * 3_000_000 + b"\x1d" + good + b"8" * 3_000_000)
    assert [type(one).__name__ for one in found.outcomes] == ["Prepared", "Rejected", "Prepared", "Rejected"]
    assert all(len(one.original) <= 1 << 21 for one in found.rejected)


@pytest.mark.parametrize(
    ("content", "prepared", "words"),
    [
        (collection(POOH, POOH)[:-30], 1, "damaged at line 1"),
        (collection(POOH).replace(b"</collection>", b"<broken"), 1, "damaged at line 1"),
        (b'<!DOCTYPE c [<!ENTITY a "aaaa">]>' + collection(POOH), 0, "DOCTYPE"),
        (collection(POOH).replace(b"A bear.", b"x" * 2_000_000), 0, "longer than 1,048,576 characters"),
        (b'<?xml version="1.0" encoding="klingon"?>' + collection(POOH), 0, "unknown encoding"),
    ],
)
def test_xml_that_breaks_off_says_where(read, content, prepared, words):
    found = read(content, format="marcxml")
    assert found.counts.prepared == prepared
    assert words in found.broke_off


@pytest.mark.parametrize(
    "broken",
    [
        "<record/>",
        "<record><leader>short</leader></record>",
        "<record><controlfield>1</controlfield></record>",
        '<record><datafield tag="245" ind1="1" ind2="0"><subfield>A</subfield></datafield></record>',
    ],
)
def test_a_record_that_is_no_marc_is_rejected_and_the_others_are_read(read, broken):
    content = collection(POOH, POOH).replace(b"</record><record>", b"</record>" + broken.encode() + b"<record>")
    found = read(content)
    assert [type(one).__name__ for one in found.outcomes] == ["Prepared", "Rejected", "Prepared"]


BYTES = st.binary(max_size=300)
PIECES = st.lists(st.sampled_from([POOH.as_marc(), b"\x1d", b"\x1e", b"\x1fa", b"00024", b"\n"]) | BYTES, max_size=8)


@given(PIECES)
def test_whatever_the_bytes_are_all_of_them_are_in_some_record(tmp_path_factory, pieces):
    file = tmp_path_factory.mktemp("marc") / "file.mrc"
    content = b"".join(pieces)
    file.write_bytes(POOH.as_marc() + content)
    found = read_file(file, format="marc")
    assert found.broke_off is None
    originals = b"".join(one.original for one in found.outcomes)
    assert originals.translate(None, b"\r\n \t\x0b\x0c") == (POOH.as_marc() + content).translate(
        None, b"\r\n \t\x0b\x0c"
    )


@given(st.data())
def test_a_record_with_any_byte_changed_fails_nothing(tmp_path_factory, data):
    content = bytearray(POOH.as_marc())
    for _ in range(data.draw(st.integers(1, 5))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    file = tmp_path_factory.mktemp("marc") / "file.mrc"
    file.write_bytes(bytes(content))
    assert read_file(file, format="marc").counts.read >= 1


@given(st.data())
def test_xml_with_any_byte_changed_fails_nothing(tmp_path_factory, data):
    content = bytearray(collection(POOH))
    for _ in range(data.draw(st.integers(1, 3))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    file = tmp_path_factory.mktemp("marc") / "file.xml"
    file.write_bytes(bytes(content))
    found = read_file(file, format="marcxml")
    assert found.counts.read == 1 or found.broke_off
