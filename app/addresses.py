"""Addresses: what may stand in a path, the parameters of a query, and how all is written in a log line or a problem."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from flask import request
from werkzeug.routing import BaseConverter

from . import query
from .vocabulary import Id


class IdConverter(BaseConverter):
    """An id, written plainly: neither ``0001`` nor ``+1`` nor digits of another script, and no more than fits.

    The pattern alone decides: werkzeug answers a converter's error with 405 where other rules share the path.
    """

    regex = Id.PLAIN.pattern

    def to_python(self, value: str) -> int:
        return int(value)


def parameters() -> query.Pairs:
    """The parameters of the current request's query; raises `InvalidQuery` where they are no UTF-8."""
    return query.split(request.query_string)


def query_of(environ: dict[str, Any]) -> str:
    """The query of a request as it was sent, fit for a header or a log line."""
    return quote(environ.get("QUERY_STRING", ""), safe="/:,;@&=+$!~*()[]%?")


def target(environ: dict[str, Any]) -> str:
    """The path and query of a request, fit for a log line."""
    path = quote(environ.get("PATH_INFO", "").encode("latin-1"), safe="/:,;@&=+$!~*'()[]")
    query = query_of(environ)
    path = path if path.startswith("/") else f"/{path}"
    return f"{path}?{query}" if query else path
