"""Runs an import job."""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Iterator
from typing import Any

import psycopg2
from flask import Flask, current_app

from app.transfer.errors import ImportFailed, ImportRunning, Unreadable, Unwritable
from app.transfer.imports.file_import import FileImport, ImportObserver
from app.transfer.imports.importer import DISK_FULL, tuned_interpreter
from app.transfer.imports.load.loader import Loader, open_loader
from app.transfer.imports.pipeline import Pipeline, open_pipeline
from extensions.database import DatabaseUnavailable, Statement, fetch
from extensions.jobs import JobCancelled, JobFailed, JobLost, JobPostponed, RunningJob, send_hint

from .analysis import enqueue_analysis
from .file import JobFile
from .rights import require_right
from .upload import Upload, upload_of
from .wording import for_http

SECONDS_BETWEEN_TRIES = 5.0  # while `catalog import` runs
_IS_CANCELLED = Statement(
    "SELECT cancel_requested FROM jobs WHERE id = %(id)s AND attempt = %(attempt)s AND state = 'running'"
)


class JobObserver(ImportObserver):
    """Stops the import if its job is cancelled, or has another runner."""

    def __init__(self, job: RunningJob) -> None:
        self._job = job

    def batch_stored(self, file: FileImport) -> None:
        """Raise `JobCancelled` if the cancellation was requested before the batch was stored."""
        if self._job.cancel_requested:
            raise JobCancelled

    def waiting(self) -> None:
        """Raise `JobCancelled` or `JobLost`, because a batch may take long to read or to store."""
        try:
            rows = fetch(_IS_CANCELLED, {"id": self._job.id, "attempt": self._job.attempt})
        except DatabaseUnavailable:  # the import itself waits for the database
            return
        if not rows:
            raise JobLost
        if rows[0][0]:
            raise JobCancelled


def run_import_job(job: RunningJob) -> dict[str, Any]:
    """Import the file of a job, and return its progress. Raises what the work of a `Kind` may raise."""
    require_right(job.account_id)
    try:
        with _signals_as_interrupt():
            return _run(current_app._get_current_object(), job)  # type: ignore[attr-defined]
    except KeyboardInterrupt:  # the worker stops
        raise JobPostponed(0.0) from None
    except ImportRunning:
        raise JobPostponed(SECONDS_BETWEEN_TRIES) from None
    except Unwritable:
        raise JobFailed(
            "The rejected records cannot be written. Free disk space on the server, and import the file again: records "
            "that are already stored are not doubled."
        ) from None
    except (ImportFailed, Unreadable) as error:
        raise JobFailed(for_http(str(error))) from None
    except (DatabaseUnavailable, psycopg2.errors.DiskFull) as error:
        if getattr(error.__cause__ or error, "pgcode", None) == DISK_FULL:
            raise JobFailed(
                "The disk of the database is full. Free disk space there, and import the file again: records that are "
                "already stored are not doubled."
            ) from None
        raise


def _run(app: Flask, job: RunningJob) -> dict[str, Any]:
    upload = upload_of(job)
    if not upload.path.is_file():
        raise JobFailed("The uploaded file is no longer there. Upload it again.")
    cause = {"account_id": job.account_id, "request_id": job.request_id}
    observer = JobObserver(job)
    with (
        open_pipeline(str(upload.path), upload.options.read) as pipeline,
        tuned_interpreter(),
        open_loader(
            update=upload.options.update,
            dry_run=upload.options.dry_run,
            on_lost=observer.connection_lost,
            cause=cause,
        ) as loader,
    ):
        return _import(app, job, upload, pipeline, loader, observer)


def _import(
    app: Flask, job: RunningJob, upload: Upload, pipeline: Pipeline, loader: Loader, observer: JobObserver
) -> dict[str, Any]:
    file = JobFile(pipeline, upload, job)
    try:
        file.run(app, loader, observer)
    except (JobCancelled, ImportFailed):
        with contextlib.suppress(Unwritable):
            file.finish_rejects()
        raise
    except BaseException:
        file.abandon_rejects()
        raise
    file.finish_rejects()
    if loader.tidy(file.report.created + file.report.updated):
        send_hint(enqueue_analysis())
    if file.aborted:
        raise JobFailed(for_http(file.aborted))
    return file.progress()


@contextlib.contextmanager
def _signals_as_interrupt() -> Iterator[None]:
    """Raise `KeyboardInterrupt` in the block on SIGTERM, as on Ctrl-C."""
    if threading.current_thread() is not threading.main_thread():  # it gets no signals
        yield
        return
    former = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, former)
