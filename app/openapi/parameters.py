"""The parameters of queries: those of pages, and every filter with each of its operators."""

from __future__ import annotations

from typing import Any

from app.fields import Filter
from app.query import LIMIT_DEFAULT, LIMIT_MOST, OFFSET_MOST, SEARCH, TOTALS
from app.resource import Resource

from .schemas import Schema


def of_pages(resources: dict[str, Resource]) -> Schema:
    found: Schema = {
        "limit": _parameter(
            "limit",
            "How many rows a page has",
            {"type": "integer", "minimum": 1, "maximum": LIMIT_MOST, "default": LIMIT_DEFAULT},
            50,
        ),
        "cursor": _parameter(
            "cursor",
            "Where to go on; comes from `links`, and holds the sort, filters, fields and limit by itself",
            {"type": "string", "pattern": "^[A-Za-z0-9_-]+$"},
            "q1gChR2MQQqEMAxFrxKy7kJwMcxZpIuoGQzWBNuUwdsbXT0e7_MnnM32hmnC",
        ),
        "offset": _parameter(
            "offset",
            "Rows to skip, for small tables; a cursor goes to any depth",
            {"type": "integer", "minimum": 0, "maximum": OFFSET_MOST},
            40,
        ),
        "total": _parameter("total", "Count the rows of all pages", {"type": "string", "enum": list(TOTALS)}, "exact"),
    }
    for resource in resources.values():
        keys = [sign + name for name in resource.sorts for sign in ("", "-")]
        both = [
            {"not": {"allOf": [{"contains": {"const": name}}, {"contains": {"const": f"-{name}"}}]}}
            for name in resource.sorts
        ]
        found[f"{resource.name}.sort"] = _listed(
            "sort",
            "What to sort by, `-` for descending; ties are broken by id, unknown values come last",
            {
                "type": "array",
                "minItems": 1,
                "uniqueItems": True,
                "items": {"type": "string", "enum": keys},
                "allOf": both,
            },
            [f"-{resource.sorts[-1]}", resource.sorts[1]],
        )
        found[f"{resource.name}.fields"] = _listed(
            "fields",
            "Only these members are read and answered",
            {
                "type": "array",
                "minItems": 1,
                "uniqueItems": True,
                "items": {"type": "string", "enum": list(resource.fields)},
            },
            list(resource.fields)[:2],
        )
    return found


def _parameter(name: str, help_: str, schema: Schema, example: Any) -> Schema:
    # The example stands in the schema: one beside it is filled in by tools that let a person try the request, and
    # a hundred filters at once find nothing.
    return {"name": name, "in": "query", "description": help_, "schema": {**schema, "examples": [example]}}


def _listed(name: str, help_: str, schema: Schema, example: Any) -> Schema:
    return {**_parameter(name, help_, schema, example), "style": "form", "explode": False}


def parameter_key(resource: Resource, filter_: Filter, operator: str) -> str:
    return f"{resource.name}.{filter_.name}" + ("" if operator == "eq" else f".{operator}")


MEANINGS = {
    "eq": "equals",
    "ne": "differs, or is unknown",
    "in": "is one of, separated by commas; or send the parameter without operator several times, once for each",
    "lt": "is less than",
    "lte": "is at most",
    "gt": "is more than",
    "gte": "is at least",
    "contains": "contains; case and accents do not matter",
    "starts": "begins with; case and accents do not matter",
    "has": "holds; sent several times: all of them",
    "null": "is unknown (`true`) or known (`false`)",
}


def of_filters(resources: dict[str, Resource]) -> Schema:
    found: Schema = {}
    for resource in resources.values():
        for filter_ in resource.filters.values():
            for operator in filter_.operators:
                key = parameter_key(resource, filter_, operator)
                found[key] = _filter_parameter(filter_, operator)
    return found


def _filter_parameter(filter_: Filter, operator: str) -> Schema:
    name = filter_.name if operator == "eq" else f"{filter_.name}[{operator}]"
    help_ = filter_.help if filter_.name == SEARCH else f"{filter_.help}: {MEANINGS[operator]}"
    example = filter_.example[0] if isinstance(filter_.example, list) else filter_.example
    if operator == "null":
        return _parameter(name, help_, {"type": "boolean"}, True)
    schema = filter_.kind.query_schema(operator)
    if operator == "in":
        return _listed(name, help_, {"type": "array", "minItems": 1, "items": schema}, [_without_comma(example)])
    return _parameter(name, help_, schema, example)


def _without_comma(example: Any) -> Any:
    return example.partition(",")[0] if isinstance(example, str) else example
