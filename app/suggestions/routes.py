"""``/suggest``."""

from __future__ import annotations

import json
from dataclasses import asdict

from flask import Blueprint, Response

from app import query, responses
from app.addresses import parameters
from app.documentation import describe
from app.vocabulary import SearchText

from .suggestions import suggest

LIMIT_DEFAULT, LIMIT_MOST = 8, 20
PARAMETERS = (
    {
        "name": "q",
        "in": "query",
        "required": True,
        "description": "What was typed so far",
        "schema": {**SearchText().json_schema(sent=True), "examples": ["le gu"]},
    },
    {
        "name": "limit",
        "in": "query",
        "description": "How many suggestions",
        "schema": {"type": "integer", "minimum": 1, "maximum": LIMIT_MOST, "default": LIMIT_DEFAULT, "examples": [5]},
    },
)

suggestions = Blueprint("suggestions", __name__)


@suggestions.get("/suggest")
@describe(gives="Suggestions", tag="search", problems=(400, 503), parameters=PARAMETERS, cached=True)
def index() -> Response:
    """Suggest titles and names for what was typed so far."""
    kind = SearchText(numbers=True)
    question, limit = query.parse_question(kind, LIMIT_DEFAULT, LIMIT_MOST, parameters())
    responses.require_acceptable()
    rows = [asdict(one) for one in suggest(question, limit)]
    return responses.readable(json.dumps({"data": rows}, ensure_ascii=False, separators=(",", ":")).encode())
