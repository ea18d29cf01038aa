"""Imports that are interrupted, and readers meanwhile: batches are stored whole, and once."""

from __future__ import annotations

import json
import signal
import subprocess
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg2
import pytest
from sqlalchemy.engine import make_url

from app.transfer.imports.load import connection
from app.transfer.imports.load.batch import MAX_RECORDS
from app.transfer.imports.load.connection import LOCK
from tests.support.waiting import until

BOOKS = 5 * MAX_RECORDS


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Books of two authors each, some of them rejected, for five batches."""
    path = tmp_path / "books.csv"
    with path.open("w") as stream:
        stream.write("title,page_count,authors\n")
        for number in range(BOOKS):
            title = "" if number % 1000 == 7 else f"Book {number}"
            stream.write(f"{title},{number % 999 + 1},Author {number % 500};Other {number % 70} [editor]\n")
    return path


@pytest.fixture
def query_value(database_url) -> Iterator[Callable[[str], Any]]:
    """Returns the only value of a statement."""
    connection = psycopg2.connect(make_url(database_url).set(drivername="postgresql").render_as_string(False))
    connection.autocommit = True

    def value_of(sql: str) -> Any:
        with connection.cursor() as cursor:
            cursor.execute(sql)
            return cursor.fetchone()[0]

    yield value_of
    connection.close()


def good_before(end: int) -> int:
    """Return how many of the first records have a title."""
    return sum(number % 1000 != 7 for number in range(end))


GOOD = good_before(BOOKS)
SESSIONS = "FROM pg_stat_activity WHERE application_name = 'catalog-import' AND datname = current_database()"
COUNT = "SELECT count(*) FROM books"
# Books whose contributors, or their names in the search, are wrong.
DAMAGED = """
    SELECT count(*) FROM books
    WHERE contributors <> contributor_names(id) OR (SELECT count(*) FROM contributions WHERE book_id = books.id) <> 2
"""
UNKNOWN_WORDS = """
    SELECT count(*) FROM (SELECT words FROM books UNION ALL SELECT words FROM authors) AS records,
        unnest(tsvector_to_array(words)) AS word
    WHERE length(word) BETWEEN 2 AND 40 AND left(word, 1) NOT IN ('=', '^')
        AND word NOT IN (SELECT word FROM vocabulary)
