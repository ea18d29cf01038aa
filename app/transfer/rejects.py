"""What could not be stored, written in the format of its file, with place, field, value and reason beside each record.

Mended, the file can be imported again: what stands beside a record is not looked at. CSV: four columns in front. JSON:
a member ``rejected``. Open Library: a part behind a tab. MARCXML: a comment. Binary MARC has no room for reasons: they
stand in a CSV beside the file.
"""

from __future__ import annotations

import contextlib
import csv
import json
import re
from abc import ABC, abstractmethod
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import IO, Any
from xml.etree import ElementTree

from pymarc.marcxml import MARC_XML_NS, record_to_xml_node

from .guessing import Guess
from .readers import jsonrecords, openlibrary
from .readers.columns import REJECT
from .records import Flaw, Rejected

_half_pair = re.compile("[\ud800-\udc7f\udd00-\udfff]")


class Unwritable(Exception):
    """The file cannot be written; the sentence says why."""


class Rejects(ABC):
    """Writes rejected records to a file, which is made with the first of them. Raises `Unwritable`."""

    def __init__(self, guess: Guess, path: Path) -> None:
        self.guess, self.path = guess, path
        self._file: IO[Any] | None = None

    def write(self, rejected: Rejected) -> None:
        """Add a record."""
        with self._writing():
            if self._file is None:
                self._file = self._begin()
            self._add(self._file, rejected)

    def close(self) -> None:
        """Finish the file, if there is one."""
        file, self._file = self._file, None
        if file is not None:
            with self._writing(), contextlib.closing(file):
                self._end(file)

    @contextlib.contextmanager
    def _writing(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise Unwritable(f"The rejects cannot be written to {self.path}: {error.strerror}.") from None

    def __enter__(self) -> Rejects:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def _begin(self) -> IO[Any]:
        return self.path.open("w", encoding="utf-8", errors="surrogateescape", newline="")

    @abstractmethod
    def _add(self, file: IO[Any], rejected: Rejected) -> None: ...

    def _end(self, file: IO[Any]) -> None:  # noqa: B027 - most formats close with nothing
        """Write what closes the file's syntax."""


def _note(rejected: Rejected) -> tuple[int, str, str, str]:
    """Place, fields, value and reasons of a record, as they stand beside it."""
    flaws = rejected.flaws
    fields = "; ".join(dict.fromkeys(flaw.field for flaw in flaws if flaw.field))
    return rejected.place, fields, flaws[0].value if flaws else "", " ".join(_sentence(flaw) for flaw in flaws)


def _sentence(flaw: Flaw) -> str:
    return f"{flaw.field}: {flaw.reason}" if flaw.field else flaw.reason


def _json(document: dict[str, Any]) -> str:
    """JSON, in which half of a surrogate pair stays an escape; those that stand for a stray byte become that again."""
    text = json.dumps(document, ensure_ascii=False)
    return _half_pair.sub(lambda half: f"\\u{ord(half[0]):04x}", text)


def _members(rejected: Rejected, place: str) -> dict[str, Any]:
    number, field, value, reason = _note(rejected)
    return {place: number, "field": field, "value": value, "reason": reason}


class _Delimited(Rejects):
    """CSV and TSV. All rows of a record are written, the reason beside each."""

    def _begin(self) -> IO[Any]:
        file = super()._begin()
        assert self.guess.dialect is not None
        assert self.guess.columns is not None
        dialect, columns = self.guess.dialect, self.guess.columns
        self._writer = csv.writer(
            file,
            delimiter=dialect.delimiter,
            escapechar=dialect.escape,
            doublequote=dialect.escape is None,
            lineterminator="\n",
        )
        self._writer.writerow([*REJECT, *columns.header[columns.skipped :]])
        return file

    def _add(self, file: IO[Any], rejected: Rejected) -> None:
        original = rejected.original
        if isinstance(original, str):  # a line that was too long
            rows = [[original]]
        else:
            rows = original if original and isinstance(original[0], list) else [original]
        for cells in rows:
            self._writer.writerow([*_note(rejected), *cells])


class _Ndjson(Rejects):
    """A JSON object in each line; what is no object stands in the note."""

    def _add(self, file: IO[Any], rejected: Rejected) -> None:
        file.write(self._document(rejected) + "\n")

    def _document(self, rejected: Rejected) -> str:
        note = _members(rejected, self.guess.counted_in)
        try:
            document = jsonrecords.decoder.decode(rejected.original)
        except (ValueError, RecursionError):
            document = None
        if isinstance(document, dict):
            document.pop(jsonrecords.NOTE, None)
            return _json({**document, jsonrecords.NOTE: note})
        return _json({jsonrecords.NOTE: {**note, "original": rejected.original}})


class _JsonArray(_Ndjson):
    """The same as one array."""

    def _begin(self) -> IO[Any]:
        file = super()._begin()
        self._mark = "[\n"
        return file

    def _add(self, file: IO[Any], rejected: Rejected) -> None:
        file.write(self._mark + self._document(rejected))
        self._mark = ",\n"

    def _end(self, file: IO[Any]) -> None:
        file.write("\n]\n")


class _OpenLibrary(Rejects):
    """The line, and behind a further tab the reason."""

    def _add(self, file: IO[Any], rejected: Rejected) -> None:
        note = _json(_members(rejected, "line"))
        file.write(f"{rejected.original}{openlibrary.NOTE}{note}\n")


class _Marc(Rejects):
    """The records as they were, byte for byte, and a CSV that says of each why: FILE.report.csv."""

    def _begin(self) -> IO[Any]:
        report = self.path.with_name(f"{self.path.name}.report.csv")
        self._report = report.open("w", encoding="utf-8", newline="")
        self._reasons = csv.writer(self._report, lineterminator="\n")
        self._reasons.writerow(("record", "field", "value", "reason"))
        return self.path.open("wb")

    def _add(self, file: IO[Any], rejected: Rejected) -> None:
        file.write(rejected.original)
        self._reasons.writerow(_note(rejected))

    def _end(self, file: IO[Any]) -> None:
        self._report.close()


class _Marcxml(Rejects):
    """A collection, with a comment before each record."""

    def _begin(self) -> IO[Any]:
        file = super()._begin()
        file.write(f'<?xml version="1.0" encoding="UTF-8"?>\n<collection xmlns="{MARC_XML_NS}">\n')
        return file

    def _add(self, file: IO[Any], rejected: Rejected) -> None:
        number, field, value, reason = _note(rejected)
        comment = f"record {number}: {field} {value!r}: {reason}".replace("--", "- -").rstrip("-")
        file.write(f"<!-- {comment} -->\n")
        file.write(ElementTree.tostring(record_to_xml_node(rejected.original), encoding="unicode") + "\n")

    def _end(self, file: IO[Any]) -> None:
        file.write("</collection>\n")


_WRITERS: dict[str, type[Rejects]] = {
    "csv": _Delimited,
    "tsv": _Delimited,
    "ndjson": _Ndjson,
    "json": _JsonArray,
    "openlibrary": _OpenLibrary,
    "marc": _Marc,
    "marcxml": _Marcxml,
}


def rejects_for(guess: Guess, path: Path) -> Rejects:
    """The writer of a file's rejects."""
    return _WRITERS[guess.format](guess, path)
