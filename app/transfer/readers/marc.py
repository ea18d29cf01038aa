"""MARC 21: framing of binary records (ISO 2709), records of MARCXML, and what a bibliographic record says of a book."""

from __future__ import annotations

import logging
import re
import warnings
import xml.sax
from collections.abc import Iterator
from typing import Any
from xml.sax.handler import feature_external_ges, feature_namespaces, property_lexical_handler

import pymarc
from pymarc.marcxml import XmlHandler

from app.transfer.mending import isbns, roles, titles
from app.transfer.records import Credit, Flaw, Key, Rejected, Row, Skipped
from app.transfer.sources import BreaksOff, Source

SOURCE = "marc"
END = b"\x1d"  # of a record
LONGEST = 1 << 20  # bytes of a record; the format itself ends at 99,999
LENGTH_OF_TAGS = 50  # about that of the tags around a piece of text
_PIECE = 1 << 16
_TOO_LONG = f"A record is longer than {LONGEST:,} characters, as none of MARC is. What came before stands."

# By the type of record (leader/06) and the bibliographic level (leader/07): loc.gov/marc/bibliographic/bdleader.html.
_NO_BOOKS = {
    "c": "music",
    "d": "music",
    "e": "map",
    "f": "map",
    "g": "film or projection",
    "i": "sound recording",
    "j": "music",
    "k": "picture",
    "m": "computer file",
    "o": "kit",
    "p": "mixed materials",
    "r": "object",
}
_NO_MONOGRAPHS = {
    "b": "part of a serial",
    "i": "integrating resource",
    "s": "serial",
    "c": "collection",
    "a": "part of a book",
}
_NO_RECORDS_OF_BOOKS = {"z": "authority record", "q": "community information", "w": "classification record"}

logging.getLogger("pymarc").setLevel(logging.ERROR)  # it writes of every missing indicator


def binary(source: Source, scheme: str | None) -> Iterator[Row | Rejected | Skipped]:
    """A record for each record terminator, whatever length the record says it has. `scheme`: see `book_of`."""
    buffer, number = b"", 0
    stream = source.stream
    while True:
        end = buffer.find(END)
        if end < 0 and len(buffer) <= LONGEST:
            piece = stream.read1(_PIECE)
            if piece:
                buffer += piece
                continue
        if end < 0 and not buffer.strip():
            return
        number += 1
        if end < 0:
            length, rest, is_closed = _until_end(source, len(buffer))
            reason = "No record is so long" if is_closed or length > LONGEST else "The record is cut off"
            flaw = Flaw("", _shown(buffer), f"{reason}: {length:,} bytes without an end of record.")
            yield Rejected(number, buffer[:LONGEST], [flaw])
            buffer = rest
            continue
        # Some programs write a line break between records.
        record, buffer = buffer[: end + 1].lstrip(b"\r\n"), buffer[end + 1 :]
        yield _of_bytes(number, record, scheme)


def _until_end(source: Source, length: int) -> tuple[int, bytes, bool]:
    """Pass over bytes up to the end of a record: how many they are, with `length` before them, what follows, and
    whether there was an end.
    """
    while piece := source.stream.read1(_PIECE):
        end = piece.find(END)
        if end >= 0:
            return length + end + 1, piece[end + 1 :], True
        length += len(piece)
    return length, b"", False


def _shown(record: bytes) -> str:
    return record[:200].decode("latin-1")


def _of_bytes(number: int, data: bytes, scheme: str | None) -> Row | Rejected | Skipped:
    said = data[:5]
    if said.isdigit() and int(said) != len(data) and said != b"99999":
        reason = f"The record says that it has {int(said):,} bytes, and has {len(data):,}."
        return Rejected(number, data, [Flaw("", _shown(data), reason)])
    # Many files say MARC-8 and are UTF-8. Text in MARC-8 that is UTF-8 by accident is rare.
    is_utf8 = data[9:10] != b"a" and not data.isascii() and _is_utf8(data)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            record = pymarc.Record(
                data, to_unicode=True, force_utf8=is_utf8, hide_utf8_warnings=True, utf8_handling="replace"
            )
    except Exception as error:  # pymarc raises whatever its parsing meets, TypeError and IndexError among others
        reason = f"The record cannot be read as MARC: {str(error) or type(error).__name__}"
        return Rejected(number, data, [Flaw("", _shown(data), reason)])
    return book_of(number, record, data, scheme)


