"""The payload of an import job: its options, and the files in its folder."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flask import current_app

from app.transfer.imports.file_import import ImportOptions
from app.transfer.imports.files.options import ReadOptions
from app.transfer.imports.importer import check_source
from extensions.jobs import RunningJob

from .folder import REJECTS, UPLOAD, folder_path

MAX_REJECTS = 2  # times IMPORT_MAX_BYTES
MAX_DECOMPRESSED = 32  # times IMPORT_MAX_BYTES


@dataclass(frozen=True)
class Upload:
    """An uploaded file, and how it is imported."""

    path: Path
    rejects: Path
    options: ImportOptions
    checkpoint: str  # key of its checkpoint
    max_rejects: int  # bytes


def upload_of(job: RunningJob) -> Upload:
    """Return the upload of a job. Raises `ImportFailed` for a source that is not allowed."""
    name = job.payload["folder"]
    folder = folder_path(name)
    most = int(current_app.config["IMPORT_MAX_BYTES"])
    options = _options(job.payload.get("options") or {}, MAX_DECOMPRESSED * most)
    return Upload(folder / UPLOAD, folder / REJECTS, options, f"job-{job.id}-{name}", MAX_REJECTS * most)


def _options(sent: Mapping[str, Any], max_decompressed: int) -> ImportOptions:
    source = sent.get("source")
    check_source(source)
    read = ReadOptions(
        format=sent.get("format"),
        mapping=sent.get("mapping") or {},
        encoding=sent.get("encoding"),
        delimiter=sent.get("delimiter"),
        source=source,
        max_decompressed=max_decompressed,
    )
    update = (sent.get("on_conflict") or "update") == "update"
    return ImportOptions(read, update=update, dry_run=bool(sent.get("dry_run")))
