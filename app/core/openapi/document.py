"""The whole OpenAPI document of an application."""

from __future__ import annotations

import json

from flask import Flask

from app.core.fields import Id
from app.core.records.idempotency import REPLAYED
from app.http.access.audience import ANONYMOUS

from .about import DESCRIPTION, NAME, SUMMARY, VERSION
from .describe import METHODS, Route, Schema, described_routes
from .parameters import KEY_PARAMETER, NOTE_PARAMETER
from .responses import KEY_PROBLEMS, NOTE_PROBLEMS, header_components, headers, problem_components, problem_responses
from .schemas import problem_schema
from .security import access_description, access_sentence, access_statuses, security_of, security_schemes


def document_json(app: Flask) -> bytes:
    """Return the document as JSON, made once for each application."""
    if "catalog.openapi" not in app.extensions:
        app.extensions["catalog.openapi"] = json.dumps(document(app), ensure_ascii=False).encode()
    return bytes(app.extensions["catalog.openapi"])


def document(app: Flask) -> Schema:
    """Return the document as a dictionary."""
    routes, anonymous = list(described_routes(app)), app.config[ANONYMOUS]
    tags = dict.fromkeys(route.operation.tag for route in routes)
    schemas = {"Problem": problem_schema(app.config["URL_PREFIX"])}
    parameters: dict[str, Schema] = {}
    paths: dict[str, Schema] = {}
    for route in sorted(routes, key=lambda route: (route.rule.rule, METHODS.index(route.method))):
        components = route.operation.components()
        schemas |= components.get("schemas", {})
        parameters |= components.get("parameters", {})
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(route, anonymous)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": NAME,
            "version": VERSION,
            "summary": SUMMARY,
            "description": f"{DESCRIPTION}\n\n{access_description(anonymous)}",
            "license": {"name": "MIT", "identifier": "MIT"},
        },
        "servers": [{"url": app.config["URL_PREFIX"] or "/"}],
        "tags": [tag._asdict() for tag in tags],
        "paths": paths,
        "components": {
            "schemas": schemas,
            "parameters": parameters,
            "headers": header_components(),
            "responses": problem_components(),
            "securitySchemes": security_schemes(),
        },
    }


def _operation(route: Route, anonymous: str) -> Schema:
    operation = route.operation
    summary, _, rest = route.docstring.strip().partition("\n")
    texts = (rest.strip(), operation.description(), access_sentence(route.right))
    members = {
        "operationId": route.operation_id,
        "summary": summary.rstrip("."),
        "description": "\n\n".join(filter(None, texts)),
        "tags": [operation.tag.name],
        "parameters": [*_id_parameters(route), *operation.parameters(), *_header_parameters(route)],
        "requestBody": operation.request_body(route.method),
        "responses": _responses(route),
        "security": security_of(route.right, anonymous),
    }
    return {name: value for name, value in members.items() if value}


def _responses(route: Route) -> Schema:
    operation = route.operation
    problems = operation.problems | access_statuses(route.right, route.method)
    problems |= NOTE_PROBLEMS if route.takes_note else frozenset()
    if not route.takes_key:
        return operation.responses() | problem_responses(problems)
    replayed = {
        status: {**response, "headers": {**response.get("headers", {}), **headers(REPLAYED)}}
        for status, response in operation.responses().items()
        if status.startswith("2")
    }
    return operation.responses() | replayed | problem_responses(problems | KEY_PROBLEMS)


def _header_parameters(route: Route) -> list[Schema]:
    """Return the header parameters that every operation of this kind takes."""
    return [KEY_PARAMETER] * route.takes_key + [NOTE_PARAMETER] * route.takes_note


def _id_parameters(route: Route) -> list[Schema]:
    """Return the parameters of a path that are ids: arguments named ``…_id``."""
    return [
        {
            "name": name,
            "in": "path",
            "required": True,
            "description": f"The {name.removesuffix('_id')}'s id",
            "schema": Id().json_schema(sent=True),
            "example": 1,
        }
        for name in sorted(route.rule.arguments)
        if name.endswith("_id")
    ]
