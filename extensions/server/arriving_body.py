"""The body of a request, read in a thread while the event loop receives it.

A piece is received when the thread wants it, so memory is bounded and the client is slowed down to the pace of the
thread. Nothing is received before the first read, so ``Expect: 100-continue`` waits for a view that accepts the body.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import io
import threading
from collections.abc import Awaitable, Callable
from typing import Any

from .connection_limits import BYTES_PER_SECOND, GRACE_SECONDS

STALL_SECONDS = 60.0  # without any byte, however fast the client was before

Receive = Callable[[], Awaitable[dict[str, Any]]]


class ArrivingBody(io.RawIOBase):
    """The body of one request. Create it in the event loop, and read it in another thread.

    Reading raises `TimeoutError` if the client sends too slowly, and `ConnectionError` if it has disconnected.
    """

    def __init__(self, receive: Receive) -> None:
        self._receive, self._loop = receive, asyncio.get_running_loop()
        self._piece = memoryview(b"")
        self._size, self._waited = 0, 0.0  # bytes received so far, and seconds that were spent waiting for them
        self._lock = threading.Lock()  # of the two attributes below
        self._pending: concurrent.futures.Future[bytes] | None = None
        self._is_abandoned = False
        self.is_whole = False  # the last byte was received
        self.is_late = False  # the client sends too slowly
        self.is_lost = False  # the client has disconnected

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        if not self._piece and not self.is_whole:
            self._piece = memoryview(self._next())
        taken = min(len(buffer), len(self._piece))
        buffer[:taken] = self._piece[:taken]
        self._piece = self._piece[taken:]
        return taken

    def abandon(self) -> None:
        """End a read that still waits: the response is complete, or the server stops. Called in the event loop."""
        with self._lock:
            self._is_abandoned, pending = True, self._pending
        if pending is not None:
            pending.cancel()

    def _next(self) -> bytes:
        """Return the next bytes, in the thread; empty at the end."""
        with self._lock:
            if self._is_abandoned:
                raise ConnectionAbortedError("The request has ended.")
            self._pending = asyncio.run_coroutine_threadsafe(self._received(), self._loop)
        try:
            return self._pending.result()
        except concurrent.futures.CancelledError:
            raise ConnectionAbortedError("The request has ended.") from None

    async def _received(self) -> bytes:
        """Return the next bytes, in the event loop. Only the time that the client takes counts."""
        while not self.is_whole:
            started = self._loop.time()
            allowed = GRACE_SECONDS + self._size / BYTES_PER_SECOND - self._waited
            try:
                async with asyncio.timeout(min(allowed, STALL_SECONDS)):
                    message = await self._receive()
            except TimeoutError:
                self.is_late = True
                raise TimeoutError("The body did not arrive in time.") from None
            self._waited += self._loop.time() - started
            if message["type"] == "http.disconnect":
                self.is_lost = True
                raise ConnectionResetError("The client has disconnected.")
            self.is_whole = not message["more_body"]
            self._size += len(message["body"])
            if message["body"]:
                return bytes(message["body"])
        return b""
