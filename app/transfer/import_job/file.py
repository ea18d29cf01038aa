"""The file of an import job: its progress is saved, and its rejects are written, within the transaction of each batch.

An attempt whose process has died may have written rejects of a batch that was never committed. So the checkpoint has
the sizes of the files of rejects, and the next attempt continues the files after these bytes. Records before the
checkpoint are not prepared for the rejects again, so nothing about them needs to be remembered: memory and checkpoint
are bounded, and rejects that depend on the rest of the catalog are the same as before.
"""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from functools import partial
from typing import Any

from app.transfer.errors import ImportFailed
from app.transfer.imports.file_import import FileImport
from app.transfer.imports.load.batch import Batch
from app.transfer.imports.load.checkpoint import Checkpoint, find_checkpoint
from app.transfer.imports.load.loader import Loader
from app.transfer.imports.load.report import Report
from app.transfer.imports.pipeline import Pipeline
from app.transfer.records import Outcome, Rejected, RejectReason
from extensions.database import Statement, fetch
from extensions.database.engine import translated_errors
from extensions.jobs import RunningJob
from extensions.jobs.lock import connect_for_jobs

from .upload import Upload

_LAST_POSITION = Statement("SELECT number_changes()")  # of the change feed; gives positions to committed changes
# A failed or cancelled job may be retried, so its checkpoint is kept as long as the job.
_REMOVE_ENDED = """
    DELETE FROM import_marks AS mark WHERE mark.digest LIKE 'job-%%' AND NOT EXISTS (
        SELECT FROM jobs WHERE id = split_part(mark.digest, '-', 2)::bigint AND state <> 'succeeded')
"""


class JobFile(FileImport):
    """The import of the file of a job; call `close` at its end."""

    def __init__(self, pipeline: Pipeline, upload: Upload, job: RunningJob) -> None:
        super().__init__(pipeline, upload.options, upload.rejects)
        self._upload, self._job = upload, job
        self._writer = pipeline.rejects_writer(upload.rejects)
        self._sizes: list[int] = []  # of the rejects of the committed batches
        self._new_sizes: list[int] = []  # with those of the batch that is being stored
        self._has_uncommitted = False  # the files may have rejects of a batch that is not committed
        self._since: int | None = None
        self._own: Any = None  # the connection for the progress of a dry run, whose transaction is rolled back

    def _begin(self, loader: Loader, stack: contextlib.ExitStack) -> None:
        if self.options.dry_run:
            self._own = stack.enter_context(contextlib.closing(connect_for_jobs()))
        else:
            loader.run(lambda cursor: cursor.execute(_REMOVE_ENDED, {}))
            checkpoint = loader.run(partial(find_checkpoint, digest=self._upload.checkpoint))
            if checkpoint:
                self._continue_after(checkpoint)
                self._sizes = checkpoint.report["sizes"]
        self._writer.continue_from(self._sizes)
        self._since = self._job.progress.get("since")
        if self._since is None:
            self._since = int(fetch(_LAST_POSITION, {})[0][0])
        if self.resumed:
            self.position = self._job.progress["bytes"]
        elif self._own:
            self._save_own(self._progress(self.report, 0))
        else:
            loader.run(partial(self._job.save_progress, progress=self._progress(self.report, 0), is_kept=False))

    def _end(self, loader: Loader) -> None:
        """Keep the checkpoint until the end of the job is stored."""

    def _read_again(self, index: int, outcome: Outcome) -> None:
        """Do nothing: the file of rejects is continued."""

    def _refuse(self, index: int, reason: RejectReason) -> None:
        """Do nothing, for the same reason."""

    def _stored(self, rejected: Sequence[Rejected]) -> None:
        self._sizes, self._has_uncommitted = self._new_sizes, False

    def _save(self, cursor: Any, batch: Batch, report: Report, rejected: Sequence[Rejected]) -> None:
        progress = self._progress(report, batch.position)
        if self._own:
            self._save_own(progress)
        else:
            # First of all, because it raises `JobLost` if another process continues the files.
            self._job.save_progress(cursor, progress)
        self._write(rejected)
        if not self._own:
            document = {"report": report.as_checkpoint(), "sizes": self._new_sizes}
            Checkpoint(self._upload.checkpoint, report.read, document).save(cursor)

    def _write(self, rejected: Sequence[Rejected]) -> None:
        """Write the rejects of a batch, in place of those of an earlier attempt to store it."""
        self._remove_uncommitted()
        self._new_sizes = self._sizes
        if not rejected:
            return
        self._has_uncommitted = True
        for record in rejected:
            self._writer.write(record)
        self._new_sizes = self._writer.sizes()
        if sum(self._new_sizes) > self._upload.max_rejects:
            raise ImportFailed(
                f"The rejected records take more than {self._upload.max_rejects:,} bytes, so the import has stopped. "
                "Correct the file, or name its format and columns."
            )

    def _save_own(self, progress: dict[str, Any]) -> None:
        with translated_errors(), self._own.cursor() as cursor:
            self._job.save_progress(cursor, progress, is_kept=False)

    def _progress(self, report: Report, position: int) -> dict[str, Any]:
        detected = self.pipeline.detected
        return {
            "format": f"{detected.format}: {detected.describe()}",
            "bytes": position,
            "of": self.pipeline.size,
            "records": report.read,
            "counts": report.counts,
            "warnings": report.described_warnings,
            "reasons": report.reasons,
            "since": self._since,
            "rejects": report.rejected > 0,
        }

    def progress(self) -> dict[str, Any]:
        """Return the progress up to the last stored batch."""
        return self._progress(self.report, self.position)

    def finish_rejects(self) -> None:
        """Finish the file of rejects, without those of a batch that was not stored. Raises `Unwritable`."""
        self._remove_uncommitted()
        self._writer.close()

    def _remove_uncommitted(self) -> None:
        if self._has_uncommitted:
            self._writer.continue_from(self._sizes)
            self._has_uncommitted = False

    def abandon_rejects(self) -> None:
        """Close the file of rejects for another attempt, which continues it."""
        with contextlib.suppress(OSError):
            self._writer.abandon()
