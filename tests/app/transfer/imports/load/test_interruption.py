"""Imports that are interrupted, and readers meanwhile: batches are stored whole, and once."""

from __future__ import annotations

import functools
import json
import signal
import subprocess
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg2
import pytest
from flask import Flask
from sqlalchemy.engine import make_url

from app.transfer.imports.load import connection
from app.transfer.imports.load.batch import MAX_RECORDS
from app.transfer.imports.load.connection import LOCK
from tests.support.databases import execute
from tests.support.waiting import until

BATCH = 400  # records
BATCHES = 5
BOOKS = BATCHES * BATCH


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Books of two authors each, some of them rejected, for five batches."""
    return write_books(tmp_path / "books.csv", BOOKS)


def write_books(path: Path, books: int) -> Path:
    with path.open("w") as stream:
        stream.write("title,page_count,authors\n")
        for number in range(books):
            title = "" if is_rejected(number) else f"Book {number}"
            stream.write(f"{title},{number % 999 + 1},Author {number % 500};Other {number % 70} [editor]\n")
    return path


def is_rejected(number: int) -> bool:
    return number % 101 == 7


@pytest.fixture
def start(start_import: Callable[..., subprocess.Popen[str]]) -> Callable[..., subprocess.Popen[str]]:
    """Start an import in small batches."""
    return functools.partial(start_import, in_batches=BATCH)


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


# Before a batch is committed, it is marked in the database, and waits there for a lock with its last record.
GATE = """
    CREATE FUNCTION wait_at_gate() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        PERFORM pg_advisory_xact_lock_shared(7, NEW.records::integer);
        RETURN NEW;
    END $$;
    CREATE TRIGGER gate BEFORE INSERT ON import_marks FOR EACH ROW EXECUTE FUNCTION wait_at_gate();
