"""MARC 21 (loc.gov/marc/bibliographic) as binary records (ISO 2709) and as MARCXML, both in UTF-8.

Values are written without ISBD punctuation between them (leader/18 is "c"), so that an import reads them unchanged.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any
from xml.etree import ElementTree

from pymarc import Field, Indicators, Leader, Record, Subfield
from pymarc.marcxml import MARC_XML_NS, record_to_xml_node

from app.values.language import three_letters

from .bibliographic import Bibliographic, BookDocument

LEADER = "00000nam a2200000 c 4500"  # new, language material, monograph, UTF-8, no ISBD punctuation
ORGANIZATION = "catalog"  # the organization (003) that assigned the control numbers (001)
# Relator terms and codes (id.loc.gov/vocabulary/relators).
RELATORS = {
    "author": ("author", "aut"),
    "editor": ("editor", "edt"),
    "translator": ("translator", "trl"),
    "illustrator": ("illustrator", "ill"),
    "narrator": ("narrator", "nrt"),
    "compiler": ("compiler", "com"),
    "adapter": ("adapter", "adp"),
    "photographer": ("photographer", "pht"),
    "introduction": ("writer of introduction", "win"),
    "contributor": ("contributor", "ctb"),
}
# Schemes of identifiers that have their own MARC field. All others are written to 024, with the scheme as source.
OWN_FIELDS = ("isbn", "edition", "lccn", "oclc")
MAX_FIELD, MAX_RECORD = 9_999, 99_999  # bytes; a binary record states the lengths in four and five digits
_no_xml = re.compile("[\ufffe\uffff]")


class _MarcRecords(Bibliographic):
    """Converts books to MARC records."""

    def record(self, book: BookDocument) -> Record:
        """Return the bibliographic record of a book."""
        record = Record(leader=LEADER)
        record.leader = Leader(LEADER)
        for field in self._fields(book):
            record.add_field(field)
        return record

    def _fields(self, book: BookDocument) -> Iterator[Field]:
        identifiers = book["identifiers"]
        changed = re.sub(r"\D", "", book["updated_at"])[:14]
        yield Field("001", data=str(book["id"]))
        yield Field("003", data=ORGANIZATION)
        yield Field("005", data=f"{changed}.0")
        yield Field("008", data=_fixed_length_data(book))
        for number in identifiers.get("lccn", ()):
            yield _field("010", "  ", a=number)
        for number in (book["isbn"], *identifiers.get("isbn", ())):
            if number:
                yield _field("020", "  ", a=number)
        for scheme, values in identifiers.items():
            if scheme not in OWN_FIELDS:
                for value in values:
                    yield _field("024", "7 ", a=value, two=scheme)
        for number in identifiers.get("oclc", ()):
            yield _field("035", "  ", a=f"(OCoLC){number}")
        if book["language"]:
            yield _field("041", " 7", a=book["language"], two="rfc5646")
        people = book["authors"]
        has_main_entry = bool(people) and people[0]["role"] == "author"
        if has_main_entry:
            yield self._person("100", people[0])
        responsible = "; ".join(author["credited_as"] or author["name"] for author in people)
        yield _field("245", "10" if has_main_entry else "00", a=book["title"], b=book["subtitle"], c=responsible)
        for edition in identifiers.get("edition", ()):
            yield _field("250", "  ", a=edition)
        if book["publisher"] or book["published"]:
            yield _field("264", " 1", b=book["publisher"], c=book["published"])
        if book["page_count"]:
            yield _field("300", "  ", a=f"{book['page_count']} pages")
        if book["series"]:
            position = book["series_position"]
            yield _field("490", "0 ", a=book["series"], v=None if position is None else f"{position:g}")
        if book["description"]:
            yield _field("520", "  ", a=book["description"])
        for subject in book["subjects"]:
            yield _field("650", " 4", a=subject)
        for author in people[1:] if has_main_entry else people:
            yield self._person("700", author)
        if book["cover_url"]:
            yield _field("856", "42", three="Cover image", u=book["cover_url"])

    def _person(self, tag: str, author: dict[str, Any]) -> Field:
        name = self.sort_name(author)
        term, code = RELATORS[author["role"]]
        return _field(tag, "1 " if "," in name else "0 ", a=name, e=term, four=code)


class Marc(_MarcRecords):
    """A binary record for each book.

    Fields over `MAX_FIELD` bytes are left out, and so are the longest ones of a record over `MAX_RECORD`.
    """

    suffix = "mrc"

    def book(self, book: BookDocument) -> bytes:
        """Return one binary record."""
        record = self.record(book)
        for field in [field for field in record.fields if _length(field) > MAX_FIELD]:
            self._leave_out(record, field)
        while len(data := record.as_marc()) > MAX_RECORD:
            self._leave_out(record, max((field for field in record.fields if field.tag != "245"), key=_length))
        return bytes(data)

    def _leave_out(self, record: Record, field: Field) -> None:
        record.remove_field(field)
        self.left_out[f"field {field.tag} that is too long for MARC 21"] += 1


class Marcxml(_MarcRecords):
    """A collection with an element `record` for each book.

    The characters U+FFFE and U+FFFF, which XML does not allow, are left out.
    """

    suffix = "xml"

    def head(self) -> bytes:
        """Return the beginning of the collection."""
        return f'<?xml version="1.0" encoding="UTF-8"?>\n<collection xmlns="{MARC_XML_NS}">\n'.encode()

    def book(self, book: BookDocument) -> bytes:
        """Return one element."""
        text = ElementTree.tostring(record_to_xml_node(self.record(book)), encoding="unicode")
        text, count = _no_xml.subn("", text)
        if count:
            self.left_out["character that XML does not allow"] += count
        return f"{text}\n".encode()

    def tail(self) -> bytes:
        """Return the end of the collection."""
        return b"</collection>\n"


def _field(tag: str, indicators: str, **values: str | None) -> Field:
    """Return a field with the subfields that have a value.

    The codes 2, 3 and 4 are the arguments `two`, `three` and `four`, because a digit is not a valid name.
    """
    codes = {"two": "2", "three": "3", "four": "4"}
    subfields = [Subfield(codes.get(code, code), value) for code, value in values.items() if value]
    return Field(tag, indicators=Indicators(*indicators), subfields=subfields)


def _length(field: Field) -> int:
    return len(field.as_marc("utf-8"))


def _fixed_length_data(book: BookDocument) -> str:
    """Return field 008, fixed-length data: 40 characters; unknown values are blanks, bars or u."""
    published = book["published"] or ""
    year = published[:4] if published and not published.startswith("-") else "uuuu"
    entered = re.sub(r"\D", "", book["created_at"])[2:8]
    language = three_letters(book["language"]) if book["language"] else "und"
    return f"{entered}{'n' if year == 'uuuu' else 's'}{year}    xx {'|' * 17}{language} d"
