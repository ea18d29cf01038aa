"""The export formats. To add one, write its `Representation` and add a line to `EXPORT_FORMATS`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from app.books.formats.bibliographic import Bibliographic
from app.books.formats.bibtex import Bibtex
from app.books.formats.marc import Marc, Marcxml
from app.books.formats.ris import Ris
from app.core.formats import Csv, Ndjson, Representation, Tsv

GZIP_SUFFIX = ".gz"


@dataclass(frozen=True)
class ExportFormat:
    """A format and the suffixes of its files."""

    representation: type[Representation]
    suffixes: tuple[str, ...]

    @property
    def is_table(self) -> bool:
        """Whether records are rows."""
        return issubclass(self.representation, Csv)

    @property
    def is_bibliographic(self) -> bool:
        """Whether it holds only books, in fields of its own."""
        return issubclass(self.representation, Bibliographic)


EXPORT_FORMATS: Mapping[str, ExportFormat] = {
    "ndjson": ExportFormat(Ndjson, ("ndjson", "jsonl")),
    "csv": ExportFormat(Csv, ("csv",)),
    "tsv": ExportFormat(Tsv, ("tsv", "tab")),
    "marcxml": ExportFormat(Marcxml, ("xml", "marcxml")),
    "marc": ExportFormat(Marc, ("mrc", "marc")),
    "bibtex": ExportFormat(Bibtex, ("bib", "bibtex")),
    "ris": ExportFormat(Ris, ("ris",)),
}


def is_compressed(name: str) -> bool:
    """Return whether a file of this name is written with gzip."""
    return name.lower().endswith(GZIP_SUFFIX)


def format_of_file(name: str) -> str | None:
    """Return the format of a file by its suffix (before ``.gz``); None if the suffix is unknown."""
    suffix = Path(name.lower().removesuffix(GZIP_SUFFIX)).suffix.removeprefix(".")
    return next((format_ for format_, details in EXPORT_FORMATS.items() if suffix in details.suffixes), None)
