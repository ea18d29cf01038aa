"""Answers: JSON text with its ETag, streams, and what a request must accept to get them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from http import HTTPStatus
from typing import TYPE_CHECKING

from flask import Response, current_app, request
from werkzeug.datastructures import MIMEAccept
from werkzeug.http import parse_accept_header

from .bodies import JSON
from .preconditions import etag
from .problems import Fault, NotAcceptable

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

Header = tuple[str, str]


class Finished(Response):
    """An answer of which all is said: nothing in it is looked through again before it is sent."""

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        start_response(self.status, self.headers.to_wsgi_list())
        return self.iter_encoded()


class Stream:
    """A body that is made while it is sent, from `pieces`; `close` gives back what it takes to make it.

    `size` bytes were sent so far; it is `whole` after the last one. `at_end` is called when it is over.
    """

    def __init__(self, pieces: Iterable[bytes], close: Callable[[], object]) -> None:
        self._pieces, self._close = pieces, close
        self.size = 0
        self.whole = False
        self.at_end: Callable[[], None] | None = None

    def __iter__(self) -> Iterator[bytes]:
        for piece in self._pieces:
            self.size += len(piece)
            yield piece
        self.whole = True
        self._close()  # what it took is free before the last bytes are taken

    def close(self) -> None:
        """End it (as WSGI asks for, PEP 3333)."""
        self._close()
        at_end, self.at_end = self.at_end, None
        if at_end:
            at_end()


class Streamed(Response):
    """An answer whose body is a `Stream`. No cache keeps it: it is made for one reader."""

    def __init__(self, stream: Stream, headers: Iterable[Header]) -> None:
        super().__init__(headers=[*headers, ("Cache-Control", "no-store"), ("Vary", "Accept")])
        self.body = stream

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Stream:
        start_response(self.status, self.headers.to_wsgi_list())
        return self.body


def readable(body: bytes, headers: Iterable[Header] = (), media_type: str = JSON) -> Response:
    """The 200 to a GET of the catalog: caches may keep it, and ask with its ETag whether it still holds."""
    seconds = current_app.config["CACHE_DEFAULT_TIMEOUT"]
    return Finished(
        body,
        headers=[
            ("Content-Type", media_type),
            ("ETag", etag(body)),
            ("Cache-Control", f"public, max-age=0, s-maxage={seconds}"),
            ("Vary", "Accept"),
            *headers,
        ],
    )


def written(text: str | None, status: HTTPStatus, headers: Iterable[Header] = (), *, tagged: bool = True) -> Response:
    """The answer to a write, which no cache keeps; the `text` of one record bears its new ETag."""
    body = b"" if text is None else text.encode()
    response = Response(body, status, mimetype=JSON)
    if text is None:
        del response.headers["Content-Type"]
    elif tagged:
        response.headers["ETag"] = etag(body)
    response.headers.extend([("Cache-Control", "no-store"), *headers])
    return response


def require_acceptable(*offered: str) -> None:
    """Raise `NotAcceptable` unless the current request accepts one of the media types `offered` (JSON by default)."""
    offered = offered or (JSON,)
    if not any(preferred(_accept(), media_type) for media_type in offered):
        raise _not_acceptable(offered)


def preferred_of(usual: str, *others: str) -> str:
    """The media type that the current request prefers, as `preferred`. Raises `NotAcceptable`."""
    found = preferred(_accept(), usual, *others)
    if found is None:
        raise _not_acceptable((usual, *others))
    return found


def _accept() -> str:
    return str(request.environ.get("HTTP_ACCEPT", ""))


def _not_acceptable(offered: Sequence[str]) -> NotAcceptable:
    detail = f"This answers with {' or '.join(offered)}, which the header Accept leaves out."
    return NotAcceptable(detail, [Fault("header", "Accept", "not_allowed", detail)])


@lru_cache(maxsize=1024)
def preferred(accept: str, usual: str, *others: str) -> str | None:
    """The media type that an ``Accept`` header (RFC 9110, section 12.5.1; empty: anything) prefers; None: none of them.

    One of the `others` must be named: who takes `*/*` or `text/*` gets the usual one. Of equals a named one is
    preferred, and the usual one.
    """
    ranges = _ranges(accept)
    best = max(
        (usual, *(media_type for media_type in others if media_type in ranges)),
        key=lambda media_type: (_quality(ranges, media_type), media_type in ranges),
    )
    return best if _quality(ranges, best) > 0 else None


def _ranges(accept: str) -> dict[str, float]:
    """The media ranges of an ``Accept`` header with their qualities. Their parameters, such as a charset, are left
    aside: UTF-8 is the only one that there is.
    """
    found: dict[str, float] = {}
    for media_range, quality in parse_accept_header(accept, MIMEAccept):
        name = media_range.partition(";")[0].strip().lower()
        found[name] = max(quality, found.get(name, 0.0))
    return found if accept.strip() else {"*/*": 1.0}


def _quality(ranges: Mapping[str, float], media_type: str) -> float:
    """How much a media type is wanted; 0: not at all. The most specific range decides."""
    main = media_type.partition("/")[0]
    return next((ranges[name] for name in (media_type, f"{main}/*", "*/*") if name in ranges), 0.0)


def allowing(methods: Iterable[str]) -> Response:
    """The 204 to an OPTIONS."""
    response = Response(status=HTTPStatus.NO_CONTENT, headers={"Allow": ", ".join(methods)})
    del response.headers["Content-Type"]
    return response


def uncached(document: object) -> Response:
    """A small JSON document about the service itself, which no cache keeps."""
    response = Response(json.dumps(document) + "\n", mimetype=JSON)
    response.headers["Cache-Control"] = "no-store"
    return response
