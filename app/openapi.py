"""The description of the service (OpenAPI 3.1), made from its routes, resources and fields alone."""

from __future__ import annotations

import json
import re
from typing import Any

from flask import Flask
from werkzeug.routing import Rule

from .bodies import JSON, media_types
from .documentation import Operation
from .fields import Field, Filter
from .problems import CODES, MEDIA_TYPE, MOST_ERRORS, Problem, every_problem
from .query import LIMIT_DEFAULT, LIMIT_MOST, OFFSET_MOST, TOTALS
from .resource import Resource
from .values import isbn
from .version import NAME, VERSION
from .vocabulary import Id
from .writing import MOST_AT_ONCE

Schema = dict[str, Any]

# The statuses that an action can end with, beside its success. 405, 413 and 414 concern the address or the server.
FAILURES = {
    "index": (400, 404, 406, 414, 503),
    "show": (400, 404, 406, 414, 503),
    "create": (400, 406, 409, 413, 414, 415, 422, 503),
    "replace": (400, 404, 406, 409, 412, 413, 414, 415, 422, 503),
    "patch": (400, 404, 406, 409, 412, 413, 414, 415, 422, 503),
    "destroy": (400, 404, 406, 412, 414, 503),
    "": (406, 414),
}
SUCCESS = {"create": "201", "destroy": "204"}
READS = ("index", "show")

HEADERS: dict[str, tuple[str, Schema]] = {
    "ETag": ("The strong validator of what was answered", {"type": "string", "pattern": '^"[^"]+"$'}),
    "Cache-Control": ("What caches may do with the answer", {"type": "string"}),
    "Cache-Status": ("What the response cache of the service did (RFC 9211)", {"type": "string"}),
    "Link": ("The pages around this one, or the record that stands in the way (RFC 8288)", {"type": "string"}),
    "Location": ("The address of the new record", {"type": "string"}),
    "X-Total-Count": ("`meta.total` again", {"type": "integer", "minimum": 0}),
    "X-Request-ID": ("The id of this request: the caller's, or a fresh one", {"type": "string"}),
    "Retry-After": ("Seconds after which to try again", {"type": "integer", "minimum": 0}),
    "Allow": ("The methods that the address takes", {"type": "string"}),
}


def text(app: Flask) -> bytes:
    """The document as JSON."""
    if "catalog.openapi" not in app.extensions:
        app.extensions["catalog.openapi"] = json.dumps(document(app), ensure_ascii=False).encode()
    return bytes(app.extensions["catalog.openapi"])


def document(app: Flask) -> Schema:
    """The document as a dictionary."""
    operations = [
        (rule, method, operation, app.view_functions[rule.endpoint])
        for rule in app.url_map.iter_rules()
        if (operation := getattr(app.view_functions[rule.endpoint], "operation", None))
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"})
    ]
    resources = {operation.resource.name: operation.resource for _, _, operation, _ in operations if operation.resource}
    paths: dict[str, Schema] = {}
    for rule, method, operation, view in sorted(operations, key=lambda item: (item[0].rule, item[1])):
        described = _operation(rule, method, operation, view.__doc__ or "")
        paths.setdefault(_path(rule), {})[method.lower()] = described
    return {
        "openapi": "3.1.0",
        "info": {
            "title": NAME,
            "version": VERSION,
            "summary": "A catalog of books and authors.",
            "description": "Books, their contributors, and the people behind them: read by pages, filters and fields; "
            "written one by one or in batches. Every error is `application/problem+json` (RFC 9457).",
            "license": {"name": "MIT", "identifier": "MIT"},
        },
        "servers": [{"url": "/"}],
        "tags": [
            *({"name": name, "description": f"The {name} of the catalog."} for name in resources),
            {"name": "service", "description": "The service itself."},
        ],
        "paths": paths,
        "components": {
            "schemas": {**_service_schemas(), **_resource_schemas(resources)},
            "parameters": {**_page_parameters(resources), **_filter_parameters(resources)},
            "headers": {name: {"description": text, "schema": schema} for name, (text, schema) in HEADERS.items()},
            "responses": _failures(),
        },
    }


def _path(rule: Rule) -> str:
    return re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule)


def _ref(group: str, name: str) -> Schema:
    return {"$ref": f"#/components/{group}/{name}"}


def _noun(resource: Resource) -> str:
    return resource.noun.title()


# ── operations ──────────────────────────────────────────────────────────────────────────────────────────────────────


