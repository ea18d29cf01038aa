"""The import of one file: one thread reads and prepares records, another loads them in batches."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from functools import partial
from hashlib import blake2b
from itertools import islice
from pathlib import Path
from typing import Any

from flask import Flask

from app.transfer.errors import ReadAborted
from app.transfer.records import Outcome, Prepared, Rejected, RejectReason

from .files.options import ReadOptions
from .files.rejects import RejectsWriter
from .load.batch import Batch, batches
from .load.checkpoint import Checkpoint, find_checkpoint, remove_checkpoint
from .load.loader import BatchResult, Loader
from .load.refusals import BatchRefused
from .load.report import Report
from .pipeline import POLL_SECONDS, WAIT_SECONDS, Pipeline, ReadAhead

CHECKPOINT_FORMAT = 2  # checkpoints of another format are not found


@dataclass(frozen=True)
class ImportOptions:
    """How files are read and stored."""

    read: ReadOptions = field(default_factory=ReadOptions)
    update: bool = True  # if False, records that are already in the catalog are skipped
    dry_run: bool = False
    rejects: Path | None = None  # the file for rejected records


class ImportObserver:
    """Receives the progress of an import.

    The methods do nothing here; a command or a job overrides them.
    """

    def file_started(self, file: FileImport) -> None:
        """Called before a file is imported."""

    def batch_stored(self, file: FileImport) -> None:
        """Called after each batch. An error stops the import."""

    def waiting(self) -> None:
        """Called each second in which a batch is read or stored. An error stops the import, without that batch."""

    def file_ended(self, file: FileImport) -> None:
        """Called after a file was imported, or has failed."""

    def connection_lost(self, error: str, seconds: int) -> None:
        """Called when the import starts to wait for the database, for at most `seconds`."""


class FileImport:
    """The import of one file; call `run` once.

    Its attributes are valid at any time, also after an error. A subclass may keep the progress elsewhere.
    """

    MAX_SHOWN = 20  # rejected records kept in `first_rejected`
    MAX_REFUSED = 1000  # refusals kept in the checkpoint; beyond that the checkpoint no longer advances

    def __init__(self, pipeline: Pipeline, options: ImportOptions, rejects_path: Path | None) -> None:
        self.pipeline, self.options, self.rejects_path = pipeline, options, rejects_path
        self.report = Report()
        self.resumed = 0  # records counted by an earlier, interrupted import
        self.position = 0  # bytes of the file up to the last stored batch
        self.aborted: str | None = None  # why reading stopped before the end of the file
        self.is_complete = False  # the file was read and stored to its end
        self.first_rejected: list[Rejected] = []  # only if there is no file for them
        self._refused: dict[int, RejectReason] = {}  # refusals by the database, by index of the record
        self._rejects: RejectsWriter | None = None
        self._digest: str | None = None

    def run(self, app: Flask, loader: Loader, observer: ImportObserver) -> None:
        """Import the file. Raises the errors of the loader; the batches before an error stay stored."""
        with contextlib.ExitStack() as stack:
            self._begin(loader, stack)
            reader = stack.enter_context(ReadAhead(self._batches(), observer.waiting))
            storing = stack.enter_context(ThreadPoolExecutor(1, "storing"))
            try:
                for batch in reader:
                    stored = storing.submit(self._store_in_context, app, loader, batch)
                    try:
                        while wait([stored], WAIT_SECONDS).not_done:
                            observer.waiting()
                        stored.result()
                    except BaseException:
                        while wait(
                            [stored], POLL_SECONDS
                        ).not_done:  # repeated: between two statements it has no effect
                            loader.cancel()
                        raise
                    observer.batch_stored(self)
            except ReadAborted as error:
                self.aborted = str(error)
        assert self.report.adds_up, self.report
        self.is_complete = self.aborted is None
        self._end(loader)

    def _begin(self, loader: Loader, stack: contextlib.ExitStack) -> None:
        """Continue after the last checkpoint, if there is one, and open the file of rejects."""
        self._digest = self._digest_of_file()
        checkpoint = loader.run(partial(find_checkpoint, digest=self._digest)) if self._digest else None
        if checkpoint:
            self._continue_after(checkpoint)
            self._refused = {index: RejectReason(*reason) for index, *reason in checkpoint.report["refused"]}
        if self.rejects_path:
            self._rejects = stack.enter_context(self.pipeline.rejects_writer(self.rejects_path))

    def _continue_after(self, checkpoint: Checkpoint) -> None:
        self.resumed, self.report = checkpoint.records, Report.from_checkpoint(checkpoint.report["report"])

    def _end(self, loader: Loader) -> None:
        """Remove the checkpoint."""
        if self._digest:
            loader.run(partial(remove_checkpoint, digest=self._digest))
        if self.rejects_path and self.is_complete and not self.report.rejected and self.rejects_path.is_file():
            self.rejects_path.unlink()  # of an earlier import

    def _batches(self) -> Iterator[Batch]:
        outcomes = iter(self.pipeline)
        for index, outcome in enumerate(islice(outcomes, self.resumed)):
            self._read_again(index, outcome)
        for batch in batches(outcomes):
            batch.position = self.pipeline.position
            yield batch

    def _read_again(self, index: int, outcome: Outcome) -> None:
        """Handle a record that was counted before: the rejects file needs it if it was rejected."""
        if index in self._refused and isinstance(outcome, Prepared):
            outcome = outcome.rejected(self._refused[index])
        if isinstance(outcome, Rejected):
            self._reject(outcome)

    def _store_in_context(self, app: Flask, loader: Loader, batch: Batch) -> None:
        with app.app_context():
            self._store(loader, batch)

    def _store(self, loader: Loader, batch: Batch) -> None:
        """Store a batch; if the database refuses it, halve it until single records can be rejected."""
        reports: list[Report] = []

        def save(cursor: Any, result: BatchResult) -> None:
            report = self.report.copy()
            report.add(batch, result)
            reports[:] = [report]
            self._save(cursor, batch, report, _rejected_of(batch, result))

        try:
            result = loader.store(batch, restore=self.options.read.restore, save=save)
        except BatchRefused as error:
            if batch.records > 1:
                for half in batch.halves():
                    self._store(loader, half)
                return
            if not isinstance(batch.outcomes[0], Prepared):
                raise
            self._refuse(self.report.read, error.reason)
            self._store(loader, batch.with_rejected(error.reason))
            return
        [self.report] = reports
        self.position = batch.position
        self._stored(_rejected_of(batch, result))

    def _save(self, cursor: Any, batch: Batch, report: Report, rejected: Sequence[Rejected]) -> None:
        """Save the progress in the transaction of a batch, which may be repeated."""
        if self._digest and not self.options.dry_run and len(self._refused) <= self.MAX_REFUSED:
            refused = [(index, *reason) for index, reason in self._refused.items()]
            document = {"report": report.as_checkpoint(), "refused": refused}
            Checkpoint(self._digest, report.read, document).save(cursor)

    def _stored(self, rejected: Sequence[Rejected]) -> None:
        """Handle the rejected records of a batch after its commit."""
        for record in rejected:
            self._reject(record)

    def _refuse(self, index: int, reason: RejectReason) -> None:
        """Remember that the database has refused a record."""
        self._refused[index] = reason

    def _reject(self, rejected: Rejected) -> None:
        if self._rejects:
            self._rejects.write(rejected)
        elif len(self.first_rejected) < self.MAX_SHOWN:
            self.first_rejected.append(rejected)

    def _digest_of_file(self) -> str | None:
        """Return the digest of the file and the options, which identifies the checkpoint.

        None for imports that cannot resume: a pipe may have other contents, and additions and restored records depend
        on the other records in the catalog.
        """
        file, detected, options = self.pipeline.file, self.pipeline.detected, self.options
        adds = detected.columns is not None and detected.columns.layout.adds
        if file.size is None or options.read.restore or adds:
            return None
        parts = (
            *(CHECKPOINT_FORMAT, file.size, os.stat(file.name).st_mtime_ns, detected.describe(), detected.source),
            *(options.update, options.dry_run, sorted(options.read.mapping.items()), options.read.source),
        )
        text = " ".join(map(str, parts))
        return blake2b(file.head + text.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


def _rejected_of(batch: Batch, result: BatchResult) -> list[Rejected]:
    """Return the rejected records of a batch, in the order of the file."""
    return sorted([*batch.rejected, *result.rejected], key=lambda rejected: rejected.number)
