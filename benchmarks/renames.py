"""A rename of an author of very many books: its answer, and the time until search follows."""

from __future__ import annotations

import json
import statistics
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from http.client import HTTPConnection
from typing import Any
from urllib.parse import quote

import psutil

from . import contestants
from .database import Cluster

BOOKS = 100_000  # of the author
AUTHOR = 1
POLL_SECONDS = 2.0  # a search that counts so many books takes part of a core
PAUSE = 0.02  # seconds between two other writes
LONGEST_WAIT = 600.0  # seconds, after which search counts as not following
NAMES = ("Quillonia Verstappe", "Zebedine Oxmantown")  # without a word of the generated catalog


@dataclass(frozen=True)
class Rename:
    """What a rename took, in seconds, and what clients saw before search followed."""

    answer: float
    status: int
    new_in_book: bool  # right after the answer
    old_found: int  # books, right after the answer
    new_found: int
    follows: float
    cpu: float  # of all processes of Postgres, until search followed
    writes: tuple[float, float]  # median and 99th percentile of other writes meanwhile
    failed: int  # of these writes


def measure(cluster: Cluster, books: int) -> Iterator[tuple[str, Rename]]:
    """Yield what a rename took with statistics of the tables, and without any, as after a load into a new database."""
    for number, label in enumerate(("with statistics", "without statistics")):
        with cluster.copy(cluster.catalog(books), "renames") as database:
            _prepare(cluster, database, min(BOOKS, books), analyzed=number == 0)
            with contestants.this(cluster, database) as service:
                yield label, _rename(cluster, service.address, min(BOOKS, books))


def _prepare(cluster: Cluster, database: str, books: int, *, analyzed: bool) -> None:
    """Give an author the books, with the search data that the triggers would have stored."""
    with cluster.connect(database) as connection, connection.cursor() as cursor:
        cursor.execute("UPDATE authors SET name = %s, sort_name = %s WHERE id = %s", [NAMES[0], NAMES[0], AUTHOR])
        cursor.execute("DELETE FROM stale_authors")
        cursor.execute("SET session_replication_role = replica")
        cursor.execute(
            "INSERT INTO contributions (book_id, author_id, role, position) "
            "SELECT id, %s, 'contributor', 50 FROM books WHERE id NOT IN "
            "(SELECT book_id FROM contributions WHERE author_id = %s) ORDER BY id LIMIT %s",
            [AUTHOR, AUTHOR, books],
        )
        cursor.execute(
            "UPDATE books SET contributors = contributor_names(id) "
            "WHERE id IN (SELECT book_id FROM contributions WHERE author_id = %s)",
            [AUTHOR],
        )
        cursor.execute("VACUUM (ANALYZE) books, contributions, authors")
        if not analyzed:
            for table in ("books", "contributions", "authors"):
                cursor.execute("SELECT pg_clear_relation_stats('public', %s)", [table])
                cursor.execute("DELETE FROM pg_statistic WHERE starelid = %s::regclass", [table])
                cursor.execute(f"ALTER TABLE {table} SET (autovacuum_enabled = off)")


def _rename(cluster: Cluster, address: str, books: int) -> Rename:
    old, new = NAMES
    everything = _found(address, old)
    assert everything >= books, everything
    writes: list[float] = []
    failed: list[int] = []
    followed = threading.Event()
    writer = threading.Thread(target=_write, args=(address, writes, failed, followed))
    cpu = _cpu(cluster)
    writer.start()
    try:
        began = time.perf_counter()
        status, _ = _send(address, "PATCH", f"/authors/{AUTHOR}", {"name": new, "sort_name": new})
        answer = time.perf_counter() - began
        _, author_page = _send(address, "GET", f"/books?author_id={AUTHOR}&sort=-id&limit=1")
        new_in_book = any(author["name"] == new for author in author_page["data"][0]["authors"])
        old_found, new_found = _found(address, old), _found(address, new)
        while _found(address, new) < everything and time.perf_counter() - began < LONGEST_WAIT:
            time.sleep(POLL_SECONDS)
        follows = time.perf_counter() - began
        assert _found(address, old) == 0
    finally:
        followed.set()
        writer.join()
    ordered = sorted(writes)
    times = statistics.median(ordered), ordered[int(len(ordered) * 0.99)]
    return Rename(answer, status, new_in_book, old_found, new_found, follows, _cpu(cluster) - cpu, times, len(failed))


def _write(address: str, seconds: list[float], failed: list[int], ends: threading.Event) -> None:
    """Change books of the author, one after the other."""
    number = 0
    while not ends.is_set():
        number += 1
        began = time.perf_counter()
        status, _ = _send(address, "PATCH", f"/books/{1 + number * 37 % 50_000}", {"page_count": 100 + number % 900})
        seconds.append(time.perf_counter() - began)
        if status != 200:
            failed.append(status)
        time.sleep(PAUSE)


def _found(address: str, name: str) -> int:
    """Return how many books a search for all words of a name finds."""
    status, page = _send(address, "GET", f"/books?q={quote(name)}&total=exact&limit=1&fields=id")
    assert status == 200, page
    return int(page["meta"]["total"]) if page["meta"]["match"] == "exact" else 0


def _send(address: str, method: str, path: str, document: object = None) -> tuple[int, Any]:
    with closing(HTTPConnection(address.removeprefix("http://"), timeout=60)) as connection:
        body = None if document is None else json.dumps(document)
        connection.request(method, path, body, {"Content-Type": "application/json"} if body else {})
        response = connection.getresponse()
        return response.status, json.loads(response.read())


def _cpu(cluster: Cluster) -> float:
    """Return the CPU seconds of Postgres with its processes, ended ones included."""
    parent = psutil.Process(cluster.pid)
    times = [parent.cpu_times(), *(child.cpu_times() for child in parent.children(recursive=True))]
    return sum(each.user + each.system for each in times) + times[0].children_user + times[0].children_system