def _operation(rule: Rule, method: str, operation: Operation, doc: str) -> Schema:
    summary, _, rest = doc.strip().partition("\n")
    resource = operation.resource
    described: Schema = {
        "operationId": rule.endpoint.replace(".", "_"),
        "summary": summary.rstrip("."),
        "tags": [resource.name if resource else operation.tag],
        "parameters": [*_path_parameters(rule, operation), *_query_parameters(operation), *_header_parameters(operation)],
        "responses": _responses(operation),
    }
    if rest.strip():
        described["description"] = rest.strip()
    if resource and operation.action in ("create", "replace", "patch"):
        described["requestBody"] = _request_body(resource, operation.action, method)
    return {name: value for name, value in described.items() if value != []}


def _path_parameters(rule: Rule, operation: Operation) -> list[Schema]:
    found = []
    for name in sorted(rule.arguments):
        schema: Schema = {"type": "string"}
        example: Any = "validation-failed"
        help_ = "The last part of a problem's `type`"
        if name.endswith("_id"):
            schema, example, help_ = Id().json_schema(sent=True), 1, f"The {name.removesuffix('_id')}'s id"
        elif name == "isbn":
            schema = {"type": "string", "pattern": isbn.PATTERN}
            example, help_ = "9780441478125", "An ISBN of 10 or 13 digits; hyphens and spaces do not matter"
        found.append({"name": name, "in": "path", "required": True, "description": help_, "schema": schema,
                      "example": example})  # fmt: skip
    return found


def _query_parameters(operation: Operation) -> list[Schema]:
    own = [dict(parameter) for parameter in operation.parameters]
    resource = operation.resource
    if not resource or operation.action not in READS:
        return own
    if operation.action == "show":
        return [_ref("parameters", f"{resource.name}.fields"), *own]
    shared = [_ref("parameters", name) for name in ("limit", "cursor", "offset", "total")]
    named = [_ref("parameters", f"{resource.name}.{name}") for name in ("sort", "fields")]
    filters = [
        _ref("parameters", _parameter_key(resource, filter_, operator))
        for filter_ in resource.filters.values()
        for operator in filter_.operators
    ]
    return [*shared, *named, *own, *filters]


def _header_parameters(operation: Operation) -> list[Schema]:
    if operation.resource and operation.action in READS:
        return [_header_parameter("If-None-Match", "ETags that the client has; 304 where the answer is one of them")]
    if operation.action in ("replace", "patch", "destroy"):
        return [_header_parameter("If-Match", "The ETag of the full representation that was read; 412 where the "
                                  "record changed since")]  # fmt: skip
    return []


def _header_parameter(name: str, help_: str) -> Schema:
    return {"name": name, "in": "header", "description": help_, "schema": {"type": "string"}}


def _request_body(resource: Resource, action: str, method: str) -> Schema:
    noun = _noun(resource)
    schema = _ref("schemas", {"create": f"New{noun}", "replace": f"{noun}Replacement", "patch": f"{noun}Patch"}[action])
    example = _example(resource, writable=True)
    if action == "create":
        batch = {"type": "array", "minItems": 1, "maxItems": MOST_AT_ONCE, "items": schema}
        schema = {"oneOf": [schema, batch]}
    if action == "patch":
        example = {name: example[name] for name in list(example)[1:3]}
    return {
        "required": True,
        "content": {media_type: {"schema": schema, "example": example} for media_type in media_types(method)},
    }


def _responses(operation: Operation) -> Schema:
    resource, action = operation.resource, operation.action
    success = SUCCESS.get(action, "200")
    found: Schema = {success: _success(operation)}
    if resource and action == "replace" and operation.by == "isbn":
        found["201"] = _created(resource, _ref("schemas", _noun(resource)))
    if resource and action in READS:
        found["304"] = {"description": "The client has this answer already", "headers": _headers("ETag", "Cache-Control")}
    failures = set(FAILURES[action]) | set(operation.problems)
    if action == "index" and not operation.parent:
        failures -= {404}
    if action == "replace" and operation.by == "isbn":
        failures -= {404}
    if operation.media_type != JSON:
        failures -= {503}
    found |= {str(status): _ref("responses", f"Problem{status}") for status in sorted(failures)}
    return found


def _success(operation: Operation) -> Schema:
    resource, action = operation.resource, operation.action
    if resource is None:
        schema = {"type": "string"} if operation.media_type != JSON else _ref("schemas", operation.gives)
        return {"description": "The answer", "headers": _headers("X-Request-ID"),
                "content": {operation.media_type: {"schema": schema}}}  # fmt: skip
    noun = _noun(resource)
    if action == "destroy":
        return {"description": f"The {resource.noun} is deleted", "headers": _headers("X-Request-ID")}
    if action == "create":
        batch = {"type": "object", "required": ["data"], "additionalProperties": False,
                 "properties": {"data": {"type": "array", "items": _ref("schemas", noun)}}}  # fmt: skip
        return _created(resource, {"oneOf": [_ref("schemas", noun), batch]})
    cached = ("ETag", "Cache-Control", "Cache-Status", "X-Request-ID")
    if action == "index":
        return {
            "description": f"A page of {resource.name}",
            "headers": _headers(*cached, "Link", "X-Total-Count"),
            "content": {JSON: {"schema": _ref("schemas", f"{noun}Page"), "example": _page_example(resource)}},
        }
    names = cached if action == "show" else ("ETag", "X-Request-ID")
    schema = _ref("schemas", f"Partial{noun}" if action == "show" else noun)
    return {
        "description": f"The {resource.noun}",
        "headers": _headers(*names),
        "content": {JSON: {"schema": schema, "example": _example(resource)}},
    }


