"""The schemas of records, pages and problems."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from app.core.fields import Field
from app.core.parameters import LIMIT_DEFAULT, TOTALS
from app.core.resource import Resource
from app.http.problems import CODES, MOST_ERRORS, every_problem

from .describe import Schema

STRING: Schema = {"type": "string"}

_TOTAL: Schema = {
    "total": {"type": "integer", "minimum": 0},
    "total_is": {"type": "string", "enum": list(TOTALS)},
}
_SEARCHED: Schema = {
    "match": {
        "type": "string",
        "enum": ["exact", "fuzzy"],
        "description": "For a search: whether the rows match `q` (exact) or only `did_you_mean` (fuzzy)",
    },
    "did_you_mean": {
        "type": "string",
        "description": "The spelling that was searched for instead of `q`, or that has many more matches",
    },
}


def ref(group: str, name: str) -> Schema:
    """Return a reference to a component."""
    return {"$ref": f"#/components/{group}/{name}"}


def object_schema(properties: Schema) -> Schema:
    """Return the schema of an object with exactly these members."""
    return {"type": "object", "properties": properties, "required": list(properties), "additionalProperties": False}


def or_null(schema: Schema) -> Schema:
    """Return a schema that also allows null."""
    nullable = {**schema, "type": [schema["type"], "null"]}
    return {**nullable, "enum": [*schema["enum"], None]} if "enum" in schema else nullable


def page_schema(item: Schema, **meta: Schema) -> Schema:
    """Return the schema of a page, with further, optional members of `meta`."""
    link = {"type": ["string", "null"]}
    counts = {"count": {"type": "integer", "minimum": 0}, "limit": {"type": "integer", "minimum": 1}}
    return object_schema(
        {
            "data": {"type": "array", "items": item},
            "meta": {**object_schema(counts), "properties": {**counts, **meta}},
            "links": object_schema({"self": {"type": "string"}, "next": link, "prev": link}),
        }
    )


def schema_name(resource: Resource) -> str:
    """Return the name of a record's schema, which others include (``NewBook``)."""
    return resource.noun.title()


@lru_cache(maxsize=32)
def record_schemas(resource: Resource) -> dict[str, Schema]:
    """Return all schemas of a resource by name."""
    name = schema_name(resource)
    properties = {field.name: _received(field) for field in resource.fields.values()}
    record = {"type": "object", "additionalProperties": False, "properties": properties}
    writable = list(resource.inputs.values())
    sent = {field.name: _sent(field) for field in writable}
    read_only = {
        field.name: {**_received(field), "readOnly": True} for field in resource.fields.values() if field.read_only
    }
    new = {**object_schema(sent), "required": [field.name for field in writable if field.required]}
    return {
        name: {**record, "required": list(properties), "example": received_example(resource)},
        f"Partial{name}": {**record, "description": "All fields, or those in `fields`"},
        f"{name}Page": page_schema(
            ref("schemas", f"Partial{name}"), **_TOTAL, **(_SEARCHED if resource.search else {})
        ),
        f"New{name}": new,
        f"{name}Replacement": {
            **new,
            "properties": {**read_only, **sent},
            "description": "Fields that are left out become null or empty",
        },
        f"{name}Patch": {
            "type": "object",
            "additionalProperties": False,
            "properties": {**read_only, **{field.name: _patched(field) for field in writable}},
            "description": "JSON Merge Patch (RFC 7396): fields left out are kept, null clears a field",
        },
    }


def _received(field: Field) -> Schema:
    schema = field.type.json_schema(sent=False)
    if field.nullable and field.type.empty is None:
        schema = or_null(schema)
    return {**schema, "description": field.help}


def _sent(field: Field) -> Schema:
    return {**_patched(field), "examples": [field.example]}


def _patched(field: Field) -> Schema:
    schema = field.type.json_schema(sent=True)
    return {**(schema if field.required else or_null(schema)), "description": field.help}


def received_example(resource: Resource) -> Schema:
    """Return an example of a record as clients receive it."""
    return {name: field.type.received_example(field.example) for name, field in resource.fields.items()}


def sent_example(resource: Resource) -> Schema:
    """Return an example of a record as clients send it."""
    return {name: field.example for name, field in resource.inputs.items()}


def page_example(resource: Resource, data: list[Any]) -> Schema:
    """Return an example of a page."""
    return {
        "data": data,
        "meta": {"count": 1, "limit": LIMIT_DEFAULT},
        "links": {"self": f"/{resource.name}", "next": None, "prev": None},
    }


def problem_schema(prefix: str) -> Schema:
    """Return the schema of all error responses. `prefix` is URL_PREFIX."""
    error = {
        "in": {"type": "string", "enum": ["body", "query", "path", "header"]},
        "pointer": {**STRING, "description": "JSON Pointer into the body (RFC 6901)"},
        "parameter": {**STRING, "description": "The name of the parameter or header"},
        "code": {"type": "string", "enum": sorted(CODES)},
        "detail": STRING,
    }
    members = {
        "type": {"type": "string", "enum": [f"{prefix}/problems/{problem.slug}" for problem in every_problem()]},
        "title": STRING,
        "status": {"type": "integer"},
        "detail": STRING,
        "instance": STRING,
        "request_id": STRING,
        "errors": {
            "type": "array",
            "maxItems": MOST_ERRORS,
            "items": {**object_schema(error), "required": ["in", "code", "detail"]},
        },
    }
    return {**object_schema(members), "description": "An error (RFC 9457)"}
