"""Streams a whole list: rows are sent as they are read.

All rows are from one snapshot of the database (see ``extensions.database.snapshot``).
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
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

    `find` is called with the resource, before the snapshot is opened.
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
    return stream_rows(plan_list(resource, query), format_(resource, query.fields))


def stream_rows(
    plan: ReadPlan,
    representation: Representation,
    documents: Callable[[Snapshot, list[str]], Sequence[str]] = lambda _, texts: texts,
) -> Response:
    """Return the response that streams the rows of a plan, whose first column is a text.

    `documents` makes the JSON texts of records from some of these texts, and may read the snapshot that they are from.
    Raises `Unavailable` if too many streams are open.
    """
    further = stream_headers(representation.resource)
    try:
        snapshot = Snapshot(LONGEST_SECONDS)
    except Busy:
        detail = f"Too many lists are being streamed; try again in {RETRY_SECONDS} seconds."
        raise Unavailable(detail, RETRY_SECONDS) from None
    try:
        pieces = _pieces(snapshot, plan, representation, documents)
        first = next(pieces)  # before the headers, so that an error up to here becomes an error response
    except BaseException:
        snapshot.close()
        raise
    headers = [
        ("Content-Type", representation.media_type + representation.charset),
        ("Content-Disposition", f'attachment; filename="{representation.resource.name}.{representation.suffix}"'),
        *further,
    ]
    return StreamResponse(Stream(chain([first], pieces), snapshot.close), headers)


def _pieces(
    snapshot: Snapshot,
    plan: ReadPlan,
    representation: Representation,
    documents: Callable[[Snapshot, list[str]], Sequence[str]],
) -> Iterator[bytes]:
    """Yield the body, some rows at a time.

    The first piece includes the first rows, if there are any.
    """
    head = representation.head()
    try:
        for texts in snapshot.pieces(plan.statement, plan.values):
            yield head + representation.records(documents(snapshot, texts))
            head = b""
    except (DatabaseUnavailable, OverTime) as error:
        log.warning("The stream of %s ends early: %s", representation.resource.name, repr(error.__cause__ or error))
        raise
    yield head + representation.tail()