def _created(resource: Resource, schema: Schema) -> Schema:
    return {
        "description": f"The new {resource.noun}, or the new {resource.name} of a batch, in order",
        "headers": _headers("Location", "ETag", "X-Request-ID"),
        "content": {JSON: {"schema": schema, "example": _example(resource)}},
        "links": {
            f"{action.title()}{_noun(resource)}": {
                "operationId": f"{resource.name}_{action}",
                "parameters": {f"{resource.noun}_id": "$response.body#/id"},
                "description": f"The new {resource.noun}'s `id` is the one in the path",
            }
            for action in ("show", "replace", "patch")
        },
    }


def _headers(*names: str) -> Schema:
    return {name: _ref("headers", name) for name in names}


def _failures() -> Schema:
    by_status: dict[int, list[type[Problem]]] = {}
    for kind in every_problem():
        by_status.setdefault(kind.status, []).append(kind)
    found = {}
    for status, kinds in by_status.items():
        names = ["X-Request-ID", *{405: ["Allow"], 409: ["Link"], 503: ["Retry-After"]}.get(status, [])]
        example = kinds[0]("What is wrong, in a sentence.").as_json("/books/1", "0123456789abcdef")
        found[f"Problem{status}"] = {
            "description": " / ".join(dict.fromkeys(kind.title for kind in kinds)),
            "headers": _headers(*names),
            "content": {MEDIA_TYPE: {"schema": _ref("schemas", "Problem"), "example": example}},
        }
    return found


# ── parameters ──────────────────────────────────────────────────────────────────────────────────────────────────────


def _page_parameters(resources: dict[str, Resource]) -> Schema:
    found: Schema = {
        "limit": _parameter("limit", "How many rows a page has", {"type": "integer", "minimum": 1,
                            "maximum": LIMIT_MOST, "default": LIMIT_DEFAULT}),
        "cursor": _parameter("cursor", "Where to go on; comes from `links`, and holds the sort, filters, fields and "
                             "limit by itself", {"type": "string", "pattern": "^[A-Za-z0-9_-]+$"}),
        "offset": _parameter("offset", "Rows to skip, for small tables; a cursor goes to any depth",
                             {"type": "integer", "minimum": 0, "maximum": OFFSET_MOST, "default": 0}),
        "total": _parameter("total", "Count the rows of all pages", {"type": "string", "enum": list(TOTALS)}),
    }  # fmt: skip
    for resource in resources.values():
        keys = [sign + name for name in resource.sorts for sign in ("", "-")]
        both = [{"not": {"allOf": [{"contains": {"const": name}}, {"contains": {"const": f"-{name}"}}]}}
                for name in resource.sorts]  # fmt: skip
        found[f"{resource.name}.sort"] = _listed(
            "sort", "What to sort by, `-` for descending; ties are broken by id, unknown values come last",
            {"type": "array", "minItems": 1, "uniqueItems": True, "items": {"type": "string", "enum": keys}, "allOf": both},
            [f"-{resource.sorts[-1]}", resource.sorts[1]],
        )  # fmt: skip
        found[f"{resource.name}.fields"] = _listed(
            "fields", "Only these members are read and answered",
            {"type": "array", "minItems": 1, "uniqueItems": True,
             "items": {"type": "string", "enum": list(resource.fields)}},
            list(resource.fields)[:2],
        )  # fmt: skip
    return found


def _parameter(name: str, help_: str, schema: Schema, example: Any = None) -> Schema:
    found = {"name": name, "in": "query", "description": help_, "schema": schema}
    return found if example is None else {**found, "example": example}


def _listed(name: str, help_: str, schema: Schema, example: Any = None) -> Schema:
    return {**_parameter(name, help_, schema, example), "style": "form", "explode": False}


def _parameter_key(resource: Resource, filter_: Filter, operator: str) -> str:
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


def _filter_parameters(resources: dict[str, Resource]) -> Schema:
    found: Schema = {}
    for resource in resources.values():
        for filter_ in resource.filters.values():
            for operator in filter_.operators:
                key = _parameter_key(resource, filter_, operator)
                found[key] = _filter_parameter(filter_, operator)
    return found


