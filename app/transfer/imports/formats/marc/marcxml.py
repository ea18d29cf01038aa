"""MARCXML (loc.gov/standards/marcxml)."""

from __future__ import annotations

import re
import xml.sax
from collections.abc import Iterator
from typing import IO, Any
from xml.etree import ElementTree
from xml.sax.handler import feature_external_ges, feature_namespaces, property_lexical_handler

from pymarc.marcxml import MARC_XML_NS, XmlHandler, record_to_xml_node

from app.transfer.errors import ReadAborted
from app.transfer.imports.files.detected import Detected
from app.transfer.imports.files.input_file import InputFile
from app.transfer.imports.files.options import ReadOptions
from app.transfer.imports.files.rejects import RejectsWriter, note_of
from app.transfer.imports.files.sample import Sample
from app.transfer.imports.formats.base import InputFormat
from app.transfer.records import RawOutcome, Rejected, RejectReason

from .books import MARC_SOURCE, book_of

_MAX_RECORD = 1 << 20  # characters
_TAG_LENGTH = 50  # characters of an average tag
_CHUNK = 1 << 16
_TOO_LONG = f"A record has more than {_MAX_RECORD:,} characters. The records before it are imported."


class _RecordCollector(XmlHandler):
    """Collects the records of a file, each with its error, if any."""

    def __init__(self) -> None:
        super().__init__()
        self.records: list[tuple[Any, str]] = []
        self._error = ""
        self._length = 0  # characters of the current record, or since the last one
        self.has_events = False  # whether the parser has reported an event

    def startElementNS(self, name: Any, qname: Any, attrs: Any) -> None:  # noqa: N802 - SAX defines the name
        if name[1] == "record":
            self._error = ""
            self._length = 0
        self._count(_TAG_LENGTH)
        try:
            super().startElementNS(name, qname, attrs)
        except Exception as error:  # a missing attribute or indicator
            self._error = self._error or f"{name[1]}: {str(error) or type(error).__name__}"

    def endElementNS(self, name: Any, qname: Any) -> None:  # noqa: N802
        try:
            super().endElementNS(name, qname)
        except Exception as error:
            self._error = self._error or f"{name[1]}: {str(error) or type(error).__name__}"

    def characters(self, content: str) -> None:
        self._count(len(content))
        super().characters(content)

    def _count(self, length: int) -> None:
        self.has_events = True
        self._length += length
        if self._length > _MAX_RECORD:
            raise ReadAborted(_TOO_LONG)

    def process_record(self, record: Any) -> None:
        self.records.append((record, self._error))


class _DoctypeGuard:
    """Refuses document type declarations, because their entities could expand without limit."""

    def startDTD(self, name: str, public_id: str | None, system_id: str | None) -> None:  # noqa: N802
        raise ReadAborted(
            "The file has a document type declaration (DOCTYPE), which is not allowed in MARCXML. Remove it."
        )

    def endDTD(self) -> None:  # noqa: N802
        """Do nothing, because `startDTD` has raised an error."""

    def comment(self, content: str) -> None:
        """Ignore comments: the rejects writer puts its notes there."""

    startCDATA = endCDATA = endDTD  # noqa: N815


class _RecordParser:
    """Parses a file chunk by chunk."""

    def __init__(self) -> None:
        self._collector = _RecordCollector()
        self._parser = xml.sax.make_parser()
        self._parser.setFeature(feature_namespaces, True)
        self._parser.setFeature(feature_external_ges, False)
        self._parser.setContentHandler(self._collector)
        self._parser.setProperty(property_lexical_handler, _DoctypeGuard())
        self._silent = 0  # bytes since the last event

    def feed(self, chunk: bytes) -> None:
        """Parse a chunk; an empty one ends the file. Raises `ReadAborted`."""
        try:
            if not chunk:
                self._parser.close()  # type: ignore[attr-defined]
                return
            self._parser.feed(chunk)  # type: ignore[attr-defined]
        except xml.sax.SAXParseException as error:
            why = f"The XML is damaged at line {error.getLineNumber():,}: {error.getMessage()}"
            raise ReadAborted(f"{why}. The records before it are imported.") from None
        except (ValueError, LookupError) as error:  # an unknown encoding
            raise ReadAborted(f"The XML cannot be read: {error}.") from None
        self._silent = 0 if self._collector.has_events else self._silent + len(chunk)
        self._collector.has_events = False
        if self._silent > _MAX_RECORD:  # the parser buffers a tag that does not end
            raise ReadAborted(_TOO_LONG)

    def take_records(self) -> list[tuple[Any, str]]:
        """Return the records completed since the last call, each with its error."""
        records, self._collector.records = self._collector.records, []
        return records


class MarcXmlRejects(RejectsWriter):
    """Writes a collection, with the note in a comment before each record."""

    def _begin(self, file: IO[Any]) -> None:
        file.write(f'<?xml version="1.0" encoding="UTF-8"?>\n<collection xmlns="{MARC_XML_NS}">\n')

    def _write(self, file: IO[Any], rejected: Rejected) -> None:
        note = note_of(rejected)
        comment = f"record {note.number}: {note.field} {note.value!r}: {note.detail}"
        file.write(f"<!-- {comment.replace('--', '- -').rstrip('-')} -->\n")
        file.write(ElementTree.tostring(record_to_xml_node(rejected.original), encoding="unicode") + "\n")

    def _finish(self, file: IO[Any]) -> None:
        file.write("</collection>\n")


class MarcXmlInput(InputFormat):
    """A collection of records, or a single record, in XML."""

    name, label, family = "marcxml", "MARCXML", "MARCXML"
    kind = "books"
    source = MARC_SOURCE
    unit = "record"
    is_text = False
    rejects_writer = MarcXmlRejects

    def matches(self, sample: Sample) -> bool:
        """Return whether the text begins with XML that has an element `record` or `collection`."""
        start = sample.start
        return start.startswith("<") and re.search(r"<(\w+:)?(record|collection)\b", start[:5000]) is not None

    def read(self, file: InputFile, detected: Detected, options: ReadOptions) -> Iterator[RawOutcome]:
        """Iterate over the records. Raises `ReadAborted` if the XML is not well-formed."""
        parser = _RecordParser()
        number, ended = 0, False
        while not ended:
            aborted: ReadAborted | None = None
            try:
                chunk = file.stream.read1(_CHUNK)
                ended = not chunk
                parser.feed(chunk)
            except ReadAborted as error:
                aborted = error
            for record, why in parser.take_records():
                number += 1
                if why:
                    yield Rejected(number, record, [RejectReason("", "", f"Not a valid MARCXML record: {why}.")])
                else:
                    yield book_of(number, record, record, options.source)
            if aborted:
                raise aborted
