"""The operation that lists changes."""

from __future__ import annotations

from typing import Any

from app.core.fields import Id, Timestamp
from app.core.openapi import Tag
from app.core.openapi.describe import Components, Operation, Schema
from app.core.openapi.operations import json_content
from app.core.openapi.parameters import filter_parameters
from app.core.openapi.responses import headers
from app.core.openapi.schemas import STRING, object_schema, or_null, page_schema, ref
from app.core.parameters import LIMIT_MOST
from app.features.history.tables import CATALOG_RESOURCES, OPS

from .query import FILTERS, NOW

HISTORY = Tag("history", "Every change of books and authors.")
POSITION: Schema = {"type": "integer", "minimum": 1, "description": "Where the change is in the order of commits"}
VALUES: Schema = {"type": "object", "additionalProperties": True}
ACCOUNT = object_schema({"id": Id().json_schema(sent=False), "name": or_null(STRING)})
CHANGE: Schema = object_schema(
    {
        "position": POSITION,
        "at": {**Timestamp().json_schema(sent=False), "description": "When the record was changed"},
        "op": {"type": "string", "enum": list(OPS), "description": "What happened to the record"},
        "resource": {"type": "string", "enum": list(CATALOG_RESOURCES)},
        "id": {**Id().json_schema(sent=False), "description": "The id of the record"},
        "changed": {"type": "array", "items": STRING, "description": "The names of the changed fields"},
        "before": {**VALUES, "description": "The former values of the changed fields; of a deletion, all fields"},
        "after": {**VALUES, "description": "The new values of the changed fields; of a merge, `merged_into`"},
        "by": {
            **or_null(ACCOUNT),
            "description": "The account that made the change; null for clients without an account, which never see it",
        },
        "via": {"type": "string", "enum": ["api", "page", "import", "cli", "sql"], "description": "How it was made"},
        "request_id": {**or_null(STRING), "description": "The `X-Request-ID` of the request that made it"},
        "note": {**or_null(STRING), "description": "The `X-Change-Note` of that request"},
    }
)
META: Schema = {
    "last": {"type": "integer", "minimum": 0, "description": "The position to continue from, with `since`"},
    "more": {"type": "boolean", "description": "Whether more positions follow now; `links.next` reads them"},
}
CHANGE_EXAMPLE: dict[str, Any] = {
    "position": 812,
    "at": "2026-01-31T12:00:00.000000+00:00",
    "op": "updated",
    "resource": "books",
    "id": 42,
    "changed": ["page_count"],
    "before": {"page_count": 286},
    "after": {"page_count": 304},
    "by": {"id": 3, "name": "Ann"},
    "via": "api",
    "request_id": "0123456789abcdef",
    "note": "As in the printed book",
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
            "description": "The position to continue from: `meta.last`, or `X-Change-Position`; by default all changes "
            f"are listed. `{NOW}` returns the last position without changes.",
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
