"""A follower: its position in the feed, and the events behind it."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncGenerator, Callable

from app.features.history.feed.query import FeedQuery
from app.features.history.feed.read import PositionAhead, PositionPruned, read_changes
from app.http.responses import Run
from extensions.database import DatabaseUnavailable

from .events import Event, events, first_lines, keep_alive, within_bytes
from .reader import Following
from .window import Window

COMMENT_SECONDS = 15.0
PIECE_BYTES = 64 * 1024  # sent at once, unless one event has more
CATCH_UP_CHANGES, CATCH_UP_BYTES = 100, 256 * 1024  # of one read from the table
RETRY_SECONDS = 1.0  # after a failed read


class Ended(Exception):
    """The follower's position is no longer valid; a new request gets the reason."""


class Follower:
    """The `Source` of the events behind a position.

    It has no queue. It takes changes from the window of its process, and those that have left the window from the
    table, so a slow client costs no memory.
    """

    def __init__(
        self,
        following: Following,
        query: FeedQuery,
        position: int,
        *,
        is_known: bool,
        shows_accounts: bool,
        may_follow: Callable[[], bool] | None,
    ) -> None:
        """`is_known`: the client sent the position.

        `may_follow` is called every `COMMENT_SECONDS`, and after each change of accounts or tokens that may take
        rights, in a thread; the stream ends if it returns false.
        """
        self._following, self._query, self._shows_accounts = following, query, shows_accounts
        self._may_follow, self._is_known = may_follow, is_known
        self._position = position  # of the last event that was sent, or excluded by the filters
        self._sent = position  # the last id that was sent
        self._restarts = following.restarts

    async def __call__(self, run: Run, *, is_brief: bool = False) -> AsyncGenerator[bytes]:
        """Yield pieces of the event stream. It ends if the client may no longer read, or its position is lost."""
        clock = asyncio.get_running_loop().time
        due, checked_at = clock() + COMMENT_SECONDS, 0
        yield first_lines(self._position, is_known=self._is_known)
        with contextlib.suppress(Ended):
            while self._restarts == self._following.restarts:
                seen, window, is_due = self._following.moved.count, self._following.window, clock() >= due
                rights_at = window.rights_at if window is not None else 0
                if is_due or rights_at > checked_at:
                    if self._may_follow and not await run(self._may_follow):
                        return
                    checked_at = rights_at
                    if is_due:
                        due = clock() + COMMENT_SECONDS
                        yield self._comment()
                    continue  # with what has changed meanwhile
                if is_brief or (window is not None and self._position < window.floor):
                    piece = await self._catch_up(run, due)
                elif piece := self._taken(window):
                    pass
                else:
                    await self._following.moved.wait(seen, max(0.0, due - clock()))
                if piece:
                    yield piece
                if is_brief:
                    return

    def _taken(self, window: Window | None) -> bytes:
        """Take the next events from the window; empty if there are none."""
        if window is None or self._position >= window.head:
            return b""
        matching: list[bytes] = []
        size = 0
        for event in window.behind(self._position):
            if self._matches(event):
                size += len(event.full)
                if matching and size > PIECE_BYTES:
                    return b"".join(matching)
                matching.append(self._encoded(event))
                self._sent = event.position
            self._position = event.position
        self._position = window.head
        return b"".join(matching)

    async def _catch_up(self, run: Run, due: float) -> bytes:
        """Read the next events from the table; empty if none matches, or if that is not possible before `due`."""
        slots = self._following.catching_up()
        try:
            async with asyncio.timeout_at(due):
                await slots.acquire()
        except TimeoutError:
            return b""
        reading = asyncio.ensure_future(run(self._read))
        reading.add_done_callback(lambda _: slots.release())  # also if the client has disconnected
        try:
            kept, last, seconds = await asyncio.shield(reading)
        except DatabaseUnavailable:
            await asyncio.sleep(RETRY_SECONDS)
            return b""
        except (PositionAhead, PositionPruned):
            raise Ended from None
        self._position = last
        if kept:
            self._sent = kept[-1].position
        await asyncio.sleep(seconds)  # as long as the work took, because requests share the interpreter with it
        return b"".join(map(self._encoded, kept))

    def _read(self) -> tuple[list[Event], int, float]:
        """Return the next matching events, the last position that was read, and the seconds it took."""
        began = time.monotonic()
        query = self._query
        with self._following.context():
            page = read_changes(self._position, CATCH_UP_CHANGES, resources=query.resources, ops=query.ops)
            following = events(page.rows)
        kept = within_bytes(following, CATCH_UP_BYTES)
        last = page.last if len(kept) == len(following) else kept[-1].position
        return kept, last, time.monotonic() - began

    def _matches(self, event: Event) -> bool:
        return event.resource in self._query.resources and (not self._query.ops or event.op in self._query.ops)

    def _encoded(self, event: Event) -> bytes:
        return event.full if self._shows_accounts else event.public

    def _comment(self) -> bytes:
        """Return a comment, with the position if events that do not match have moved it."""
        if self._sent == self._position:
            return keep_alive(None)
        self._sent = self._position
        return keep_alive(self._position)
