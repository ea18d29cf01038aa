"""Compares the import with COPY, SQLAlchemy's `add_all` and Django's `bulk_create` on the same rows.

The *floor* is COPY of prepared rows of a generated catalog (authors, books with the names of their contributors,
contributions). All indexes and constraints are in place, but the triggers that update search data are off. The import
reads a CSV of the same books, which names the authors, and resolves them by name.
"""

from __future__ import annotations

import contextlib
import csv
import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from app.books.contributors.text import format_contributor
from app.values import cell

from . import catalog
from .database import ROOT, Cluster, flask

FEW = 20_000  # books, for the slow alternatives
AT_ONCE = 1_000


@dataclass(frozen=True)
class Timing:
    """A number of books (or lines), the seconds to store them, and the peak memory in megabytes."""

    books: int
    seconds: float
    memory: float | None = None

    @property
    def rate(self) -> float:
        """Books a second."""
        return self.books / self.seconds


def measure(cluster: Cluster, books: int, folder: Path) -> dict[str, Timing]:
    """Return the timings by name, that of the import first."""
    rows = folder / f"rows_{books}"
    write_rows(rows, books)
    few = min(books, FEW)
    few_rows = folder / f"rows_{few}"
    write_rows(few_rows, few)
    lines = _write_dump(few_rows, few)
    found = {}
    with _database(cluster, "import_ours") as name:
        found["import"] = _import(cluster, name, rows / "books.csv", books)
        found["import of the same file again"] = _import(cluster, name, rows / "books.csv", books)
    with _database(cluster, "import_floor") as name:
        found["floor: COPY of the finished rows"] = Timing(books, _copy(cluster, name, rows))
    with _database(cluster, "import_dump") as name:
        found[f"import of an Open Library dump, {lines:,} lines"] = _import(cluster, name, few_rows / "dump.txt", lines)
    for what, module in (("SQLAlchemy add_all", "import_orm"), ("Django bulk_create", "import_django")):
        with _database(cluster, f"import_{module}") as name:
            seconds = _peer(cluster, name, few_rows, module)
            if seconds is not None:
                found[f"{what}, {few:,} books"] = Timing(few, seconds)
    return found


@contextlib.contextmanager
def _database(cluster: Cluster, name: str) -> Iterator[str]:
    cluster.new(name)
    try:
        yield name
    finally:
        with cluster.connect("postgres") as connection, connection.cursor() as cursor:
            cursor.execute(f"DROP DATABASE {name} WITH (FORCE)")


def _import(cluster: Cluster, name: str, file: Path, records: int) -> Timing:
    started = time.perf_counter()
    before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    flask(cluster.environment(name), "catalog", "import", str(file))
    seconds = time.perf_counter() - started
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    return Timing(records, seconds, max(before, peak) / 1024)


def _copy(cluster: Cluster, name: str, rows: Path) -> float:
    with cluster.connect(name) as connection, connection.cursor() as cursor:
        for table in ("authors", "books", "contributions"):
            cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        started = time.perf_counter()
        for table, columns in (
            ("authors", catalog.AUTHOR_COLUMNS),
            ("books", (*catalog.BOOK_COLUMNS, "contributors")),
            ("contributions", catalog.CONTRIBUTION_COLUMNS),
        ):
            with (rows / f"{table}.copy").open("rb") as stream:
                cursor.copy_expert(f"COPY {table} ({', '.join(columns)}) FROM STDIN", stream, 1 << 18)
        return time.perf_counter() - started


def _peer(cluster: Cluster, name: str, rows: Path, module: str) -> float | None:
    """Return the seconds that an alternative takes, None if its packages are not installed."""
    command = [sys.executable, "-m", f"benchmarks.peers.{module}", str(rows)]
    environment = {**os.environ, "DATABASE_URL": cluster.url(name)}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    if "ModuleNotFoundError" in done.stderr:
        return None
    if done.returncode:
        raise RuntimeError(done.stderr)
    return float(done.stdout.split()[-1])


# The rows, in the format of COPY and as CSV