def _is_utf8(data: bytes) -> bool:
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


class _Collection(XmlHandler):
    """Collects the records that one piece of a file completes; a record that is no MARC is None, with the reason."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[Any, str]] = []
        self._flaw = ""
        self._length = 0  # of the record so far, or of what stands between two
        self.heard = False  # whether the parser has told anything

    def startElementNS(self, name: Any, qname: Any, attrs: Any) -> None:  # noqa: N802 - SAX calls it so
        if name[1] == "record":
            self._flaw = ""
            self._length = 0
        self._count(LENGTH_OF_TAGS)
        try:
            super().startElementNS(name, qname, attrs)
        except Exception as error:  # an attribute that is missing, or no indicator
            self._flaw = self._flaw or f"{name[1]}: {str(error) or type(error).__name__}"

    def endElementNS(self, name: Any, qname: Any) -> None:  # noqa: N802
        try:
            super().endElementNS(name, qname)
        except Exception as error:
            self._flaw = self._flaw or f"{name[1]}: {str(error) or type(error).__name__}"

    def characters(self, content: str) -> None:
        self._count(len(content))
        super().characters(content)

    def _count(self, length: int) -> None:
        self.heard = True
        self._length += length
        if self._length > LONGEST:
            raise BreaksOff(_TOO_LONG)

    def process_record(self, record: Any) -> None:
        self.found.append((record, self._flaw))


class _NoDoctype:
    """Refuses a document type: MARCXML has none, and entities of one could grow without bounds."""

    def startDTD(self, name: str, public_id: str | None, system_id: str | None) -> None:  # noqa: N802
        raise BreaksOff("It has a document type declaration (DOCTYPE), which MARCXML has not; remove it.")

    def endDTD(self) -> None:  # noqa: N802
        """Nothing: it does not come so far."""

    def comment(self, content: str) -> None:
        """Nothing: reasons of rejects, for people."""

    startCDATA = endCDATA = endDTD  # noqa: N815


def marcxml(source: Source, scheme: str | None) -> Iterator[Row | Rejected | Skipped]:
    """A record of each element `record`. Raises `BreaksOff` where the XML is not well-formed."""
    handler = _Collection()
    parser = xml.sax.make_parser()
    parser.setFeature(feature_namespaces, True)
    parser.setFeature(feature_external_ges, False)
    parser.setContentHandler(handler)
    parser.setProperty(property_lexical_handler, _NoDoctype())
    number, silent, ended = 0, 0, False
    while not ended:
        broken: BreaksOff | None = None
        try:
            piece = source.stream.read1(_PIECE)
            ended = not piece
            if piece:
                parser.feed(piece)  # type: ignore[attr-defined]
                silent = 0 if handler.heard else silent + len(piece)
                handler.heard = False
                if silent > LONGEST:  # a tag that does not end; the parser keeps all of it
                    raise BreaksOff(_TOO_LONG)
            else:
                parser.close()  # type: ignore[attr-defined]
        except xml.sax.SAXParseException as error:
            why = f"The XML is damaged at line {error.getLineNumber():,}: {error.getMessage()}"
            broken = BreaksOff(f"{why}. What came before stands.")
        except (ValueError, LookupError) as error:  # an encoding that nobody knows
            broken = BreaksOff(f"The XML cannot be read: {error}.")
        except BreaksOff as error:
            broken = error
        found, handler.found = handler.found, []
        for record, flaw in found:
            number += 1
            if flaw:
                yield Rejected(number, record, [Flaw("", "", f"The record is no MARCXML: {flaw}.")])
            else:
                yield book_of(number, record, record, scheme)
        if broken:
            raise broken


# ---- what a record says of a book


def book_of(number: int, record: Any, original: Any, scheme: str | None = None) -> Row | Rejected | Skipped:
    """The row of a bibliographic record, or why it is no book's.

    Its control number (001) is its id; `scheme` says of whom, without it the record does (003).
    """
    leader = str(record.leader)
    kind, level = leader[6:7], leader[7:8]
    reason = _NO_RECORDS_OF_BOOKS.get(kind) or _NO_BOOKS.get(kind) or _NO_MONOGRAPHS.get(level)
    if reason:
        return Skipped(number, reason)
    if kind not in ("a", "t", " "):
        return Rejected(
            number, original, [Flaw("", leader, f"The leader's type of record, {kind!r}, is none of MARC 21.")]
        )
    fields: dict[str, Any] = {}
    identifiers: dict[str, list[str]] = {}
    _title(record, fields)
    _numbers(record, fields, identifiers)
    _imprint(record, fields)
    _series(record, fields)
    fields["language"] = _language(record)
    fields["page_count"] = next(iter(_values(record, "300", "a")), "") if _pages(record) else ""
    fields["description"] = "\n\n".join(_values(record, "520", "a"))
    fields["subjects"] = _subjects(record)
    fields["authors"] = _credits(record)
    editions = [titles.without_isbd(text) for text in _values(record, "250", "a")]
    if editions:
        identifiers["edition"] = editions
    fields["identifiers"] = identifiers
    control = _control(record, "001").strip()
    scheme = scheme or re.sub(r"[^a-z0-9_.-]", "", _control(record, "003").lower())[:50] or SOURCE
    key = Key(scheme, control) if control else None
    return Row(number, "books", {name: value for name, value in fields.items() if value}, original, key)


def _control(record: Any, tag: str) -> str:
    return next((field.data or "" for field in record.get_fields(tag)), "")


def _values(record: Any, tag: str, *codes: str) -> list[str]:
    return [value for field in record.get_fields(tag) for value in _parts(field, *codes) if value.strip()]


def _parts(field: Any, *codes: str) -> list[str]:
    return list(field.get_subfields(*codes)) if not field.control_field else []


def _title(record: Any, fields: dict[str, Any]) -> None:
    for field in record.get_fields("245"):
        title = titles.without_isbd(" ".join(part.strip() for part in _parts(field, "a", "n", "p", "k")))
        subtitle = titles.without_isbd(" ".join(part.strip() for part in _parts(field, "b")))
        # A bracket that the cataloguer opened in the title and closed in the subtitle.
        if title.startswith("[") and "]" not in title:
            title, subtitle = (
                title[1:],
                subtitle.replace("]", "", 1) if subtitle.count("]") > subtitle.count("[") else subtitle,
            )
        fields["title"], fields["subtitle"] = title, subtitle
        return


def _numbers(record: Any, fields: dict[str, Any], identifiers: dict[str, list[str]]) -> None:
    # In 020$a a qualifier or the binding may stand alone: what has no digits is no number.
    fields["isbn"] = [value for value in _values(record, "020", "a") if any(map(str.isdigit, value))]
    cancelled = [number for value in _values(record, "020", "z") for number in isbns.numbers(value)]
    for scheme, values in (
        ("isbn.cancelled", cancelled),
        ("lccn", [value.strip() for value in _values(record, "010", "a")]),
        (
            "oclc",
            [value.partition(")")[2].strip() for value in _values(record, "035", "a") if value.startswith("(OCoLC)")],
        ),
    ):
        found = list(dict.fromkeys(value for value in values if value))
        if found:
            identifiers[scheme] = found


def _imprint(record: Any, fields: dict[str, Any]) -> None:
    imprints = [field for field in record.get_fields("260", "264") if not field.control_field]
    # 264 says by its second indicator whether it is the publication (1), the printing (3) or the copyright (4).
    imprints.sort(key=lambda field: field.tag == "264" and field.indicators.second != "1")
    names = [name for field in imprints for name in _parts(field, "b") if name.strip()]
    for name in names[:1]:
        publisher = titles.without_isbd(name).strip("[] ")
        if publisher.lower().rstrip(".") not in ("s.n", "sn", "publisher not identified", "n.pub"):
            fields["publisher"] = publisher
    dates = [date for field in imprints for date in _parts(field, "c") if date.strip()]
    coded = _control(record, "008")[7:11]
    fields["published"] = dates[0] if dates else coded if coded.isascii() and coded.isdigit() else ""


def _series(record: Any, fields: dict[str, Any]) -> None:
    for field in record.get_fields("490", "830", "440"):
        if field.control_field:
            continue
        name = titles.without_isbd(" ".join(part.strip() for part in _parts(field, "a", "p")))
        if not name:
            continue
        fields["series"] = name
        volumes = [re.findall(r"\d+(?:\.\d+)?", volume) for volume in _parts(field, "v")]
        if len(volumes) == 1 and len(volumes[0]) == 1:
            fields["series_position"] = volumes[0][0]
        return


def _language(record: Any) -> str:
    stated = _values(record, "041", "a")
    if stated:
        return "/".join(code.strip() for code in stated)
    return _control(record, "008")[35:38].strip(" |0")


def _pages(record: Any) -> bool:
    return any(re.search(r"\d\s*(p|pp|pages|s|seiten)\b", value, re.I) for value in _values(record, "300", "a")[:1])


def _subjects(record: Any) -> list[str]:
    found = []
    for field in record.get_fields("600", "610", "611", "630", "650", "651"):
        if field.control_field:
            continue
        main = " ".join(part.strip() for part in _parts(field, *"abcdefgklmnopqrst"))
        subdivisions = [titles.without_isbd(part.strip()) for part in _parts(field, "x", "y", "z", "v")]
        ordered = [part.value for part in field.subfields if part.code in "vxyz"]
        if len(ordered) == len(subdivisions):
            subdivisions = [titles.without_isbd(part.strip()) for part in ordered]
        heading = " -- ".join(part for part in (titles.without_isbd(main), *subdivisions) if part)
        if heading:
            found.append(heading)
    return list(dict.fromkeys(found))


# Where identifiers of people in $0 come from, and their schemes.
_AUTHORITIES = (
    (re.compile(r"\(DE-588\)\s*(?P<id>[0-9X-]+)"), "gnd"),
    (re.compile(r"https?://d-nb\.info/gnd/(?P<id>[0-9X-]+)"), "gnd"),
    (re.compile(r"https?://(?:www\.)?viaf\.org/viaf/(?P<id>[0-9]+)/?"), "viaf"),
    (re.compile(r"\((?:viaf|VIAF)\)\s*(?P<id>[0-9]+)"), "viaf"),
    (re.compile(r"https?://id\.loc\.gov/authorities/names/(?P<id>[a-z]+[0-9]+)"), "lcnaf"),
)


def _credits(record: Any) -> list[Credit]:
    found = []
    for field in record.get_fields("100", "110", "111", "700", "710", "711"):
        # With a title ($t) it is a work within this book, or one beside it: not a contributor to this one.
        if field.control_field or field.get_subfields("t"):
            continue
        name, filed = _name(field)
        if name:
            role = _role(field)
            dates = field.get_subfields("d")
            found.append(Credit(name, role, _authority(field), filed, None, None, dates[0] if dates else None))
    return found


def _name(field: Any) -> tuple[str, bool]:
    """The name of a heading, and whether it is filed by the family name (first indicator 1)."""
    if field.tag[1:] != "00":
        return titles.without_isbd(" ".join(part.strip() for part in _parts(field, "a", "b"))), False
    filed = field.indicators.first == "1"
    name = " ".join(part.strip() for part in _parts(field, "a", "b"))
    fuller = " ".join(part.strip() for part in _parts(field, "q")).rstrip(" ,")
    titled = " ".join(part.strip() for part in _parts(field, "c")).rstrip(" ,.")
    if filed:
        name = name.rstrip(" ,")
        name = f"{name} {fuller}" if fuller else name
        return (f"{name}, {titled}" if titled else name), True
    return titles.without_isbd(name), False


def _role(field: Any) -> str | None:
    """The first relator that the catalog knows; without any, a main entry is an author, an added one a contributor."""
    terms = field.get_subfields("4", "j" if field.tag.endswith("11") else "e")
    for term in terms:
        if roles.of(term):
            return str(term)
    if terms:
        return str(terms[0])
    return None if field.tag.startswith("1") else "contributor"


def _authority(field: Any) -> Key | None:
    for value in field.get_subfields("0"):
        for pattern, scheme in _AUTHORITIES:
            match = pattern.fullmatch(value.strip())
            if match:
                return Key(scheme, match["id"])
    return None
