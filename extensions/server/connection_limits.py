"""Limits on the time and memory of a client's connection.

uvicorn itself has none for slow clients. Only callbacks of asyncio and httptools are overridden, and methods that
uvicorn's server calls on a connection.
"""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Any, ClassVar

from .sliced_parsing import SlicedProtocol

HEAD_SECONDS = 10.0  # for the head of a request to arrive, from its first byte or the start of the connection
HEAD_BYTES = 64 * 1024
# Of a chunked body: sizes, extensions and trailers. Beside the bytes that a head may have, each byte of content may
# come in a chunk of its own.
FRAMING_PER_BYTE = 8
# The minimal average rate at which a client must receive a response or send a body. An idle timeout is not enough,
# because a byte now and then would keep the memory allocated for hours.
GRACE_SECONDS = 10.0
BYTES_PER_SECOND = 32 * 1024  # after the grace period
UNSENT_BYTES = 64 * 1024 * 1024  # of the responses in the write buffers of all connections together
MOST_CONNECTIONS = 512  # open connections, above which the one that has been idle for longest is closed
LAST_REQUEST_SECONDS = 1.0  # for an idle client to send one more request when the server stops
CHECK_SECONDS = 0.5  # between checks of all connections
# The member of a request's ``state`` that is set when a response without an end should end: the server stops, or the
# client has closed its direction.
ENDING = "ending"


