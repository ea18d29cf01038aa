"""The record of one request, which feeds the access log, metrics and traces."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from app.http.wsgi import Environ


@dataclass(slots=True)
class RequestRecord:
    """A request and its response, complete when the last byte of the body was produced."""

    environ: Environ
    method: str
    started: float  # value of ``time.perf_counter``
    status: str = ""  # "200 OK"
    route: str = ""  # the rule of the URL, "/books/<id:book_id>"; "" if none matches
    cache_status: str | None = None  # value of the header Cache-Status
    seconds: float = 0.0  # from the request, read completely, to the end of the response
    size: int = 0  # bytes of the body
    streamed: str = ""  # "" for a response that was sent at once, else "whole" or "incomplete"

    def end(self) -> None:
        """Note the end of the request."""
        self.seconds = time.perf_counter() - self.started


# Called at the end of each request, in the event loop for a cache hit, else in a thread. Must be fast, and never raise.
Observer: TypeAlias = Callable[[RequestRecord], None]
