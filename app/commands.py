"""The command line: ``flask --app wsgi catalog …``."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from flask import Flask, current_app
from flask.cli import AppGroup
from flask_migrate import upgrade

from extensions.database import fetch
from extensions.statement import Statement

from . import openapi

if TYPE_CHECKING:
    from .transfer.command import Asked

SAMPLE = Path(__file__).parent / "sample"

catalog = AppGroup("catalog", help="Fill and describe the catalog.")


def init_app(app: Flask) -> None:
    """Add the commands to the application."""
    app.cli.add_command(catalog)


class Unsuccessful(click.ClickException):
    """The command could not do what it was asked for."""

    exit_code = 2


def _mapping(_: click.Context, __: click.Parameter, given: Iterable[str]) -> dict[str, str]:
    found = {}
    for pair in given:
        field, equals, column = pair.partition("=")
        if not (equals and field.strip() and column.strip()):
            raise click.BadParameter(f"{pair!r} is not of the form field=column, such as 'title=Book-Title'.")
        found[field.strip()] = column.strip()
    return found


# Where the format is not one of these, the layout of an export is, which the reader says.
_HELP = """
    Import books and authors from FILEs ("-" is standard input).

    A spreadsheet: save it as CSV, with the names of the columns in one of the first lines, and import it:

    \b
        flask --app wsgi catalog import my-books.csv --dry-run
        flask --app wsgi catalog import my-books.csv --rejects rejects.csv

    The first command shows what the file is taken for and what would become of each row; the second one does it.
    Columns are known by many names (Title, Autor, Author 2, ISBN-13, Éditeur, Erscheinungsjahr, Páginas …). One that is
    not can be named: --map 'title=Name of the book' (fields are those of the API: title, subtitle, isbn, published,
    publisher, language, page_count, description, series, series_position, subjects, cover_url, identifiers, authors;
    and authors[translator] and so on, and key, the row's own id; for authors: name, sort_name, alternate_names,
    birth_date, death_date, biography).

    Formats, all of them guessed: csv and tsv (also the exports goodreads, goodbooks, librarything, bookcrossing,
    gutenberg, gutenberg-catalog, gutenberg-authors, gutenberg-subjects, calibre), ndjson and json (records as the API
    has them), openlibrary (dumps of authors, works and editions, in any order), marc and marcxml. Files may be
    compressed: .gz, .bz2, .zip, .zst.

    The same file again changes nothing: a book is known by its id in the source, by its ISBN, or else by its row. An
    import that was interrupted goes on where it was when the same command is given again.

    Every record is accounted for: read = created + updated + unchanged + skipped + rejected. Exit status: 0 all is in
    the catalog, 1 some were rejected, 2 it failed.
"""


@catalog.command("import", help=_HELP)
@click.argument("files", nargs=-1, required=True, metavar="FILE…")
@click.option("--format", help="What the files are, where the guess is wrong.")
@click.option("--map", "mapping", multiple=True, callback=_mapping, help="FIELD=COLUMN; may be given several times.")
@click.option("--encoding", help="Such as utf-8, cp1252, latin-1, utf-16.")
@click.option("--delimiter", help="What stands between cells: a character, or tab.")
@click.option(
    "--source",
    help="The name of where the files come from: ids of their rows are kept under it among `identifiers`, and rows "
    "without an id or an ISBN are told from those of other sources by it.",
)
@click.option("--dry-run", is_flag=True, help="Report the same, and change nothing.")
@click.option(
    "--rejects",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write what cannot be stored to this file, in the format of its own, with the reasons beside it: to be mended "
    "and imported. Of a second FILE to name.2.csv, and so on.",
)
@click.option(
    "--on-conflict",
    type=click.Choice(["update", "skip"]),
    default="update",
    show_default=True,
    help="Of a record that is there: what the file says replaces what is stored (what it does not say stays; "
    "identifiers and alternate names are added); or it is skipped.",
)
@click.option(
    "--report", type=click.Path(dir_okay=False, path_type=Path), help="Write the counts to this file, as JSON."
)
@click.option(
    "--restore",
    is_flag=True,
    help="The files are NDJSON that `catalog export` wrote: ids and timestamps are kept. Authors come first. For an "
    "empty catalog.",
)
def import_(files: tuple[str, ...], on_conflict: str, **options: Any) -> None:
    """Import files; see `_HELP`."""
    from .transfer.command import Asked

    sys.exit(_import(Asked(files, update=on_conflict == "update", **options)))


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
        "  .venv/bin/flask --app wsgi catalog import FILE.csv\n"
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
    from .transfer.command import Asked

    if not fetch(Statement("SELECT EXISTS (SELECT FROM books) OR EXISTS (SELECT FROM authors)"), {})[0][0]:
        files = [str(SAMPLE / f"{name}.csv") for name in ("authors", "books")]
        if _import(Asked(files, quiet=True)) != 0:
            raise Unsuccessful("The sample catalog is damaged.")
        click.echo("The sample catalog is loaded.")


def _import(asked: Asked) -> int:
    # The readers are large, and the service needs none of them.
    from .transfer.command import Failed, run

    try:
        return run(current_app._get_current_object(), asked)  # type: ignore[attr-defined]
    except Failed as error:
        raise Unsuccessful(str(error)) from None
    except KeyboardInterrupt:
        raise Unsuccessful("Stopped.") from None
    except Exception:
        # The status that Python gives to a mistake of the program would say that some records were rejected.
        traceback.print_exc()
        raise Unsuccessful("This is a mistake of the program. What was finished stands in the catalog.") from None
