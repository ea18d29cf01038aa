"""The operation that counts facets."""

from __future__ import annotations

from typing import Any

from app.core.openapi.describe import Components, Schema
from app.core.openapi.operations import IF_NONE_MATCH, ResourceOperation, json_content
from app.core.openapi.parameters import filter_parameters
from app.core.openapi.responses import CACHED, headers, not_modified
from app.core.openapi.schemas import STRING, object_schema, ref
from app.core.parameters import LIMIT_MOST, SEARCH

from .declared import FACETS
from .request import LIMIT_DEFAULT

COUNT: Schema = {"type": "integer", "minimum": 0}
EXAMPLE = {
    "data": {"language": [{"value": "en", "count": 812, "chosen": False, "href": "/books?language=en"}]},
    "meta": {"count": 1034, "counted": "exact"},
    "links": {"books": "/books"},
}


class CountFacets(ResourceOperation):
    """The counts of the values of fields among the records of a list."""

    problems = frozenset({400, 406, 414, 503})

    def parameters(self) -> list[Schema]:
        return [FIELDS, *(ref("parameters", name) for name in self._parameters()), IF_NONE_MATCH]

    def responses(self) -> dict[str, Schema]:
        counts = {
            "description": f"The facets of a list of {self.resource.name}",
            "headers": headers(*CACHED),
            "content": json_content(f"{self.name}Facets", EXAMPLE),
        }
        return {"200": counts} | not_modified()

    def components(self) -> Components:
        return {"schemas": {f"{self.name}Facets": _schema()}, "parameters": self._parameters()}

    def _parameters(self) -> dict[str, Schema]:
        name = f"{self.resource.name}.facets"
        filters = filter_parameters(self.resource.name, self.resource.filters)
        search = f"{self.resource.name}.{SEARCH}"
        return {f"{name}.limit": LIMIT, search: filters.pop(search), **filters}


FIELDS: Schema = {
    "name": "fields",
    "in": "query",
    "required": True,
    "description": "The facets to count",
    "style": "form",
    "explode": False,
    "schema": {
        "type": "array",
        "minItems": 1,
        "uniqueItems": True,
        "items": {"type": "string", "enum": list(FACETS)},
        "examples": [["language", "subjects"]],
    },
}
LIMIT: Schema = {
    "name": "limit",
    "in": "query",
    "description": "Number of values per facet; values that are filtered by are listed beside them",
    "schema": {
        "type": "integer",
        "minimum": 1,
        "maximum": LIMIT_MOST,
        "default": LIMIT_DEFAULT,
        "examples": [LIMIT_DEFAULT],
    },
}


def _schema() -> Schema:
    counted = {
        "type": "string",
        "enum": ["exact", "estimated"],
        "description": "Whether the books were counted, or estimated from a sample, because there are many",
    }
    meta = {"count": {**COUNT, "description": "Number of books of the list"}, "counted": counted}
    corrected = {
        "match": {"type": "string", "enum": ["fuzzy"], "description": "For a search without matches: see did_you_mean"},
        "did_you_mean": {**STRING, "description": "The spelling whose matches were counted instead of those of `q`"},
    }
    named = {name: {"type": "array", "items": _value(name)} for name in FACETS}
    return object_schema(
        {
            "data": {**object_schema(named), "required": []},
            "meta": {**object_schema(meta), "properties": {**meta, **corrected}},
            "links": object_schema({"books": {**STRING, "description": "The list whose books were counted"}}),
        }
    )


def _value(name: str) -> Schema:
    known: dict[str, Any] = {"value": {"type": ["string", "null"], "description": "null: unknown"}}
    if name == "author":
        author_id = {"type": ["integer", "null"], "description": "The author's id; null: no contributors"}
        known = {"value": author_id, "id": author_id, "name": {"type": ["string", "null"]}}
    return object_schema(
        {
            **known,
            "count": {**COUNT, "description": "Number of books, without the filters on this field"},
            "chosen": {"type": "boolean", "description": "Whether the list is filtered by this value"},
            "href": {
                "type": ["string", "null"],
                "description": "The list with this value chosen; null if its URL would be too long",
            },
        }
    )
