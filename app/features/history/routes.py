"""``/changes``."""

from __future__ import annotations

from flask import Blueprint, Response
from flask.blueprints import BlueprintSetupState

from app.core.openapi import describe
from app.core.query.pairs import request_pairs
from app.core.records.stream import add_stream_headers
from app.http.access.rights import READ_LIVE, requires
from app.http.body import JSON
from app.http.headers.negotiation import negotiate
from extensions.telemetry.metrics import add_source

from .feed.lag import FEED_LAG
from .feed.page import feed_page
from .feed.position import position_header
from .feed.query import parse_feed
from .stream.events import MEDIA_TYPE
from .stream.openapi import FollowChanges
from .stream.reader import FOLLOWING, Following
from .stream.response import follow_changes

changes = Blueprint("changes", __name__, url_prefix="/changes")


@changes.record_once
def register(state: BlueprintSetupState) -> None:
    """Let clients follow the changes, and add the position to continue from to the streams of whole lists."""
    state.app.extensions[FOLLOWING] = Following(state.app.app_context)  # type: ignore[attr-defined]
    add_stream_headers(state.app, position_header)
    add_source(state.app, FEED_LAG)  # type: ignore[arg-type]


@changes.get("")
@describe(FollowChanges(), link="changes")
@requires(READ_LIVE)
def index() -> Response:
    """List the changes of books and authors behind a position, in the order of their commits.

    Continue with `since=` and `meta.last`: no change is missed and none comes twice, whatever is written meanwhile. A
    page may have fewer changes than `limit`, or none, while `meta.more` is true: follow `links.next` until it is null.
    """
    query = parse_feed(request_pairs())
    return follow_changes(query) if negotiate(JSON, MEDIA_TYPE) == MEDIA_TYPE else feed_page(query)
