"""The record of one request, which feeds the access log, metrics and traces."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from flask import Flask, request

from app.http.wsgi import ROUTE, Environ
from extensions.telemetry.timing import Timing

NO_TIMING = Timing({})  # of a hit, which uses no database and waits for nothing


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
    timing: Timing = NO_TIMING

    def end(self) -> None:
        """Note the end of the request."""
        self.seconds = time.perf_counter() - self.started

    @property
    def statements(self) -> int:
        """How many statements the request sent; COMMIT is not counted."""
        return self.timing.statements

    @property
    def database_seconds(self) -> float:
        """The time of the statements and of COMMIT."""
        return self.timing.database

    @property
    def waiting_seconds(self) -> float:
        """The time that the request waited: for a thread, the limiter, a connection, or an identical request."""
        return self.timing.waiting

    @property
    def is_hit(self) -> bool:
        """Whether the response cache served the request."""
        return self.cache_status is not None and self.cache_status.startswith("catalog; hit")


# Called at the end of each request, in the event loop for a cache hit, else in a thread. Must be fast, and never raise.
Observer: TypeAlias = Callable[[RequestRecord], None]


def note_routes(app: Flask) -> None:
    """Note the route of each request in its environ, before anything can refuse the request."""

    @app.before_request
    def note() -> None:
        if request.url_rule is not None:
            request.environ[ROUTE] = request.url_rule.rule
