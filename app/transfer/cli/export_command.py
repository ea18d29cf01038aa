"""`catalog export`: reads the arguments, writes the file, and shows the progress."""

from __future__ import annotations

import errno
import os
import shlex
import sys
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
from flask.cli import with_appcontext
from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TaskProgressColumn, TextColumn, TimeRemainingColumn

from app.config import command_line
from app.core.query.pairs import Pairs, parse_pairs
from app.http.problems import InvalidCursor, InvalidQuery
from app.transfer.errors import NoTables, UnsupportedExport
from app.transfer.exports.exporter import ExportProgress, ExportRequest, export, request_export
from app.transfer.exports.formats import EXPORT_FORMATS, format_of_file, is_compressed
from app.transfer.exports.target import open_target
from app.transfer.preconditions import require_tables
from app.values.text import escaped
from extensions.database import DatabaseUnavailable

from .failure import INCOMPLETE, CommandFailed, CommandIncomplete

_SECONDS_BETWEEN_LINES = 5.0  # of progress, if the output is not a terminal
DEFAULT_FORMAT = "ndjson"  # of standard output

_NO_PERMISSION = (errno.EACCES, errno.EPERM, errno.EROFS)

_HELP = f"""
    Export the catalog, or a part of it, to FILE ("-" writes to standard output).

    \b
        {command_line("export catalog.ndjson.gz")}
        {command_line("export english.csv --filter language=en --filter 'published[gte]=1990' --sort=-title")}
        {command_line("export reading.bib --query 'author[contains]=le%20guin'")}
        {command_line("export - --format csv > books.csv")}

    The export is a snapshot: changes made while it runs are not in it. The format follows from the suffix of FILE; .gz
    after the suffix compresses it. FILE appears, or is replaced, only when it is complete.

    ndjson holds everything: authors, then books, each line as the API returns it. The import with --restore reads it
    into an empty catalog with ids and timestamps. csv and tsv hold the writable fields, for the import and for
    spreadsheets: of a contributor the name, role and credited name. Cells are written as stored, also those that a
    spreadsheet would read as a formula.

    marcxml, marc, bibtex and ris hold books, for libraries and reference managers. They leave out what the format has
    no field for: of authors everything but their sort names; the cover (except in MARC); identifiers other than ISBNs,
    and edition statements (except in MARC); in marc fields over 9,999 bytes, which are counted; in ris line breaks, and
    roles other than author, editor and translator, which become notes.
"""


@click.command("export", help=_HELP)
@click.argument("file", type=click.Path(dir_okay=False, allow_dash=True))
@click.option(
    "--format", type=click.Choice(list(EXPORT_FORMATS)), help="The format, if the suffix of FILE does not name it."
)
@click.option(
    "--kind",
    type=click.Choice(["books", "authors", "all"]),
    help="The records to export. Default: all for ndjson without filters, sort and fields; otherwise books.",
)
@click.option("--filter", "filters", multiple=True, metavar="NAME=VALUE", help="A filter of the API; repeatable.")
@click.option("--query", metavar="QUERY", help="A query string of the API, percent-encoded.")
@click.option("--sort", help="The sort keys of the API, such as -published,title. Default: by id.")
@click.option("--fields", help="Export only these fields (ndjson, csv and tsv).")
@with_appcontext
def export_command(**options: Any) -> None:
    """Export to a file; see `_HELP`."""
    run_export(ExportArguments(**options))


@dataclass(frozen=True)
class ExportArguments:
    """The arguments of the command; see its help."""

    file: str
    format: str | None
    kind: str | None
    filters: tuple[str, ...]
    query: str | None
    sort: str | None
    fields: str | None


