"""A circuit breaker: while the database hangs, one request in a while asks whether it is back; the others do not wait.

Without it every thread of a worker would spend its seconds waiting for a frozen server, and the requests that
need no database (health, 404, 405) would wait behind them.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Iterator


class CircuitOpen(Exception):
    """The database hung a moment ago, and this request is not the one that asks again."""


class Breaker:
    """Opened by `trip`; then `attempt` lets one caller through every `pause` seconds until one of them succeeds."""

    def __init__(self, pause: float = 0.5) -> None:
        self.pause = pause
        self._lock = threading.Lock()
        self._open = False
        self._next_attempt = 0.0

    @contextlib.contextmanager
    def attempt(self) -> Iterator[None]:
        """Run the block, or raise `CircuitOpen` at once; a block that ends well closes the circuit."""
        if not self._open:
            yield
            return
        with self._lock:
            now = time.monotonic()
            if self._open and now < self._next_attempt:
                raise CircuitOpen
            self._next_attempt = float("inf")  # one at a time: until this attempt ends
        try:
            yield
            self._open = False
        finally:
            self._next_attempt = time.monotonic() + self.pause

    def trip(self) -> None:
        """Say that the database hung."""
        with self._lock:
            self._open = True
            self._next_attempt = time.monotonic() + self.pause
