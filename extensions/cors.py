"""CORS headers (WHATWG Fetch), decided by Flask-CORS and put on every answer by whoever finishes it.

Flask-CORS would put them on in an ``after_request`` of the application, which an answer from the cache never
meets. So its rules are asked directly, once for each kind of request.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache

from flask import Flask
from flask_cors.core import get_cors_headers, get_cors_options
from werkzeug.datastructures import Headers

HeaderList = tuple[tuple[str, str], ...]


class Cors:
    """The policy of one application: which origins may read, send and see what."""

    def __init__(
        self, app: Flask, origins: Sequence[str], methods: Sequence[str], headers: Sequence[str], exposed: Sequence[str]
    ) -> None:
        """`origins`: ``["*"]`` for all of them, without credentials, or a list."""
        self.any_origin = list(origins) == ["*"]
        self._options = get_cors_options(
            app,
            {
                "origins": list(origins),
                "methods": list(methods),
                "allow_headers": list(headers),
                "expose_headers": list(exposed),
                "max_age": 3600,
                "send_wildcard": self.any_origin,
                "always_send": self.any_origin,
                "supports_credentials": False,
                "vary_header": False,
            },
        )
        self._decided = lru_cache(maxsize=1024)(self._decide)

    @property
    def vary(self) -> str | None:
        """What the headers vary on. With a list of origins that is `Origin` on every answer, also where the
        request named none or one that is not allowed (Flask-CORS leaves it out there).
        """
        return None if self.any_origin else "Origin"

    def headers_for(self, environ: Mapping[str, str]) -> HeaderList:
        """The headers for the answer to a request (WSGI `environ`)."""
        preflight = environ["REQUEST_METHOD"] == "OPTIONS"
        return self._decided(
            environ.get("HTTP_ORIGIN"),
            environ.get("HTTP_ACCESS_CONTROL_REQUEST_METHOD") if preflight else None,
            environ.get("HTTP_ACCESS_CONTROL_REQUEST_HEADERS") if preflight else None,
            preflight,
        )

    def _decide(
        self, origin: str | None, asked_method: str | None, asked_headers: str | None, preflight: bool
    ) -> HeaderList:
        request = Headers()
        for name, value in (
            ("Origin", origin),
            ("Access-Control-Request-Method", asked_method),
            ("Access-Control-Request-Headers", asked_headers),
        ):
            if value:
                request[name] = value
        decided = get_cors_headers(self._options, request, "OPTIONS" if preflight else "GET")
        return tuple((name, str(value)) for name, value in decided.items(multi=True))
