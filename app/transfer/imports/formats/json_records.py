"""JSON as the API returns it: one record per line (NDJSON), or one array (RFC 8259)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import IO, Any

from app.config import command_line
from app.transfer.errors import Unreadable
from app.transfer.imports.files.detected import Detected
from app.transfer.imports.files.input_file import InputFile
from app.transfer.imports.files.lines import EXCERPT, LineReader, open_text
from app.transfer.imports.files.options import ReadOptions
from app.transfer.imports.files.rejects import RejectsWriter, dump_json, note_of
from app.transfer.imports.files.sample import Sample
from app.transfer.records import RawContributor, RawOutcome, RawRecord, RecordKind, Rejected, RejectReason, SourceKey

from .base import InputFormat
from .json_items import ItemReader, decoder, parse_error

REJECT_MEMBER = "rejected"  # a member that the rejects writer adds and the reader ignores
_READ_ONLY = ("id", "created_at", "updated_at")
_CONTRIBUTOR_MEMBERS = frozenset({"id", "name", "role", "credited_as"})


class JsonRecords:
    """Converts JSON values to raw records.

    `kind` is the default for records whose members do not show it. Without a `source`, ids are ignored, because they
    belong to another catalog. With `restore`, all members are kept unchanged.
    """

    def __init__(self, kind: RecordKind, source: str | None, *, restore: bool = False) -> None:
        self.kind, self.source, self.restore = kind, source, restore

    def parse(self, number: int, text: str) -> RawRecord | Rejected:
        """Return the record of a JSON text."""
        try:
            value = decoder.decode(text)
        except (ValueError, RecursionError) as error:
            return reject_json(number, text, parse_error(error))
        return self.convert(number, value, text)

    def convert(self, number: int, value: Any, original: str) -> RawRecord | Rejected:
        """Return the record of a JSON value, which must be an object."""
        if isinstance(value, dict) and REJECT_MEMBER in value:
            note = value.pop(REJECT_MEMBER)
            if not value and isinstance(note, dict) and isinstance(note.get("original"), str):
                # The rejected text was not a JSON object, so the user corrected it inside the note.
                return self.parse(number, note["original"])
        if not isinstance(value, dict):
            reason = RejectReason("", original[:EXCERPT], "A record must be a JSON object.")
            return Rejected(number, original, [reason])
        kind = kind_of(value) or self.kind
        if self.restore:
            return RawRecord(number, kind, value, original)
        key = None
        fields = {name: member for name, member in value.items() if member is not None and name not in _READ_ONLY}
        if self.source and value.get("id") is not None:
            key = SourceKey(self.source, str(value["id"]))
        if isinstance(fields.get("authors"), list):
            fields["authors"] = self._contributors(fields["authors"])
        if kind == "authors" and isinstance(fields.get("name"), str):
            fields = {"person": RawContributor(fields.pop("name")), **fields}
        return RawRecord(number, kind, fields, original, key)

    def _contributors(self, authors: list[Any]) -> list[Any]:
        """Return raw contributors; or the list unchanged if an item is invalid."""
        contributors = []
        for item in authors:
            if not isinstance(item, dict) or not item.keys() <= _CONTRIBUTOR_MEMBERS:
                return authors
            name, role, credited_as = item.get("name"), item.get("role"), item.get("credited_as")
            if not all(isinstance(text, str | None) for text in (name, role, credited_as)):
                return authors
            key = SourceKey(self.source, str(item["id"])) if self.source and item.get("id") is not None else None
            if name is None and key is None:
                return authors
            contributors.append(RawContributor(name, role, key, credited_as=credited_as))
        return contributors


def kind_of(value: Any) -> RecordKind | None:
    """Return the kind of a record by its members; None if they do not show it."""
    if isinstance(value, dict):
        if "title" in value:
            return "books"
        if "name" in value:
            return "authors"
    return None


def reject_json(number: int, text: str, error: str) -> Rejected:
    """Return the rejection of a text that is not valid JSON."""
    return Rejected(number, text, [RejectReason("", text[:EXCERPT], f"Not valid JSON: {error}.")])


class JsonLinesRejects(RejectsWriter):
    """Writes one JSON object per line; other text goes into the note."""

    def _write(self, file: IO[Any], rejected: Rejected) -> None:
        file.write(self._document(rejected) + "\n")

    def _document(self, rejected: Rejected) -> str:
        note = note_of(rejected).as_json(self.detected.unit)
        try:
            document = decoder.decode(rejected.original)
        except (ValueError, RecursionError):
            document = None
        if isinstance(document, dict):
            document.pop(REJECT_MEMBER, None)
            return dump_json({**document, REJECT_MEMBER: note})
        return dump_json({REJECT_MEMBER: {**note, "original": rejected.original}})


class JsonArrayRejects(JsonLinesRejects):
    """Writes the same objects as one array."""

    def _open(self) -> IO[Any]:
        file = super()._open()
        self._separator = ",\n"
        return file

    def _begin(self, file: IO[Any]) -> None:
        self._separator = "[\n"

    def _write(self, file: IO[Any], rejected: Rejected) -> None:
        file.write(self._separator + self._document(rejected))
        self._separator = ",\n"

    def _finish(self, file: IO[Any]) -> None:
        file.write("\n]\n")


class JsonLinesInput(InputFormat):
    """NDJSON: a record in each line."""

    name, label, family = "ndjson", "NDJSON", "JSON"
    source = "catalog"
    rejects_writer = JsonLinesRejects

    def matches(self, sample: Sample) -> bool:
        """Return whether the text begins with an object."""
        return sample.start.startswith("{")

    def read(self, file: InputFile, detected: Detected, options: ReadOptions) -> Iterator[RawOutcome]:
        """Iterate over the records of the lines that are not blank."""
        lines = LineReader(file, detected.encoding or "utf-8")
        records = _records(file, detected, options)
        for line in lines:
            if lines.rejected:
                yield from lines.take_rejected()
            text = line.strip()
            if text:
                yield records.parse(lines.number, text)
        yield from lines.take_rejected()


class JsonArrayInput(InputFormat):
    """One array of records."""

    name, label, family = "json", "JSON array", "JSON"
    source = "catalog"
    unit = "record"
    rejects_writer = JsonArrayRejects

    def matches(self, sample: Sample) -> bool:
        """Return whether the text begins with an array of objects."""
        return re.match(r"\[\s*[{\]]", sample.start) is not None

    def read(self, file: InputFile, detected: Detected, options: ReadOptions) -> Iterator[RawOutcome]:
        """Iterate over the records of the array. Raises `ReadAborted` if it is damaged."""
        records = _records(file, detected, options)
        items = ItemReader(open_text(file, detected.encoding or "utf-8"))
        number = 0
        while (item := items.next(number)) is not None:
            number += 1
            if item.error:
                yield reject_json(number, item.text, item.error)
            else:
                yield records.convert(number, item.value, item.text)


def _records(file: InputFile, detected: Detected, options: ReadOptions) -> JsonRecords:
    """Return a converter whose default kind is that of the first record."""
    return JsonRecords(kind_of(first_record(file, detected)) or "books", options.source, restore=options.restore)


def first_record(file: InputFile, detected: Detected) -> Any:
    """Return the first record of a file as JSON; None if it is invalid, or longer than the sample of the file."""
    start = Sample(file.head, detected.encoding).start.removeprefix("[").lstrip()
    try:
        return decoder.raw_decode(start)[0]
    except (ValueError, RecursionError):
        return None


def check_restorable(file: InputFile, detected: Detected) -> None:
    """Raise `Unreadable` if the first record shows that a file cannot be restored."""
    record = first_record(file, detected)
    if isinstance(record, dict) and (missing := [name for name in _READ_ONLY if name not in record]):
        raise Unreadable(
            f"The first record has no {', '.join(missing)}, so the file is not a complete export. "
            f"Export it again with `{command_line('export FILE.ndjson')}`, or import it without --restore."
        )
