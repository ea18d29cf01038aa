"""Answers: JSON text with its ETag, and what a request must accept to get it."""

from __future__ import annotations

import json
from collections.abc import Iterable
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
    """Raise `NotAcceptable` unless the current request accepts one of the media types `offered`."""
    offered = offered or (JSON,)
    accept = request.environ.get("HTTP_ACCEPT", "")
    if not any(accepts(accept, media_type) for media_type in offered):
        detail = f"This answers with {' or '.join(offered)}, which the header Accept leaves out."
        raise NotAcceptable(detail, [Fault("header", "Accept", "not_allowed", detail)])


@lru_cache(maxsize=1024)
def accepts(accept: str, media_type: str) -> bool:
    """Whether an ``Accept`` header (RFC 9110, section 12.5.1; empty: anything) takes a media type.

    The most specific range decides, and one of quality 0 refuses. Parameters of a range, such as a charset, are
    left aside: UTF-8 is the only one that JSON has.
    """
    if not accept.strip():
        return True
    main = media_type.partition("/")[0]
    found: dict[str, float] = {}
    for media_range, quality in parse_accept_header(accept, MIMEAccept):
        name = media_range.partition(";")[0].strip().lower()
        found[name] = max(quality, found.get(name, 0.0))
    return next((found[name] > 0 for name in (media_type, f"{main}/*", "*/*") if name in found), False)


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
