"""Renders a page as JSON with links, from rows and their sort keys."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from itertools import accumulate
from typing import Any

from app.core.parameters import LIMIT_DEFAULT
from app.core.query.cursor import Cursor
from app.core.query.pairs import canonical
from app.core.query.query import Query
from app.core.resource import Resource
from app.http.problems import UriTooLong
from app.http.urls import URL_LONGEST, link

PageRow = Sequence[Any]  # JSON text of the record, JSON array of its sort keys, bytes of the text, further columns

_json = json.JSONEncoder(separators=(",", ":")).encode


def render_page(
    resource: Resource, query: Query, rows: list[PageRow], most: int, total: int | None, suggestion: str | None = None
) -> tuple[bytes, list[tuple[str, str]]]:
    """Return the body of a page, and its headers `Link` and `X-Total-Count`.

    `rows` has more rows than the page's `most` if more follow; reversed for a backwards cursor. `suggestion` is
    another spelling of the search.
    """
    has_more = len(rows) > most
    rows = rows[:most]
    cursor = query.cursor
    if cursor and cursor.backwards:
        rows.reverse()
        has_previous, has_next = has_more, True
    else:
        has_previous, has_next = bool(cursor or (query.offset and rows)), has_more

    links = {
        "self": link(f"/{query.scope}") + (f"?{canonical(query.sent)}" if query.sent else ""),
        "next": _link(resource, query, rows, backwards=False) if has_next else None,
        "prev": _link(resource, query, rows, backwards=True) if has_previous else None,
    }
    meta: dict[str, Any] = {"count": len(rows), "limit": query.limit}
    headers = [link_header(links)]
    if query.total:
        meta |= {"total": total, "total_is": query.total}
        headers.append(("X-Total-Count", str(total)))
    if query.search is not None:
        meta["match"] = "fuzzy" if query.corrected else "exact"
    if query.corrected or suggestion:
        meta["did_you_mean"] = query.corrected or suggestion
    return envelope([row[0] for row in rows], meta, links), headers


def count_fitting(sizes: Iterable[int], most_bytes: int) -> int:
    """Return how many rows of a page fit in `most_bytes`, but at least 1. `sizes` are the bytes of their texts."""
    ends = accumulate(size + len(",") for size in sizes)
    return max(1, sum(end <= most_bytes for end in ends))


def envelope(data: Sequence[str], meta: dict[str, Any], links: dict[str, str | None]) -> bytes:
    """Return the JSON of a page, whose `data` are JSON texts."""
    rest = _json({"meta": meta, "links": links})
    return f'{{"data":[{",".join(data)}],{rest[1:]}'.encode()


def link_header(links: dict[str, str | None]) -> tuple[str, str]:
    """Return the header `Link` (RFC 8288) of a page's links."""
    return "Link", ", ".join(f'<{url}>; rel="{name}"' for name, url in links.items() if url)


def _link(resource: Resource, query: Query, rows: list[PageRow], *, backwards: bool) -> str:
    """Return the URL of the next or the previous page. Raises `UriTooLong`."""
    inclusive = False
    if rows:
        keys = json.loads(rows[0 if backwards else -1][1])
    else:
        # There are no rows on this side of the cursor, and the link back must include the row of the cursor.
        assert query.cursor is not None
        keys, inclusive = query.cursor.keys, query.cursor.backwards != backwards
    return page_link(resource, query, keys, backwards=backwards, inclusive=inclusive)


def page_link(
    resource: Resource, query: Query, keys: Sequence[Any], *, backwards: bool, inclusive: bool = False
) -> str:
    """Return the URL of the page that begins at the sort keys of a row. Raises `UriTooLong`."""
    pairs = [*query.pairs]
    if query.limit != LIMIT_DEFAULT:
        pairs.append(("limit", str(query.limit)))
    if query.fields != tuple(resource.fields):
        pairs.append(("fields", ",".join(query.fields)))
    word = Cursor(query.scope, tuple(pairs), tuple(keys), backwards, inclusive, query.corrected).encode()
    total = f"&total={query.total}" if query.total else ""
    url = link(f"/{query.scope}?cursor={word}{total}")
    if len(url) > URL_LONGEST:
        raise UriTooLong("The filters are too long for a cursor; shorten them, or filter by fewer values.")
    return url
