"""The way of a list that is wanted whole: query → one statement → its rows, sent as they are found.

All of them are of one moment (see ``extensions.snapshot``), and none is waited for by those before it.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from itertools import chain

from flask import Response

from extensions.database import DatabaseUnavailable
from extensions.snapshot import Busy, OverTime, Snapshot

from . import query, responses, shapes, statements
from .bodies import JSON
from .problems import Unavailable
from .query import Query
from .representations import MEDIA_TYPES, OF_LISTS, Representation
from .resource import Resource

# For a reader who is slow; after that, the connection ends in the middle of the answer.
LONGEST_SECONDS = 3600.0
TRY_AGAIN_SECONDS = 10

log = logging.getLogger("catalog.streaming")


def wanted(asked: Query) -> type[Representation] | None:
    """As what the current request wants a list whole: what `format` says, else ``Accept``; None: as a page.

    Raises `NotAcceptable`, and `InvalidQuery` where parameters of a page stand beside it.
    """
    if asked.format:
        found = OF_LISTS[asked.format]
    else:
        media_type = responses.preferred_of(JSON, *MEDIA_TYPES)
        if media_type == JSON:
            return None
        found = next(one for one in OF_LISTS.values() if one.media_type == media_type)
    query.refuse_pages(asked)
    return found


def answer(resource: Resource, asked: Query, form: type[Representation]) -> Response:
    """The answer that streams all rows of a list. Raises `Unavailable` where too many are under way."""
    try:
        snapshot = Snapshot(LONGEST_SECONDS)
    except Busy:
        detail = "As many lists are being streamed as may be at once; try again soon."
        raise Unavailable(detail, TRY_AGAIN_SECONDS) from None
    try:
        representation = form(resource, asked.fields)
        pieces = _pieces(snapshot, resource, asked, representation)
        first = next(pieces)  # until here, what goes wrong is a problem as any other
    except BaseException:
        snapshot.close()
        raise
    headers = [
        ("Content-Type", form.media_type + form.charset),
        ("Content-Disposition", f'attachment; filename="{resource.name}.{form.suffix}"'),
    ]
    return responses.Streamed(responses.Stream(chain([first], pieces), snapshot.close), headers)


def _pieces(snapshot: Snapshot, resource: Resource, asked: Query, form: Representation) -> Iterator[bytes]:
    """The bytes of the list, some rows at a time; the first piece comes when there are rows, or it is known that there
    are none.
    """
    statement = statements.everything(resource, shapes.of(resource, asked))
    before = form.head()
    try:
        for documents in snapshot.pieces(statement, shapes.values_of(asked)):
            yield before + form.records(documents)
            before = b""
    except (DatabaseUnavailable, OverTime) as error:
        log.warning("the stream of %s ends early: %s", resource.name, repr(error.__cause__ or error))
        raise
    yield before + form.tail()
