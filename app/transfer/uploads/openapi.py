"""The operations of imports."""

from __future__ import annotations

from typing import Any

from app.core.fields import Id
from app.core.openapi import Tag
from app.core.openapi.describe import Components, Operation, Schema
from app.core.openapi.operations import DRY_RUN_PARAMETER, json_content
from app.core.openapi.parameters import page_parameters
from app.core.openapi.responses import headers
from app.core.openapi.schemas import STRING, object_schema, or_null, page_schema, ref
from app.core.parameters import LIMIT_DEFAULT
from app.http.headers.prefer import PREFER
from app.transfer.imports.formats.registry import FORMAT_LABELS
from extensions.jobs.table import STATES

from .files.multipart import FILE
from .files.receive import MULTIPART
from .files.rejects import TYPES
from .options import MAP, MAP_FORM, SKIP, UPDATE
from .representation import COUNTS
from .waiting import LONGEST_WAIT

IMPORTS = Tag("imports", "Files of books and authors, imported in the background.")
COUNT: Schema = {"type": "integer", "minimum": 0}
TIMESTAMP: Schema = {"type": "string", "format": "date-time"}
WARNING = object_schema(
    {"code": STRING, "count": COUNT, "detail": STRING, "rows": {"type": "array", "items": {"type": "integer"}}}
)
IMPORT = object_schema(
    {
        "id": Id().json_schema(sent=False),
        "state": {"type": "string", "enum": list(STATES)},
        "file": {**or_null(STRING), "description": "The name of the file, if the client sent one"},
        "format": {**or_null(STRING), "description": "What the file was taken for: a value of the parameter `format`"},
        "progress": object_schema({"bytes": COUNT, "of": COUNT, "records": COUNT}),
        "counts": object_schema(dict.fromkeys(COUNTS, COUNT)),
        "warnings": {"type": "array", "items": WARNING, "description": "Each with the first ten rows that it is about"},
        "reasons": {"type": "object", "additionalProperties": COUNT, "description": "Records rejected, by reason"},
        "error": {**or_null(STRING), "description": "Why the import failed"},
        "dry_run": {"type": "boolean"},
        "created_at": TIMESTAMP,
        "started_at": or_null(TIMESTAMP),
        "finished_at": or_null(TIMESTAMP),
        "links": object_schema({"self": STRING, "rejects": or_null(STRING), "changes": or_null(STRING)}),
    }
)
EXAMPLE: dict[str, Any] = {
    "id": 17,
    "state": "succeeded",
    "file": "books.csv",
    "format": "csv",
    "progress": {"bytes": 1830, "of": 1830, "records": 20},
    "counts": {"read": 20, "created": 17, "updated": 1, "unchanged": 1, "skipped": 0, "rejected": 1},
    "warnings": [
        {"code": "date_rewritten", "count": 2, "detail": "dates rewritten (`March 1999` → `1999-03`)", "rows": [2, 7]}
    ],
    "reasons": {"isbn: The check digit is wrong.": 1},
    "error": None,
    "dry_run": False,
    "created_at": "2026-01-31T12:00:00+00:00",
    "started_at": "2026-01-31T12:00:01+00:00",
    "finished_at": "2026-01-31T12:00:02+00:00",
    "links": {"self": "/imports/17", "rejects": "/imports/17/rejects", "changes": "/changes?since=812"},
}
FILE_EXAMPLE = "title,authors,isbn\nEmma,Jane Austen,9780141439587\n"
REJECTS_EXAMPLE = "reject_line,reject_field,reject_value,reject_reason,title\n3,title,,title is required,\n"
PAGE_EXAMPLE = {
    "data": [EXAMPLE],
    "meta": {"count": 1, "limit": LIMIT_DEFAULT},
    "links": {"self": "/imports", "next": None, "prev": None},
}


def _query(name: str, description: str, schema: Schema) -> Schema:
    return {"name": name, "in": "query", "description": description, "schema": schema}


