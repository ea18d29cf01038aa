"""Deadlines for database work, enforced by the client.

A frozen server does not enforce ``statement_timeout``, and libpq would wait forever. So one thread of each process
checks all running work and shuts down the socket of a connection past its deadline: the blocked call then returns with
a connection error.
"""

from __future__ import annotations

import contextlib
import os
import socket
import threading
import time
from collections.abc import Iterator
from typing import Any

TICK = 0.1  # seconds between two checks


class DeadlinePassed(Exception):
    """The work in `within` exceeded its deadline, and its connection was shut down."""


class Deadline:
    """The deadline of one connection.

    It holds a duplicate of the connection's file descriptor, which refers to the same socket even after the driver
    closed its own and the number was reused.
    """

    __slots__ = ("at", "fd", "has_passed")

    def __init__(self, fd: int, at: float) -> None:
        self.fd, self.at, self.has_passed = os.dup(fd), at, False

    def renew(self, seconds: float) -> None:
        """Move the deadline to `seconds` from now."""
        self.at = time.monotonic() + seconds

    def shut_down(self) -> None:
        self.has_passed = True
        with contextlib.suppress(OSError), socket.socket(fileno=os.dup(self.fd)) as handle:
            handle.shutdown(socket.SHUT_RDWR)


class _Enforcer:
    """The deadlines of this process, and the thread that enforces them."""

    def __init__(self) -> None:
        self.reset()
        os.register_at_fork(after_in_child=self.reset)

    def reset(self) -> None:
        self.lock = threading.Lock()
        self.deadlines: set[Deadline] = set()
        self.thread: threading.Thread | None = None

    def add(self, deadline: Deadline) -> None:
        with self.lock:
            self.deadlines.add(deadline)
            if self.thread is None or not self.thread.is_alive():
                self.thread = threading.Thread(target=self._run, name="deadlines", daemon=True)
                self.thread.start()

    def remove(self, deadline: Deadline) -> None:
        with self.lock:
            self.deadlines.discard(deadline)
            os.close(deadline.fd)

    def _run(self) -> None:
        while True:
            time.sleep(TICK)
            now = time.monotonic()
            with self.lock:
                for deadline in self.deadlines:
                    if not deadline.has_passed and deadline.at < now:
                        deadline.shut_down()


_enforcer = _Enforcer()


@contextlib.contextmanager
def within(connection: Any, seconds: float) -> Iterator[Deadline]:
    """Shut down a psycopg2 connection if the block uses it for longer than `seconds`.

    Yields the deadline, which can be renewed. Raises `DeadlinePassed` instead of the resulting connection error.
    """
    deadline = Deadline(connection.fileno(), time.monotonic() + seconds)
    _enforcer.add(deadline)
    try:
        yield deadline
    except Exception as error:
        if deadline.has_passed:
            raise DeadlinePassed from error
        raise
    finally:
        _enforcer.remove(deadline)
