"""The file of rejected records, as an attachment."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import BinaryIO

from app.http.headers.negotiation import require_acceptable
from app.http.problems import Conflict, Gone, NotFound
from app.http.responses import Stream, StreamResponse
from app.transfer.import_job.folder import REJECTS, folder_path
from app.transfer.uploads.representation import RETRY_SECONDS, ImportRow

PIECE_BYTES = 64 * 1024
# Media type and suffix by the name of the format.
TYPES = {
    "csv": ("text/csv; charset=utf-8", "csv"),
    "tsv": ("text/tab-separated-values; charset=utf-8", "tsv"),
    "ndjson": ("application/x-ndjson", "ndjson"),
    "json": ("application/json", "json"),
    "openlibrary": ("text/tab-separated-values; charset=utf-8", "txt"),
    "marc": ("application/marc", "mrc"),
    "marcxml": ("application/marcxml+xml", "xml"),
}


def rejects_response(row: ImportRow) -> StreamResponse:
    """Return the response with the rejects of an import.

    Raises `Conflict` while it is queued or running, `NotFound` if no record was rejected, and `Gone` if the file was
    removed.
    """
    if row.is_active:
        detail = f"The import is {row.state}; its rejects are complete when it has ended. Try again soon."
        raise Conflict(detail, headers=[("Retry-After", str(RETRY_SECONDS))])
    if row.payload.get("removed"):
        raise Gone("The files of this import were deleted. Import the file again to get its rejects.")
    if not row.has_rejects:
        raise NotFound("No record of this import was rejected, so it has no file of rejects.")
    media_type, suffix = TYPES[row.payload["rejects_format"]]
    require_acceptable(media_type.partition(";")[0])
    try:
        file = (folder_path(row.payload["folder"]) / REJECTS).open("rb")
    except FileNotFoundError:
        detail = (
            "The rejects of this import were removed, because it ended long ago. Import the file again to get them."
        )
        raise Gone(detail) from None
    size = file.seek(0, 2)
    file.seek(0)
    headers = [
        ("Content-Type", media_type),
        ("Content-Length", str(size)),
        ("Content-Disposition", f'attachment; filename="import-{row.id}-rejects.{suffix}"'),
    ]
    return StreamResponse(Stream(_pieces(file), file.close), headers)


def _pieces(file: BinaryIO) -> Iterator[bytes]:
    return iter(partial(file.read, PIECE_BYTES), b"")
