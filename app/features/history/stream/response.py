"""The response that follows the changes, and the header Last-Event-ID, by which a client resumes."""

from __future__ import annotations

import weakref

from flask import Response, current_app, request

from app.features.history.feed.position import parse_position, position_problem
from app.features.history.feed.query import FeedQuery
from app.features.history.feed.read import PositionAhead, PositionPruned, require_kept
from app.features.history.positions import last_position
from app.http.access.gate import current_identity
from app.http.access.identity import IDENTITIES, is_still_allowed
from app.http.access.rights import READ_LIVE
from app.http.problems import BadRequest, Fault, InvalidQuery
from app.http.responses import LiveStream, StreamResponse

from .events import MEDIA_TYPE
from .follower import Follower
from .reader import FOLLOWING, Following

LAST_EVENT_ID = "Last-Event-ID"


def follow_changes(query: FeedQuery) -> Response:
    """Return the response that sends each change from the position on, as a server-sent event.

    Last-Event-ID precedes `since`. Raises `BadRequest`, `InvalidQuery`, `PositionExpired`, and `Unavailable` if too
    many clients follow.
    """
    if any(name == "limit" for name, _ in query.sent):
        detail = "limit is for pages, but an event stream is not paged; leave it out."
        raise InvalidQuery.from_fault(Fault("query", "limit", "mismatch", detail))
    position, is_known = _position(query)
    following: Following = current_app.extensions[FOLLOWING]
    identities, environ = current_app.extensions[IDENTITIES], request.environ
    has_account = current_identity().has_account
    follower = Follower(
        following,
        query,
        position,
        is_known=is_known,
        shows_accounts=has_account,
        may_follow=(lambda: is_still_allowed(environ, identities, READ_LIVE)) if has_account else None,
    )
    following.join()
    close = weakref.finalize(follower, following.leave)  # when the follower is collected, however its response ends
    # Without the header, nginx would buffer events.
    return StreamResponse(LiveStream(follower, close), [("Content-Type", MEDIA_TYPE), ("X-Accel-Buffering", "no")])


def _position(query: FeedQuery) -> tuple[int, bool]:
    """Return the position behind which the stream begins, and whether the client sent it."""
    where, name, since = "query", "since", query.since
    sent = request.headers.get(LAST_EVENT_ID, "").strip()
    if sent:
        where, name, since = "header", LAST_EVENT_ID, parse_position(sent)
        if since is None:
            detail = f"{LAST_EVENT_ID} must be the id of an event, an integer; send the last one, or leave it out."
            raise BadRequest.from_fault(Fault("header", LAST_EVENT_ID, "invalid", detail))
    if since is None:
        return last_position(), False
    try:
        require_kept(since)
    except (PositionAhead, PositionPruned) as error:
        raise position_problem(error, where, name) from None
    return since, True
