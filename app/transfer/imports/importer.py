"""The importer: imports files one after the other, for a command or a job."""

from __future__ import annotations

import contextlib
import gc
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

import psycopg2
from flask import Flask

from app.config import command_line
from app.core.fields import Identifiers
from app.transfer.errors import ImportFailed, NoTables, Unreadable, Unwritable
from app.transfer.preconditions import require_tables
from app.transfer.records import DIGEST
from extensions.database import DatabaseUnavailable

from .file_import import FileImport, ImportObserver, ImportOptions
from .formats.json_records import check_restorable, first_record, kind_of
from .load.loader import Loader, open_loader
from .load.refusals import BatchRefused
from .load.report import Report
from .pipeline import open_pipeline

DISK_FULL, INSUFFICIENT_RESOURCES = "53100", "53"  # SQLSTATE, and its class
# The loading thread regains the interpreter within this time after the database has responded (default: 0.005 s).
SWITCH_SECONDS = 0.0005
# Batches are many short-lived objects without cycles, so the collector can run rarely (default: 700, 10, 10).
GC_THRESHOLDS = (50_000, 20, 20)


class Importer:
    """The import of several files with the same options.

    It is a context manager, which opens and closes the files. All methods raise `ImportFailed`.
    """

    def __init__(self, app: Flask, paths: Sequence[str], options: ImportOptions) -> None:
        if paths.count("-") > 1:
            raise ImportFailed("Standard input (-) can be given only once.")
        check_source(options.read.source)
        self.paths, self.options = paths, options
        self.files: list[FileImport] = []
        self.started: list[FileImport] = []
        self.needs_analysis = False  # the tables need ANALYZE, because the import was large
        self._app = app
        self._opened = contextlib.ExitStack()

    def rejects_path(self, index: int) -> Path | None:
        """Return the path of the rejects of a file; each file has its own."""
        path = self.options.rejects
        return path.with_name(f"{path.stem}.{index + 1}{path.suffix}") if path and index else path

    def __enter__(self) -> Importer:
        """Open all files, so that nothing is imported if one of them is unreadable."""
        with contextlib.ExitStack() as opened:
            for index, path in enumerate(self.paths):
                try:
                    pipeline = opened.enter_context(open_pipeline(path, self.options.read))
                    if self.options.read.restore:
                        check_restorable(pipeline.file, pipeline.detected)
                except Unreadable as error:
                    raise ImportFailed(f"{path}: {error}") from None
                self.files.append(FileImport(pipeline, self.options, self.rejects_path(index)))
            self._opened = opened.pop_all()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._opened.close()

    def run(self, observer: ImportObserver) -> None:
        """Import the files. Batches stored before an error remain in the catalog."""
        with self._app.app_context(), tuned_interpreter(), self._open_loader(observer) as loader:
            if self.options.read.restore:
                _require_empty_catalog(loader)
                self._require_authors_first()
            for file in self.files:
                self.started.append(file)
                observer.file_started(file)
                try:
                    file.run(self._app, loader, observer)
                finally:
                    observer.file_ended(file)
            self.needs_analysis = loader.tidy(sum(file.report.created + file.report.updated for file in self.files))

    def _require_authors_first(self) -> None:
        """Raise `ImportFailed` if the first record is a book with authors, which cannot be in the catalog yet."""
        pipeline = self.files[0].pipeline
        record = first_record(pipeline.file, pipeline.detected)
        if kind_of(record) == "books" and record.get("authors"):
            raise ImportFailed(
                f"{pipeline.name}: The first record is a book, but its authors must be restored before it. "
                "Nothing was stored. Name the file of the authors first."
            )

    @property
    def report(self) -> Report:
        """The sum of the reports of all files so far."""
        return sum((file.report for file in self.started), Report())

    def as_json(self) -> dict[str, Any]:
        """Return the reports as a JSON object."""
        files = [
            {
                "file": file.pipeline.file.name,
                "guess": file.pipeline.detected.describe(),
                **file.report.as_json(),
            }
            for file in self.started
        ]
        return {"dry_run": self.options.dry_run, **self.report.as_json(), "files": files}

    @contextlib.contextmanager
    def _open_loader(self, observer: ImportObserver) -> Iterator[Loader]:
        """Open the loader; translate errors of the block into `ImportFailed`."""
        stored = "The records counted so far are in the catalog; run the same command again to continue."
        if self.options.read.restore:
            stored = "The records counted so far are in the catalog; to restore again, use a new database."
        if self.options.dry_run:
            stored = "Nothing was written (dry run)."
        try:
            require_tables()
            with open_loader(
                update=self.options.update, dry_run=self.options.dry_run, on_lost=observer.connection_lost
            ) as loader:
                yield loader
        except NoTables as error:
            raise ImportFailed(str(error)) from None
        except DatabaseUnavailable as error:
            raise ImportFailed(f"{why_unavailable(error.__cause__)} {stored}") from None
        except (psycopg2.Error, BatchRefused) as error:
            raise ImportFailed(f"The database reported an error: {str(error).strip()} {stored}") from None
        except Unwritable as error:
            raise ImportFailed(f"{error} Free disk space, or name another file. {stored}") from None
        except KeyboardInterrupt:
            raise ImportFailed(f"Stopped. {stored}") from None


def _require_empty_catalog(loader: Loader) -> None:
    """Raise `ImportFailed` if the catalog has records, because restored ids would collide with theirs."""
    books, authors = loader.count_records()
    if books or authors:
        raise ImportFailed(
            f"Restore needs an empty catalog; this one has {_count(books, 'book')} and {_count(authors, 'author')}. "
            f"Nothing was stored. Restore into a new one: set INSTANCE_PATH to a new folder, or DATABASE_URL to a new "
            f"database, run `SAMPLE=off {command_line('prepare')}`, then this command again. "
            "Or import the file without --restore."
        )


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def check_source(source: str | None) -> None:
    """Raise `ImportFailed` if a name cannot be the source of an import."""
    if source is not None and not Identifiers.SCHEME.fullmatch(source):
        raise ImportFailed("--source may have only a-z, 0-9, '_', '.' and '-', at most 50 characters.")
    if source in ("isbn", DIGEST):
        raise ImportFailed(f"{source!r} is a reserved scheme of identifiers. Choose another name for --source.")


def why_unavailable(cause: BaseException | None) -> str:
    """Return why the database is not available, and what to do."""
    message = str(cause or "").strip().partition("\n")[0]
    code = getattr(cause, "pgcode", None)
    if code == DISK_FULL:
        return f"The disk of the database is full ({message}). Free disk space there."
    if (code or "").startswith(INSUFFICIENT_RESOURCES):
        return f"The database has run out of a resource ({message}). Raise the limit."
    return f"The database does not respond ({message})."


@contextlib.contextmanager
def tuned_interpreter() -> Iterator[None]:
    """Tune thread switching and garbage collection for the import."""
    interval, thresholds = sys.getswitchinterval(), gc.get_threshold()
    sys.setswitchinterval(SWITCH_SECONDS)
    gc.set_threshold(*GC_THRESHOLDS)
    try:
        yield
    finally:
        sys.setswitchinterval(interval)
        gc.set_threshold(*thresholds)
