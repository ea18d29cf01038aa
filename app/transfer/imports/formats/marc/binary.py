"""Binary MARC 21 records (ISO 2709)."""

from __future__ import annotations

import csv
import logging
import re
import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO, Any

import pymarc

from app.transfer.imports.files.detected import Detected
from app.transfer.imports.files.input_file import InputFile
from app.transfer.imports.files.options import ReadOptions
from app.transfer.imports.files.rejects import RejectsWriter, note_of
from app.transfer.imports.files.sample import Sample
from app.transfer.imports.formats.base import InputFormat
from app.transfer.records import RawOutcome, Rejected, RejectReason

from .books import MARC_SOURCE, book_of

_RECORD_END = b"\x1d"
_MAX_RECORD = 1 << 20  # bytes; valid records have at most 99,999
_CHUNK = 1 << 16

_leader = re.compile(rb"\s*[ -~]{5}[acdnps ][a-z ][a-z ][ -~]{2}[0-9 ]{2}[0-9]{5}", re.DOTALL)

logging.getLogger("pymarc").setLevel(logging.ERROR)  # it warns about every missing indicator


class MarcBinaryRejects(RejectsWriter):
    """Writes the records unchanged, and their notes to FILE.report.csv."""

    def _open(self) -> IO[Any]:
        self._report = self._paths()[1].open(self._mode, encoding="utf-8", newline="")
        self._notes = csv.writer(self._report, lineterminator="\n")
        return self.path.open(f"{self._mode}b")

    def _begin(self, file: IO[Any]) -> None:
        self._notes.writerow(("record", "field", "value", "reason"))

    def _files(self, file: IO[Any]) -> Sequence[IO[Any]]:
        return [file, self._report]

    def _paths(self) -> Sequence[Path]:
        return [self.path, self.path.with_name(f"{self.path.name}.report.csv")]

    def _write(self, file: IO[Any], rejected: Rejected) -> None:
        file.write(rejected.original)
        self._notes.writerow(note_of(rejected))

    def _finish(self, file: IO[Any]) -> None:
        self._report.close()


class MarcBinaryInput(InputFormat):
    """Records split at the record terminator, because stated lengths may be wrong."""

    name, label, family = "marc", "MARC 21", "MARC"
    kind = "books"
    source = MARC_SOURCE
    unit = "record"
    is_text = False
    rejects_writer = MarcBinaryRejects

    def matches(self, sample: Sample) -> bool:
        """Return whether the file begins with a leader and has field terminators."""
        head = sample.head
        return _leader.match(head) is not None and (b"\x1e" in head or _RECORD_END in head)

    def read(self, file: InputFile, detected: Detected, options: ReadOptions) -> Iterator[RawOutcome]:
        """Iterate over the records."""
        buffer, number = b"", 0
        while True:
            end = buffer.find(_RECORD_END)
            if end < 0 and len(buffer) <= _MAX_RECORD:
                chunk = file.stream.read1(_CHUNK)
                if chunk:
                    buffer += chunk
                    continue
            if end < 0 and not buffer.strip():
                return
            number += 1
            if end < 0:
                length, rest, has_end = _skip_to_end(file, len(buffer))
                why = "The record is too long" if has_end or length > _MAX_RECORD else "The record is cut off"
                detail = f"{why}: {length:,} bytes without a record terminator."
                yield Rejected(number, buffer[:_MAX_RECORD], [RejectReason("", _excerpt(buffer), detail)])
                buffer = rest
                continue
            # Some programs write a line break between records.
            record, buffer = buffer[: end + 1].lstrip(b"\r\n"), buffer[end + 1 :]
            yield _read_record(number, record, options.source)


def _skip_to_end(file: InputFile, length: int) -> tuple[int, bytes, bool]:
    """Skip to the end of a record of which `length` bytes were read before.

    Returns the length of the record, the bytes after it, and whether it had a terminator.
    """
    while chunk := file.stream.read1(_CHUNK):
        end = chunk.find(_RECORD_END)
        if end >= 0:
            return length + end + 1, chunk[end + 1 :], True
        length += len(chunk)
    return length, b"", False


def _excerpt(record: bytes) -> str:
    return record[:200].decode("latin-1")


def _read_record(number: int, data: bytes, source: str | None) -> RawOutcome:
    stated = data[:5]
    if stated.isdigit() and int(stated) != len(data) and stated != b"99999":
        detail = f"The record has {len(data):,} bytes, but its leader states {int(stated):,}."
        return Rejected(number, data, [RejectReason("", _excerpt(data), detail)])
    # Many files state MARC-8 but are UTF-8. Text in MARC-8 that happens to be valid UTF-8 is rare.
    is_utf8 = data[9:10] != b"a" and not data.isascii() and _is_utf8(data)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            record = pymarc.Record(
                data, to_unicode=True, force_utf8=is_utf8, hide_utf8_warnings=True, utf8_handling="replace"
            )
    except Exception as error:  # pymarc raises TypeError, IndexError and others for invalid records
        detail = f"Not a valid MARC record: {str(error) or type(error).__name__}"
        return Rejected(number, data, [RejectReason("", _excerpt(data), detail)])
    return book_of(number, record, data, source)


def _is_utf8(data: bytes) -> bool:
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True