"""


def reported(path: Path) -> dict[str, Any]:
    """Return the report of an import."""
    return dict(json.loads(path.read_text()))


@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGINT, signal.SIGTERM])
def test_an_ended_import_continues_where_it_was(start_import, query_value, file, tmp_path, end):
    first = start_import(str(file), "--rejects", str(tmp_path / "rejects.csv"))
    until(lambda: query_value(COUNT) > 0, 60)
    first.send_signal(end)
    output, _ = first.communicate(timeout=60)
    assert first.returncode == (-signal.SIGKILL if end == signal.SIGKILL else 2), output
    until(lambda: query_value(f"SELECT count(*) {SESSIONS}") == 0)
    stored = query_value(COUNT)
    assert 0 < stored < GOOD
    assert query_value(DAMAGED) == 0

    report, rejects = tmp_path / "report.json", tmp_path / "rejects.csv"
    second = start_import(str(file), "--rejects", str(rejects), "--report", str(report))
    output, _ = second.communicate(timeout=100)
    assert second.returncode == 1, output
    assert "resumed after" in output
    result = reported(report)
    assert (result["read"], result["created"], result["rejected"]) == (BOOKS, GOOD, BOOKS - GOOD)
    assert len(rejects.read_text().splitlines()) == 1 + BOOKS - GOOD
    assert (query_value(COUNT), query_value("SELECT count(*) FROM authors"), query_value(DAMAGED)) == (GOOD, 570, 0)
    assert query_value(UNKNOWN_WORDS) == 0
    assert query_value("SELECT count(*) FROM import_marks") == 0

    third = start_import(str(file), "--report", str(report))
    third.communicate(timeout=100)
    assert (third.returncode, reported(report)["unchanged"]) == (1, GOOD)


def test_an_import_reconnects_by_itself(start_import, query_value, file, tmp_path):
    report = tmp_path / "report.json"
    process = start_import(str(file), "--report", str(report))
    for stored in (0, MAX_RECORDS):
        until(lambda: query_value(COUNT) > stored, 60)  # noqa: B023
        query_value(f"SELECT pg_terminate_backend(pid) {SESSIONS}")
    output, _ = process.communicate(timeout=100)
    assert process.returncode == 1, output
    assert "Lost the connection to the database" in output
    result = reported(report)
    assert (result["read"], result["created"], result["rejected"]) == (BOOKS, GOOD, BOOKS - GOOD)
    assert (query_value(COUNT), query_value("SELECT count(*) FROM authors")) == (GOOD, 570)
    assert (query_value(DAMAGED), query_value(UNKNOWN_WORDS)) == (0, 0)
    assert query_value("SELECT count(*) FROM import_marks") == 0


def test_a_reader_of_the_output_may_go_away(start_import, query_value, file):
    process = start_import(str(file), stderr=subprocess.DEVNULL)
    process.stdout.close()
    assert process.wait(100) == 1
    assert query_value(COUNT) == GOOD


def test_rejects_without_room_fail_until_there_is_some(start_import, query_value, file, tmp_path):
    first = start_import(str(file), "--rejects", "/dev/full")
    output, _ = first.communicate(timeout=100)
    assert first.returncode == 2, output
    assert "Writing the rejected records to /dev/full failed: No space left on device. Free disk space" in output
    assert "Traceback" not in output
    stored = query_value(COUNT)
    rejects = tmp_path / "rejects.csv"
    second = start_import(str(file), "--rejects", str(rejects))
    output, _ = second.communicate(timeout=100)
    assert (second.returncode, "resumed after" in output) == (1, stored > 0), output
    assert len(rejects.read_text().splitlines()) == 1 + BOOKS - GOOD
    assert query_value(COUNT) == GOOD


def test_a_report_without_room_is_reported(start_import, query_value, file):
    process = start_import(str(file), "--report", "/dev/full")
    output, _ = process.communicate(timeout=100)
    assert process.returncode == 2
    assert "The report cannot be written to /dev/full: No space left on device" in output
    assert "Traceback" not in output
    assert query_value(COUNT) == GOOD


def test_one_import_runs_at_a_time(load, query_value, monkeypatch):
    monkeypatch.setattr(connection, "LOCK_TIMEOUT", "200ms")
    query_value(f"SELECT pg_advisory_lock({LOCK}) IS NULL")
    result = load("title\nA\n")
    assert (result.exit_code, "Another import is running" in result.output) == (2, True)
    query_value(f"SELECT pg_advisory_unlock({LOCK})")
    assert load("title\nA\n").exit_code == 0


def test_reads_and_writes_see_whole_batches(start_import, app, client, query_value, file):
    seen: list[tuple[int, int]] = []
    done = threading.Event()

    def read() -> None:
        own = app.test_client()
        while not done.is_set():
            books = own.get("/books?total=exact&limit=1").json["meta"]["total"]
            page = own.get("/books?sort=-id&limit=100").json["data"]
            seen.append((books, min((len(book["authors"]) for book in page), default=2)))

    reader = threading.Thread(target=read)
    reader.start()
    try:
        process = start_import(str(file))
        until(lambda: query_value(COUNT) > 0, 60)
        written = client.post("/books", json={"title": "Meanwhile", "authors": [{"name": "A"}, {"name": "B"}]})
        process.communicate(timeout=100)
    finally:
        done.set()
        reader.join()
    assert (process.returncode, written.status_code) == (1, 201)
    batches = {good_before(end) for end in range(0, BOOKS + 1, MAX_RECORDS)}
    assert {books for books, _ in seen} <= batches | {books + 1 for books in batches}
    assert {authors for _, authors in seen} == {2}
    # The import of another process has invalidated the cache of this one.
    assert client.get("/books?total=exact&limit=1").json["meta"]["total"] == GOOD + 1