def write_rows(folder: Path, books: int) -> None:
    """Write the rows, unless they exist."""
    if (folder / "done").exists():
        return
    folder.mkdir(exist_ok=True)
    names: dict[int, str] = {}
    lines: dict[int, str] = {}
    total = catalog.authors_of(books)
    with (folder / "authors.copy").open("w", encoding="utf-8") as stream:
        for start in range(1, total + 1, catalog.CHUNK):
            for row in catalog.authors(start, min(start + catalog.CHUNK, total + 1)):
                author = dict(zip(catalog.AUTHOR_COLUMNS, row, strict=True))
                names[author["id"]] = author["name"]  # type: ignore[index,assignment]
                lines[author["id"]] = _name_lines(author)  # type: ignore[index]
                stream.write(catalog.copy_line(row))
    own = [name for name in catalog.BOOK_COLUMNS if name not in ("id", "created_at", "updated_at")]
    with contextlib.ExitStack() as stack:
        copied, linked, table = (
            stack.enter_context((folder / name).open("w", encoding="utf-8", newline=""))
            for name in ("books.copy", "contributions.copy", "books.csv")
        )
        writer = csv.writer(table)
        writer.writerow([*own, "authors"])
        for start in range(1, books + 1, catalog.CHUNK):
            for row, contributions in catalog.books(start, min(start + catalog.CHUNK, books + 1), books):
                contributor_names = "".join(
                    lines[link[1]] + (f"\\n{link[4].lower()}\\n" if link[4] else "")  # type: ignore[index,attr-defined]
                    for link in contributions
                )
                copied.write(f"{catalog.copy_line(row)[:-1]}\t{contributor_names}\n")
                linked.writelines(map(catalog.copy_line, contributions))
                book = dict(zip(catalog.BOOK_COLUMNS, row, strict=True))
                credited = cell.join([_credit(names, contribution) for contribution in contributions])
                writer.writerow([*(_text(book[name]) for name in own), credited])
    (folder / "done").touch()


def _write_dump(folder: Path, books: int) -> int:
    """Write the same authors and books as an Open Library dump; return the number of lines."""
    authors = catalog.authors_of(books)
    if not (folder / "dump.txt").exists():
        with (folder / "dump.txt").open("w", encoding="utf-8") as stream:
            for row in catalog.authors(1, authors + 1):
                author = dict(zip(catalog.AUTHOR_COLUMNS, row, strict=True))
                stream.write(_dumped("author", f"/authors/OL{author['id']}A", name=author["name"]))
            for row, contributions in catalog.books(1, books + 1, books):
                book = dict(zip(catalog.BOOK_COLUMNS, row, strict=True))
                members = {
                    "title": book["title"],
                    "subtitle": book["subtitle"],
                    "isbn_13": [book["isbn"]] if book["isbn"] else None,
                    "publish_date": book["published"],
                    "publishers": [book["publisher"]] if book["publisher"] else None,
                    "number_of_pages": book["page_count"],
                    "description": book["description"],
                    "subjects": book["subjects"],
                    "authors": [{"key": f"/authors/OL{author_id}A"} for _, author_id, *_ in contributions],
                }
                stream.write(_dumped("edition", f"/books/OL{book['id']}M", **members))
    return authors + books


def _dumped(kind: str, key: str, **members: Any) -> str:
    record = {name: value for name, value in members.items() if value is not None}
    document = json.dumps({"key": key, "type": {"key": f"/type/{kind}"}, **record}, ensure_ascii=False)
    return f"/type/{kind}\t{key}\t1\t2020-01-01T00:00:00.000000\t{document}\n"


def _name_lines(author: dict[str, Any]) -> str:
    """Return approximately the result of the database function `name_lines`, in the format of COPY."""
    names = dict.fromkeys([author["name"], author["sort_name"], *author["alternate_names"]])
    plain = (" ".join(name.lower().replace(",", " ").replace(".", " ").split()) for name in names)
    return "\\n" + "\\n".join(plain) + "\\n"


def _credit(names: dict[int, str], contribution: tuple[Any, ...]) -> str:
    _, author_id, role, _, credited_as = contribution
    return format_contributor(names[author_id], role, credited_as)


def _text(value: Any) -> Any:
    if isinstance(value, list):
        return cell.join(value)
    if isinstance(value, dict):
        return cell.join([f"{scheme}:{value_}" for scheme, ids in value.items() for value_ in ids])
    return "" if value is None else value


def read_rows(folder: Path) -> tuple[list[dict[str, Any]], list[dict[str, Any]], list[dict[str, Any]]]:
    """Return authors, books and contributions as Python values, for the peers."""
    authors = _read(folder / "authors.copy", catalog.AUTHOR_COLUMNS)
    books = _read(folder / "books.copy", (*catalog.BOOK_COLUMNS, "contributors"))
    contributions = _read(folder / "contributions.copy", catalog.CONTRIBUTION_COLUMNS)
    authors = [{name: author[name] for name in ("id", "name", "sort_name")} for author in authors]
    for book in books:
        for name in ("created_at", "updated_at", "contributors"):
            del book[name]
        book["subjects"] = json.loads("[" + book["subjects"][1:-1] + "]")
        book["identifiers"] = json.loads(book["identifiers"])
    return authors, books, contributions


def _read(path: Path, columns: tuple[str, ...]) -> list[dict[str, Any]]:
    numbers = {
        "id": int,
        "page_count": int,
        "series_position": float,
        "book_id": int,
        "author_id": int,
        "position": int,
    }
    found = []
    with path.open(encoding="utf-8") as stream:
        for line in stream:
            values = zip(columns, line[:-1].split("\t"), strict=True)
            found.append({name: None if text == "\\N" else numbers.get(name, str)(text) for name, text in values})
    return found
