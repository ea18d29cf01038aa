"""`catalog import`: opens all files, prints what they are detected as, imports them, and prints the results."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import sys
import time
import traceback
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import click
from flask import Flask, current_app
from flask.cli import with_appcontext

from app.config import command_line
from app.transfer.errors import ImportFailed
from app.transfer.import_job.analysis import enqueue_analysis
from app.transfer.imports.file_import import ImportOptions
from app.transfer.imports.files.options import ReadOptions
from app.transfer.imports.importer import Importer
from extensions.database import DatabaseUnavailable
from extensions.jobs import run_job

from .console import ImportConsole
from .failure import FAILED, CommandFailed

COMPLETE, WITH_REJECTS = 0, 1  # exit statuses; the third is `FAILED`

_HELP = f"""
    Import books and authors from each FILE ("-" reads standard input).

    To import a spreadsheet, save it as CSV with the column names in one of the first lines. The first command shows
    what the import detects and what would become of each row; the second one imports:

    \b
        {command_line("import my-books.csv --dry-run")}
        {command_line("import my-books.csv --rejects rejects.csv")}

    Columns are recognised by their names in several languages (Title, Autor, Author 2, ISBN-13, Éditeur,
    Erscheinungsjahr, Páginas …). Name the field of any other column: --map 'title=Name of the book'. Fields of books:
    title, subtitle, isbn, published, publisher, language, page_count, description, series, series_position, subjects,
    cover_url, identifiers, authors, authors[translator] and the other roles, and key (the id of the row). Fields of
    authors: name, sort_name, alternate_names, birth_date, death_date, biography.

    Formats, all detected: csv and tsv (also the exports goodreads, goodbooks, librarything, bookcrossing, gutenberg,
    gutenberg-catalog, gutenberg-authors, gutenberg-subjects, calibre), ndjson and json (records as the API returns
    them), openlibrary (dumps of authors, works and editions, in any order), marc and marcxml. Files may be compressed:
    .gz, .bz2, .zip, .zst.

    Importing a file again changes nothing: a book is matched by its id in the source, by its ISBN, or else by its whole
    row. Run the command of an interrupted import again to continue it.

    Each record is counted once: read = created + updated + unchanged + skipped + rejected. Exit status: 0 if no record
    was rejected, 1 if some were, 2 if the import failed.
