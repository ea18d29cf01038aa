"""Imports as background jobs, for files that were uploaded, and the ANALYZE after large imports.

A job reads `upload` in its folder and writes `rejects` there. Its progress is saved in the transaction of each batch,
so after an interruption it continues with the first batch that is not stored, and counts each record once.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from extensions.jobs import Kind, RunningJob


def _import(job: RunningJob) -> Mapping[str, Any]:
    # The parsers take memory and time, so the processes of the server do not load them.
    from .run import run_import_job

    return run_import_job(job)


def _analyze(_: RunningJob) -> None:
    from .analysis import analyze

    analyze()


KEEP_DAYS = 90  # the counts and links of an import outlive its files, which go after IMPORT_FILES_DAYS

IMPORT = Kind("import", work=_import, has_process=True, lane="imports", keep_seconds=KEEP_DAYS * 86_400.0)
ANALYZE = Kind("analyze", work=_analyze, retries=(10.0, 60.0))