class LimitedProtocol(SlicedProtocol):
    """An HTTP connection that is closed when its client exceeds a limit."""

    open: ClassVar[set[LimitedProtocol]] = set()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.idle_since: float | None = self.loop.time()  # None during a request
        self._head_due: float | None = self.loop.time() + HEAD_SECONDS  # None if uvicorn enforces the timeout
        self._head_bytes = 0  # of the current head so far
        self._framing_bytes = 0  # of the current body so far, less what its content accounts for
        self._is_stopping = False
        self._pending: deque[Any] = deque()  # pending requests, the current one first
        self._unsent_since: float | None = None
        self._unsent_at_first = 0  # bytes
        self._ending = asyncio.Event()

    # Callbacks of asyncio

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        self.app_state = {**self.app_state, ENDING: self._ending}
        if len(self.open) >= MOST_CONNECTIONS:
            _close_longest_idle(self.open)
        self.open.add(self)

    def connection_lost(self, exc: Exception | None) -> None:
        self.open.discard(self)
        super().connection_lost(exc)
        for cycle in self._pending:  # uvicorn marks only the latest, and would write to a closed connection
            cycle.disconnected = True

    def parse(self, data: bytes) -> None:
        continues_head, continues_body = self.in_head, self.in_body
        if continues_body:
            self._framing_bytes += len(data)  # `on_body` subtracts the content
        super().parse(data)
        if continues_body and self._framing_bytes > HEAD_BYTES and not self.transport.is_closing():
            self.send_400_response("The chunk extensions and trailers of the body are too large.")
        if self.in_head and continues_head:
            self._head_bytes += len(data)
            if self._head_bytes > HEAD_BYTES and not self.transport.is_closing():
                self.send_400_response("The head of the request is too large.")

    def all_received(self) -> bool | None:
        """Keep a half-closed connection, whose client may still read the responses."""
        self._ending.set()
        if self._pending and not self._pending[-1].more_body:
            self._pending[-1].keep_alive = False
            return True
        if self.in_head or self._pending:
            self.send_400_response("The request is incomplete.")
        return None

    def pause_writing(self) -> None:
        super().pause_writing()
        self._note_unsent(self.loop.time())
        _bound_unsent(self.open)

    def resume_writing(self) -> None:
        super().resume_writing()
        self._unsent_since = None

    # Callbacks of httptools

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._head_bytes = 0
        if self._head_due is None:
            self._head_due = self.loop.time() + HEAD_SECONDS

    def on_headers_complete(self) -> None:
        if self.parser.get_http_version() == "0.9":
            raise ValueError("HTTP/0.9")  # which makes it a malformed request
        super().on_headers_complete()
        self._head_due, self.idle_since = None, None
        self._framing_bytes = 0
        self._pending.append(self.cycle)
        if not self.flow.write_paused:
            self._unsent_since = None
        if self._is_stopping:
            self.cycle.keep_alive = False

    def on_body(self, body: bytes) -> None:
        super().on_body(body)
        self._framing_bytes = max(0, self._framing_bytes - (1 + FRAMING_PER_BYTE) * len(body))

    # Called by uvicorn

    def on_response_complete(self) -> None:
        super().on_response_complete()
        self._pending.popleft()
        if not self.pipeline:
            self.idle_since = self.loop.time()
            if self.cycle.more_body:  # the client is still sending a body that is not read
                self._head_due = self.idle_since + HEAD_SECONDS

    def send_400_response(self, msg: str) -> None:
        super().send_400_response(f"{msg}\n")

    def timeout_keep_alive_handler(self) -> None:
        """Close the connection, unless its client is still receiving the response."""
        if self.unsent:
            self.timeout_keep_alive_task = self.loop.call_later(
                self.timeout_keep_alive, self.timeout_keep_alive_handler
            )
        else:
            super().timeout_keep_alive_handler()

    def shutdown(self) -> None:
        """Let an idle client send one more request, which may already be in transit."""
        self._is_stopping = True
        self._ending.set()
        if self.idle_since is None:
            super().shutdown()
        else:
            self._head_due = self.loop.time() + LAST_REQUEST_SECONDS

    # The limits

    @property
    def unsent(self) -> int:
        """The number of response bytes in the write buffer."""
        return self.transport.get_write_buffer_size()

    @property
    def held(self) -> int:
        """The number of bytes that its responses take in memory. One is freed when all of it has been received."""
        unsent = self.unsent
        return max(unsent, self._unsent_at_first) if unsent and self._unsent_since is not None else unsent

    @property
    def deadline(self) -> float:
        """When the write buffer must be empty, given the progress so far.

        Infinite if it is empty.
        """
        if self._unsent_since is None:
            return float("inf")
        received = max(0, self._unsent_at_first - self.unsent)
        return self._unsent_since + GRACE_SECONDS + received / BYTES_PER_SECOND

    def check(self, now: float) -> None:
        """Close the connection if its client is too slow."""
        self._note_unsent(now)
        if now > self.deadline:
            self.transport.abort()
        elif self._head_due is None or self.transport.is_closing():
            return
        elif self.idle_since is None or self.unsent:  # the timeout starts after the previous response
            self._head_due = now + HEAD_SECONDS
        elif now > self._head_due:
            if self.in_head:
                self.send_400_response("The request did not arrive in time.")
            else:
                self.transport.close()

    def _note_unsent(self, now: float) -> None:
        unsent = self.unsent
        if not unsent:
            self._unsent_since = None
        elif self._unsent_since is None or unsent > self._unsent_at_first:
            self._unsent_since, self._unsent_at_first = now, unsent


async def check_connections() -> None:
    """Check all connections of the running event loop, forever."""
    loop = asyncio.get_running_loop()
    while True:
        await asyncio.sleep(CHECK_SECONDS)
        now = loop.time()
        for connection in list(LimitedProtocol.open):
            connection.check(now)


def _close_longest_idle(connections: set[LimitedProtocol]) -> None:
    idle = [connection for connection in connections if connection.idle_since is not None]
    if idle:
        min(idle, key=lambda connection: connection.idle_since or 0.0).transport.abort()


def _bound_unsent(connections: set[LimitedProtocol]) -> None:
    """Abort the slowest connections until the responses held for all are within the limit.

    A client that has received nothing yet is slower than any that reads, because each byte extends the deadline.
    """
    held = {connection: size for connection in connections if (size := connection.held)}
    total = sum(held.values())
    for connection in sorted(held, key=lambda connection: connection.deadline)[:-1]:
        if total <= UNSENT_BYTES:
            break
        total -= held[connection]
        connection.transport.abort()
