"""The record of one request, which feeds the access log, metrics and traces."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from flask import Flask, request

from app.http.urls import path_of
from app.http.wsgi import ROUTE, TRACE, Environ
from extensions.telemetry.timing import OnSlow, Timing
from extensions.telemetry.trace_context import TraceContext, take_up

CACHE_RESULTS = ("hit", "miss", "collapsed", "request", "bypass")  # what the cache did, in the words of RFC 9211
NO_TIMING = Timing({})  # of a hit, which uses no database and waits for nothing


@dataclass(slots=True)
class RequestRecord:
    """A request and its response, complete when the last byte of the body was produced."""

    environ: Environ
    method: str
    started: float  # value of ``time.perf_counter``
    status: str = ""  # "200 OK"
    route: str = ""  # the path of its rule, "/books/{book_id}"; "" if none matches
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
    def cache(self) -> str:
        """What the response cache did, of `CACHE_RESULTS`; "" if it was not asked."""
        return cache_result(self.cache_status)


# Called at the end of each request, in the event loop for a cache hit, else in a thread. Must be fast, and never raise.
Observer: TypeAlias = Callable[[RequestRecord], None]


@dataclass(frozen=True)
class Observation:
    """What is observed of each request, and where it goes."""

    observers: tuple[Observer, ...]
    server_timing: bool = False  # whether responses have the header Server-Timing
    slow_seconds: float = float("inf")  # of a statement, from which `on_slow` is called
    on_slow: OnSlow | None = None
    is_traced: bool = False

    def timing(self, environ: Environ) -> Timing:
        """Return the timing of a request that begins."""
        return Timing(environ, self.slow_seconds, self.on_slow, is_traced=self.is_traced)


def cache_result(status: str | None) -> str:
    """Return what the response cache did, of `CACHE_RESULTS`, by the value of Cache-Status; "" if it was not asked."""
    if status is None:
        return ""
    if status.startswith("catalog; hit"):
        return "hit"
    if status.endswith("collapsed"):
        return "collapsed"
    if status.startswith("catalog; fwd=uri-miss"):
        return "miss"
    return "request" if status.startswith("catalog; fwd=request") else "bypass"


def trace_of(environ: Environ) -> TraceContext:
    """Return the trace of a request: that of its caller, else a new one. It is determined once, when first needed."""
    trace: TraceContext | None = environ.get(TRACE)
    if trace is None:
        trace = take_up(environ.get("HTTP_TRACEPARENT", ""), environ.get("HTTP_TRACESTATE", ""))
        environ[TRACE] = trace
    return trace


def note_routes(app: Flask) -> None:
    """Note the route of each request in its environ, before anything can refuse the request."""

    @app.before_request
    def note() -> None:
        if request.url_rule is not None:
            request.environ[ROUTE] = path_of(request.url_rule.rule)
