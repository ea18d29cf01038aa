"""The operations of resources: list, create, read, replace, patch, delete."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from app.core.formats import LIST_FORMATS
from app.core.parameters import PAGE_PARAMETERS
from app.core.query.parse import DRY_RUN
from app.core.records.write import BATCH_MOST
from app.core.resource import Resource
from app.http.body import JSON, media_types

from .describe import Components, Operation, Schema, Tag
from .parameters import fields_parameter, header_parameter, list_parameters
from .responses import CACHED, headers, not_modified
from .schemas import page_example, received_example, record_schemas, ref, schema_name, sent_example

WRITES = frozenset({400, 403, 404, 406, 409, 412, 413, 414, 415, 422, 503})

IF_NONE_MATCH = header_parameter("If-None-Match", "ETags of responses that the client has; 304 if one matches")
IF_MATCH = header_parameter(
    "If-Match", "The ETag of the full representation that was read; 412 if the record has changed"
)

DRY_RUN_PARAMETER: Schema = {
    "name": DRY_RUN,
    "in": "query",
    "description": "`true` shows the result and changes nothing",
    "schema": {"type": "string", "enum": ["true", "false"], "examples": ["true"]},
}


class ResourceOperation(Operation):
    """An operation on a resource, tagged with its name."""

    def __init__(self, resource: Resource) -> None:
        self.resource = resource
        self.tag = Tag(resource.name, f"The {resource.name} of the catalog.")

    @property
    def name(self) -> str:
        """The name of the schema of a record."""
        return schema_name(self.resource)

    def schema_components(self, *names: str) -> Components:
        """Return some of the resource's schemas."""
        schemas = record_schemas(self.resource)
        return {"schemas": {name: schemas[name] for name in names}}

    def record_response(self, schema: str, *names: str) -> Schema:
        """Return the response with one record, and headers."""
        return {
            "description": f"The {self.resource.noun}",
            "headers": headers(*names),
            "content": json_content(schema, received_example(self.resource)),
        }

    def created_response(self, schema: Schema) -> Schema:
        """Return the response 201, with links to the operations on the new record."""
        noun, resource = self.resource.noun, self.resource.name
        return {
            "description": f"The new {noun}, or the new {resource} of a batch, in order",
            "headers": headers("Location", "ETag", "X-Request-ID"),
            "content": {
                JSON: {"schema": schema, "examples": {"one": {"value": received_example(self.resource)}}},
            },
            "links": {
                f"{action.title()}{self.name}": {
                    "operationId": f"{resource}_{action}",
                    "parameters": {f"{noun}_id": "$response.body#/id"},
                    "description": f"The `id` of the new {noun} is the one in the path",
                }
                for action in ("show", "replace", "patch")
            },
        }

    def moved_response(self, resource: Resource) -> dict[str, Schema]:
        """Return the response 308 of a merged record, if the resource has merges."""
        if resource.merges is None:
            return {}
        description = f"The {resource.noun} was merged into another one, which is at `Location`"
        return {"308": {"description": description, "headers": headers("Location", "Cache-Control", "X-Request-ID")}}


class ListRecords(ResourceOperation):
    """A list, by pages or as a stream.

    With a `parent`, it contains the records that belong to one parent record.
    """

    def __init__(self, resource: Resource, parent: Resource | None = None) -> None:
        super().__init__(resource)
        self.parent = parent
        self.plural = resource.name  # in sentences
        self.problems = frozenset({400, 406, 414, 503} | ({404} if parent else set()))

    def parameters(self) -> list[Schema]:
        return [*(ref("parameters", name) for name in self._parameters()), IF_NONE_MATCH]

    def responses(self) -> dict[str, Schema]:
        example = page_example(self.resource, [received_example(self.resource)])
        page = {
            "description": f"A page of {self.resource.name}",
            "headers": headers(*CACHED, "Link", "X-Total-Count"),
            "content": json_content(f"{self.name}Page", example),
        }
        return {"200": page} | not_modified() | (self.moved_response(self.parent) if self.parent else {})

    def description(self) -> str:
        # Not declared as media types beside JSON: generated clients would return a union of a page and text, although
        # they only receive text if they request it.
        formats = "\n".join(
            f"- `Accept: {format_.media_type}` or `format={name}`: {(format_.__doc__ or '').partition(chr(10))[0]}"
            for name, format_ in LIST_FORMATS.items()
        )
        pages = ", ".join(f"`{name}`" for name in PAGE_PARAMETERS if name in self.resource.parameters)
        order = "the order of `sort`" if self.resource.sorts else "the same order"
        return (
            f"All {self.plural} that match the filters are also available as one stream instead of pages, in {order}, "
            f"from one snapshot of the database:\n\n{formats}\n\n`fields` is allowed with a stream, but not {pages}. A "
            "stream has no `ETag`. If it fails, it ends without the last chunk, or with a reset of the connection."
        )

    def components(self) -> Components:
        return {**self.schema_components(f"Partial{self.name}", f"{self.name}Page"), "parameters": self._parameters()}

    def _parameters(self) -> dict[str, Schema]:
        return list_parameters(self.resource)


