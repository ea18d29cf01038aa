"""The detected format of a file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from app.transfer.imports.tables.columns import ColumnMapping
from app.transfer.imports.tables.dialect import Dialect
from app.transfer.records import RecordKind

_ENCODING_LABELS = {
    "utf-8": "UTF-8",
    "utf-8-sig": "UTF-8",
    "utf-16": "UTF-16",
    "cp1252": "Windows-1252",
    "latin-1": "Latin-1",
}


@dataclass(frozen=True)
class Detected:
    """The format of a file; for tables also the dialect and the columns."""

    format: str
    label: str
    kind: RecordKind | None  # None if the file may have both
    source: str  # the identifier scheme of its ids and digests
    unit: Literal["line", "record"]  # what record numbers count
    encoding: str | None = None
    compression: str | None = None
    dialect: Dialect | None = None
    columns: ColumnMapping | None = None

    def describe(self) -> str:
        """Return a description in one line, printed before the import starts."""
        parts = [str(self.dialect) if self.dialect else self.label]
        if self.encoding:
            parts.append(_ENCODING_LABELS.get(self.encoding, self.encoding))
        if self.compression:
            parts.append(self.compression)
        if self.columns:
            parts.append(self.columns.layout.label)
        clauses = [", ".join(parts)]
        if self.columns:
            clauses.append(", ".join(self.columns.describe_targets()))
            if self.columns.unused:
                clauses.append("not used: " + ", ".join(name or "(no name)" for name in self.columns.unused))
            clauses += [note.detail for note in self.columns.notes]
        return "; ".join(clauses)
