"""Responses of the audit: pages, newest changes first, and streams.

A page reads one range of positions after the other, each larger than the one before, until it is full. So it looks at
few changes more than it returns if most match its filters, and Postgres uses the index of a rare value if few do.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Iterator

from flask import Response, current_app

from app.core.query.pairs import canonical, request_pairs
from app.core.query.parse import parse_query
from app.core.query.query import Query
from app.core.records.page import count_fitting, envelope, link_header, page_link
from app.core.records.stream import requested_format, stream_rows
from app.core.sql.plan import ReadPlan
from app.core.sql.shape import selection_of, values_of
from app.features.history.change import ChangeRow, Read, documents
from app.features.history.positions import last_position
from app.http.responses import read_response
from app.http.urls import link
from app.values.json_value import compact
from extensions.database import Share, Snapshot, fetch

from .resource import AUDIT
from .statements import all_changes, changes_within

SECONDS = 0.25  # after which a page ends, even if it is not full
POSITIONS, POSITIONS_MOST = 10_000, 250_000  # in the first range, and in any
QUICK_SECONDS, GROWTH = 0.05, 4  # after a faster read, the next range is larger by this factor


def list_changes() -> Response:
    """Return the response to a GET of the audit: a page or a stream."""
    query = parse_query(AUDIT, AUDIT.name, request_pairs())
    format_ = requested_format(query)
    last = last_position()
    if format_ is None:
        return _page(query, last)
    plan = ReadPlan(all_changes(selection_of(AUDIT, query)), values_of(query))

    def rendered(snapshot: Snapshot, texts: list[str]) -> list[str]:
        rows = [ChangeRow(*row) for row in json.loads(f"[{','.join(texts)}]")]
        return list(_texts(rows, query, snapshot.rows))

    return stream_rows(plan, format_(AUDIT, query.fields), rendered)


def _page(query: Query, last: int) -> Response:
    """Return a page. `last` is the last position."""
    cursor = query.cursor
    page_bytes: int = current_app.config["PAGE_MAX_BYTES"]
    rows, following = _rows(query, last, page_bytes)
    data = list(_texts(rows, query, fetch))
    # Names of contributors are not in the sizes by which the rows were read.
    fitting = count_fitting((len(text.encode()) for text in data), page_bytes)
    if fitting < len(rows):
        data, following = data[:fitting], rows[fitting - 1].position
        rows = rows[:fitting]
    # The page that the cursor came from: from the nearest row, or from the cursor itself.
    turned = bool(cursor and cursor.backwards)
    returning = None
    if cursor:
        returning = rows[0].position if rows else max(0, cursor.keys[0] + (1 if turned else -1))
    older, newer = (returning, following) if turned else (following, returning)
    if turned:
        data.reverse()
    links = {
        "self": link(f"/{query.scope}") + (f"?{canonical(query.sent)}" if query.sent else ""),
        "next": _link(query, older, backwards=False),
        "prev": _link(query, newer, backwards=True),
    }
    return read_response(envelope(data, {"count": len(data), "limit": query.limit}, links), [link_header(links)])


def _rows(query: Query, last: int, page_bytes: int) -> tuple[list[ChangeRow], int | None]:
    """Return the rows of a page, and the position that the following page begins after, None if there is no other.

    With a backwards cursor, later rows follow.
    """
    cursor = query.cursor
    ascending = bool(cursor and cursor.backwards)
    edge: int = min(max(cursor.keys[0], 0), last + 1) if cursor else last + 1
    statement, values = changes_within(selection_of(AUDIT, query), ascending=ascending), values_of(query)
    rows: list[ChangeRow] = []
    size, positions, ends = 0, POSITIONS, time.monotonic() + SECONDS
    while edge < last if ascending else edge > 1:
        low, high = (edge, edge + positions) if ascending else (max(0, edge - 1 - positions), edge - 1)
        missing = query.limit + 1 - len(rows)
        began = time.monotonic()
        of_range = {"low": low, "high": high, "limit": missing, "bytes": page_bytes - size, "is_first": not rows}
        size_of_range = 0
        for *row, end, fits in fetch(statement, values | of_range, share=Share.SLOW_READS):
            if not fits or len(rows) == query.limit:
                return rows, rows[-1].position
            rows.append(ChangeRow(*row))
            size_of_range = int(end)
        size += size_of_range
        edge = high if ascending else low + 1
        now = time.monotonic()
        if now > ends:
            break
        if now - began < QUICK_SECONDS:
            positions = min(positions * GROWTH, POSITIONS_MOST)
    else:
        return rows, None
    return rows, edge


def _texts(rows: Iterable[ChangeRow], query: Query, read: Read) -> Iterator[str]:
    """Yield the JSON of each change, with the fields of the query."""
    for document in documents(list(rows), shows_accounts=True, read=read):
        yield compact({name: document[name] for name in query.fields})


def _link(query: Query, position: int | None, *, backwards: bool) -> str | None:
    """Return the URL of the page of the changes before a position, or `backwards` of those after it.

    None without a position. Raises `UriTooLong`.
    """
    return None if position is None else page_link(AUDIT, query, (position,), backwards=backwards)
