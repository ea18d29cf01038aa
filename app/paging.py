"""A page: rows with their sort keys become the envelope with its links."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from .cursor import Cursor
from .problems import UriTooLong
from .query import LIMIT_DEFAULT, Query, canonical
from .resource import Resource

URL_LONGEST = 4096

_json = json.JSONEncoder(separators=(",", ":")).encode

Row = Sequence[Any]  # JSON text of the record, JSON array of its sort keys, further columns


def render(
    resource: Resource, query: Query, rows: list[Row], total: int | None, meant: str | None = None
) -> tuple[bytes, list[tuple[str, str]]]:
    """The bytes of a page and the headers that say the same. `meant` is a question that may be the better one.

    `rows` come in the order in which they were walked, with one more than the page holds where there are more.
    """
    more = len(rows) > query.limit
    rows = rows[: query.limit]
    cursor = query.cursor
    if cursor and cursor.backwards:
        rows.reverse()
        before, after = more, True
    else:
        before, after = bool(cursor or (query.offset and rows)), more

    links = {
        "self": f"/{query.scope}" + (f"?{canonical(query.sent)}" if query.sent else ""),
        "next": None,
        "prev": None,
    }
    if after:
        links["next"] = _link(resource, query, rows, backwards=False)
    if before:
        links["prev"] = _link(resource, query, rows, backwards=True)
    meta: dict[str, Any] = {"count": len(rows), "limit": query.limit}
    headers = [("Link", ", ".join(f'<{link}>; rel="{name}"' for name, link in links.items() if link))]
    if query.total:
        meta |= {"total": total, "total_is": query.total}
        headers.append(("X-Total-Count", str(total)))
    if query.question:
        meta["match"] = "fuzzy" if query.corrected else "exact"
    if query.corrected or meant:
        meta["did_you_mean"] = query.corrected or meant
    data = ",".join(row[0] for row in rows)
    around = _json({"meta": meta, "links": links})
    return f'{{"data":[{data}],{around[1:]}'.encode(), headers


def _link(resource: Resource, query: Query, rows: list[Row], *, backwards: bool) -> str:
    pairs = [*query.pairs]
    if query.limit != LIMIT_DEFAULT:
        pairs.append(("limit", str(query.limit)))
    if query.fields != tuple(resource.fields):
        pairs.append(("fields", ",".join(query.fields)))
    inclusive = False
    if rows:
        keys = json.loads(rows[0 if backwards else -1][1])
    else:
        # Nothing is left on this side of the cursor; the way back includes the row the cursor was made at.
        assert query.cursor is not None
        keys, inclusive = query.cursor.keys, query.cursor.backwards != backwards
    word = Cursor(query.scope, tuple(pairs), tuple(keys), backwards, inclusive, query.corrected).encode()
    total = f"&total={query.total}" if query.total else ""
    link = f"/{query.scope}?cursor={word}{total}"
    if len(link) > URL_LONGEST:
        raise UriTooLong("The filters are too long to be held by a cursor; shorten them, or ask for fewer values.")
    return link
