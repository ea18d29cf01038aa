"""History: what it costs writes and an import, and how fast the history of one record is read.

The same code also runs without history: on a copy of the catalog whose triggers are disabled. `BEFORE`, a folder with
the code of a version without history, adds that version.
"""

from __future__ import annotations

import contextlib
import json
import os
import random
import resource
import statistics
import time
from collections.abc import Iterator
from http.client import HTTPConnection
from pathlib import Path
from typing import NamedTuple

from . import catalog, contestants, imports, writes
from .database import Cluster, flask
from .load import Sample, by_wrk, cpu_seconds, in_turns

CHANGES = 5_000_000  # of the made history
RECORDS = 1_000_000  # that have them
BUSY, OF_BUSY = 7, 10_000  # a record with many more changes, and their number
READS = 2_000  # requests of each kind
WITH, WITHOUT, EARLIER = "with history", "triggers disabled", "the version before"
TABLES = ("books", "authors", "contributions", "book_merges", "author_merges")


class ImportCost(NamedTuple):
    """CPU seconds of an import, and the bytes of what it stores with all indexes."""

    postgres: float
    client: float
    catalog_bytes: int
    history_bytes: int


def writes_with_and_without(
    cluster: Cluster, books: int, folder: Path, rounds: int, seconds: float
) -> Iterator[tuple[str, dict[str, Sample]]]:
    """Yield each kind of write with its samples: with history first."""
    database = cluster.catalog(books)
    earlier = os.environ.get("BEFORE")
    with contextlib.ExitStack() as stack:
        start = stack.enter_context
        services = []
        for place, name in enumerate((WITH, WITHOUT, EARLIER) if earlier else (WITH, WITHOUT)):
            copy = start(cluster.copy(database, f"history_{place}"))
            if name != WITH:
                disable(cluster, copy)
            root = Path(earlier) if earlier and name == EARLIER else contestants.ROOT
            services.append(start(contestants.this(cluster, copy, name, root=root)))
        for what, lines in _requests(cluster, database, books).items():
            file = folder / f"history_{what.partition(' ')[0]}.txt"
            file.write_text("".join(lines))
            measures = {each.name: by_wrk(each.address, file, each.pid, cluster.pid) for each in services}
            yield what, in_turns(measures, rounds, seconds)


def imports_with_and_without(cluster: Cluster, books: int, folder: Path, rounds: int) -> dict[str, ImportCost]:
    """Return the medians of imports of the same file into empty catalogs, by turns."""
    rows = folder / f"rows_{books}"
    imports.write_rows(rows, books)
    found: dict[str, list[ImportCost]] = {WITH: [], WITHOUT: []}
    for _ in range(rounds):
        for name, costs in found.items():
            database = "history_import"
            cluster.new(database)
            if name == WITHOUT:
                disable(cluster, database)
            costs.append(_import(cluster, database, rows / "books.csv"))
    return {name: ImportCost(*map(statistics.median, zip(*costs, strict=True))) for name, costs in found.items()}


