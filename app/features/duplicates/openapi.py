"""The operation that lists duplicates."""

from __future__ import annotations

from app.core.openapi.describe import Components, Schema
from app.core.openapi.operations import IF_NONE_MATCH, ResourceOperation, json_content
from app.core.openapi.parameters import page_parameters
from app.core.openapi.responses import CACHED, headers, not_modified
from app.core.openapi.schemas import object_schema, page_example, page_schema, received_example, ref

from .page import MEMBERS_MOST
from .search import REASONS

PARAMETERS = ("limit", "cursor")


class ListDuplicates(ResourceOperation):
    """Groups of probable duplicates, by pages."""

    problems = frozenset({400, 406, 414, 503})

    def parameters(self) -> list[Schema]:
        return [*(ref("parameters", name) for name in PARAMETERS), IF_NONE_MATCH]

    def responses(self) -> dict[str, Schema]:
        record = received_example(self.resource)
        group = {
            "score": 0.9,
            "reasons": ["shared_identifier"],
            "count": 2,
            self.resource.name: [record, {**record, "id": record["id"] + 1}],
        }
        page = {
            "description": f"A page of groups of {self.resource.name} that are probably duplicates",
            "headers": headers(*CACHED, "Link"),
            "content": json_content(f"{self.name}Duplicates", page_example(self.resource, [group])),
        }
        return {"200": page} | not_modified()

    def components(self) -> Components:
        parameters = page_parameters()
        record = self.schema_components(self.name)["schemas"]
        return {
            "schemas": {**record, f"{self.name}Duplicates": page_schema(self._group())},
            "parameters": {name: parameters[name] for name in PARAMETERS},
        }

    def _group(self) -> Schema:
        return object_schema(
            {
                "score": {
                    "type": "number",
                    "minimum": 0,
                    "maximum": 1,
                    "description": "How likely they are duplicates, relative to other groups",
                },
                "reasons": {
                    "type": "array",
                    "minItems": 1,
                    "uniqueItems": True,
                    "items": {"type": "string", "enum": list(REASONS)},
                    "description": " ".join(f"`{name}`: {text}" for name, text in REASONS.items()),
                },
                "count": {"type": "integer", "minimum": 2, "description": "The number of records in the group"},
                self.resource.name: {
                    "type": "array",
                    "minItems": 2,
                    "maxItems": MEMBERS_MOST,
                    "items": ref("schemas", self.name),
                    "description": f"The records of the group, at most {MEMBERS_MOST} of them",
                },
            }
        )
