"""``/suggest``."""

from __future__ import annotations

import json
from dataclasses import asdict

from flask import Blueprint, Response

from app.core.fields import SearchText
from app.core.openapi import Tag, describe
from app.core.openapi.operations import ReadDocument
from app.core.openapi.schemas import STRING, object_schema
from app.core.query.pairs import request_pairs
from app.core.query.parse import parse_search
from app.http.access.rights import READ, requires
from app.http.headers.negotiation import require_acceptable
from app.http.responses import read_response

from .suggestions import suggest

SUGGESTIONS_DEFAULT, SUGGESTIONS_MOST = 8, 20
SEARCH_PARAMETER = {
    "name": "q",
    "in": "query",
    "required": True,
    "description": "The text typed so far",
    "schema": {**SearchText().json_schema(sent=True), "examples": ["le gu"]},
}
LIMIT_PARAMETER = {
    "name": "limit",
    "in": "query",
    "description": "The maximum number of suggestions",
    "schema": {
        "type": "integer",
        "minimum": 1,
        "maximum": SUGGESTIONS_MOST,
        "default": SUGGESTIONS_DEFAULT,
        "examples": [5],
    },
}
SUGGESTION = object_schema(
    {
        "type": {"type": "string", "enum": ["book", "author"]},
        "id": {"type": "integer", "minimum": 1},
        "text": {**STRING, "description": "A title, or a name"},
        "detail": {
            "type": ["string", "null"],
            "description": "A book's authors and year, or an author's years of birth and death",
        },
    }
)
EXAMPLE = [
    {"type": "book", "id": 42, "text": "The Left Hand of Darkness", "detail": "Ursula K. Le Guin, 1969"},
    {"type": "author", "id": 7, "text": "Ursula K. Le Guin", "detail": "1929–2018"},
]

suggestions = Blueprint("suggestions", __name__)


@suggestions.get("/suggest")
@describe(
    ReadDocument(
        Tag("search", "Titles and names for a search box."),
        {"Suggestions": object_schema({"data": {"type": "array", "items": SUGGESTION}})},
        {"data": EXAMPLE},
        SEARCH_PARAMETER,
        LIMIT_PARAMETER,
        problems=(400, 503),
        cached=True,
    ),
    link="suggestions",
)
@requires(READ)
def index() -> Response:
    """Suggest titles and names for the text typed so far."""
    query, limit = parse_search(
        SearchText(isbns=True), request_pairs(), default=SUGGESTIONS_DEFAULT, most=SUGGESTIONS_MOST
    )
    require_acceptable()
    rows = [asdict(suggestion) for suggestion in suggest(query, limit)]
    return read_response(json.dumps({"data": rows}, ensure_ascii=False, separators=(",", ":")).encode())