def _filter_parameter(filter_: Filter, operator: str) -> Schema:
    name = filter_.name if operator == "eq" else f"{filter_.name}[{operator}]"
    help_ = f"{filter_.help}: {MEANINGS[operator]}"
    example = filter_.example[0] if isinstance(filter_.example, list) else filter_.example
    if operator == "null":
        return _parameter(name, help_, {"type": "boolean"})
    schema = filter_.kind.query_schema(operator)
    if operator == "in":
        return _listed(name, help_, {"type": "array", "minItems": 1, "items": schema}, [example])
    return _parameter(name, help_, schema, example)


# ── schemas ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def _resource_schemas(resources: dict[str, Resource]) -> Schema:
    found: Schema = {}
    for resource in resources.values():
        noun = _noun(resource)
        properties = {name: _property(field) for name, field in resource.fields.items()}
        record = {"type": "object", "additionalProperties": False, "properties": properties}
        found[noun] = {**record, "required": list(properties), "example": _example(resource)}
        found[f"Partial{noun}"] = {**record, "description": "All members, or those that `fields` names"}
        found[f"{noun}Page"] = _page(f"Partial{noun}")
        writable = {name: field for name, field in resource.fields.items() if not field.read_only}
        required = [name for name, field in writable.items() if field.required]
        sent = {name: _sent(field) for name, field in writable.items()}
        new = {"type": "object", "additionalProperties": False, "properties": sent, "required": required}
        kept = {name: {**_property(field), "readOnly": True} for name, field in resource.fields.items() if field.read_only}
        found[f"New{noun}"] = new
        found[f"{noun}Replacement"] = {**new, "properties": {**kept, **sent},
                                       "description": "What is left out becomes unknown or empty"}  # fmt: skip
        patched = {name: _patched(field) for name, field in writable.items()}
        found[f"{noun}Patch"] = {"type": "object", "additionalProperties": False, "properties": {**kept, **patched},
                                 "description": "JSON Merge Patch (RFC 7396): left out = kept, null = cleared"}  # fmt: skip
    return found


def _page(noun: str) -> Schema:
    link = {"type": ["string", "null"]}
    return {
        "type": "object",
        "additionalProperties": False,
        "required": ["data", "meta", "links"],
        "properties": {
            "data": {"type": "array", "items": _ref("schemas", noun)},
            "meta": {
                "type": "object",
                "additionalProperties": False,
                "required": ["count", "limit"],
                "properties": {
                    "count": {"type": "integer", "minimum": 0},
                    "limit": {"type": "integer", "minimum": 1},
                    "total": {"type": "integer", "minimum": 0},
                    "total_is": {"type": "string", "enum": list(TOTALS)},
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


def _example(resource: Resource, *, writable: bool = False) -> Schema:
    return {
        name: _answered(field) if not writable else field.example
        for name, field in resource.fields.items()
        if not (writable and field.read_only)
    }


def _answered(field: Field) -> Any:
    return field.kind.answered(field.example)


def _page_example(resource: Resource) -> Schema:
    return {
        "data": [_example(resource)],
        "meta": {"count": 1, "limit": LIMIT_DEFAULT},
        "links": {"self": f"/{resource.name}", "next": None, "prev": None},
    }


def _service_schemas() -> Schema:
    string: Schema = {"type": "string"}
    kind = {"type": string, "title": string, "status": {"type": "integer"}, "help": string}
    error = {
        "in": {"type": "string", "enum": ["body", "query", "path", "header"]},
        "pointer": {**string, "description": "JSON Pointer into the body (RFC 6901)"},
        "parameter": {**string, "description": "The name of the parameter or header"},
        "code": {"type": "string", "enum": sorted(CODES)},
        "detail": string,
    }
    members = {
        "type": {"type": "string", "enum": [f"/problems/{kind.slug}" for kind in every_problem()]},
        "title": string,
        "status": {"type": "integer"},
        "detail": string,
        "instance": string,
        "request_id": string,
        "errors": {"type": "array", "maxItems": MOST_ERRORS,
                   "items": {**_object(error), "required": ["in", "code", "detail"]}},
    }  # fmt: skip
    return {
        "Problem": {**_object(members), "description": "What went wrong (RFC 9457)"},
        "ProblemKind": _object(kind),
        "Problems": _object({"data": {"type": "array", "items": _object(kind)},
                             "codes": {"type": "object", "additionalProperties": string}}),
        "Home": _object({"name": string, "version": string,
                         "links": {"type": "object", "additionalProperties": string}}),
        "Health": _object({"status": {"type": "string", "enum": ["live", "ready"]}}),
        "OpenApi": {"type": "object", "required": ["openapi", "info", "paths"]},
    }  # fmt: skip


def _object(properties: Schema) -> Schema:
    return {"type": "object", "properties": properties, "required": list(properties), "additionalProperties": False}
