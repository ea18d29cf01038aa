"""The schemas of records, pages, problems and the service's own documents."""

from __future__ import annotations

from typing import Any

from app.duplicates import MEMBERS_MOST, REASONS
from app.fields import Field
from app.merging import MOST_AT_ONCE as MERGED_AT_ONCE
from app.problems import CODES, MOST_ERRORS, every_problem
from app.query import LIMIT_DEFAULT, TOTALS
from app.resource import Resource
from app.version import NAME, VERSION
from app.vocabulary import Id

Schema = dict[str, Any]


def ref(group: str, name: str) -> Schema:
    return {"$ref": f"#/components/{group}/{name}"}


def noun_of(resource: Resource) -> str:
    return resource.noun.title()


def of_resources(resources: dict[str, Resource]) -> Schema:
    found: Schema = {}
    for resource in resources.values():
        noun = noun_of(resource)
        properties = {name: _property(field) for name, field in resource.fields.items()}
        record = {"type": "object", "additionalProperties": False, "properties": properties}
        found[noun] = {**record, "required": list(properties), "example": example_of(resource)}
        found[f"Partial{noun}"] = {**record, "description": "All members, or those that `fields` names"}
        found[f"{noun}Page"] = _page(ref("schemas", f"Partial{noun}"), **TOTAL, **SEARCHED)
        if resource.merges is not None:
            found[f"{noun}Duplicates"] = _page(_group(resource))
        writable = {name: field for name, field in resource.fields.items() if not field.read_only}
        required = [name for name, field in writable.items() if field.required]
        sent = {name: _sent(field) for name, field in writable.items()}
        new = {"type": "object", "additionalProperties": False, "properties": sent, "required": required}
        kept = {
            name: {**_property(field), "readOnly": True} for name, field in resource.fields.items() if field.read_only
        }
        found[f"New{noun}"] = new
        found[f"{noun}Replacement"] = {
            **new,
            "properties": {**kept, **sent},
            "description": "What is left out becomes unknown or empty",
        }
        patched = {name: _patched(field) for name, field in writable.items()}
        found[f"{noun}Patch"] = {
            "type": "object",
            "additionalProperties": False,
            "properties": {**kept, **patched},
            "description": "JSON Merge Patch (RFC 7396): left out = kept, null = cleared",
        }
    return found


TOTAL: Schema = {
    "total": {"type": "integer", "minimum": 0},
    "total_is": {"type": "string", "enum": list(TOTALS)},
}
SEARCHED: Schema = {
    "match": {
        "type": "string",
        "enum": ["exact", "fuzzy"],
        "description": "Of a search: whether these rows match `q`, or only `did_you_mean`",
    },
    "did_you_mean": {"type": "string", "description": "What was searched for instead of `q`, or finds many more"},
}


def _group(resource: Resource) -> Schema:
    """Records that may be one and the same."""
    return _object(
        {
            "score": {"type": "number", "minimum": 0, "maximum": 1, "description": "How likely that is, in comparison"},
            "reasons": {
                "type": "array",
                "minItems": 1,
                "uniqueItems": True,
                "items": {"type": "string", "enum": list(REASONS)},
                "description": " ".join(f"`{name}`: {text}" for name, text in REASONS.items()),
            },
            "count": {"type": "integer", "minimum": 2, "description": "How many they are"},
            resource.name: {
                "type": "array",
                "minItems": 2,
                "maxItems": MEMBERS_MOST,
                "items": ref("schemas", noun_of(resource)),
                "description": "The first of them",
            },
        }
    )


def _page(item: Schema, **further: Schema) -> Schema:
    link = {"type": ["string", "null"]}
    return {
        "type": "object",
        "additionalProperties": False,
        "required": ["data", "meta", "links"],
        "properties": {
            "data": {"type": "array", "items": item},
            "meta": {
                "type": "object",
                "additionalProperties": False,
                "required": ["count", "limit"],
                "properties": {
                    "count": {"type": "integer", "minimum": 0},
                    "limit": {"type": "integer", "minimum": 1},
                    **further,
                },
            },
            "links": {
                "type": "object",
                "additionalProperties": False,
                "required": ["self", "next", "prev"],
                "properties": {"self": {"type": "string"}, "next": link, "prev": link},
            },
        },
    }


def _property(field: Field) -> Schema:
    schema = field.kind.json_schema(sent=False)
    if field.nullable and field.kind.empty is None:
        schema = _or_null(schema)
    return {**schema, "description": field.help}


def _sent(field: Field) -> Schema:
    schema = field.kind.json_schema(sent=True)
    if not field.required:
        schema = _or_null(schema)
    return {**schema, "description": field.help, "examples": [field.example]}


