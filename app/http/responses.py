"""Responses: reads with an ETag, writes, streams, and small documents."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Iterator
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Protocol

from flask import Response

from .access.audience import read_cache_control, write_cache_control
from .body import JSON
from .headers.conditional import etag

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

Header = tuple[str, str]
Run = Callable[[Callable[[], Any]], Awaitable[Any]]  # runs a blocking call in a thread


class FinalResponse(Response):
    """A response with all its headers; Werkzeug adds none."""

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        start_response(self.status, self.headers.to_wsgi_list())
        return self.iter_encoded()


class Stream:
    """A response body that is generated while it is sent."""

    def __init__(self, pieces: Iterable[bytes], close: Callable[[], object]) -> None:
        """`close` releases the resources behind `pieces`."""
        self._pieces, self._close = pieces, close
        self.size = 0  # bytes sent so far
        self.whole = False  # whether the last piece has been sent
        self.at_end: Callable[[], None] | None = None  # called when the body has ended, complete or not

    def __iter__(self) -> Iterator[bytes]:
        for piece in self._pieces:
            self.size += len(piece)
            yield piece
        self.whole = True
        self._close()  # early, because a client may take long to receive the last bytes

    def finite(self) -> Iterator[bytes]:
        """Return the pieces of a body that must end, because its length is needed before it is sent."""
        return iter(self)

    def close(self) -> None:
        """End the body. The WSGI server calls it (PEP 3333)."""
        self._close()
        at_end, self.at_end = self.at_end, None
        if at_end:
            at_end()


class Source(Protocol):
    """The pieces of a `LiveStream`."""

    def __call__(self, run: Run, *, is_brief: bool) -> AsyncGenerator[bytes]:
        """Yield pieces as they arise, and wait for them in the event loop; blocking work is for `run`.

        Each piece is wanted after the client has received most of the previous ones, so a source queues nothing: it
        continues from its position. If `is_brief`, it ends where it would wait.
        """


class LiveStream(Stream):
    """A body that goes on until the client disconnects, such as server-sent events.

    The event loop of the bridge sends it, so it holds no thread while it waits. A WSGI server iterates over it, and
    blocks.
    """

    def __init__(self, source: Source, close: Callable[[], object]) -> None:
        super().__init__(_blocking(source, is_brief=False), close)
        self.whole = True  # wherever it ends
        self._source = source

    def pieces(self, run: Run) -> AsyncGenerator[bytes]:
        """Return the pieces, for an event loop."""
        return self._source(run, is_brief=False)

    def finite(self) -> Iterator[bytes]:
        return _blocking(self._source, is_brief=True)


def _blocking(source: Source, *, is_brief: bool) -> Iterator[bytes]:
    """Yield the pieces of a source from an event loop of their own."""

    async def run(call: Callable[[], Any]) -> Any:
        return call()

    async def following() -> bytes | None:
        return await anext(pieces, None)

    with asyncio.Runner() as runner:  # at its end, it closes the pieces too
        pieces = source(run, is_brief=is_brief)
        while (piece := runner.run(following())) is not None:
            yield piece


class StreamResponse(Response):
    """A response whose body is a `Stream`, which no cache may store."""

    def __init__(self, stream: Stream, headers: Iterable[Header]) -> None:
        super().__init__(headers=[*headers, ("Cache-Control", write_cache_control()), ("Vary", "Accept")])
        self.body = stream

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Stream:
        start_response(self.status, self.headers.to_wsgi_list())
        return self.body


def read_response(body: bytes, headers: Iterable[Header] = (), media_type: str = JSON) -> Response:
    """Return the 200 response to GET, which caches may store and revalidate if it is not for one account.

    Its body ends with a newline.
    """
    return FinalResponse(
        body if body.endswith(b"\n") else body + b"\n",
        headers=[
            ("Content-Type", media_type),
            ("ETag", etag(body)),
            ("Cache-Control", read_cache_control()),
            ("Vary", "Accept"),
            *headers,
        ],
    )


def live_response(body: bytes, headers: Iterable[Header] = ()) -> Response:
    """Return the 200 response to a GET that no cache may store. Its body, in JSON, ends with a newline."""
    fixed = [("Content-Type", JSON), ("Cache-Control", write_cache_control()), ("Vary", "Accept")]
    return FinalResponse(body + b"\n", headers=[*fixed, *headers])


def write_response(
    text: str | None, status: HTTPStatus, headers: Iterable[Header] = (), *, tagged: bool = True
) -> Response:
    """Return the response to a write, which no cache may store.

    `text` is the JSON to send, if any. It gets an ETag if it is the representation of one record (`tagged`).
    """
    body = b"" if text is None else text.encode()
    response = Response(body and body + b"\n", status, mimetype=JSON)
    if text is None:
        del response.headers["Content-Type"]
    elif tagged:
        response.headers["ETag"] = etag(body)
    response.headers.extend([("Cache-Control", write_cache_control()), *headers])
    return response


def options_response(methods: Iterable[str]) -> Response:
    """Return the 204 response to OPTIONS."""
    response = Response(status=HTTPStatus.NO_CONTENT, headers={"Allow": ", ".join(methods)})
    del response.headers["Content-Type"]
    return response


def uncached_response(document: object) -> Response:
    """Return a small JSON document about the service itself, which no cache may store."""
    response = Response(json.dumps(document) + "\n", mimetype=JSON)
    response.headers["Cache-Control"] = "no-store"
    return response
