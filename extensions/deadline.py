"""A deadline for database work that holds even when the server is frozen.

``statement_timeout`` is kept by the server, so a frozen server ignores it, and libpq waits for ever. Here the
client keeps the time: one thread of each process looks at the work under way and shuts down the socket of what
is past its deadline, so that the blocked call returns with a connection error.
"""

from __future__ import annotations

import contextlib
import os
import socket
import threading
import time
from collections.abc import Iterator
from typing import Any

TICK = 0.1  # seconds between two looks


class DeadlinePassed(Exception):
    """The work under `within` did not end in time and its connection was cut."""


class Watch:
    """A duplicate of the connection's descriptor: it means the same socket even after the driver closed its own and
    the number went to another connection.
    """

    __slots__ = ("cut", "ends", "fd")

    def __init__(self, fd: int, ends: float) -> None:
        self.fd, self.ends, self.cut = os.dup(fd), ends, False

    def renew(self, seconds: float) -> None:
        """Let the work go on for `seconds` from now."""
        self.ends = time.monotonic() + seconds

    def cut_off(self) -> None:
        self.cut = True
        with contextlib.suppress(OSError), socket.socket(fileno=os.dup(self.fd)) as handle:
            handle.shutdown(socket.SHUT_RDWR)


class _Watchman:
    def __init__(self) -> None:
        self.reset()
        os.register_at_fork(after_in_child=self.reset)

    def reset(self) -> None:
        self.lock = threading.Lock()
        self.watches: set[Watch] = set()
        self.thread: threading.Thread | None = None

    def add(self, watch: Watch) -> None:
        with self.lock:
            self.watches.add(watch)
            if self.thread is None or not self.thread.is_alive():
                self.thread = threading.Thread(target=self._look, name="deadlines", daemon=True)
                self.thread.start()

    def remove(self, watch: Watch) -> None:
        with self.lock:
            self.watches.discard(watch)
            os.close(watch.fd)

    def _look(self) -> None:
        while True:
            time.sleep(TICK)
            now = time.monotonic()
            with self.lock:
                for watch in self.watches:
                    if not watch.cut and watch.ends < now:
                        watch.cut_off()


_watchman = _Watchman()


@contextlib.contextmanager
def within(connection: Any, seconds: float) -> Iterator[Watch]:
    """Let the block use this psycopg2 `connection` for `seconds`, then cut it.

    The block gets the watch over it, which can be renewed.
    Raises `DeadlinePassed` in place of the error that the cut brought about.
    """
    watch = Watch(connection.fileno(), time.monotonic() + seconds)
    _watchman.add(watch)
    try:
        yield watch
    except Exception as error:
        if watch.cut:
            raise DeadlinePassed from error
        raise
    finally:
        _watchman.remove(watch)
