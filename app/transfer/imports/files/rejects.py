"""Rejected records, written in the format of their file with number, field, value and reason.

The corrected file can be imported, because the readers ignore the notes. CSV has them in four columns at the front,
JSON in a member ``rejected``, Open Library in one more tab-separated part, MARCXML in a comment. Binary MARC has no
place for notes, so they go to a CSV file beside it.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import IO, Any, NamedTuple

from app.transfer.errors import Unwritable
from app.transfer.records import Rejected, RejectReason

from .detected import Detected

_lone_surrogate = re.compile("[\ud800-\udc7f\udd00-\udfff]")  # except those that represent a stray byte


class RejectsWriter(ABC):
    """Writes rejected records to a file, created with the first record.

    All methods raise `Unwritable` if the file cannot be written.
    """

    def __init__(self, detected: Detected, path: Path) -> None:
        self.detected, self.path = detected, path
        self._file: IO[Any] | None = None
        self._mode = "w"

    def write(self, rejected: Rejected) -> None:
        """Write a record."""
        with self._translated_errors():
            if self._file is None:
                self._file = self._open()
                self._begin(self._file)
            self._write(self._file, rejected)

    def sizes(self) -> list[int]:
        """Write all records to the disk, and return the sizes of the files in bytes; empty without a record."""
        if self._file is None:
            return []
        with self._translated_errors():
            return [_synced_size(file) for file in self._files(self._file)]

    def continue_from(self, sizes: Sequence[int]) -> None:
        """Continue files of an earlier writer after their first `sizes` bytes; without sizes, begin new ones."""
        with self._translated_errors():
            self.abandon()
            self._mode = "a"
            for index, path in enumerate(self._paths()):
                if not sizes:
                    path.unlink(missing_ok=True)
                    continue
                with path.open("r+b") as file:
                    if file.seek(0, os.SEEK_END) < sizes[index]:
                        raise Unwritable(f"{path} has lost rejected records since the import was interrupted.")
                    file.truncate(sizes[index])
            if sizes:
                self._file = self._open()

    def abandon(self) -> None:
        """Close the files as they are, for another writer to continue them."""
        file, self._file = self._file, None
        if file is not None:
            for each in self._files(file):
                each.close()

    def close(self) -> None:
        """Finish and close the file, if it was created."""
        file, self._file = self._file, None
        if file is not None:
            with self._translated_errors(), contextlib.closing(file):
                self._finish(file)

    @contextlib.contextmanager
    def _translated_errors(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise Unwritable(f"Writing the rejected records to {self.path} failed: {error.strerror}.") from None

    def __enter__(self) -> RejectsWriter:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def _open(self) -> IO[Any]:
        """Open the file, new or to be continued."""
        return self.path.open(self._mode, encoding="utf-8", errors="surrogateescape", newline="")

    def _begin(self, file: IO[Any]) -> None:  # noqa: B027 - most formats have none
        """Write the header of the format."""

    def _files(self, file: IO[Any]) -> Sequence[IO[Any]]:
        """Return all open files."""
        return [file]

    def _paths(self) -> Sequence[Path]:
        """Return the paths of all files, in the order of `_files`."""
        return [self.path]

    @abstractmethod
    def _write(self, file: IO[Any], rejected: Rejected) -> None:
        """Write one record with its note."""

    def _finish(self, file: IO[Any]) -> None:  # noqa: B027 - most formats have none
        """Write the trailer of the format."""


def _synced_size(file: IO[Any]) -> int:
    file.flush()
    os.fsync(file.fileno())
    return os.fstat(file.fileno()).st_size


class RejectNote(NamedTuple):
    """Why a record was rejected, as four values."""

    number: int
    field: str  # several are separated by "; "
    value: str  # the value of the first reason
    detail: str

    def as_json(self, unit: str) -> dict[str, Any]:
        """Return the note as a JSON object, with the number under the name `unit`."""
        return {unit: self.number, "field": self.field, "value": self.value, "reason": self.detail}


def note_of(rejected: Rejected) -> RejectNote:
    """Return the note of a rejected record."""
    reasons = rejected.reasons
    fields = "; ".join(dict.fromkeys(reason.field for reason in reasons if reason.field))
    detail = " ".join(describe_reason(reason) for reason in reasons)
    return RejectNote(rejected.number, fields, reasons[0].value if reasons else "", detail)


def describe_reason(reason: RejectReason) -> str:
    """Return the reason as a sentence, after the name of its field."""
    return f"{reason.field}: {reason.detail}" if reason.field else reason.detail


def dump_json(document: dict[str, Any]) -> str:
    """Return JSON in which lone surrogates are escaped.

    Those that represent a stray byte are not: the encoder of the file writes that byte again.
    """
    text = json.dumps(document, ensure_ascii=False)
    return _lone_surrogate.sub(lambda half: f"\\u{ord(half[0]):04x}", text)
