"""Rejected records, written in the format of their file with number, field, value and reason.

The corrected file can be imported, because the readers ignore the notes. CSV has them in four columns at the front,
JSON in a member ``rejected``, Open Library in one more tab-separated part, MARCXML in a comment. Binary MARC has no
place for notes, so they go to a CSV file beside it.
"""

from __future__ import annotations

import contextlib
import json
import re
from abc import ABC, abstractmethod
from collections.abc import Iterator
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

    def write(self, rejected: Rejected) -> None:
        """Write a record."""
        with self._translated_errors():
            if self._file is None:
                self._file = self._open()
            self._write(self._file, rejected)

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
        """Open the file and write the header of the format."""
        return self.path.open("w", encoding="utf-8", errors="surrogateescape", newline="")

    @abstractmethod
    def _write(self, file: IO[Any], rejected: Rejected) -> None:
        """Write one record with its note."""

    def _finish(self, file: IO[Any]) -> None:  # noqa: B027 - most formats have none
        """Write the trailer of the format."""


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
