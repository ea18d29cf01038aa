"""The import of one file: one thread reads and prepares records, another loads them in batches."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from hashlib import blake2b
from itertools import islice
from pathlib import Path

from flask import Flask

from app.transfer.errors import ReadAborted
from app.transfer.records import Prepared, Rejected, RejectReason

from .files.options import ReadOptions
from .files.rejects import RejectsWriter
from .load.batch import Batch, WarnedRecords, batches
from .load.checkpoint import Checkpoint
from .load.loader import BatchResult, Loader
from .load.refusals import BatchRefused
from .load.report import Report
from .pipeline import POLL_SECONDS, Pipeline, ReadAhead


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
        """Called after each batch."""

    def file_ended(self, file: FileImport) -> None:
        """Called after a file was imported, or has failed."""

    def connection_lost(self, error: str, seconds: int) -> None:
        """Called when the import starts to wait for the database, for at most `seconds`."""


class FileImport:
    """The import of one file; call `run` once.

    Its attributes are valid at any time, also after an error.
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
        self.warned: dict[str, WarnedRecords] = {}  # the first records with a warning, by its code
        self.first_rejected: list[Rejected] = []  # only if there is no file for them
        self._refused: dict[int, RejectReason] = {}  # refusals by the database, by index of the record
        self._rejects: RejectsWriter | None = None

    def run(self, app: Flask, loader: Loader, observer: ImportObserver) -> None:
        """Import the file. Raises the errors of the loader; the batches before an error stay stored."""
        digest = self._digest()
        if digest:
            self._resume(loader.find_checkpoint(digest))
        with contextlib.ExitStack() as stack:
            if self.rejects_path:
                self._rejects = stack.enter_context(self.pipeline.rejects_writer(self.rejects_path))
            reader = stack.enter_context(ReadAhead(self._batches()))
            storing = stack.enter_context(ThreadPoolExecutor(1, "storing"))
            try:
                for batch in reader:
                    stored = storing.submit(self._store_in_context, app, loader, batch, digest)
                    try:
                        stored.result()
                    except KeyboardInterrupt:
                        while wait(
                            [stored], POLL_SECONDS
                        ).not_done:  # repeated: between two statements it has no effect
                            loader.cancel()
                        raise
                    observer.batch_stored(self)
            except ReadAborted as error:
                self.aborted = str(error)
        if digest:
            loader.remove_checkpoint(digest)
        assert self.report.adds_up, self.report
        self.is_complete = self.aborted is None
        if self.rejects_path and self.is_complete and not self.report.rejected and self.rejects_path.is_file():
            self.rejects_path.unlink()  # of an earlier import

    def _resume(self, checkpoint: Checkpoint | None) -> None:
        if checkpoint:
            self.resumed, document = checkpoint.records, dict(checkpoint.report)
            self._refused = {index: RejectReason(*reason) for index, *reason in document.pop("refused", ())}
            self.report = Report.from_json(document)

    def _batches(self) -> Iterator[Batch]:
        outcomes = iter(self.pipeline)
        # Records counted before are read again, because the rejects file needs the rejected ones among them.
        for index, outcome in enumerate(islice(outcomes, self.resumed)):
            if index in self._refused and isinstance(outcome, Prepared):
                outcome = outcome.rejected(self._refused[index])
            if isinstance(outcome, Rejected):
                self._reject(outcome)
        for batch in batches(outcomes):
            batch.position = self.pipeline.position
            yield batch

    def _store_in_context(self, app: Flask, loader: Loader, batch: Batch, digest: str | None) -> None:
        with app.app_context():
            self._store(loader, batch, digest)

    def _store(self, loader: Loader, batch: Batch, digest: str | None) -> None:
        """Store a batch; if the database refuses it, halve it until single records can be rejected."""
        reports: list[Report] = []

        def make_checkpoint(result: BatchResult) -> Checkpoint | None:
            report = Report() + self.report
            report.add(batch, result)
            reports[:] = [report]
            if digest is None or len(self._refused) > self.MAX_REFUSED:
                return None
            refused = [(index, *reason) for index, reason in self._refused.items()]
            return Checkpoint(digest, report.read, {**report.as_json(), "refused": refused})

        try:
            result = loader.store(batch, restore=self.options.read.restore, make_checkpoint=make_checkpoint)
        except BatchRefused as error:
            if batch.records > 1:
                for half in batch.halves():
                    self._store(loader, half, digest)
                return
            if not isinstance(batch.outcomes[0], Prepared):
                raise
            self._refused[self.report.read] = error.reason
            self._store(loader, batch.with_rejected(error.reason), digest)
            return
        [self.report] = reports
        for code, warned in batch.warned.items():
            first = self.warned.setdefault(code, WarnedRecords(warned.original, []))
            for number in warned.numbers:
                first.add(number)
        self.position = batch.position
        for rejected in sorted([*batch.rejected, *result.rejected], key=lambda rejected: rejected.number):
            self._reject(rejected)

    def _reject(self, rejected: Rejected) -> None:
        if self._rejects:
            self._rejects.write(rejected)
        elif len(self.first_rejected) < self.MAX_SHOWN:
            self.first_rejected.append(rejected)

    def _digest(self) -> str | None:
        """Return the digest of the file and the options, which identifies the checkpoint.

        None for imports that cannot resume: a pipe may have other contents, and additions and restored records depend
        on the other records in the catalog.
        """
        file, detected, options = self.pipeline.file, self.pipeline.detected, self.options
        adds = detected.columns is not None and detected.columns.layout.adds
        if file.size is None or options.read.restore or adds:
            return None
        parts = (
            *(file.size, os.stat(file.name).st_mtime_ns, detected.describe(), detected.source),
            *(options.update, options.dry_run, sorted(options.read.mapping.items()), options.read.source),
        )
        text = " ".join(map(str, parts))
        return blake2b(file.head + text.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()
