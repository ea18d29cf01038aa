"""Imports that end in the middle, and readers meanwhile: what was finished stands whole, and nothing is doubled."""

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

from app.transfer.chunks import MOST_RECORDS
from app.transfer.storing import catalog
from app.transfer.storing.catalog import LOCK
from tests.conftest import until

BOOKS = 5 * MOST_RECORDS


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Books of two authors each, some of them rejected, for five chunks."""
    path = tmp_path / "books.csv"
    with path.open("w") as stream:
        stream.write("title,page_count,authors\n")
        for number in range(BOOKS):
            title = "" if number % 1000 == 7 else f"Book {number}"
            stream.write(f"{title},{number % 999 + 1},Author {number % 500};Other {number % 70} [editor]\n")
    return path


@pytest.fixture
def ask(database_url) -> Iterator[Callable[[str], Any]]:
    """The one value that a statement answers."""
    connection = psycopg2.connect(make_url(database_url).set(drivername="postgresql").render_as_string(False))
    connection.autocommit = True

    def one(sql: str) -> Any:
        with connection.cursor() as cursor:
            cursor.execute(sql)
            return cursor.fetchone()[0]

    yield one
    connection.close()


def good_before(end: int) -> int:
    """How many of the first records have a title."""
    return sum(number % 1000 != 7 for number in range(end))


GOOD = good_before(BOOKS)
SESSIONS = "FROM pg_stat_activity WHERE application_name = 'catalog-import' AND datname = current_database()"
COUNT = "SELECT count(*) FROM books"
# Books whose contributors, or the names by which search finds them, are not what they must be.
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
    return dict(json.loads(path.read_text()))


@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGINT, signal.SIGTERM])
def test_an_import_that_was_ended_goes_on_where_it_was(begin, ask, file, tmp_path, end):
    first = begin(str(file), "--rejects", str(tmp_path / "rejects.csv"))
    until(lambda: ask(COUNT) > 0, 60)
    first.send_signal(end)
    said, _ = first.communicate(timeout=60)
    assert first.returncode == (-signal.SIGKILL if end == signal.SIGKILL else 2), said
    until(lambda: ask(f"SELECT count(*) {SESSIONS}") == 0)
    stood = ask(COUNT)
    assert 0 < stood < GOOD
    assert ask(DAMAGED) == 0

    report, rejects = tmp_path / "report.json", tmp_path / "rejects.csv"
    second = begin(str(file), "--rejects", str(rejects), "--report", str(report))
    said, _ = second.communicate(timeout=100)
    assert second.returncode == 1, said
    assert "went on after" in said
    found = reported(report)
    assert (found["read"], found["created"], found["rejected"]) == (BOOKS, GOOD, BOOKS - GOOD)
    assert len(rejects.read_text().splitlines()) == 1 + BOOKS - GOOD
    assert (ask(COUNT), ask("SELECT count(*) FROM authors"), ask(DAMAGED)) == (GOOD, 570, 0)
    assert ask(UNKNOWN_WORDS) == 0
    assert ask("SELECT count(*) FROM import_marks") == 0

    third = begin(str(file), "--report", str(report))
    third.communicate(timeout=100)
    assert (third.returncode, reported(report)["unchanged"]) == (1, GOOD)


def test_an_import_whose_connection_is_ended_goes_on_by_itself(begin, ask, file, tmp_path):
    report = tmp_path / "report.json"
    process = begin(str(file), "--report", str(report))
    for stood in (0, MOST_RECORDS):
        until(lambda: ask(COUNT) > stood, 60)  # noqa: B023
        ask(f"SELECT pg_terminate_backend(pid) {SESSIONS}")
    said, _ = process.communicate(timeout=100)
    assert process.returncode == 1, said
    assert "The connection to the database is lost" in said
    found = reported(report)
    assert (found["read"], found["created"], found["rejected"]) == (BOOKS, GOOD, BOOKS - GOOD)
    assert (ask(COUNT), ask("SELECT count(*) FROM authors"), ask(DAMAGED), ask(UNKNOWN_WORDS)) == (GOOD, 570, 0, 0)
    assert ask("SELECT count(*) FROM import_marks") == 0


def test_a_reader_of_what_is_said_may_go_away(begin, ask, file):
    process = begin(str(file), stderr=subprocess.DEVNULL)
    process.stdout.close()
    assert process.wait(100) == 1
    assert ask(COUNT) == GOOD


def test_rejects_that_find_no_room_fail_the_import_which_goes_on_where_there_is_some(begin, ask, file, tmp_path):
    first = begin(str(file), "--rejects", "/dev/full")
    said, _ = first.communicate(timeout=100)
    assert first.returncode == 2, said
    assert "The rejects cannot be written to /dev/full: No space left on device. Make room" in said
    assert "Traceback" not in said
    stood = ask(COUNT)
    rejects = tmp_path / "rejects.csv"
    second = begin(str(file), "--rejects", str(rejects))
    said, _ = second.communicate(timeout=100)
    assert (second.returncode, "went on after" in said) == (1, stood > 0), said
    assert len(rejects.read_text().splitlines()) == 1 + BOOKS - GOOD
    assert ask(COUNT) == GOOD


def test_a_report_that_finds_no_room_is_told(begin, ask, file):
    process = begin(str(file), "--report", "/dev/full")
    said, _ = process.communicate(timeout=100)
    assert process.returncode == 2
    assert "The report cannot be written to /dev/full: No space left on device" in said
    assert "Traceback" not in said
    assert ask(COUNT) == GOOD


def test_one_import_runs_at_a_time(load, ask, monkeypatch):
    monkeypatch.setattr(catalog, "PATIENCE", "200ms")
    ask(f"SELECT pg_advisory_lock({LOCK}) IS NULL")
    found = load("title\nA\n")
    assert (found.exit_code, "Another import is running" in found.said) == (2, True)
    ask(f"SELECT pg_advisory_unlock({LOCK})")
    assert load("title\nA\n").exit_code == 0


def test_reads_and_writes_go_on_meanwhile_and_see_whole_chunks(begin, app, client, ask, file):
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
        process = begin(str(file))
        until(lambda: ask(COUNT) > 0, 60)
        written = client.post("/books", json={"title": "Meanwhile", "authors": [{"name": "A"}, {"name": "B"}]})
        process.communicate(timeout=100)
    finally:
        done.set()
        reader.join()
    assert (process.returncode, written.status_code) == (1, 201)
    chunks = {good_before(end) for end in range(0, BOOKS + 1, MOST_RECORDS)}
    assert {books for books, _ in seen} <= chunks | {books + 1 for books in chunks}
    assert {authors for _, authors in seen} == {2}
    # The last read of another process' cache is from after the last chunk.
    assert client.get("/books?total=exact&limit=1").json["meta"]["total"] == GOOD + 1
