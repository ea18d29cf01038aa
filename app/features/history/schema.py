"""The OpenAPI schema of a change."""

from __future__ import annotations

from typing import Any

from app.core.fields import Id, Timestamp
from app.core.openapi.describe import Schema
from app.core.openapi.schemas import STRING, object_schema, or_null

from .tables import CATALOG_RESOURCES, OPS, VIAS

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
        "via": {"type": "string", "enum": list(VIAS), "description": "How it was made"},
        "request_id": {**or_null(STRING), "description": "The `X-Request-ID` of the request that made it"},
        "note": {**or_null(STRING), "description": "The `X-Change-Note` of that request"},
    }
)
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
