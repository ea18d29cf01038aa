"""The representation of an import in JSON."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, NamedTuple

from app.http.urls import link

COLUMNS = "id, state, account_id, payload, progress, result, error, created_at, started_at, finished_at"
ACTIVE = ("queued", "running")
COUNTS = ("read", "created", "updated", "unchanged", "skipped", "rejected")
RETRY_SECONDS = 1  # after which a client may ask again for an import that is queued or running


class ImportRow(NamedTuple):
    """A row of ``jobs`` with the `COLUMNS`."""

    id: int
    state: str
    account_id: int | None
    payload: dict[str, Any]
    progress: dict[str, Any]
    result: dict[str, Any] | None
    error: str | None
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None

    @property
    def is_active(self) -> bool:
        """Whether the import is queued or running."""
        return self.state in ACTIVE

    @property
    def report(self) -> dict[str, Any]:
        """What the import has done so far; empty before its first batch."""
        return self.result or self.progress

    @property
    def path(self) -> str:
        """The path of the import."""
        return f"/imports/{self.id}"

    @property
    def has_rejects(self) -> bool:
        """Whether the import has ended with rejected records in a file."""
        return not self.is_active and bool(self.report.get("rejects"))


def representation(row: ImportRow) -> dict[str, Any]:
    """Return the representation of an import."""
    report, options = row.report, row.payload["options"]
    counts = report.get("counts", {})
    position = None if options["dry_run"] else report.get("since")
    return {
        "id": row.id,
        "state": row.state,
        "file": row.payload["name"],
        "format": row.payload.get("format") or report.get("format"),
        "progress": {
            "bytes": report.get("bytes", 0),
            "of": row.payload["size"],
            "records": report.get("records", 0),
        },
        "counts": {name: counts.get(name, 0) for name in COUNTS},
        "warnings": report.get("warnings", []),
        "reasons": report.get("reasons", {}),
        "error": row.error,
        "dry_run": options["dry_run"],
        "created_at": _timestamp(row.created_at),
        "started_at": _timestamp(row.started_at),
        "finished_at": _timestamp(row.finished_at),
        "links": {
            "self": link(row.path),
            "rejects": link(f"{row.path}/rejects") if row.has_rejects else None,
            "changes": None if position is None else link(f"/changes?since={position}"),
        },
    }


def headers(row: ImportRow) -> list[tuple[str, str]]:
    """Return the header that says when to ask again, while the import is queued or running."""
    return [("Retry-After", str(RETRY_SECONDS))] if row.is_active else []


def _timestamp(value: datetime | None) -> str | None:
    return None if value is None else value.astimezone(UTC).isoformat()
