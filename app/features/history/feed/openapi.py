"""The operation that lists changes."""

from __future__ import annotations

from app.core.openapi import Tag
from app.core.openapi.describe import Components, Operation, Schema
from app.core.openapi.operations import json_content
from app.core.openapi.parameters import filter_parameters
from app.core.openapi.responses import headers
from app.core.openapi.schemas import page_schema, ref
from app.core.parameters import LIMIT_MOST
from app.features.history.schema import CHANGE, CHANGE_EXAMPLE

from .query import FILTERS, NOW

HISTORY = Tag("history", "Every change of books and authors.")
META: Schema = {
    "last": {"type": "integer", "minimum": 0, "description": "The position to continue from, with `since`"},
    "more": {"type": "boolean", "description": "Whether more positions follow now; `links.next` reads them"},
}
PAGE_EXAMPLE = {
    "data": [CHANGE_EXAMPLE],
    "meta": {"count": 1, "limit": LIMIT_MOST, "last": 812, "more": False},
    "links": {"self": "/changes?since=811", "next": None, "prev": None},
}


class ListChanges(Operation):
    """The changes behind a position."""

    tag = HISTORY
    problems = frozenset({400, 406, 410, 414, 503})

    def parameters(self) -> list[Schema]:
        return [ref("parameters", name) for name in self._parameters()]

    def responses(self) -> dict[str, Schema]:
        page = {
            "description": "The next changes",
            "headers": headers("Cache-Control", "Link", "X-Request-ID"),
            "content": json_content("ChangePage", PAGE_EXAMPLE),
        }
        return {"200": page}

    def components(self) -> Components:
        page = page_schema(ref("schemas", "Change"), **META)
        page["properties"]["meta"]["required"] += list(META)
        return {"schemas": {"Change": CHANGE, "ChangePage": page}, "parameters": self._parameters()}

    def _parameters(self) -> dict[str, Schema]:
        since = {
            "name": "since",
            "in": "query",
            "description": "The position to continue from: `meta.last`, or the `X-Change-Position` of a stream of all "
            f"books or authors; by default all changes are listed. `{NOW}` returns the last position alone.",
            "schema": {"type": "string", "pattern": f"^({NOW}|0|[1-9][0-9]{{0,30}})$", "examples": ["0"]},
        }
        limit = {
            "name": "limit",
            "in": "query",
            "description": "Number of changes per page",
            "schema": {
                "type": "integer",
                "minimum": 1,
                "maximum": LIMIT_MOST,
                "default": LIMIT_MOST,
                "examples": [50],
            },
        }
        return {"changes.since": since, "changes.limit": limit, **filter_parameters("changes", FILTERS)}
