"""The operation that lists the audit."""

from __future__ import annotations

from app.core.openapi.describe import Components, Schema, Tag
from app.core.openapi.operations import ListRecords, json_content
from app.core.openapi.responses import CACHED, headers, not_modified
from app.core.openapi.schemas import page_example, page_schema, received_example, record_schemas, ref

from .resource import AUDIT

RECORD, PAGE = "AuditedChange", "AuditPage"


class ListAudit(ListRecords):
    """The audit, by pages or as a stream, in one order."""

    def __init__(self) -> None:
        super().__init__(AUDIT)
        self.tag = Tag(AUDIT.name, "Every change with its account, for administrators.")
        self.plural = "changes"

    def responses(self) -> dict[str, Schema]:
        page = {
            "description": "A page of changes",
            "headers": headers(*CACHED, "Link"),
            "content": json_content(PAGE, page_example(AUDIT, [received_example(AUDIT)])),
        }
        return {"200": page} | not_modified()

    def components(self) -> Components:
        record = record_schemas(AUDIT)[f"Partial{self.name}"]
        return {
            "schemas": {RECORD: record, PAGE: page_schema(ref("schemas", RECORD))},
            "parameters": self._parameters(),
        }