"""


class Gate:
    """Holds batches back before they are committed, so that an import does not end too early."""

    def __init__(self, query_value: Callable[[str], Any]) -> None:
        self.query_value = query_value

    def close(self, batch: int) -> None:
        """Let the import wait at the end of this batch, counted from 1."""
        self.query_value(f"SELECT pg_advisory_lock(7, {batch * BATCH}) IS NULL")

    def open(self, batch: int) -> None:
        self.query_value(f"SELECT pg_advisory_unlock(7, {batch * BATCH})")


@pytest.fixture
def gate(app: Flask, database_url: str, query_value: Callable[[str], Any]) -> Iterator[Gate]:
    execute(database_url, GATE)
    yield Gate(query_value)
    query_value("SELECT pg_advisory_unlock_all() IS NULL")
    execute(database_url, "DROP TRIGGER gate ON import_marks; DROP FUNCTION wait_at_gate")


def good_before(end: int) -> int:
    """Return how many of the first records have a title."""
    return sum(not is_rejected(number) for number in range(end))


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
def test_an_ended_import_continues_where_it_was(start, gate, query_value, file, tmp_path, end):
    gate.close(2)
    first = start(str(file), "--rejects", str(tmp_path / "rejects.csv"))
    until(lambda: query_value(COUNT) > 0, 60)
    first.send_signal(end)
    gate.open(2)
    output, _ = first.communicate(timeout=240)
    assert first.returncode == (-signal.SIGKILL if end == signal.SIGKILL else 2), output
    until(lambda: query_value(f"SELECT count(*) {SESSIONS}") == 0)
    stored = query_value(COUNT)
    assert 0 < stored < GOOD
    assert query_value(DAMAGED) == 0

    report, rejects = tmp_path / "report.json", tmp_path / "rejects.csv"
    second = start(str(file), "--rejects", str(rejects), "--report", str(report))
    output, _ = second.communicate(timeout=240)
    assert second.returncode == 1, output
    assert "resumed after" in output
    result = reported(report)
    assert (result["read"], result["created"], result["rejected"]) == (BOOKS, GOOD, BOOKS - GOOD)
    assert len(rejects.read_text().splitlines()) == 1 + BOOKS - GOOD
    assert (query_value(COUNT), query_value("SELECT count(*) FROM authors"), query_value(DAMAGED)) == (GOOD, 570, 0)
    assert query_value(UNKNOWN_WORDS) == 0
    assert query_value("SELECT count(*) FROM import_marks") == 0

    third = start(str(file), "--report", str(report))
    third.communicate(timeout=240)
    assert (third.returncode, reported(report)["unchanged"]) == (1, GOOD)


def test_an_import_reconnects_by_itself(start, gate, query_value, file, tmp_path):
    report = tmp_path / "report.json"
    gate.close(2)
    gate.close(3)
    process = start(str(file), "--report", str(report))
    for batch in (1, 2):
        until(lambda: query_value(COUNT) == good_before(batch * BATCH), 60)  # noqa: B023
        query_value(f"SELECT pg_terminate_backend(pid) {SESSIONS}")
        gate.open(batch + 1)
    output, _ = process.communicate(timeout=240)
    assert process.returncode == 1, output
    assert "Lost the connection to the database" in output
    result = reported(report)
    assert (result["read"], result["created"], result["rejected"]) == (BOOKS, GOOD, BOOKS - GOOD)
    assert (query_value(COUNT), query_value("SELECT count(*) FROM authors")) == (GOOD, 570)
    assert (query_value(DAMAGED), query_value(UNKNOWN_WORDS)) == (0, 0)
    assert query_value("SELECT count(*) FROM import_marks") == 0


def test_a_reader_of_the_output_may_go_away(start, query_value, file):
    process = start(str(file), stderr=subprocess.DEVNULL)
    process.stdout.close()
    assert process.wait(240) == 1
    assert query_value(COUNT) == GOOD


def test_rejects_without_room_fail_until_there_is_some(start, query_value, file, tmp_path):
    first = start(str(file), "--rejects", "/dev/full")
    output, _ = first.communicate(timeout=240)
    assert first.returncode == 2, output
    assert "Writing the rejected records to /dev/full failed: No space left on device. Free disk space" in output
    assert "Traceback" not in output
    stored = query_value(COUNT)
    rejects = tmp_path / "rejects.csv"
    second = start(str(file), "--rejects", str(rejects))
    output, _ = second.communicate(timeout=240)
    assert (second.returncode, "resumed after" in output) == (1, stored > 0), output
    assert len(rejects.read_text().splitlines()) == 1 + BOOKS - GOOD
    assert query_value(COUNT) == GOOD


def test_a_report_without_room_is_reported(start, query_value, file):
    process = start(str(file), "--report", "/dev/full")
    output, _ = process.communicate(timeout=240)
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


def test_reads_and_writes_see_whole_batches(start_import, app, client, query_value, tmp_path):
    books = BATCHES * MAX_RECORDS  # in batches that take a while
    file = write_books(tmp_path / "books.csv", books)
    seen: list[tuple[int, int]] = []
    done = threading.Event()

    def read() -> None:
        own = app.test_client()
        while not done.is_set():
            total = own.get("/books?total=exact&limit=1").json["meta"]["total"]
            page = own.get("/books?sort=-id&limit=100").json["data"]
            seen.append((total, min((len(book["authors"]) for book in page), default=2)))

    reader = threading.Thread(target=read)
    reader.start()
    try:
        process = start_import(str(file))
        until(lambda: query_value(COUNT) > 0, 60)
        written = client.post("/books", json={"title": "Meanwhile", "authors": [{"name": "A"}, {"name": "B"}]})
        process.communicate(timeout=240)
    finally:
        done.set()
        reader.join()
    assert (process.returncode, written.status_code) == (1, 201)
    batches = {good_before(end) for end in range(0, books + 1, MAX_RECORDS)}
    assert {total for total, _ in seen} <= batches | {total + 1 for total in batches}
    assert {authors for _, authors in seen} == {2}
    # The import of another process has invalidated the cache of this one.
    assert client.get("/books?total=exact&limit=1").json["meta"]["total"] == good_before(books) + 1
