"""What a route takes and gives, and the problems it can answer with."""

from __future__ import annotations

from typing import Any

from werkzeug.routing import Rule

from app.bodies import JSON, media_types
from app.documentation import Operation
from app.problems import MEDIA_TYPE, Problem, every_problem
from app.query import OF_PAGES
from app.representations import OF_LISTS
from app.resource import Resource
from app.values import isbn
from app.vocabulary import Id
from app.writing import MOST_AT_ONCE

from .parameters import parameter_key
from .schemas import Schema, example_duplicates, example_of, example_page, noun_of, ref, service_example

# The statuses that an action can end with, beside its success. 405, 413 and 414 concern the address or the server.
FAILURES = {
    "index": (400, 404, 406, 414, 503),
    "show": (400, 404, 406, 414, 503),
    "create": (400, 406, 409, 413, 414, 415, 422, 503),
    "replace": (400, 404, 406, 409, 412, 413, 414, 415, 422, 503),
    "patch": (400, 404, 406, 409, 412, 413, 414, 415, 422, 503),
    "destroy": (400, 404, 406, 409, 412, 414, 503),
    "merge": (400, 404, 406, 409, 412, 413, 414, 415, 422, 503),
    "unmerge": (400, 404, 406, 409, 412, 413, 414, 415, 422, 503),
    "duplicates": (400, 406, 414, 503),
    "": (406, 414),
}
SUCCESS = {"create": "201", "destroy": "204"}
READS = ("index", "show")
KEPT = (*READS, "duplicates")
MERGES = ("merge", "unmerge")
CACHED = ("ETag", "Cache-Control", "Cache-Status", "X-Request-ID")

HEADERS: dict[str, tuple[str, Schema]] = {
    "ETag": ("The strong validator of what was answered", {"type": "string", "pattern": '^"[^"]+"$'}),
    "Cache-Control": ("What caches may do with the answer", {"type": "string"}),
    "Cache-Status": ("What the response cache of the service did (RFC 9211)", {"type": "string"}),
    "Link": ("The pages around this one, or the record that stands in the way (RFC 8288)", {"type": "string"}),
    "Location": ("The address of the new record, or of the one that this was merged into", {"type": "string"}),
    "X-Total-Count": ("`meta.total` again", {"type": "integer", "minimum": 0}),
    "X-Request-ID": ("The id of this request: the caller's, or a fresh one", {"type": "string"}),
    "Retry-After": ("Seconds after which to try again", {"type": "integer", "minimum": 0}),
    "Allow": ("The methods that the address takes", {"type": "string"}),
}


def described(rule: Rule, method: str, operation: Operation, doc: str) -> Schema:
    summary, _, rest = doc.strip().partition("\n")
    resource = operation.resource
    operation_: Schema = {
        "operationId": rule.endpoint.replace(".", "_"),
        "summary": summary.rstrip("."),
        "tags": [resource.name if resource else operation.tag],
        "parameters": [
            *_path_parameters(rule, operation),
            *_query_parameters(operation),
            *_header_parameters(operation),
        ],
        "responses": _responses(operation),
    }
    told = [rest.strip(), _streams(resource) if resource and operation.action == "index" else ""]
    if any(told):
        operation_["description"] = "\n\n".join(filter(None, told))
    if resource and operation.action in ("create", "replace", "patch"):
        operation_["requestBody"] = _request_body(resource, operation.action, method)
    if operation.action in MERGES:
        content = {"schema": ref("schemas", operation.action.title()), "example": {"from": [2, 3]}}
        operation_["requestBody"] = {"required": operation.action == "merge", "content": {JSON: content}}
    return {name: value for name, value in operation_.items() if value != []}


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
        found.append(
            {"name": name, "in": "path", "required": True, "description": help_, "schema": schema, "example": example}
        )
    return found


def _query_parameters(operation: Operation) -> list[Schema]:
    own = [dict(parameter) for parameter in operation.parameters]
    resource = operation.resource
    if operation.action == "duplicates":
        return [ref("parameters", name) for name in ("limit", "cursor")]
    if not resource or operation.action not in READS:
        return own
    if operation.action == "show":
        return [ref("parameters", f"{resource.name}.fields"), *own]
    shared = [ref("parameters", name) for name in OF_PAGES]
    named = [ref("parameters", f"{resource.name}.{name}") for name in ("sort", "fields")]
    filters = [
        ref("parameters", parameter_key(resource, filter_, operator))
        for filter_ in resource.filters.values()
        for operator in filter_.operators
    ]
    return [*shared, *named, *own, *filters]


def _header_parameters(operation: Operation) -> list[Schema]:
    if operation.resource and operation.action in KEPT:
        return [_header_parameter("If-None-Match", "ETags that the client has; 304 where the answer is one of them")]
    if operation.action in ("replace", "patch", "destroy", *MERGES):
        return [
            _header_parameter(
                "If-Match", "The ETag of the full representation that was read; 412 where the record changed since"
            )
        ]
    return []


def _header_parameter(name: str, help_: str) -> Schema:
    schema = {"type": "string", "examples": ['"59fc9ba73f79dafa920c22d86c29919c"']}
    return {"name": name, "in": "header", "description": help_, "schema": schema}


