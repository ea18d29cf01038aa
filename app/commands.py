"""The command line: ``flask --app wsgi catalog …``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click
from flask import Flask, current_app
from flask.cli import AppGroup
from flask_migrate import upgrade
from rich.progress import Progress
from sqlalchemy import text

from extensions.database import DatabaseUnavailable, fetch, transaction
from extensions.statement import Statement

from . import loading, openapi
from .loading import Report

MANY = 1_000  # rows after which the planner should know of them at once
SAMPLE = Path(__file__).parent / "sample"

catalog = AppGroup("catalog", help="Fill and describe the catalog.")


def init_app(app: Flask) -> None:
    """Add the commands to the application."""
    app.cli.add_command(catalog)


@catalog.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--authors", is_flag=True, help="The file holds authors, not books.")
def load(file: Path, authors: bool) -> None:
    """Load a CSV of books into the catalog.

    The first line names the columns: fields of the representation (title, isbn, published, ...). Several subjects or
    authors stand in one cell, separated by ";"; an author's role follows in brackets: "Constance Garnett [translator]".
    Identifiers are written scheme:value. A row that breaks a rule is reported with its line and left out.
    """
    report = Report()
    try:
        _load(file, "authors" if authors else "books", report)
    finally:
        for line, message in report.rejected:
            click.echo(f"line {line}: {message}", err=True)
        click.echo(f"{report.read:,} rows read: {report.stored:,} stored, {len(report.rejected):,} rejected.")
    if report.rejected:
        sys.exit(1)


@catalog.command()
def sample() -> None:
    """Load the sample catalog, if the catalog is empty."""
    _load_sample()


@catalog.command()
def prepare() -> None:
    """Migrate the database, load the sample catalog if it is empty, and print what to try."""
    upgrade()
    _load_sample()
    host = "127.0.0.1" if current_app.config["HOST"] == "0.0.0.0" else current_app.config["HOST"]
    address = f"http://{host}:{current_app.config['PORT']}"
    click.echo(
        f"\nThe catalog is at {address}. Try:\n"
        f"  curl -g '{address}/books?author[contains]=tolstoy&fields=title,authors'\n"
        f"  open {address}/docs in a browser\n"
        "  .venv/bin/flask --app wsgi catalog load FILE.csv\n"
    )


@catalog.command("openapi")
def print_openapi() -> None:
    """Print the OpenAPI document."""
    click.echo(openapi.text(current_app).decode())


_EXPORT_HELP = """
    Export the catalog, or a part of it, to FILE ("-" is standard output).

    \b
        flask --app wsgi catalog export catalog.ndjson.gz
        flask --app wsgi catalog export english.csv --filter language=en --filter 'published[gte]=1990' --sort=-title
        flask --app wsgi catalog export reading.bib --query 'author[contains]=le%20guin'

    Everything is of one moment, whatever is written meanwhile. The format follows from the name; .gz behind it packs
    the file. FILE appears, or is replaced, only when it is whole.

    ndjson holds everything: authors, then books, each line as the API answers it. `catalog import --restore` reads it
    into an empty catalog, ids and timestamps included. csv and tsv hold the fields that can be written, for the import
    and for spreadsheets: of a contributor the name, role and credited name. Cells are as they are stored, also those
    that begin like a formula.

    marcxml, marc, bibtex and ris hold books, for libraries and citations, and what these formats have no place for is
    missing: of authors all but their names as they are filed; the cover (but in MARC); other identifiers than ISBNs
    and statements of edition (but in MARC); in marc fields over 9,999 bytes, which are counted; in ris line breaks,
    and roles other than author, editor and translator but as notes.
"""


@catalog.command("export", help=_EXPORT_HELP)
@click.argument("file", type=click.Path(dir_okay=False, allow_dash=True))
@click.option(
    "--format",
    type=click.Choice(["ndjson", "csv", "tsv", "marcxml", "marc", "bibtex", "ris"]),
    help="Where the name of FILE does not say it.",
)
@click.option(
    "--kind",
    type=click.Choice(["books", "authors", "all"]),
    help="What is exported: all where the format is ndjson and nothing is asked of the records, else books.",
)
@click.option(
    "--filter", "filters", multiple=True, metavar="NAME=VALUE", help="A filter of the API; may be given several times."
)
@click.option("--query", metavar="QUERY", help="The same, and more, as a query string of the API, percent-encoded.")
@click.option("--sort", help="As in the API: -published,title. By id, unless it is given.")
@click.option("--fields", help="Of ndjson, csv and tsv: only these fields.")
def export(**options: Any) -> None:
    """Export to a file; see `_EXPORT_HELP`."""
    from .transfer.export_command import Asked, run

    run(Asked(**options))


def _load_sample() -> None:
    if not fetch(Statement("SELECT EXISTS (SELECT FROM books) OR EXISTS (SELECT FROM authors)"), {})[0][0]:
        for name in ("authors", "books"):
            report = Report()
            _load(SAMPLE / f"{name}.csv", name, report)
            if report.rejected:
                raise click.ClickException(f"{name}.csv, line {report.rejected[0][0]}: {report.rejected[0][1]}")
        click.echo("The sample catalog is loaded.")


def _load(file: Path, name: str, report: Report) -> None:
    from .authors.schemas import AUTHORS
    from .books.schemas import BOOKS

    resource = {"authors": AUTHORS, "books": BOOKS}[name]
    try:
        with Progress(disable=not sys.stderr.isatty()) as progress, file.open("rb") as stream:
            known = stream.seekable()  # a pipe has no length
            task = progress.add_task(file.name, total=file.stat().st_size if known else None)
            for _ in loading.load(resource, stream, report):
                done = stream.tell() if known else None
                progress.update(task, completed=done, description=f"{file.name}: {report.read:,} rows")
    except loading.UnreadableFile as error:
        raise click.ClickException(f"{file}: {error}") from None
    except DatabaseUnavailable:
        raise click.ClickException("The database does not answer; the rows counted as stored are in it.") from None
    if report.stored >= MANY:
        transaction(lambda session: session.execute(text("ANALYZE books, authors, contributions")))
