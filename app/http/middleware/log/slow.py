"""Logs slow statements by their shape: the text with placeholders, never with values."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Mapping
from typing import Any

from app.http.wsgi import REQUEST_ID, ROUTE
from extensions.database import shape_of

from .formats import FIELDS, request_fields

LONGEST_SHAPE = 2_000  # characters; a statement that inserts many rows repeats its placeholders
MOST_LINES, PERIOD = 10, 10.0  # lines of a process in so many seconds: a slow database would make thousands

log = logging.getLogger("catalog.slow")


class SlowLog:
    """Logs slow statements, at most `MOST_LINES` in `PERIOD` seconds; the next line counts those that were left out."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._began = -PERIOD  # of the period
        self._lines = self._left_out = 0

    def __call__(self, statement: str, seconds: float, request: Mapping[str, Any]) -> None:
        """Log a statement of a request (its environ)."""
        left_out = self._admit()
        if left_out is None:
            return
        shape = shape_of(statement)
        shape = shape if len(shape) <= LONGEST_SHAPE else f"{shape[:LONGEST_SHAPE]} …"
        further = f" ({left_out:,} slow statements before it were not logged)" if left_out else ""
        log.warning(
            "A statement took %.0f ms%s, route=%s id=%s: %s",
            seconds * 1000,
            further,
            request.get(ROUTE) or "-",
            request.get(REQUEST_ID, "-"),
            shape,
            extra={
                FIELDS: {
                    **(request_fields(request) if REQUEST_ID in request else {}),
                    "event.duration": int(seconds * 1e9),
                    "catalog.statement": shape,
                }
            },
        )

    def _admit(self) -> int | None:
        """Return how many statements were left out since the last line; None if this one is, too."""
        with self._lock:
            now = time.monotonic()
            if now - self._began >= PERIOD:
                self._began, self._lines = now, 0
            if self._lines >= MOST_LINES:
                self._left_out += 1
                return None
            self._lines += 1
            left_out, self._left_out = self._left_out, 0
            return left_out