def _patched(field: Field) -> Schema:
    schema = field.kind.json_schema(sent=True)
    return {**(schema if field.required else _or_null(schema)), "description": field.help}


def _or_null(schema: Schema) -> Schema:
    found = {**schema, "type": [schema["type"], "null"]}
    return {**found, "enum": [*schema["enum"], None]} if "enum" in schema else found


def example_of(resource: Resource, *, writable: bool = False) -> Schema:
    return {
        name: _answered(field) if not writable else field.example
        for name, field in resource.fields.items()
        if not (writable and field.read_only)
    }


def _answered(field: Field) -> Any:
    return field.kind.answered(field.example)


def example_page(resource: Resource) -> Schema:
    return {
        "data": [example_of(resource)],
        "meta": {"count": 1, "limit": LIMIT_DEFAULT},
        "links": {"self": f"/{resource.name}", "next": None, "prev": None},
    }


def example_duplicates(resource: Resource) -> Schema:
    one = example_of(resource)
    group = {
        "score": 0.9,
        "reasons": ["shared_identifier"],
        "count": 2,
        resource.name: [one, {**one, "id": one["id"] + 1}],
    }
    return {**example_page(resource), "data": [group]}


def of_service() -> Schema:
    string: Schema = {"type": "string"}
    kind = {"type": string, "title": string, "status": {"type": "integer"}, "help": string}
    error = {
        "in": {"type": "string", "enum": ["body", "query", "path", "header"]},
        "pointer": {**string, "description": "JSON Pointer into the body (RFC 6901)"},
        "parameter": {**string, "description": "The name of the parameter or header"},
        "code": {"type": "string", "enum": sorted(CODES)},
        "detail": string,
    }
    ids: Schema = {
        "type": "array",
        "minItems": 1,
        "maxItems": MERGED_AT_ONCE,
        "uniqueItems": True,
        "items": Id().json_schema(sent=True),
    }
    members = {
        "type": {"type": "string", "enum": [f"/problems/{kind.slug}" for kind in every_problem()]},
        "title": string,
        "status": {"type": "integer"},
        "detail": string,
        "instance": string,
        "request_id": string,
        "errors": {
            "type": "array",
            "maxItems": MOST_ERRORS,
            "items": {**_object(error), "required": ["in", "code", "detail"]},
        },
    }
    return {
        "Problem": {**_object(members), "description": "What went wrong (RFC 9457)"},
        "ProblemKind": _object(kind),
        "Problems": _object(
            {
                "data": {"type": "array", "items": _object(kind)},
                "codes": {"type": "object", "additionalProperties": string},
            }
        ),
        "Merge": _object({"from": {**ids, "description": "The ids of those to merge into this one"}}),
        "Unmerge": {
            **_object(
                {
                    "from": {
                        **_or_null(ids),
                        "description": "The ids of those to take out again, the latest merged; left out: those of the "
                        "latest merge",
                    }
                }
            ),
            "required": [],
        },
        "Home": _object(
            {"name": string, "version": string, "links": {"type": "object", "additionalProperties": string}}
        ),
        "Suggestions": _object(
            {
                "data": {
                    "type": "array",
                    "items": _object(
                        {
                            "type": {"type": "string", "enum": ["book", "author"]},
                            "id": {"type": "integer", "minimum": 1},
                            "text": {**string, "description": "A title, or a name"},
                            "detail": {
                                "type": ["string", "null"],
                                "description": "Who wrote it, and when it was published; when they lived",
                            },
                        }
                    ),
                }
            }
        ),
        "Health": _object({"status": {"type": "string", "enum": ["live", "ready"]}}),
        "OpenApi": {"type": "object", "required": ["openapi", "info", "paths"]},
        "Page": {"type": "string"},
    }


def _object(properties: Schema) -> Schema:
    return {"type": "object", "properties": properties, "required": list(properties), "additionalProperties": False}


def service_example(name: str) -> Any:
    """An example of one of the service's own documents."""
    kind = every_problem()[0]
    explained = {"type": f"/problems/{kind.slug}", "title": kind.title, "status": kind.status, "help": kind.help}
    return {
        "ProblemKind": explained,
        "Problems": {"data": [explained], "codes": {"required": CODES["required"]}},
        "Home": {"name": NAME, "version": VERSION, "links": {"books": "/books", "authors": "/authors"}},
        "Suggestions": {
            "data": [
                {"type": "book", "id": 42, "text": "The Left Hand of Darkness", "detail": "Ursula K. Le Guin, 1969"},
                {"type": "author", "id": 7, "text": "Ursula K. Le Guin", "detail": "1929–2018"},
            ]
        },
        "Health": {"status": "ready"},
        "OpenApi": {"openapi": "3.1.0", "info": {"title": NAME, "version": VERSION}, "paths": {}},
        "Page": "<!doctype html>",
    }[name]