def reads(cluster: Cluster, books: int) -> dict[str, list[float]]:
    """Return the seconds of requests for pages and versions among many changes, one after the other."""
    database = cluster.kept(f"history_{CHANGES}", f"{CHANGES:,} changes made", lambda name: _fill(cluster, name, books))
    chance = random.Random(catalog.SEED)
    with contestants.this(cluster, database, WEB_CONCURRENCY="1") as service:
        address = service.address.removeprefix("http://")
        with contextlib.closing(HTTPConnection(address, timeout=60)) as connection:
            ids = [chance.randint(1, RECORDS) for _ in range(READS)]
            known = [chance.randint(1, books) for _ in range(READS)]
            ages = [chance.randrange(CHANGES // RECORDS) for _ in range(READS)]
            return {
                "a page of a record's changes": _times(connection, [f"/books/{each}/changes" for each in ids]),
                f"the same of {OF_BUSY:,} changes": _times(connection, [f"/books/{BUSY}/changes"] * 200),
                "a version": _times(
                    connection,
                    [
                        f"/books/{record}/versions/{record + age * RECORDS}"
                        for record, age in zip(known, ages, strict=True)
                    ],
                ),
            }


def disable(cluster: Cluster, database: str) -> None:
    """Disable the triggers that record changes."""
    with cluster.connect(database) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT tgrelid::regclass, tgname FROM pg_trigger WHERE tgname ~ '^record_'")
        for table, trigger in cursor.fetchall():
            cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER {trigger}")


def _requests(cluster: Cluster, database: str, books: int) -> dict[str, list[str]]:
    """Return lines for wrk by kind of write."""
    chance = random.Random(catalog.SEED)
    new = writes.bodies(cluster, database)

    def path() -> str:
        return f"/books/{chance.randint(1, books)}"

    with cluster.connect(database) as connection, connection.cursor() as cursor:
        cursor.execute(
            "SELECT id, json_strip_nulls(json_build_object('title', title, 'subtitle', subtitle, 'isbn', isbn, "
            "'published', published, 'publisher', publisher, 'language', language, 'description', description, "
            "'series', series, 'series_position', series_position, 'subjects', subjects, 'authors', "
            "(SELECT json_agg(json_build_object('id', author_id, 'role', role, 'credited_as', credited_as) "
            "ORDER BY position) FROM contributions WHERE book_id = books.id))) FROM books"
        )
        stored = cursor.fetchall()
    return {
        "PATCH of one field": [
            f"PATCH\t{path()}\t{json.dumps({'page_count': chance.randint(1, 100_000)})}\n" for _ in new
        ],
        "PUT of a book with one field changed": [
            f"PUT\t/books/{record}\t{json.dumps({**document, 'page_count': chance.randint(1, 100_000)})}\n"
            for record, document in stored
            for _ in range(2)
        ],
        "POST of a book with two authors": [f"POST\t/books\t{body}\n" for body in new],
    }


def _import(cluster: Cluster, database: str, file: Path) -> ImportCost:
    before, own = cpu_seconds(cluster.pid), _children()
    flask(cluster.environment(database), "catalog", "import", str(file))
    postgres, client = cpu_seconds(cluster.pid) - before, _children() - own
    with cluster.connect(database) as connection, connection.cursor() as cursor:
        cursor.execute(
            "SELECT sum(pg_total_relation_size(oid)) FILTER (WHERE relname NOT IN ('revisions', 'changes')), "
            "sum(pg_total_relation_size(oid)) FILTER (WHERE relname IN ('revisions', 'changes')) FROM pg_class "
            "WHERE relname IN ('books', 'authors', 'contributions', 'vocabulary', 'revisions', 'changes')"
        )
        of_catalog, of_history = cursor.fetchone()
    return ImportCost(postgres, client, int(of_catalog), int(of_history))


def _children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _fill(cluster: Cluster, name: str, books: int) -> None:
    """Make books, and a history of updates of which each is a revision of its own."""
    with cluster.connect(name) as connection, connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
        cursor.execute(
            "INSERT INTO books (title, page_count) SELECT 'Book ' || n, 1 + n %% 900 FROM generate_series(1, %s) AS n",
            [books],
        )
        cursor.execute(
            "INSERT INTO revisions (position, size, via, request_id) "
            "SELECT n, 1, 'api', md5(n::text) FROM generate_series(1, %s) AS n",
            [CHANGES + OF_BUSY],
        )
        cursor.execute(
            "INSERT INTO changes (revision_id, record_id, ordinal, resource, op, before, after) "
            "SELECT id, CASE WHEN id > %(changes)s THEN %(busy)s ELSE 1 + (id - 1) %% %(records)s END, 0, 'books', "
            "'updated', jsonb_build_object('page_count', id %% 900 + 1, 'updated_at', at), "
            "jsonb_build_object('page_count', id %% 900 + 2) FROM revisions ORDER BY id",
            {"changes": CHANGES, "busy": BUSY, "records": RECORDS},
        )
        cursor.execute("UPDATE change_feed SET last_position = %s", [CHANGES + OF_BUSY])


def _times(connection: HTTPConnection, targets: list[str]) -> list[float]:
    taken = []
    for target in targets:
        started = time.perf_counter()
        connection.request("GET", target)
        response = connection.getresponse()
        body = response.read()
        taken.append(time.perf_counter() - started)
        if response.status != 200:
            raise RuntimeError(f"{target}: {body.decode()}")
    return taken
