"""Pages of a record's changes, newest first."""

from __future__ import annotations

from dataclasses import replace
from http import HTTPStatus
from typing import Any

from flask import Response, current_app

from app.core.fields import BIGINT_MAX
from app.core.query.cursor import Cursor
from app.core.query.pairs import request_pairs
from app.core.query.parse import parse_page
from app.core.query.query import Query
from app.core.records.page import PageRow, count_fitting, render_page
from app.core.resource import Resource
from app.features.history.change import COLUMNS, IS_CHANGE, JOINED, ChangeRow, documents
from app.features.history.positions import last_position
from app.http.access.gate import current_identity
from app.http.headers.negotiation import require_acceptable
from app.http.problems import InvalidCursor
from app.http.responses import write_response
from app.values.json_value import compact
from extensions.database import Statement, fetch

from .past import OF_RECORD, require_existence


def _statement(comparison: str, direction: str) -> Statement:
    """Return the statement of the changes whose position compares to ``%(edge)s``.

    Its rows are the number of changes of the page, up to ``%(most)s``, and a change. Changes are read up to about
    ``%(bytes)s`` bytes, because a hundred of them can have a hundred MB, so there may be fewer rows. A record can have
    very many changes, so the columns are read after the page is selected.
    """
    position = "r.position + c.ordinal"
    names = ", ".join(ChangeRow._fields)
    return Statement(f"""
        SELECT number, {names} FROM (
            SELECT *, count(*) OVER () AS number,
                sum(coalesce(octet_length(before::text), 0) + coalesce(octet_length(after::text), 0))
                OVER (ORDER BY position {direction} ROWS UNBOUNDED PRECEDING EXCLUDE CURRENT ROW) AS preceding
            FROM (
                SELECT {COLUMNS} FROM (
                    SELECT c.revision_id AS id, c.ordinal AS number
                    FROM {OF_RECORD} AND {position} {comparison} %(edge)s AND {IS_CHANGE}
                    ORDER BY {position} {direction} LIMIT %(most)s
                ) AS wanted, {JOINED} WHERE c.revision_id = wanted.id AND c.ordinal = wanted.number
            ) AS page({names})
        ) AS sized WHERE coalesce(preceding, 0) <= %(bytes)s ORDER BY position {direction}
    """)


# By `Cursor.backwards` and `Cursor.inclusive`. Backwards is towards newer changes.
_STATEMENTS = {
    (backwards, inclusive): _statement(sign + ("=" if inclusive else ""), direction)
    for backwards, sign, direction in ((False, "<", "DESC"), (True, ">", "ASC"))
    for inclusive in (False, True)
}


def list_changes(resource: Resource, record_id: int) -> Response:
    """Return the response to a GET of the changes of a record, which may be deleted or merged.

    404 if there never was such a record.
    """
    scope = f"{resource.name}/{record_id}/changes"
    query = replace(parse_page(scope, request_pairs()), fields=tuple(resource.fields))
    edge = _edge(query.cursor)
    require_acceptable()
    last_position()
    rows, most = _read(resource, record_id, query, edge)
    if not rows:
        require_existence(fetch, resource, record_id)
    body, headers = render_page(resource, query, rows, most, None)
    return write_response(body.decode(), HTTPStatus.OK, headers, tagged=False)


def _read(resource: Resource, record_id: int, query: Query, edge: int) -> tuple[list[PageRow], int]:
    """Return the rows of a page, and how many of them it has; there are more rows if more follow."""
    page_bytes: int = current_app.config["PAGE_MAX_BYTES"]
    cursor = query.cursor
    statement = _STATEMENTS[bool(cursor and cursor.backwards), cursor is None or cursor.inclusive]
    values = {
        "id": record_id,
        "resource": resource.name,
        "edge": edge,
        "most": query.limit + 1,
        "bytes": page_bytes,
    }
    results = fetch(statement, values)
    changes = [ChangeRow(*columns) for _, *columns in results]
    shows_accounts = current_identity().has_account
    texts = [compact(document) for document in documents(changes, shows_accounts=shows_accounts)]
    rows: list[PageRow] = [(text, f"[{change.position}]") for text, change in zip(texts, changes, strict=True)]
    fitting = count_fitting((len(text.encode()) for text in texts), page_bytes)
    left_out: list[PageRow] = [("", "")] * (results[0][0] - len(rows)) if results else []
    return [*rows, *left_out], min(fitting, query.limit)


def _edge(cursor: Cursor | None) -> int:
    """Return the position that a page begins at. Raises `InvalidCursor`."""
    if cursor is None:
        return BIGINT_MAX
    keys: tuple[Any, ...] = cursor.keys
    if len(keys) != 1 or type(keys[0]) is not int or not 0 <= keys[0] <= BIGINT_MAX:
        raise InvalidCursor.damaged()
    return keys[0]
