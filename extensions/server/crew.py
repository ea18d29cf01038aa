"""The threads that answer requests. A thread has a connection to itself until it gives it back to the main loop.

A request that is there to its end goes to one of those that wait for no client: they wait for the application alone.
One whose rest must be read as it comes (a large upload) goes to one of some others: however slowly such requests come,
and however many, they hold up only one another.
"""

from __future__ import annotations

import errno
import queue
import threading
from collections.abc import Callable

from gunicorn.http.errors import NoMoreData
from gunicorn.workers.base import Worker

from . import plain
from .connection import Connection
from .framing import Extent, extent
from .responder import Responder

STAY_SECONDS = 0.01  # that a thread waits for the next request of a connection
RECEIVED_AT_ONCE = 256 * 1024  # bytes
ENDED_BY_CLIENT = (errno.EPIPE, errno.ECONNRESET, errno.ENOTCONN, errno.ETIMEDOUT)

Job = tuple[Connection, plain.Plain | None]
Jobs = queue.SimpleQueue[Job]


class Crew:
    """`size` threads, and half as many for long requests.

    `give_back(conn, goes_on)` is called by a thread that leaves a connection; `goes_on`: it may have further requests.
    """

    def __init__(
        self, worker: Worker, responder: Responder, size: int, give_back: Callable[[Connection, bool], None]
    ) -> None:
        self.worker, self.responder, self.give_back = worker, responder, give_back
        self.jobs: Jobs = queue.SimpleQueue()
        self.long_jobs: Jobs = queue.SimpleQueue()
        self.stays = threading.BoundedSemaphore(max(1, size // 3))
        for number in range(size):
            threading.Thread(target=self._answer, name=f"request-{number}", daemon=True).start()
        for number in range(max(1, size // 2)):
            threading.Thread(target=self._answer_long, name=f"long-{number}", daemon=True).start()

    def _answer(self) -> None:
        while True:
            conn, request = self.jobs.get()
            goes_on = self._answered(conn, request)
            while goes_on and self._next_is_here(conn):
                request = self.responder.read(conn, object())
                at_hand = self.responder.at_hand(request) if request else None
                goes_on = self._answered(conn, request, at_hand)
                if at_hand:  # so may be what follows, and the main loop answers that cheapest
                    break
            self.give_back(conn, goes_on)

    def _answer_long(self) -> None:
        while True:
            conn, request = self.long_jobs.get()
            self.give_back(conn, self._answered(conn, request))

    def _answered(self, conn: Connection, request: plain.Plain | None, at_hand: bytes | None = None) -> bool:
        """Answer a request, with what was at hand if anything was; True if the connection goes on."""
        conn.answered = True
        try:
            return self.responder.answer(conn, request, at_hand) and self.worker.alive
        except (NoMoreData, StopIteration):
            self.worker.log.debug("A client ended in the middle of a request.")
        except OSError as error:
            if error.errno not in ENDED_BY_CLIENT:
                self.worker.log.exception("Socket error processing request.")
        except Exception as error:
            self.worker.handle_error(None, conn, conn.client, error)
        return False

    def _next_is_here(self, conn: Connection) -> bool:
        """Whether the next request of a connection comes at once, and whole. Waiting a moment for it here is cheaper
        than to have the main loop hand it over again.
        """
        if conn.outgoing:
            return False
        if not conn.received and self.stays.acquire(blocking=False):
            try:
                if conn.arrives(STAY_SECONDS):
                    conn.received += conn.receive(RECEIVED_AT_ONCE) or b""  # the end will be there for the main loop
            finally:
                self.stays.release()
        return bool(conn.received) and extent(conn.received) is Extent.WHOLE