class ReadRecord(ResourceOperation):
    """One record, by id or by the path parameter `by`."""

    problems = frozenset({400, 404, 406, 414, 503})

    def __init__(self, resource: Resource, by: Schema | None = None) -> None:
        super().__init__(resource)
        self.by = by

    def parameters(self) -> list[Schema]:
        fields = [ref("parameters", name) for name in fields_parameter(self.resource)]
        return [*_present(self.by), *fields, IF_NONE_MATCH]

    def responses(self) -> dict[str, Schema]:
        moved = {} if self.by else self.moved_response(self.resource)
        return {"200": self.record_response(f"Partial{self.name}", *CACHED)} | not_modified() | moved

    def components(self) -> Components:
        return {**self.schema_components(f"Partial{self.name}"), "parameters": fields_parameter(self.resource)}


class CreateRecords(ResourceOperation):
    """A new record, or a batch of them."""

    problems = WRITES - {404, 412}

    def request_body(self, method: str) -> Schema:
        new = ref("schemas", f"New{self.name}")
        schema = {"oneOf": [new, {"type": "array", "minItems": 1, "maxItems": BATCH_MOST, "items": new}]}
        example = sent_example(self.resource)
        required = {name: example[name] for name, field in self.resource.inputs.items() if field.required}
        return body_of(method, schema, {"one": example, "several": [example, required]})

    def responses(self) -> dict[str, Schema]:
        record = ref("schemas", self.name)
        batch = {
            "type": "object",
            "required": ["data"],
            "additionalProperties": False,
            "properties": {"data": {"type": "array", "items": record}},
        }
        return {"201": self.created_response({"oneOf": [record, batch]})}

    def components(self) -> Components:
        return self.schema_components(self.name, f"New{self.name}")


class ReplaceRecord(ResourceOperation):
    """A whole record, by id or by the path parameter `by`.

    With `by`, a missing record is created.
    """

    def __init__(self, resource: Resource, by: Schema | None = None) -> None:
        super().__init__(resource)
        self.by = by
        self.problems = WRITES - {404} if by else WRITES

    def parameters(self) -> list[Schema]:
        return [*_present(self.by), IF_MATCH]

    def request_body(self, method: str) -> Schema:
        schema = ref("schemas", f"{self.name}Replacement")
        return body_of(method, schema, {"one": sent_example(self.resource)})

    def responses(self) -> dict[str, Schema]:
        created = {"201": self.created_response(ref("schemas", self.name))} if self.by else {}
        return {"200": self.record_response(self.name, "ETag", "X-Request-ID")} | created

    def components(self) -> Components:
        return self.schema_components(self.name, f"{self.name}Replacement")


class PatchRecord(ResourceOperation):
    """Some fields of a record."""

    problems = WRITES

    def parameters(self) -> list[Schema]:
        return [IF_MATCH]

    def request_body(self, method: str) -> Schema:
        return body_of(method, ref("schemas", f"{self.name}Patch"), {"one": self.resource.patch_example})

    def responses(self) -> dict[str, Schema]:
        return {"200": self.record_response(self.name, "ETag", "X-Request-ID")}

    def components(self) -> Components:
        return self.schema_components(self.name, f"{self.name}Patch")


class DeleteRecord(ResourceOperation):
    """The deletion of a record."""

    problems = frozenset({400, 403, 404, 406, 409, 412, 414, 503})

    def __init__(self, resource: Resource, *parameters: Schema) -> None:
        super().__init__(resource)
        self.further_parameters = parameters

    def parameters(self) -> list[Schema]:
        return [*self.further_parameters, IF_MATCH]

    def responses(self) -> dict[str, Schema]:
        description = f"The {self.resource.noun} is deleted"
        return {"204": {"description": description, "headers": headers("X-Request-ID")}}


class ReadDocument(Operation):
    """A small document about the service."""

    def __init__(
        self,
        tag: Tag,
        schemas: dict[str, Schema],
        example: Any,
        *parameters: Schema,
        problems: Iterable[int] = (),
        media_type: str = JSON,
        cached: bool = False,
    ) -> None:
        """The first of the `schemas` is that of the document.

        `cached`: it has an ETag, and caches may store it.
        """
        self.tag, self.schemas, self.example = tag, schemas, example
        self.further_parameters = list(parameters)
        self.problems = Operation.problems | set(problems)
        self.media_type, self.cached = media_type, cached

    def parameters(self) -> list[Schema]:
        return self.further_parameters

    def responses(self) -> dict[str, Schema]:
        content = {"schema": ref("schemas", next(iter(self.schemas))), "example": self.example}
        document = {
            "description": "The document",
            "headers": headers(*(CACHED if self.cached else ("X-Request-ID",))),
            "content": {self.media_type: content},
        }
        return {"200": document} | (not_modified() if self.cached else {})

    def components(self) -> Components:
        return {"schemas": self.schemas}


def json_content(schema: str, example: Any) -> Schema:
    """Return the content of a response by the name of its schema."""
    return {JSON: {"schema": ref("schemas", schema), "example": example}}


def body_of(method: str, schema: Schema, examples: dict[str, Any]) -> Schema:
    """Return a required body in all media types that a method takes."""
    content = {"schema": schema, "examples": {name: {"value": value} for name, value in examples.items()}}
    return {"required": True, "content": dict.fromkeys(media_types(method), content)}


def _present(parameter: Schema | None) -> list[Schema]:
    return [] if parameter is None else [parameter]
