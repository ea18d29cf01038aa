"""A reader of the OpenAPI document, which follows references and validates values."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from jsonschema import Draft202012Validator, FormatChecker
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

from app.authors.resource import AUTHORS
from app.books.resource import BOOKS

Schema = dict[str, Any]

METHODS = ("get", "post", "put", "patch", "delete")

RESOURCES = (AUTHORS, BOOKS)

LISTS = (("/authors", AUTHORS), ("/books", BOOKS), ("/authors/{author_id}/books", BOOKS))


class Reader:
    """Looks up parts of the document, following references."""

    def __init__(self, spec: Schema) -> None:
        self.spec = spec
        root = Resource.from_contents(spec, default_specification=DRAFT202012)
        self.registry = Registry().with_resource("urn:spec", root)

    def resolve(self, node: Schema) -> Schema:
        while "$ref" in node:
            target: Any = self.spec
            for step in node["$ref"].removeprefix("#/").split("/"):
                target = target[step.replace("~1", "/").replace("~0", "~")]
            node = target
        return node

    def operations(self) -> Iterator[tuple[str, str, Schema]]:
        for path, methods in self.spec["paths"].items():
            for method in METHODS:
                if method in methods:
                    yield path, method, methods[method]

    def parameters(self, operation: Schema) -> list[Schema]:
        return [self.resolve(parameter) for parameter in operation.get("parameters", [])]

    def responses(self, operation: Schema) -> dict[str, Schema]:
        return {status: self.resolve(response) for status, response in operation["responses"].items()}

    def contents(self, operation: Schema) -> Iterator[Schema]:
        """The media type objects of the request body and of all responses."""
        for holder in (operation.get("requestBody", {}), *self.responses(operation).values()):
            yield from holder.get("content", {}).values()

    def faults(self, value: Any, schema: Schema) -> list[str]:
        """The errors of a value against a schema of the document."""
        absolute = json.loads(json.dumps(schema).replace('"$ref": "#/', '"$ref": "urn:spec#/'))
        formats = FormatChecker(["date-time", "date"])
        validator = Draft202012Validator(absolute, registry=self.registry, format_checker=formats)
        return [f"{error.json_path}: {error.message}" for error in validator.iter_errors(value)]


def examples_of(holder: Schema) -> list[Any]:
    """The examples of a parameter or media type object, and those of its schema."""
    examples = [holder["example"]] if "example" in holder else []
    examples += [example["value"] for example in holder.get("examples", {}).values()]
    return examples + holder.get("schema", {}).get("examples", [])
