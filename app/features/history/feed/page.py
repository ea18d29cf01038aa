"""Pages of the feed."""

from __future__ import annotations

from typing import Any

from flask import Response, current_app

from app.core.query.pairs import canonical
from app.core.records.page import count_fitting, envelope, link_header
from app.features.history.change import documents
from app.features.history.positions import last_position
from app.http.access.gate import current_identity
from app.http.responses import live_response
from app.http.urls import link
from app.values.json_value import compact

from .position import position_problem
from .query import FeedQuery
from .read import ChangePage, PositionAhead, PositionPruned, read_changes


def feed_page(query: FeedQuery) -> Response:
    """Return the response with the changes behind a position, or with the last position alone.

    Raises `PositionExpired` and `InvalidQuery`.
    """
    page = _read(query)
    shows_accounts = current_identity().has_account
    texts = [compact(document) for document in documents(page.rows, shows_accounts=shows_accounts)]
    # Names of contributors are not in the sizes by which the rows were read.
    fitting = count_fitting((len(text.encode()) for text in texts), current_app.config["PAGE_MAX_BYTES"])
    if fitting < len(texts):
        page, texts = ChangePage(page.rows[:fitting], page.rows[fitting - 1].position, more=True), texts[:fitting]
    meta: dict[str, Any] = {"count": len(texts), "limit": query.limit, "last": page.last, "more": page.more}
    links = _links(query, page)
    return live_response(envelope(texts, meta, links), [link_header(links)])


def _read(query: FeedQuery) -> ChangePage:
    if query.since is None:
        return ChangePage([], last_position(), more=False)
    try:
        return read_changes(query.since, query.limit, resources=query.resources, ops=query.ops)
    except (PositionAhead, PositionPruned) as error:
        raise position_problem(error, "query", "since") from None


def _links(query: FeedQuery, page: ChangePage) -> dict[str, str | None]:
    others = [pair for pair in query.sent if pair[0] != "since"]
    following = link(f"/changes?{canonical([*others, ('since', str(page.last))])}")
    this = f"?{canonical(query.sent)}" if query.sent else ""
    return {"self": link(f"/changes{this}"), "next": following if page.more else None, "prev": None}
