"""Representations of many records, one after the other, that nobody has to hold as a whole.

Adding one is a file, and a line in `OF_LISTS` where lists are to be had so over HTTP.
"""

from .delimited import Csv, Tsv
from .ndjson import Ndjson
from .representation import Representation

OF_LISTS: dict[str, type[Representation]] = {"ndjson": Ndjson, "csv": Csv}
MEDIA_TYPES = tuple(one.media_type for one in OF_LISTS.values())

__all__ = ["MEDIA_TYPES", "OF_LISTS", "Csv", "Ndjson", "Representation", "Tsv"]