"""


def _parse_mapping(_: click.Context, __: click.Parameter, pairs: Iterable[str]) -> dict[str, str]:
    mapping = {}
    for pair in pairs:
        field_, equals, column = pair.partition("=")
        if not (equals and field_.strip() and column.strip()):
            raise click.BadParameter(f"{pair!r} is not in the form FIELD=COLUMN, such as 'title=Book-Title'.")
        mapping[field_.strip()] = column.strip()
    return mapping


@click.command("import", help=_HELP)
@click.argument("files", nargs=-1, required=True, metavar="FILE…")
@click.option("--format", help="The format of the files, if it is detected wrongly.")
@click.option(
    "--map",
    "mapping",
    multiple=True,
    callback=_parse_mapping,
    metavar="FIELD=COLUMN",
    help="Read a field from this column; repeatable.",
)
@click.option("--encoding", help="The encoding of the files, such as utf-8, cp1252, latin-1 or utf-16.")
@click.option("--delimiter", help="The character between cells, or tab.")
@click.option(
    "--source",
    help="A name for the origin of the files. The ids of rows are stored under this name in `identifiers`, and rows "
    "without an id or ISBN match only rows of the same source.",
)
@click.option("--dry-run", is_flag=True, help="Report what would happen, and change nothing.")
@click.option(
    "--rejects",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write rejected records to this file, in the format of the input and with the reasons, to be corrected and "
    "imported. Those of a second FILE go to name.2.csv, and so on.",
)
@click.option(
    "--on-conflict",
    type=click.Choice(["update", "skip"]),
    default="update",
    show_default=True,
    help="What to do with a record that is in the catalog: update the fields that the file has (identifiers and "
    "alternate names are added), or skip it.",
)
@click.option(
    "--report", type=click.Path(dir_okay=False, path_type=Path), help="Write the counts to this file as JSON."
)
@click.option(
    "--restore",
    is_flag=True,
    help="Restore NDJSON written by the export into an empty catalog, with ids and timestamps. The file of the authors "
    "comes first.",
)
@with_appcontext
def import_command(files: tuple[str, ...], on_conflict: str, **options: Any) -> None:
    """Import files; see `_HELP`."""
    sys.exit(import_files(ImportArguments(files, update=on_conflict == "update", **options)))


@dataclass(frozen=True)
class ImportArguments:
    """The arguments of the command; see its help."""

    files: Sequence[str]
    format: str | None = None
    mapping: Mapping[str, str] = field(default_factory=dict)
    encoding: str | None = None
    delimiter: str | None = None
    source: str | None = None
    dry_run: bool = False
    rejects: Path | None = None
    update: bool = True
    report: Path | None = None
    restore: bool = False
    quiet: bool = False

    @property
    def options(self) -> ImportOptions:
        """The options of the importer."""
        read = ReadOptions(self.format, self.mapping, self.encoding, self.delimiter, self.source, self.restore)
        return ImportOptions(read, self.update, self.dry_run, self.rejects)


def import_files(arguments: ImportArguments) -> int:
    """Import files into the catalog of the current application. Returns the exit status; raises `CommandFailed`."""
    try:
        return run_import(current_app._get_current_object(), arguments)  # type: ignore[attr-defined]
    except ImportFailed as error:
        raise CommandFailed(str(error)) from None
    except KeyboardInterrupt:
        raise CommandFailed("Stopped.") from None
    except Exception:
        # Python would exit with status 1, which means that some records were rejected.
        traceback.print_exc()
        raise CommandFailed(
            "The import failed because of a bug in the program. The batches stored before are in the catalog."
        ) from None


def run_import(app: Flask, arguments: ImportArguments) -> int:
    """Import files and print the results. Returns the exit status; raises `ImportFailed`."""
    console = ImportConsole(quiet=arguments.quiet)
    importer = Importer(app, arguments.files, arguments.options)
    _check_outputs(arguments, importer)
    started = time.monotonic()
    with _sigterm_as_interrupt(), importer:
        for file in importer.files:
            console.print_detected(file.pipeline)
        try:
            importer.run(console)
            if importer.needs_analysis:
                _analyze()
        finally:
            report_error = _write_report(arguments.report, importer)
            _print_results(console, importer, report_error, time.monotonic() - started)
    if report_error or any(file.aborted for file in importer.files):
        return FAILED
    return WITH_REJECTS if importer.report.rejected else COMPLETE


def _analyze() -> None:
    """Run the job that updates the statistics of the planner. If that fails, a worker repeats it."""
    try:
        run_job(enqueue_analysis())
    except DatabaseUnavailable as error:
        raise ImportFailed(
            "All records are imported, but the database went away before its statistics were updated. Queries may be "
            "slower until it does that by itself."
        ) from error


def _print_results(console: ImportConsole, importer: Importer, report_error: str | None, seconds: float) -> None:
    if report_error:
        console.print_unwritten_report(report_error)
    for file in importer.started:
        console.print_result(file)
    if importer.started:
        is_complete = all(file.is_complete for file in importer.files)
        dry_run = importer.options.dry_run
        console.print_summary(importer.started, seconds, dry_run=dry_run, is_complete=is_complete)


@contextlib.contextmanager
def _sigterm_as_interrupt() -> Iterator[None]:
    """Raise `KeyboardInterrupt` in the block on SIGTERM, as on Ctrl-C."""
    former = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, former)


def _check_outputs(arguments: ImportArguments, importer: Importer) -> None:
    """Raise `ImportFailed` if an output file is not writable, or is also an input file."""
    rejects = [path for index in range(len(arguments.files)) if (path := importer.rejects_path(index))]
    report = arguments.report
    for path in [*rejects, *([report] if report else [])]:
        if not path.parent.is_dir():
            raise ImportFailed(
                f"The folder {path.parent} for {path.name} does not exist. Create it, or name another file."
            )
        if not os.access(path if path.exists() else path.parent, os.W_OK):
            raise ImportFailed(f"{path} is not writable. Name another file to write to.")
        inputs = (Path(name) for name in arguments.files if name != "-")
        if path.exists() and any(name.exists() and path.samefile(name) for name in inputs):
            raise ImportFailed(f"{path} is an input file. Name another file to write to.")
    if report and report.resolve() in (path.resolve() for path in rejects):
        raise ImportFailed(f"{report} is the file of the rejects. Name another file for the report.")


def _write_report(path: Path | None, importer: Importer) -> str | None:
    """Write the report if a path is given; return an error message if that fails."""
    try:
        if path:
            path.write_text(json.dumps(importer.as_json(), ensure_ascii=False, indent=2), "utf-8")
    except OSError as error:
        return f"The report cannot be written to {path}: {error.strerror}. The import itself is complete."
    return None
