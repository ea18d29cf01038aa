"""``/changes``."""

from __future__ import annotations

from flask import Blueprint, Response

from app.core.openapi import describe
from app.core.query.pairs import request_pairs
from app.http.access.rights import READ_LIVE, requires
from app.http.headers.negotiation import require_acceptable

from .feed.openapi import ListChanges
from .feed.page import feed_page
from .feed.query import parse_feed

changes = Blueprint("changes", __name__, url_prefix="/changes")


@changes.get("")
@describe(ListChanges(), link="changes")
@requires(READ_LIVE)
def index() -> Response:
    """List the changes of books and authors behind a position, in the order of their commits.

    Continue with `since=` and `meta.last`: no change is missed and none comes twice, whatever is written meanwhile. A
    page may have fewer changes than `limit`, or none, while `meta.more` is true: follow `links.next` until it is null.
    """
    query = parse_feed(request_pairs())
    require_acceptable()
    return feed_page(query)