def run_export(arguments: ExportArguments) -> None:
    """Export to a file. Raises ``click.UsageError`` and `CommandFailed`."""
    progress = ExportProgress()
    started = time.monotonic()
    is_terminal = sys.stderr.isatty()
    try:
        request = _request(arguments)
        require_tables()
        with open_target(arguments.file) as out:
            steps = export(request, out, progress, count=is_terminal)
            for _ in _with_bar(steps, progress) if is_terminal else _with_lines(steps, progress):
                pass
    except NoTables as error:
        raise CommandFailed(str(error)) from None
    except UnsupportedExport as error:
        raise click.UsageError(str(error)) from None
    except (InvalidQuery, InvalidCursor) as problem:
        raise click.UsageError(" ".join(fault.sentence for fault in problem.faults)) from None
    except DatabaseUnavailable:
        what_is_left = _what_is_left(arguments.file)
        raise CommandIncomplete(f"The database does not respond, or not in time. {what_is_left}") from None
    except BrokenPipeError:
        # The reader has closed the pipe. Without this, Python reports the error again when it flushes at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise click.exceptions.Exit(INCOMPLETE) from None
    except OSError as error:
        raise CommandIncomplete(_why_unwritable(arguments, error)) from None
    _print_summary(arguments.file, progress, time.monotonic() - started)


def _what_is_left(file: str) -> str:
    if file == "-":
        return "The output is incomplete."
    return "The existing file is unchanged." if Path(file).exists() else "No file was written."


def _why_unwritable(arguments: ExportArguments, error: OSError) -> str:
    """Return why the file cannot be written, and what to do."""
    file = arguments.file
    if error.errno not in _NO_PERMISSION:
        return f"{file}: {error.strerror}. {_what_is_left(file)}"
    format_name, redirect = arguments.format or format_of_file(file), "| gzip >" if is_compressed(file) else ">"
    return (
        f"{file}: {error.strerror}. Export to another folder, or to standard output and redirect that: "
        f"{command_line(f'export - --format {format_name} {redirect} {shlex.quote(file)}')}"
    )


def _request(arguments: ExportArguments) -> ExportRequest:
    default = DEFAULT_FORMAT if arguments.file == "-" else format_of_file(arguments.file)
    format_name = arguments.format or default
    if format_name is None:
        raise UnsupportedExport(
            f"The suffix of {arguments.file} names no format. Use one of {', '.join(EXPORT_FORMATS)} (csv for "
            "spreadsheets), as the suffix or with --format."
        )
    return request_export(format_name, arguments.kind, _parameters(arguments))


def _parameters(arguments: ExportArguments) -> Pairs:
    """Return the query parameters; only --query is percent-decoded."""
    query_string = arguments.query or ""
    if query_string.startswith(("/", "?")):  # a whole URL path
        query_string = query_string.partition("?")[2]
    pairs = parse_pairs(query_string.encode())
    if any(name == "format" for name, _ in pairs):
        raise UnsupportedExport(
            "The query string may not have a format. Name it with --format, or by the suffix of the file."
        )
    for filter_ in arguments.filters:
        name, equals, value = filter_.partition("=")
        if not equals:
            raise UnsupportedExport(
                f"{filter_!r} is not a filter. Write NAME=VALUE or NAME[OPERATOR]=VALUE, such as 'language=en'."
            )
        pairs.append((name.strip(), value))
    if arguments.sort is not None:
        pairs.append(("sort", arguments.sort))
    if arguments.fields is not None:
        pairs.append(("fields", arguments.fields))
    return pairs


def _with_bar(steps: Iterable[None], progress: ExportProgress) -> Iterator[None]:
    """Iterate over the steps with a progress bar."""
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(show_speed=True),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task("", total=None)
        for _ in steps:
            written = sum(progress.written.values())
            bar.update(task, total=progress.total, completed=written, description=_counts(progress))
            yield


def _with_lines(steps: Iterable[None], progress: ExportProgress) -> Iterator[None]:
    """Iterate over the steps with a line every few seconds."""
    printed = time.monotonic()
    for _ in steps:
        if time.monotonic() - printed > _SECONDS_BETWEEN_LINES:
            printed = time.monotonic()
            click.echo(f"{_counts(progress)} so far", err=True)
        yield


def _counts(progress: ExportProgress) -> str:
    return ", ".join(f"{count:,} {name[:-1] if count == 1 else name}" for name, count in progress.written.items())


def _print_summary(file: str, progress: ExportProgress, seconds: float) -> None:
    target = "standard output" if file == "-" else escaped(file)
    click.echo(f"{_counts(progress)} written to {target} in {seconds:.1f} s.", err=True)
    for name, value in progress.headers.items():
        click.echo(f"{name}: {value}", err=True)
    for description, count in progress.left_out.items():
        click.echo(f"Left out: {count:,} × {description}.", err=True)
