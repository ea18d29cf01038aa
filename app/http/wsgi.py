"""WSGI types (PEP 3333) and the request id, shared by middleware and application."""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from typing import Any

Environ = dict[str, Any]
Headers = list[tuple[str, str]]
StartResponse = Callable[..., Any]

# Keys of the environ
REQUEST_ID = "catalog.request_id"
ROUTE = "catalog.route"  # the rule that the URL matches, "/books/<id:book_id>"; missing if none does
TRACE = "catalog.trace"  # the `TraceContext` of the request, once something needs it
ARRIVED = "catalog.arrived"  # when the whole request had arrived; value of ``time.perf_counter``

_request_id = re.compile(r"[A-Za-z0-9._-]{1,128}", re.ASCII)


def request_id(environ: Environ) -> str:
    """Return the valid id in ``X-Request-ID``, else a new id."""
    sent = environ.get("HTTP_X_REQUEST_ID", "")
    return sent if _request_id.fullmatch(sent) else f"{random.getrandbits(64):016x}"
