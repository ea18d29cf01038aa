"""The query parameters of every list, and their limits.

These names are reserved: no field can have one of them.
"""

from __future__ import annotations

SEARCH = "q"
LIMIT_DEFAULT, LIMIT_MOST, OFFSET_MOST = 20, 100, 10_000
TOTALS = ("exact", "estimated")
RELEVANCE = "relevance"  # the sort key of a search without `sort`
FORMATS = ("ndjson", "csv")  # in which lists are streamed
PAGE_PARAMETERS = ("limit", "cursor", "offset", "total")  # not allowed for a streamed list
LIST_PARAMETERS = (*PAGE_PARAMETERS, "sort", "fields", "format")
