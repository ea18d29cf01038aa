"""The whole document."""

from __future__ import annotations

import json
import re

from flask import Flask
from werkzeug.routing import Rule

from app.version import NAME, VERSION

from . import operations, parameters, schemas
from .schemas import Schema

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")


def text(app: Flask) -> bytes:
    """The document as JSON."""
    if "catalog.openapi" not in app.extensions:
        app.extensions["catalog.openapi"] = json.dumps(document(app), ensure_ascii=False).encode()
    return bytes(app.extensions["catalog.openapi"])


def document(app: Flask) -> Schema:
    """The document as a dictionary."""
    routes = [
        (rule, method, operation, app.view_functions[rule.endpoint])
        for rule in app.url_map.iter_rules()
        if (operation := getattr(app.view_functions[rule.endpoint], "operation", None))
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"})
    ]
    resources = {operation.resource.name: operation.resource for _, _, operation, _ in routes if operation.resource}
    paths: dict[str, Schema] = {}
    for rule, method, operation, view in sorted(routes, key=lambda item: (item[0].rule, METHODS.index(item[1]))):
        described = operations.described(rule, method, operation, view.__doc__ or "")
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
            {"name": "search", "description": "Titles and names for a search box."},
            {"name": "service", "description": "The service itself."},
        ],
        "paths": paths,
        "components": {
            "schemas": {**schemas.of_service(), **schemas.of_resources(resources)},
            "parameters": {**parameters.of_pages(resources), **parameters.of_filters(resources)},
            "headers": {
                name: {"description": text, "schema": schema} for name, (text, schema) in operations.HEADERS.items()
            },
            "responses": operations.failures(),
        },
    }


def _path(rule: Rule) -> str:
    return re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule)
