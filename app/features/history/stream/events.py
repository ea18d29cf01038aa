"""Changes as server-sent events (WHATWG HTML, section 9.2), encoded once for all followers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from app.features.history.change import ChangeRow, documents
from app.values.json_value import Json, compact

MEDIA_TYPE = "text/event-stream"
RETRY_MILLISECONDS = 2000  # after which a browser connects again


class Event(NamedTuple):
    """A change, encoded for followers."""

    position: int
    resource: str
    op: str
    public: bytes  # for clients without an account: `by` is null
    full: bytes  # for clients with an account; the same object if `by` is null

    @property
    def size(self) -> int:
        """The bytes that the event takes."""
        return len(self.full) + (0 if self.public is self.full else len(self.public))


def events(rows: Sequence[ChangeRow]) -> list[Event]:
    """Return changes as events, in their order. Raises ``DatabaseUnavailable``."""
    return [_event(row, document) for row, document in zip(rows, documents(rows, shows_accounts=True), strict=True)]


def first_lines(position: int, *, is_known: bool) -> bytes:
    """Return the beginning of a stream, which goes on behind a position.

    A client that does not know the position (`is_known`) gets it as an id without an event, which a browser sends back
    as Last-Event-ID.
    """
    return f"retry: {RETRY_MILLISECONDS}\n".encode() + keep_alive(None if is_known else position)


def keep_alive(position: int | None) -> bytes:
    """Return a comment; with a position, if it is not that of the last event."""
    return b": keep-alive\n\n" if position is None else f": keep-alive\nid: {position}\n\n".encode()


def within_bytes(candidates: Iterable[Event], most: int) -> list[Event]:
    """Return the first events, up to `most` bytes of each kind, but at least one."""
    kept: list[Event] = []
    size = 0
    for event in candidates:
        size += len(event.full)
        if kept and size > most:
            break
        kept.append(event)
    return kept


def _event(row: ChangeRow, document: dict[str, Json]) -> Event:
    full = _encoded(row, document)
    public = full if document["by"] is None else _encoded(row, {**document, "by": None})
    return Event(row.position, row.resource, row.op, public, full)


def _encoded(row: ChangeRow, document: dict[str, Json]) -> bytes:
    return f"id: {row.position}\nevent: {row.op}\ndata: {compact(document)}\n\n".encode()
