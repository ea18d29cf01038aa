"""The operations that merge records and undo it."""

from __future__ import annotations

from typing import ClassVar

from app.core.fields import Id
from app.core.openapi.describe import Components, Schema
from app.core.openapi.operations import DRY_RUN_PARAMETER, IF_MATCH, WRITES, ResourceOperation
from app.core.openapi.schemas import object_schema, or_null, ref
from app.http.body import JSON

from .request import FROM, MERGED_MOST

IDS: Schema = {
    "type": "array",
    "minItems": 1,
    "maxItems": MERGED_MOST,
    "uniqueItems": True,
    "items": Id().json_schema(sent=True),
}


class MergeRecords(ResourceOperation):
    """Merges records into one."""

    problems = WRITES
    schema = "Merge"
    body: ClassVar[Schema] = object_schema(
        {FROM: {**IDS, "description": "The ids of the records to merge into this one"}}
    )
    needs_body = True

    def parameters(self) -> list[Schema]:
        return [DRY_RUN_PARAMETER, IF_MATCH]

    def request_body(self, method: str) -> Schema:
        content = {"schema": ref("schemas", self.schema), "example": {FROM: [2, 3]}}
        return {"required": self.needs_body, "content": {JSON: content}}

    def responses(self) -> dict[str, Schema]:
        return {"200": self.record_response(self.name, "ETag", "X-Request-ID")}

    def components(self) -> Components:
        return {"schemas": {**self.schema_components(self.name)["schemas"], self.schema: self.body}}


class UnmergeRecords(MergeRecords):
    """Undoes merges into a record."""

    schema = "Unmerge"
    body: ClassVar[Schema] = {
        **object_schema(
            {
                FROM: {
                    **or_null(IDS),
                    "description": "The ids of the records to restore, which must be the latest that were merged; by "
                    "default those of the latest merge request",
                }
            }
        ),
        "required": [],
    }
    needs_body = False
