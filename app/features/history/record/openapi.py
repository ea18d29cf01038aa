"""The operations on the history of one record."""

from __future__ import annotations

from app.core.fields import Id
from app.core.openapi.describe import Components, Schema
from app.core.openapi.operations import DRY_RUN_PARAMETER, IF_MATCH, WRITES, ResourceOperation, body_of, json_content
from app.core.openapi.parameters import page_parameters
from app.core.openapi.responses import headers
from app.core.openapi.schemas import object_schema, page_example, page_schema, received_example, ref
from app.features.history.schema import CHANGE, CHANGE_EXAMPLE

from .request import MEMBERS, UNDO, VERSION

PARAMETERS = ("limit", "cursor")


def change_example(resource: str) -> Schema:
    """Return an example of a change of a record."""
    changed = {
        "changed": ["identifiers"],
        "before": {"identifiers": {}},
        "after": {"identifiers": {"viaf": ["68936177"]}},
    }
    return {**CHANGE_EXAMPLE, "position": 17, "resource": resource, **changed}


class ListChangesOfRecord(ResourceOperation):
    """The changes of a record, by pages."""

    problems = frozenset({400, 404, 406, 414, 503})

    def parameters(self) -> list[Schema]:
        return [ref("parameters", name) for name in PARAMETERS]

    def responses(self) -> dict[str, Schema]:
        example = page_example(self.resource, [change_example(self.resource.name)])
        page = {
            "description": f"A page of changes of the {self.resource.noun}",
            "headers": headers("Cache-Control", "Link", "X-Request-ID"),
            "content": json_content("ChangesOfRecord", example),
        }
        return {"200": page}

    def components(self) -> Components:
        parameters = page_parameters()
        return {
            "schemas": {"Change": CHANGE, "ChangesOfRecord": page_schema(ref("schemas", "Change"))},
            "parameters": {name: parameters[name] for name in PARAMETERS},
        }


class ReadVersion(ResourceOperation):
    """A record as it was after one of its changes."""

    problems = frozenset({400, 404, 406, 410, 414, 503})

    def parameters(self) -> list[Schema]:
        return [
            {
                "name": "position",
                "in": "path",
                "required": True,
                "description": f"The position of a change of the {self.resource.noun}",
                "schema": Id().json_schema(sent=True),
                "example": 17,
            }
        ]

    def responses(self) -> dict[str, Schema]:
        return {
            "200": {
                "description": f"The {self.resource.noun} after the change",
                "headers": headers("Cache-Control", "X-Request-ID"),
                "content": json_content(self.name, received_example(self.resource)),
            }
        }

    def components(self) -> Components:
        return self.schema_components(self.name)


class RestoreRecord(ResourceOperation):
    """The restoration of a version, or the undoing of a change."""

    problems = WRITES | {410}

    def parameters(self) -> list[Schema]:
        return [DRY_RUN_PARAMETER, IF_MATCH]

    def request_body(self, method: str) -> Schema:
        examples = {name: {name: field.example} for name, field in MEMBERS.items()}
        return body_of(method, ref("schemas", "Restoration"), examples)

    def responses(self) -> dict[str, Schema]:
        return {"200": self.record_response(self.name, "ETag", "X-Request-ID")}

    def components(self) -> Components:
        one_of = [
            object_schema({name: {**MEMBERS[name].type.json_schema(sent=True), "description": MEMBERS[name].help}})
            for name in (VERSION, UNDO)
        ]
        schemas = self.schema_components(self.name)["schemas"]
        return {"schemas": {**schemas, "Restoration": {"oneOf": one_of}}}
