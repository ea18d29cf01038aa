"""The parameters of lists: those of pages, and every filter with each of its operators."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from app.core.fields import Filter
from app.core.parameters import FORMATS, LIMIT_DEFAULT, LIMIT_MOST, OFFSET_MOST, SEARCH, TOTALS
from app.core.resource import Resource
from app.http.headers.idempotency_key import IDEMPOTENCY_KEY, PATTERN

from .describe import Schema

_MEANINGS = {
    "eq": "equals",
    "ne": "differs, or is unknown",
    "in": "is one of several values, separated by commas; or repeat the parameter without an operator",
    "lt": "is less than",
    "lte": "is at most",
    "gt": "is more than",
    "gte": "is at least",
    "contains": "contains, ignoring case and accents",
    "starts": "begins with, ignoring case and accents",
    "has": "contains the item; repeat the parameter to require several items",
    "null": "is unknown (`true`) or known (`false`)",
}


KEY_PARAMETER: Schema = {
    "name": IDEMPOTENCY_KEY,
    "in": "header",
    "description": "A new random key, such as a UUID. A request that is sent again with its key within 24 hours has "
    "its effect once, and gets the first successful response again.",
    "schema": {"type": "string", "pattern": PATTERN, "examples": ["0c2f8a4e-5d0b-4a52-9a5e-3f1f6c1f0a77"]},
}


def list_parameters(resource: Resource) -> dict[str, Schema]:
    """Return all parameters of a list, by component name, the most common ones first."""
    filters = filter_parameters(resource.name, resource.filters)
    search = f"{resource.name}.{SEARCH}"
    pages = page_parameters()
    return {
        **({search: filters.pop(search)} if search in filters else {}),
        **sort_parameter(resource),
        **fields_parameter(resource),
        **{name: pages.pop(name) for name in ("limit", "cursor", "total")},
        **format_parameter(),
        **pages,
        **filters,
    }


def page_parameters() -> dict[str, Schema]:
    """Return the parameters of all pages by name."""
    return {
        "limit": _parameter(
            "limit",
            "Number of rows per page",
            {"type": "integer", "minimum": 1, "maximum": LIMIT_MOST, "default": LIMIT_DEFAULT},
            50,
        ),
        "cursor": _parameter(
            "cursor",
            "The position to continue from, from `links`; includes the sort, filters, fields and limit",
            {"type": "string", "pattern": "^[A-Za-z0-9_-]+$"},
            "q1gChR2MQQqEMAxFrxKy7kJwMcxZpIuoGQzWBNuUwdsbXT0e7_MnnM32hmnC",
        ),
        "offset": _parameter(
            "offset",
            "Number of rows to skip, for small tables; a cursor has no limit",
            {"type": "integer", "minimum": 0, "maximum": OFFSET_MOST},
            40,
        ),
        "total": _parameter("total", "Count the rows of all pages", {"type": "string", "enum": list(TOTALS)}, "exact"),
    }


def format_parameter() -> dict[str, Schema]:
    """Return the parameter `format` of all lists, by component name."""
    help_ = "Send all rows as a stream in this format instead of a page in JSON; see the description of this operation"
    return {"format": _parameter("format", help_, {"type": "string", "enum": list(FORMATS)}, FORMATS[0])}


def fields_parameter(resource: Resource) -> dict[str, Schema]:
    """Return the parameter `fields` of a resource, by component name."""
    schema = {
        "type": "array",
        "minItems": 1,
        "uniqueItems": True,
        "items": {"type": "string", "enum": list(resource.fields)},
    }
    example = list(resource.fields)[:2]
    return {f"{resource.name}.fields": _listed("fields", "Return only these fields", schema, example)}


def sort_parameter(resource: Resource) -> dict[str, Schema]:
    """Return the parameter `sort` of a resource, by component name."""
    schema = {
        "type": "array",
        "minItems": 1,
        "uniqueItems": True,
        "items": {"type": "string", "enum": [sign + name for name in resource.sorts for sign in ("", "-")]},
        "allOf": [
            {"not": {"allOf": [{"contains": {"const": name}}, {"contains": {"const": f"-{name}"}}]}}
            for name in resource.sorts
        ],
    }
    help_ = "Fields to sort by, with `-` for descending; ties are sorted by id, unknown values come last"
    return {f"{resource.name}.sort": _listed("sort", help_, schema, [f"-{resource.sorts[-1]}", resource.sorts[1]])}


def filter_parameters(scope: str, filters: Mapping[str, Filter]) -> dict[str, Schema]:
    """Return a parameter for each operator of each filter, by component name, which begins with `scope`."""
    return {
        f"{scope}.{filter_.name}" + ("" if operator == "eq" else f".{operator}"): _filter(filter_, operator)
        for filter_ in filters.values()
        for operator in filter_.operators
    }


def header_parameter(name: str, help_: str) -> Schema:
    """Return a request header that takes ETags."""
    schema = {"type": "string", "examples": ['"59fc9ba73f79dafa920c22d86c29919c"']}
    return {"name": name, "in": "header", "description": help_, "schema": schema}


def _filter(filter_: Filter, operator: str) -> Schema:
    name = filter_.name if operator == "eq" else f"{filter_.name}[{operator}]"
    help_ = filter_.help if filter_.name == SEARCH else f"{filter_.help}: {_MEANINGS[operator]}"
    example = filter_.example[0] if isinstance(filter_.example, list) else filter_.example
    if operator == "null":
        return _parameter(name, help_, {"type": "boolean"}, True)
    schema = filter_.type.query_schema(operator)
    if operator == "in":
        return _listed(name, help_, {"type": "array", "minItems": 1, "items": schema}, [_without_comma(example)])
    return _parameter(name, help_, schema, example)


def _without_comma(example: Any) -> Any:
    return example.partition(",")[0] if isinstance(example, str) else example


def _parameter(name: str, help_: str, schema: Schema, example: Any) -> Schema:
    # The example is in the schema, because documentation pages prefill a parameter that has an `example` itself, and a
    # request with a hundred filters matches nothing.
    return {"name": name, "in": "query", "description": help_, "schema": {**schema, "examples": [example]}}


def _listed(name: str, help_: str, schema: Schema, example: Any) -> Schema:
    return {**_parameter(name, help_, schema, example), "style": "form", "explode": False}