def _request_body(resource: Resource, action: str, method: str) -> Schema:
    noun = noun_of(resource)
    schema = ref("schemas", {"create": f"New{noun}", "replace": f"{noun}Replacement", "patch": f"{noun}Patch"}[action])
    one = resource.patch_example if action == "patch" else example_of(resource, writable=True)
    examples: Schema = {"one": {"value": one}}
    if action == "create":
        schema = {"oneOf": [schema, {"type": "array", "minItems": 1, "maxItems": MOST_AT_ONCE, "items": schema}]}
        required = {name: one[name] for name, field in resource.fields.items() if field.required}
        examples["several"] = {"value": [one, required]}
    return {
        "required": True,
        "content": {media_type: {"schema": schema, "examples": examples} for media_type in media_types(method)},
    }


def _responses(operation: Operation) -> Schema:
    resource, action = operation.resource, operation.action
    success = SUCCESS.get(action, "200")
    found: Schema = {success: _success(operation)}
    if resource and action == "replace" and operation.by == "isbn":
        found["201"] = _created(resource, ref("schemas", noun_of(resource)))
    if (resource and action in KEPT) or operation.cached:
        found["304"] = {"description": "The client has this answer already", "headers": _headers(*CACHED)}
    addressed = operation.parent or (resource if action == "show" and operation.by == "id" else None)
    if addressed and addressed.merges is not None:
        found["308"] = {
            "description": f"The {addressed.noun} was merged into another one, and is there",
            "headers": _headers("Location", "Cache-Control", "X-Request-ID"),
        }
    failures = set(FAILURES[action]) | set(operation.problems)
    if action == "index" and not operation.parent:
        failures -= {404}
    if action == "replace" and operation.by == "isbn":
        failures -= {404}
    if operation.media_type != JSON:
        failures -= {503}
    found |= {str(status): ref("responses", f"Problem{status}") for status in sorted(failures)}
    return found


def _success(operation: Operation) -> Schema:
    resource, action = operation.resource, operation.action
    if resource is None:
        content = {"schema": ref("schemas", operation.gives), "example": service_example(operation.gives)}
        return {
            "description": "The answer",
            "headers": _headers(*(CACHED if operation.cached else ("X-Request-ID",))),
            "content": {operation.media_type: content},
        }
    noun = noun_of(resource)
    if action == "destroy":
        return {"description": f"The {resource.noun} is deleted", "headers": _headers("X-Request-ID")}
    if action == "create":
        batch = {
            "type": "object",
            "required": ["data"],
            "additionalProperties": False,
            "properties": {"data": {"type": "array", "items": ref("schemas", noun)}},
        }
        return _created(resource, {"oneOf": [ref("schemas", noun), batch]})
    if action == "index":
        return {
            "description": f"A page of {resource.name}",
            "headers": _headers(*CACHED, "Link", "X-Total-Count"),
            "content": {JSON: {"schema": ref("schemas", f"{noun}Page"), "example": example_page(resource)}},
        }
    if action == "duplicates":
        return {
            "description": f"A page of groups of {resource.name} that may be one and the same",
            "headers": _headers(*CACHED, "Link"),
            "content": {JSON: {"schema": ref("schemas", f"{noun}Duplicates"), "example": example_duplicates(resource)}},
        }
    names = CACHED if action == "show" else ("ETag", "X-Request-ID")
    schema = ref("schemas", f"Partial{noun}" if action == "show" else noun)
    return {
        "description": f"The {resource.noun}",
        "headers": _headers(*names),
        "content": {JSON: {"schema": schema, "example": example_of(resource)}},
    }


def _streams(resource: Resource) -> str:
    """That the list can be had whole, in words (CommonMark).

    As media types of the answer, beside JSON, they would make what typed clients get of a list a union: of a page, and
    of texts that nobody gets who did not ask for them.
    """
    forms = "\n".join(
        f"- `Accept: {form.media_type}` or `format={name}`: {(form.__doc__ or '').partition(chr(10))[0]}"
        for name, form in OF_LISTS.items()
    )
    pages = ", ".join(f"`{name}`" for name in OF_PAGES)
    return (
        f"All {resource.name} that meet the filters can be had at once instead of by pages, as a stream in the order "
        f"of `sort`, all of one moment:\n\n{forms}\n\n`fields` goes with that, and none of {pages}. A stream bears no "
        "`ETag`. One that cannot be sent to its end breaks off, without the last chunk or by a reset of the connection."
    )


def _created(resource: Resource, schema: Schema) -> Schema:
    return {
        "description": f"The new {resource.noun}, or the new {resource.name} of a batch, in order",
        "headers": _headers("Location", "ETag", "X-Request-ID"),
        "content": {JSON: {"schema": schema, "examples": {"one": {"value": example_of(resource)}}}},
        "links": {
            f"{action.title()}{noun_of(resource)}": {
                "operationId": f"{resource.name}_{action}",
                "parameters": {f"{resource.noun}_id": "$response.body#/id"},
                "description": f"The new {resource.noun}'s `id` is the one in the path",
            }
            for action in ("show", "replace", "patch")
        },
    }


def _headers(*names: str) -> Schema:
    return {name: ref("headers", name) for name in names}


def failures() -> Schema:
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
            "content": {MEDIA_TYPE: {"schema": ref("schemas", "Problem"), "example": example}},
        }
    return found
