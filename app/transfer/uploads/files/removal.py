"""The periodic job that removes files of ended imports, and uploads that no import refers to."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from flask import current_app

from app.transfer.uploads.records import KIND
from extensions.database import Statement, fetch
from extensions.jobs import Kind, RunningJob

from .folder import all_folders, remove_folder

EVERY_SECONDS = 3600.0
# After the last write to a folder, whose upload may still arrive. A client that sends nothing for so long is cut off.
ABANDONED_SECONDS = 24 * 3600.0

_KEPT = Statement("""
    SELECT payload ->> 'folder' FROM jobs WHERE kind = %(kind)s AND (state IN ('queued', 'running')
        OR (finished_at > now() - make_interval(days => %(days)s) AND NOT payload ? 'removed'))
""")


def has_old_folders() -> bool:
    """Whether a folder may have to be removed."""
    return bool(_old_folders())


def remove_files() -> int:
    """Remove the folders of imports that ended `IMPORT_FILES_DAYS` ago or were deleted, and of failed uploads.

    Returns their number.
    """
    # Before the rows are read, because a folder exists before its row.
    folders = _old_folders()
    if not folders:
        return 0
    kept = {name for (name,) in fetch(_KEPT, {"kind": KIND, "days": current_app.config["IMPORT_FILES_DAYS"]})}
    removed = [path.name for path in folders if path.name not in kept]
    for name in removed:
        remove_folder(name)
    return len(removed)


def _old_folders() -> list[Path]:
    return [path for path in all_folders().glob("*") if time.time() - _last_write(path) > ABANDONED_SECONDS]


def _last_write(folder: Path) -> float:
    """Return when something in a folder was last changed; never for a folder that has just been removed."""
    try:
        return max(path.stat().st_mtime for path in (folder, *folder.glob("*")))
    except OSError:
        return time.time()


def _work(job: RunningJob) -> dict[str, Any]:
    return {"folders": remove_files()}


REMOVE_IMPORT_FILES = Kind("import-files", _work, every=EVERY_SECONDS, is_due=has_old_folders)
