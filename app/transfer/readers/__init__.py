"""The formats that are imported. Adding one is a file, and a line of `FORMATS`."""

from . import delimited, jsonrecords, marc, openlibrary
from .format import Format
from .layouts import LAYOUTS

FORMATS: tuple[Format, ...] = (
    marc.BINARY,
    marc.XML,
    openlibrary.DUMP,
    jsonrecords.ARRAY,
    jsonrecords.LINES,
)
TABLES = (delimited.CSV, delimited.TSV)  # what is none of the others
# The schemes under which these keep the ids of their records, each of one record alone.
SOURCES = frozenset([one.source for one in FORMATS] + [one.source for one in LAYOUTS]) - {""}
