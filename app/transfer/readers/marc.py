"""MARC 21: binary records (ISO 2709) told apart, records of MARCXML."""

from __future__ import annotations

import csv
import logging
import re
import warnings
import xml.sax
from collections.abc import Iterator
from typing import IO, Any
from xml.etree import ElementTree
from xml.sax.handler import feature_external_ges, feature_namespaces, property_lexical_handler

import pymarc
from pymarc.marcxml import MARC_XML_NS, XmlHandler, record_to_xml_node

from app.transfer.guess import Beginning, Guess, Wishes
from app.transfer.records import Flaw, Rejected, Row, Skipped
from app.transfer.rejects import Rejects, note
from app.transfer.sources import BreaksOff, Source

from .format import Format
from .marcbooks import SOURCE, book_of

END = b"\x1d"  # of a record
LONGEST = 1 << 20  # bytes of a record; the format itself ends at 99,999
LENGTH_OF_TAGS = 50  # about that of the tags around a piece of text
_PIECE = 1 << 16
_TOO_LONG = f"A record is longer than {LONGEST:,} characters, as none of MARC is. What came before stands."

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


class BinaryRejects(Rejects):
    """The records as they were, byte for byte, and a CSV that says of each why: FILE.report.csv."""

    def _begin(self) -> IO[Any]:
        report = self.path.with_name(f"{self.path.name}.report.csv")
        self._report = report.open("w", encoding="utf-8", newline="")
        self._reasons = csv.writer(self._report, lineterminator="\n")
        self._reasons.writerow(("record", "field", "value", "reason"))
        return self.path.open("wb")

    def _add(self, file: IO[Any], rejected: Rejected) -> None:
        file.write(rejected.original)
        self._reasons.writerow(note(rejected))

    def _end(self, file: IO[Any]) -> None:
        self._report.close()


class XmlRejects(Rejects):
    """A collection, with a comment before each record."""

    def _begin(self) -> IO[Any]:
        file = super()._begin()
        file.write(f'<?xml version="1.0" encoding="UTF-8"?>\n<collection xmlns="{MARC_XML_NS}">\n')
        return file

    def _add(self, file: IO[Any], rejected: Rejected) -> None:
        number, field, value, reason = note(rejected)
        comment = f"record {number}: {field} {value!r}: {reason}".replace("--", "- -").rstrip("-")
        file.write(f"<!-- {comment} -->\n")
        file.write(ElementTree.tostring(record_to_xml_node(rejected.original), encoding="unicode") + "\n")

    def _end(self, file: IO[Any]) -> None:
        file.write("</collection>\n")


def _binary_rows(source: Source, guess: Guess, wishes: Wishes) -> Iterator[Row | Rejected | Skipped]:
    return binary(source, wishes.source)


def _xml_rows(source: Source, guess: Guess, wishes: Wishes) -> Iterator[Row | Rejected | Skipped]:
    return marcxml(source, wishes.source)


_leader = re.compile(rb"\s*[ -~]{5}[acdnps ][a-z ][a-z ][ -~]{2}[0-9 ]{2}[0-9]{5}", re.DOTALL)


def _is_binary(beginning: Beginning) -> bool:
    head = beginning.head
    return _leader.match(head) is not None and (b"\x1e" in head or b"\x1d" in head)


def _is_xml(beginning: Beginning) -> bool:
    start = beginning.start
    return start.startswith("<") and re.search(r"<(\w+:)?(record|collection)\b", start[:5000]) is not None


BINARY = Format("marc", "MARC 21", _is_binary, _binary_rows, BinaryRejects, "books", SOURCE, "record", is_text=False)
XML = Format("marcxml", "MARCXML", _is_xml, _xml_rows, XmlRejects, "books", SOURCE, "record", is_text=False)