OPTIONS = (
    _query(
        "format",
        "The format of the file, if it is detected wrongly",
        {"type": "string", "enum": [*FORMAT_LABELS], "examples": ["csv"]},
    ),
    _query(
        "source",
        "A name for the origin of the file, under which the ids of its rows are stored in `identifiers`",
        {"type": "string", "pattern": "^[a-z0-9_.-]{1,50}$", "examples": ["my-shop"]},
    ),
    _query(
        "on_conflict",
        f"`{UPDATE}` updates a record that is in the catalog with the fields of the file; `{SKIP}` leaves it as it is",
        {"type": "string", "enum": [UPDATE, SKIP], "default": UPDATE, "examples": [SKIP]},
    ),
    {**DRY_RUN_PARAMETER, "description": "`true` reports what would happen, and changes nothing"},
    _query("encoding", "The encoding of the file", {"type": "string", "examples": ["utf-8", "cp1252"]}),
    _query("delimiter", "The character between cells, or `tab`", {"type": "string", "examples": [";", "tab"]}),
)


class ImportOperation(Operation):
    """An operation on an import of the client."""

    tag = IMPORTS
    problems = frozenset({400, 404, 406, 414, 503})

    def components(self) -> Components:
        return {"schemas": {"Import": IMPORT}}

    def import_response(self, description: str, *names: str) -> Schema:
        """Return a response with the import, and headers."""
        return {
            "description": description,
            "headers": headers("Cache-Control", "Retry-After", "X-Request-ID", *names),
            "content": json_content("Import", EXAMPLE),
        }


class CreateImport(ImportOperation):
    """The upload of a file."""

    problems = frozenset({400, 406, 409, 413, 414, 422, 503})

    def parameters(self) -> list[Schema]:
        wait = f"`wait=5` waits up to 5 seconds for the end of the import (RFC 7240), at most {LONGEST_WAIT}"
        prefer = {"name": PREFER, "in": "header", "description": wait, "schema": {**STRING, "examples": ["wait=1"]}}
        return [*OPTIONS, prefer]

    def description(self) -> str:
        return (
            f"The parameter `{MAP_FORM}` names the column of a field, such as `{MAP}title=Book-Title`; it may be sent "
            "for several fields. A file that no format fits is 422 at once, and nothing of it is kept."
        )

    def request_body(self, method: str) -> Schema:
        form = {
            "type": "object",
            "required": [FILE],
            "additionalProperties": False,
            "properties": {FILE: {"type": "string", "contentMediaType": "application/octet-stream"}},
        }
        file = {"schema": {}, "example": FILE_EXAMPLE}
        content = {"application/octet-stream": file, MULTIPART: {"schema": form, "example": {FILE: FILE_EXAMPLE}}}
        return {"required": True, "content": content}

    def responses(self) -> dict[str, Schema]:
        ended = "The import has ended within the time that `Prefer` names"
        return {
            "202": self.import_response("The import, which begins in the background", "Location"),
            "200": self.import_response(ended, "Location"),
        }


class ListImports(ImportOperation):
    """The imports of the client."""

    problems = frozenset({400, 406, 414, 503})

    def parameters(self) -> list[Schema]:
        state = _query(
            "state", "Only imports in this state", {"type": "string", "enum": list(STATES), "examples": ["running"]}
        )
        return [*(page_parameters()[name] for name in ("limit", "cursor")), state]

    def responses(self) -> dict[str, Schema]:
        page = {
            "description": "A page of imports",
            "headers": headers("Cache-Control", "Link", "X-Request-ID"),
            "content": json_content("ImportPage", PAGE_EXAMPLE),
        }
        return {"200": page}

    def components(self) -> Components:
        return {"schemas": {"Import": IMPORT, "ImportPage": page_schema(ref("schemas", "Import"))}}


class ReadImport(ImportOperation):
    """One import."""

    def responses(self) -> dict[str, Schema]:
        return {"200": self.import_response("The import")}


class ReadRejects(ImportOperation):
    """The file of rejected records."""

    problems = ImportOperation.problems | {409, 410}

    def responses(self) -> dict[str, Schema]:
        media_types = dict.fromkeys(media_type.partition(";")[0] for media_type, _ in TYPES.values())
        file = {
            "description": "The rejected records, with the reasons",
            "headers": headers("Cache-Control", "X-Request-ID"),
            "content": {media_type: {"schema": {}, "example": REJECTS_EXAMPLE} for media_type in media_types},
        }
        return {"200": file}


class CancelImport(ImportOperation):
    """The cancellation of an import."""

    problems = ImportOperation.problems | {409}

    def responses(self) -> dict[str, Schema]:
        return {"202": self.import_response("The import, which ends soon")}


class DeleteImport(ImportOperation):
    """The deletion of an import."""

    problems = ImportOperation.problems | {409}

    def responses(self) -> dict[str, Schema]:
        return {"204": {"description": "The import is deleted", "headers": headers("X-Request-ID")}}
