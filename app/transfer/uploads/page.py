"""Pages of imports, newest first."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from app.core.fields import BIGINT_MAX
from app.core.parameters import LIMIT_DEFAULT, LIMIT_MOST
from app.core.query.cursor import Cursor
from app.core.query.pairs import Pairs, canonical
from app.core.query.reader import ParameterReader
from app.core.records.page import envelope, link_header
from app.http.problems import InvalidCursor
from app.http.urls import link
from extensions.database import Statement, fetch
from extensions.jobs.table import STATES

from .records import IS_REMOVED, VISIBLE, viewer
from .representation import COLUMNS, ImportRow, representation

SCOPE = "imports"


def _statement(comparison: str, direction: str) -> Statement:
    return Statement(f"""
        SELECT {COLUMNS} FROM jobs WHERE {VISIBLE} AND NOT {IS_REMOVED}
            AND (%(state)s::text IS NULL OR state = %(state)s) AND id {comparison} %(edge)s
        ORDER BY id {direction} LIMIT %(most)s
    """)


# By `Cursor.backwards` and `Cursor.inclusive`. Backwards is towards newer imports.
_STATEMENTS = {
    (backwards, inclusive): _statement(sign + ("=" if inclusive else ""), direction)
    for backwards, sign, direction in ((False, "<", "DESC"), (True, ">", "ASC"))
    for inclusive in (False, True)
}


@dataclass(frozen=True)
class PageQuery:
    """The parsed query string of the list."""

    limit: int
    state: str | None
    cursor: Cursor | None
    sent: Pairs

    @property
    def edge(self) -> int:
        """The id that the page begins at."""
        return self.cursor.keys[0] if self.cursor else BIGINT_MAX


def parse_page(pairs: Pairs) -> PageQuery:
    """Return the query of the list. Raises `InvalidQuery` and `InvalidCursor`."""
    reader = ParameterReader(pairs)
    limit, word = reader.integer("limit", 1, LIMIT_MOST), reader.single("cursor")
    state = reader.choice("state", STATES)
    reader.refuse_rest(("limit", "cursor", "state"))
    reader.raise_faults()
    if word is None:
        return PageQuery(limit or LIMIT_DEFAULT, state, None, pairs)
    cursor = Cursor.decode(word)
    first = dict(cursor.pairs)
    if cursor.scope != SCOPE or (state is not None and state != first.get("state")):
        detail = "This cursor was made for another list or filter; start again without a cursor."
        raise InvalidCursor.mismatch(detail)
    repeated = ParameterReader(cursor.pairs)
    first_limit, state = repeated.integer("limit", 1, LIMIT_MOST), repeated.choice("state", STATES)
    keys = cursor.keys
    if repeated.faults or len(keys) != 1 or type(keys[0]) is not int or not 0 <= keys[0] <= BIGINT_MAX:
        raise InvalidCursor.damaged()
    return PageQuery(limit or first_limit or LIMIT_DEFAULT, state, cursor, pairs)


def read_page(query: PageQuery) -> tuple[bytes, list[tuple[str, str]]]:
    """Return the body of a page, and its header `Link`."""
    cursor = query.cursor
    turned = bool(cursor and cursor.backwards)
    values: dict[str, Any] = {**viewer(), "state": query.state, "edge": query.edge, "most": query.limit + 1}
    statement = _STATEMENTS[turned, cursor is None or cursor.inclusive]
    rows = [ImportRow(*row) for row in fetch(statement, values)]
    has_more, rows = len(rows) > query.limit, rows[: query.limit]
    if turned:
        rows.reverse()
    has_newer, has_older = (has_more, True) if turned else (cursor is not None, has_more)
    links = {
        "self": link(f"/{SCOPE}") + (f"?{canonical(query.sent)}" if query.sent else ""),
        "next": _link(query, rows, backwards=False) if has_older else None,
        "prev": _link(query, rows, backwards=True) if has_newer else None,
    }
    data = [json.dumps(representation(row), ensure_ascii=False) for row in rows]
    return envelope(data, {"count": len(rows), "limit": query.limit}, links), [link_header(links)]


def _link(query: PageQuery, rows: list[ImportRow], *, backwards: bool) -> str:
    """Return the URL of the next or the previous page."""
    inclusive = False
    if rows:
        edge = rows[0 if backwards else -1].id
    else:  # the link back includes the row of the cursor
        assert query.cursor is not None
        edge, inclusive = query.edge, query.cursor.backwards != backwards
    state = [("state", query.state)] if query.state else []
    limit = [("limit", str(query.limit))] if query.limit != LIMIT_DEFAULT else []
    return link(f"/{SCOPE}?cursor={Cursor(SCOPE, (*state, *limit), (edge,), backwards, inclusive).encode()}")
