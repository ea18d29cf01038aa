"""CSV and TSV (RFC 4180): a reader that recovers from invalid rows, and rejected rows."""

from __future__ import annotations

import csv
from collections import deque
from collections.abc import Iterator
from typing import IO, Any

from app.transfer.errors import Unreadable
from app.transfer.imports.files.detected import Detected
from app.transfer.imports.files.input_file import InputFile
from app.transfer.imports.files.lines import EXCERPT, LineReader
from app.transfer.imports.files.options import ReadOptions
from app.transfer.imports.files.rejects import RejectsWriter, note_of
from app.transfer.imports.files.sample import Sample
from app.transfer.imports.tables.columns import REJECT_COLUMNS, ColumnMapping
from app.transfer.imports.tables.dialect import Dialect, detect_dialect, sample_rows
from app.transfer.imports.tables.matching import match_columns
from app.transfer.imports.tables.rows import RowReader, merge_rows
from app.transfer.records import RawOutcome, RawRecord, Rejected, RejectReason

from .base import InputFormat


class DelimitedReader:
    """Iterates over the records after the header of a delimited text."""

    def __init__(self, lines: LineReader, dialect: Dialect, columns: ColumnMapping) -> None:
        self._lines, self._source = lines, iter(lines)
        self._dialect, self._columns = dialect, columns
        self._rows = RowReader(columns)
        self._pending: deque[str] = deque()  # lines to parse again
        self._current: list[str] = []  # lines of the current row

    def __iter__(self) -> Iterator[RawOutcome]:
        records = self._read_rows()
        return _group_by_key(records) if self._columns.layout.grouped else records

    def _feed(self) -> Iterator[str]:
        current, pending = self._current, self._pending
        while pending:
            line = pending.popleft()
            current.append(line)
            yield line
        for line in self._source:
            current.append(line)
            yield line

    def _read_rows(self) -> Iterator[RawOutcome]:
        current, lines, pending = self._current, self._lines, self._pending
        read, width = self._rows.read, len(self._columns.header)
        to_skip = self._columns.rows_above + 1  # the header, and the rows above it
        while True:
            number = lines.number - len(pending) + 1
            try:
                for cells in self._dialect.reader(self._feed()):
                    if lines.rejected:
                        yield from lines.take_rejected()
                        number = lines.number - len(pending) - len(current) + 1
                    if to_skip:
                        to_skip -= bool(cells)
                    elif cells:
                        if len(cells) > width and not any(cells[width:]):
                            del cells[width:]
                        if len(cells) == width:
                            yield read(number, cells)
                        else:
                            yield self._reject_width(number, cells)
                    current.clear()
                    number = lines.number - len(pending) + 1
                break
            except csv.Error as error:
                yield self._recover(number, str(error))
        yield from lines.take_rejected()

    def _recover(self, number: int, why: str) -> RawOutcome:
        """Reject the first line of an invalid row, and parse its other lines again."""
        first, *others = self._current
        self._current.clear()
        self._pending.extendleft(reversed(others))
        cells = first.rstrip("\r\n").split(self._dialect.delimiter)
        if self._dialect.delimiter == "\t" and len(cells) == len(self._columns.header):
            # Many programs write TSV without quoting, so a quote may be an ordinary character.
            return self._rows.read(number, cells)
        detail = f"The quotes in this row do not match ({why})."
        original = next(self._dialect.reader([first], strict=False), [first])[self._columns.reject_columns :]
        return Rejected(number, original, [RejectReason("", first[:EXCERPT].rstrip("\r\n"), detail)])

    def _reject_width(self, number: int, cells: list[str]) -> Rejected:
        number_of_cells = "1 cell" if len(cells) == 1 else f"{len(cells)} cells"
        detail = f"Row has {number_of_cells}, expected {len(self._columns.header)}."
        if len(cells) == 1 and self._dialect.delimiter in cells[0]:
            detail += " If the row is quoted as a whole, remove the outer quotes and undouble the inner ones."
        value = self._dialect.delimiter.join(cells)[:EXCERPT]
        return Rejected(number, cells[self._columns.reject_columns :], [RejectReason("", value, detail)])


def _group_by_key(records: Iterator[RawOutcome]) -> Iterator[RawOutcome]:
    """Merge consecutive records with the same key."""
    first: RawRecord | None = None
    others: list[RawRecord] = []
    for record in records:
        if first is not None and isinstance(record, RawRecord) and record.key is not None and record.key == first.key:
            others.append(record)
            continue
        if first is not None:
            yield merge_rows(first, others)
            first, others = None, []
        if isinstance(record, RawRecord):
            first = record
        else:
            yield record
    if first is not None:
        yield merge_rows(first, others)


class DelimitedRejects(RejectsWriter):
    """Writes the rows of a record with the note in the first columns."""

    def _open(self) -> IO[Any]:
        file = super()._open()
        assert self.detected.dialect is not None
        dialect = self.detected.dialect
        self._writer = csv.writer(
            file,
            delimiter=dialect.delimiter,
            escapechar=dialect.escape,
            doublequote=dialect.escape is None,
            lineterminator="\n",
        )
        return file

    def _begin(self, file: IO[Any]) -> None:
        columns = self.detected.columns
        assert columns is not None
        self._writer.writerow([*REJECT_COLUMNS, *columns.header[columns.reject_columns :]])

    def _write(self, file: IO[Any], rejected: Rejected) -> None:
        original = rejected.original
        if isinstance(original, str):  # a line that was too long
            rows = [[original]]
        else:
            rows = original if original and isinstance(original[0], list) else [original]
        for cells in rows:
            self._writer.writerow([*note_of(rejected), *cells])


class CsvInput(InputFormat):
    """Cells separated by commas, or by another character than a tab."""

    name, label, family = "csv", "CSV", "CSV"
    rejects_writer = DelimitedRejects

    def matches(self, sample: Sample) -> bool:
        """Return False: text of no other format is a table (see `detect_table`)."""
        return False

    def read(self, file: InputFile, detected: Detected, options: ReadOptions) -> Iterator[RawOutcome]:
        """Iterate over the records of the rows."""
        assert detected.encoding is not None
        assert detected.dialect is not None
        assert detected.columns is not None
        return iter(DelimitedReader(LineReader(file, detected.encoding), detected.dialect, detected.columns))


class TsvInput(CsvInput):
    """Cells separated by tabs."""

    name, label, family = "tsv", "TSV", "TSV"


def parse_delimiter(text: str | None) -> str | None:
    """Return the character that an option names, None without the option. Raises `Unreadable`."""
    delimiter = {"tab": "\t", "\\t": "\t"}.get(text or "", text)
    if delimiter is not None and len(delimiter) != 1:
        raise Unreadable(f"{delimiter!r} is not a delimiter. Use one character, or tab.")
    return delimiter


def detect_table(sample: Sample, options: ReadOptions, compression: str | None) -> Detected:
    """Return the dialect and the columns of a table. Raises `Unreadable`."""
    delimiter = parse_delimiter(options.delimiter)
    dialect = detect_dialect(sample.text, delimiter or ("\t" if options.format == "tsv" else None))
    layout = options.format if options.format not in ("csv", "tsv") else None
    columns = match_columns(sample_rows(sample.text, dialect), options.mapping, layout, options.source)
    format_ = TsvInput if dialect.delimiter == "\t" else CsvInput
    return Detected(
        format_.name,
        format_.label,
        columns.layout.kind,
        columns.source,
        format_.unit,
        sample.encoding,
        compression,
        dialect,
        columns,
    )
