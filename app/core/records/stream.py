"""Streams a whole list: rows are sent as they are read.

All rows are from one snapshot of the database (see ``extensions.database.snapshot``).
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator
from itertools import chain

from flask import Response, current_app
from flask.sansio.app import App

from app.core.formats import LIST_FORMATS, MEDIA_TYPES, Representation
from app.core.query.parse import refuse_pages
from app.core.query.query import Query
from app.core.resource import Resource
from app.core.sql.plan import ReadPlan, plan_list
from app.http.body import JSON
from app.http.headers.negotiation import negotiate
from app.http.problems import Unavailable
from app.http.responses import Header, Stream, StreamResponse
from extensions.database import Busy, DatabaseUnavailable, OverTime, Snapshot

LONGEST_SECONDS = 3600.0  # after which the stream of a slow client is aborted
RETRY_SECONDS = 10
HEADERS = "catalog.stream_headers"  # key in the application's extensions

log = logging.getLogger("catalog.streaming")


def add_stream_headers(app: App, find: Callable[[Resource], Iterable[Header]]) -> None:
    """Add headers to all streams of an application.

    `find` is called with the resource before the snapshot, so that it can say since when the snapshot is.
    """
    app.extensions.setdefault(HEADERS, []).append(find)


def stream_headers(resource: Resource) -> list[Header]:
    """Return the further headers of a stream whose snapshot is opened next."""
    return [header for find in current_app.extensions.get(HEADERS, ()) for header in find(resource)]


def requested_format(query: Query) -> type[Representation] | None:
    """Return the format to stream in, by `format` or ``Accept``; None for a page.

    Raises `NotAcceptable`, and `InvalidQuery` if a stream is requested with parameters of a page.
    """
    if query.format:
        format_ = LIST_FORMATS[query.format]
    else:
        media_type = negotiate(JSON, *MEDIA_TYPES)
        if media_type == JSON:
            return None
        format_ = next(format_ for format_ in LIST_FORMATS.values() if format_.media_type == media_type)
    refuse_pages(query)
    return format_


def stream_list(resource: Resource, query: Query, format_: type[Representation]) -> Response:
    """Return the response that streams a list.

    Raises `Unavailable` if too many streams are open.
    """
    further = stream_headers(resource)
    try:
        snapshot = Snapshot(LONGEST_SECONDS)
    except Busy:
        detail = f"Too many lists are being streamed; try again in {RETRY_SECONDS} seconds."
        raise Unavailable(detail, RETRY_SECONDS) from None
    try:
        pieces = _pieces(snapshot, plan_list(resource, query), format_(resource, query.fields))
        first = next(pieces)  # before the headers, so that an error up to here becomes an error response
    except BaseException:
        snapshot.close()
        raise
    headers = [
        ("Content-Type", format_.media_type + format_.charset),
        ("Content-Disposition", f'attachment; filename="{resource.name}.{format_.suffix}"'),
        *further,
    ]
    return StreamResponse(Stream(chain([first], pieces), snapshot.close), headers)


def _pieces(snapshot: Snapshot, plan: ReadPlan, representation: Representation) -> Iterator[bytes]:
    """Yield the body, some rows at a time.

    The first piece includes the first rows, if there are any.
    """
    head = representation.head()
    try:
        for documents in snapshot.pieces(plan.statement, plan.values):
            yield head + representation.records(documents)
            head = b""
    except (DatabaseUnavailable, OverTime) as error:
        log.warning("The stream of %s ends early: %s", representation.resource.name, repr(error.__cause__ or error))
        raise
    yield head + representation.tail()
