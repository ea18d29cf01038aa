"""All formats, in the order of detection."""

from __future__ import annotations

from app.transfer.imports.tables.layouts import LAYOUTS

from .base import InputFormat
from .delimited import CsvInput, TsvInput
from .json_records import JsonArrayInput, JsonLinesInput
from .marc.binary import MarcBinaryInput
from .marc.marcxml import MarcXmlInput
from .open_library import OpenLibraryInput

INPUT_FORMATS: tuple[InputFormat, ...] = (
    MarcBinaryInput(),
    MarcXmlInput(),
    OpenLibraryInput(),
    JsonArrayInput(),
    JsonLinesInput(),
)
TABLE_FORMATS: tuple[InputFormat, ...] = (CsvInput(), TsvInput())  # any other text

# Labels by the values of --format: names of formats and of table layouts.
FORMAT_LABELS = {format_.name: format_.label for format_ in (*TABLE_FORMATS, *INPUT_FORMATS)}
FORMAT_LABELS |= {layout.name: layout.label for layout in LAYOUTS}
FAMILIES = tuple(dict.fromkeys(format_.family for format_ in (*TABLE_FORMATS, *INPUT_FORMATS)))
# The identifier schemes of these formats; each id belongs to one record.
SOURCES = frozenset([format_.source for format_ in INPUT_FORMATS] + [layout.source for layout in LAYOUTS]) - {""}


def format_named(name: str) -> InputFormat:
    """Return the format named by `Detected.format`."""
    return next(format_ for format_ in (*INPUT_FORMATS, *TABLE_FORMATS) if format_.name == name)
