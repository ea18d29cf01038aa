"""A response between the application and the server."""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

from app.http.problems import Problem, Unavailable
from app.http.responses import Stream
from app.http.wsgi import ROUTE, Environ, Headers

PIECE_BYTES = 64 * 1024  # per read of a file

log = logging.getLogger("catalog.streaming")


class RawResponse:
    """Status line, headers and body. A `Stream` body is generated while it is sent.

    `route` is the rule of the request's URL, "" if it matches none.
    """

    __slots__ = ("body", "headers", "route", "status")

    def __init__(self, status: str, headers: Headers, body: bytes | Stream, route: str = "") -> None:
        self.status, self.headers, self.body, self.route = status, headers, body, route

    def header(self, name: str) -> str | None:
        """Return a header by its exact name, None if it is missing."""
        for key, value in self.headers:
            if key == name:
                return value
        return None


def from_problem(problem: Problem, environ: Environ) -> RawResponse:
    """Return the response for a problem raised by the middleware."""
    status, headers, body = problem.render(environ)
    return RawResponse(f"{status.value} {status.phrase}", headers, body, environ.get(ROUTE, ""))


def from_application(application: Callable[..., Iterable[bytes]], environ: Environ) -> RawResponse:
    """Call a WSGI application and return its whole response."""
    started: list[Any] = []

    def start_response(status: str, headers: Headers, exc_info: Any = None) -> Callable[[bytes], None]:
        started[:] = [status, headers]
        return lambda data: None

    chunks = application(environ, start_response)
    if isinstance(chunks, Stream):
        return RawResponse(started[0], started[1], chunks, environ.get(ROUTE, ""))
    try:
        body = b"".join(chunks)
    finally:
        close = getattr(chunks, "close", None)
        if close:
            close()
    return RawResponse(started[0], started[1], body, environ.get(ROUTE, ""))


def with_length(response: RawResponse, environ: Environ) -> RawResponse:
    """Return the response with its stream written to a temporary file, and its length.

    HTTP/1.0 has no chunked encoding, so it needs the length. If the stream fails, the response is `Unavailable`.
    """
    stream = response.body
    assert isinstance(stream, Stream)
    file = tempfile.TemporaryFile()  # noqa: SIM115 - closed with the new stream
    try:
        for piece in stream.finite():
            file.write(piece)
    except Exception as error:
        file.close()
        log.warning("A stream failed: %r", error)
        return from_problem(Unavailable(), environ)
    finally:
        stream.close()
    length = ("Content-Length", str(file.tell()))
    file.seek(0)
    pieces = iter(partial(file.read, PIECE_BYTES), b"")
    return RawResponse(response.status, [*response.headers, length], Stream(pieces, file.close), response.route)
