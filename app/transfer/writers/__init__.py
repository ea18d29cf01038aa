"""The formats that the catalog is exported in. Adding one is a file, and a line of `FORMATS`."""

from __future__ import annotations

from collections.abc import Mapping

from app.representations import Csv, Ndjson, Representation, Tsv

from .bibliographic import Bibliographic
from .bibtex import Bibtex
from .marc import Marc, Marcxml
from .ris import Ris

# By name, with the endings of files that are taken for them.
FORMATS: Mapping[str, tuple[type[Representation], tuple[str, ...]]] = {
    "ndjson": (Ndjson, ("ndjson", "jsonl")),
    "csv": (Csv, ("csv",)),
    "tsv": (Tsv, ("tsv", "tab")),
    "marcxml": (Marcxml, ("xml", "marcxml")),
    "marc": (Marc, ("mrc", "marc")),
    "bibtex": (Bibtex, ("bib", "bibtex")),
    "ris": (Ris, ("ris",)),
}

__all__ = ["FORMATS", "Bibliographic"]
