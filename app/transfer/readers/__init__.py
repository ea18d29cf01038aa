"""The formats that are imported. Adding one is a file, and a line of `FORMATS`."""

from . import delimited, jsonrecords, marc, openlibrary
from .format import Format

FORMATS: tuple[Format, ...] = (
    marc.BINARY,
    marc.XML,
    openlibrary.DUMP,
    jsonrecords.ARRAY,
    jsonrecords.LINES,
)
TABLES = (delimited.CSV, delimited.TSV)  # what is none of the others
