"""URLs: links, their maximal length, and their encoding in headers and log lines."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any
from urllib.parse import quote

from flask import has_request_context, request

URL_LONGEST = 4096  # bytes


def link(path: str) -> str:
    """Return the link to a path of this service, below `URL_PREFIX`.

    Outside of a request, the prefix is left out.
    """
    return f"{request.environ.get('SCRIPT_NAME', '')}{path}" if has_request_context() else path


def query_of(environ: dict[str, Any]) -> str:
    """Return the query string of a request, safe in headers and log lines."""
    return quote(environ.get("QUERY_STRING", ""), safe="/:,;@&=+$!~*()[]%?")


def target(environ: dict[str, Any]) -> str:
    """Return path and query string of a request, safe in headers and log lines."""
    path = quote(environ.get("PATH_INFO", "").encode("latin-1"), safe="/:,;@&=+$!~*'()[]")
    query = query_of(environ)
    path = path if path.startswith("/") else f"/{path}"
    path = f"{environ.get('SCRIPT_NAME', '')}{path}"
    return f"{path}?{query}" if query else path


def current_route() -> str:
    """Return the route of the current request, such as ``GET /books/{book_id}``; "" without one."""
    if not has_request_context() or request.url_rule is None:
        return ""
    return f"{request.method} {path_of(request.url_rule.rule)}"


@lru_cache(maxsize=1024)
def path_of(rule: str) -> str:
    """Return the path of a rule of Werkzeug as an OpenAPI template, such as ``/books/{book_id}``."""
    return re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule)
