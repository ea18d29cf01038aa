"""The operation that lists statements."""

from __future__ import annotations

from app.core.openapi.describe import Schema
from app.core.openapi.operations import ReadDocument
from app.core.openapi.schemas import STRING, object_schema, or_null
from app.features.operations import OPERATIONS

from .read import SORTS

LIMIT_DEFAULT, LIMIT_MOST = 20, 100

MILLISECONDS: Schema = {"type": "number", "minimum": 0}
COUNT: Schema = {"type": "integer", "minimum": 0}
STATEMENT = object_schema(
    {
        "query": {**STRING, "description": "The SQL, with `$1`, `$2` … in place of all values"},
        "routes": {
            "type": "array",
            "uniqueItems": True,
            "items": STRING,
            "description": "The routes that sent it; none for work before the route is known, such as finding the "
            "account of a token, and for commands and jobs",
        },
        "calls": {**COUNT, "description": "How often it ran"},
        "total_ms": {**MILLISECONDS, "description": "The time of all calls in Postgres"},
        "mean_ms": {**MILLISECONDS, "description": "The time of a call"},
        "max_ms": {**MILLISECONDS, "description": "The time of the slowest call"},
        "stddev_ms": {**MILLISECONDS, "description": "The standard deviation of the time of a call"},
        "rows": {**COUNT, "description": "The rows of all calls"},
        "share": {"type": "number", "minimum": 0, "maximum": 1, "description": "Its part of the time of all"},
    }
)
META = object_schema(
    {
        "count": {**COUNT, "description": "The number of all statements"},
        "total_ms": {**MILLISECONDS, "description": "The time of all statements"},
        "since": {**or_null({**STRING, "format": "date-time"}), "description": "When the statistics began"},
        "dropped": {
            **COUNT,
            "description": "How often Postgres dropped the least used statements, because there were too many",
        },
        "sort": {"type": "string", "enum": list(SORTS)},
        "limit": {"type": "integer", "minimum": 1, "maximum": LIMIT_MOST},
    }
)
EXAMPLE = {
    "data": [
        {
            "query": "SELECT count(*) FROM (SELECT id FROM books WHERE strpos(title_key, $1) > $2) AS selected",
            "routes": ["GET /books"],
            "calls": 3,
            "total_ms": 3514.2,
            "mean_ms": 1171.4,
            "max_ms": 1302.8,
            "stddev_ms": 98.1,
            "rows": 3,
            "share": 0.9312,
        }
    ],
    "meta": {
        "count": 57,
        "total_ms": 3773.8,
        "since": "2026-01-31T12:00:00Z",
        "dropped": 0,
        "sort": "total",
        "limit": LIMIT_DEFAULT,
    },
}
LIST_STATEMENTS = ReadDocument(
    OPERATIONS,
    {"Statements": object_schema({"data": {"type": "array", "items": STATEMENT}, "meta": META})},
    EXAMPLE,
    {
        "name": "sort",
        "in": "query",
        "description": "`total`: by the time of all calls; `mean`: by the time of one",
        "schema": {"type": "string", "enum": list(SORTS), "default": "total", "examples": ["mean"]},
    },
    {
        "name": "limit",
        "in": "query",
        "description": "The maximum number of statements",
        "schema": {
            "type": "integer",
            "minimum": 1,
            "maximum": LIMIT_MOST,
            "default": LIMIT_DEFAULT,
            "examples": [5],
        },
    },
    problems=(400, 503),
)
