"""Formats of lists of records, written as a stream.

To add a format, add a module, and a name to ``parameters.FORMATS`` if it is available over HTTP.
"""

from app.core.parameters import FORMATS

from .base import Representation
from .delimited import Csv, Tsv
from .ndjson import Ndjson

LIST_FORMATS: dict[str, type[Representation]] = dict(zip(FORMATS, (Ndjson, Csv), strict=True))
MEDIA_TYPES = tuple(format_.media_type for format_ in LIST_FORMATS.values())

__all__ = ["LIST_FORMATS", "MEDIA_TYPES", "Csv", "Ndjson", "Representation", "Tsv"]
