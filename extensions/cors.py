"""CORS headers (WHATWG Fetch), computed by Flask-CORS and added to every response by the middleware.

Flask-CORS itself adds them in an ``after_request`` hook of the application, which does not run for cached responses.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache

from flask import Flask
from flask_cors.core import get_cors_headers, get_cors_options
from werkzeug.datastructures import Headers

HeaderList = tuple[tuple[str, str], ...]


class Cors:
    """The CORS policy of an application: allowed origins, methods and headers, and exposed headers."""

    def __init__(
        self, app: Flask, origins: Sequence[str], methods: Sequence[str], headers: Sequence[str], exposed: Sequence[str]
    ) -> None:
        """`origins` is ``["*"]`` for any origin, or a list. Credentials are never allowed."""
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
        self._cached_headers = lru_cache(maxsize=1024)(self._compute_headers)

    @property
    def vary(self) -> str | None:
        """The value of `Vary`: `Origin` on every response if the origins are a list.

        Flask-CORS would leave it out if the request has no origin, or one that is not allowed.
        """
        return None if self.any_origin else "Origin"

    def headers_for(self, environ: Mapping[str, str]) -> HeaderList:
        """Return the CORS headers of the response to a request."""
        preflight = environ["REQUEST_METHOD"] == "OPTIONS"
        return self._cached_headers(
            environ.get("HTTP_ORIGIN"),
            environ.get("HTTP_ACCESS_CONTROL_REQUEST_METHOD") if preflight else None,
            environ.get("HTTP_ACCESS_CONTROL_REQUEST_HEADERS") if preflight else None,
            preflight,
        )

    def _compute_headers(
        self, origin: str | None, requested_method: str | None, requested_headers: str | None, preflight: bool
    ) -> HeaderList:
        request = Headers()
        for name, value in (
            ("Origin", origin),
            ("Access-Control-Request-Method", requested_method),
            ("Access-Control-Request-Headers", requested_headers),
        ):
            if value:
                request[name] = value
        response = get_cors_headers(self._options, request, "OPTIONS" if preflight else "GET")
        return tuple((name, str(value)) for name, value in response.items(multi=True))
