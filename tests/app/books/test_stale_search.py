"""Search data of prolific authors' books, which follows renames and merges in transactions of its own."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import closing
from typing import Any

import psycopg2
import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.books.stale_search import BOOKS_AT_ONCE, refresh_some
from tests.support.databases import execute
from tests.support.servers.jobs import run_due_jobs

BOOKS = 201  # one more than those whose search data is refreshed at once
BATCH = 67  # books in one request, which even a busy machine stores in time


@pytest.fixture
def prolific(client: FlaskClient) -> FlaskClient:
    """A client of a catalog with three authors, the first two with many books each."""
    for name in ("Ada Original", "Berta Second", "Clara Third"):
        assert client.post("/authors", json={"name": name}).status_code == 201
    for author_id in (1, 2):
        books = [{"title": f"Book {number} of {author_id}", "authors": [{"id": author_id}]} for number in range(BOOKS)]
        for start in range(0, BOOKS, BATCH):
            assert client.post("/books", json=books[start : start + BATCH]).status_code == 201
    return client


def refresh(app: Flask) -> list[int]:
    """Refresh everything; return how many books each transaction refreshed."""
    with app.app_context():
        return list(iter(refresh_some, 0))


def found(client: FlaskClient, words: str) -> int:
    """How many books a search for all of the words finds."""
    page = client.get("/books", query_string={"q": words, "total": "exact", "limit": 1}).json
    return int(page["meta"]["total"]) if page["meta"]["match"] == "exact" else 0


def book(client: FlaskClient, book_id: int) -> dict[str, Any]:
    response = client.get(f"/books/{book_id}", headers={"Cache-Control": "no-cache"})
    assert response.status_code == 200, response.text
    return dict(response.json)


@pytest.mark.parametrize("method", ["PUT", "PATCH"])
def test_search_follows_a_rename(method: str, prolific: FlaskClient, app: Flask) -> None:
    assert found(prolific, "original") == BOOKS
    assert prolific.open("/authors/1", method=method, json={"name": "Ada Changed"}).status_code == 200
    assert book(prolific, 1)["authors"][0]["name"] == "Ada Changed"
    assert (found(prolific, "original"), found(prolific, "changed")) == (BOOKS, 0)
    assert max(refresh(app)) <= BOOKS_AT_ONCE
    assert (found(prolific, "original"), found(prolific, "changed")) == (0, BOOKS)


def test_a_rename_starts_an_unfinished_refresh_again(prolific: FlaskClient, app: Flask) -> None:
    prolific.patch("/authors/1", json={"name": "Ada Changed"})
    with app.app_context():
        refresh_some()
    prolific.patch("/authors/1", json={"name": "Ada Final"})
    refresh(app)
    assert (found(prolific, "changed"), found(prolific, "final")) == (0, BOOKS)


RENAMES = ({"name": "Ada Changed"}, {"sort_name": "Changed, Ada"}, {"alternate_names": ["Changed"]})


@pytest.mark.parametrize("body", RENAMES, ids=lambda body: next(iter(body)))
def test_a_rename_neither_writes_nor_locks_a_book(body: Any, prolific: FlaskClient, database_url: str) -> None:
    books = "SELECT xmin::text, xmax::text, ctid::text FROM books ORDER BY id"
    before = execute(database_url, books)
    assert prolific.patch("/authors/1", json=body).status_code == 200
    assert execute(database_url, books) == before
    assert execute(database_url, "SELECT author_id FROM stale_authors") == [(1,)]


def test_a_rename_by_sql_creates_a_job(prolific: FlaskClient, app: Flask, database_url: str) -> None:
    execute(database_url, "UPDATE authors SET name = 'Ada Changed' WHERE id = 1")
    run_due_jobs(app)
    assert found(prolific, "changed") == BOOKS
    assert execute(database_url, "SELECT state FROM jobs WHERE kind = 'stale-search'") == [("succeeded",)]
    run_due_jobs(app)
    assert execute(database_url, "SELECT count(*) FROM jobs WHERE kind = 'stale-search'") == [(1,)]


def test_a_job_invalidates_the_caches_of_other_processes(
    prolific: FlaskClient, app: Flask, make_app: Callable[..., Flask]
) -> None:
    prolific.patch("/authors/1", json={"name": "Ada Changed"})
    assert found(prolific, "changed") == 0
    assert found(prolific, "changed") == 0  # a hit
    run_due_jobs(make_app(INSTANCE_PATH=app.config["INSTANCE_PATH"]))
    assert found(prolific, "changed") == BOOKS


def test_a_job_waits_for_a_book_that_another_write_holds(prolific: FlaskClient, app: Flask, database_url: str) -> None:
    prolific.patch("/authors/1", json={"name": "Ada Changed"})
    with closing(psycopg2.connect(database_url.replace("+psycopg2", ""))) as other, other.cursor() as cursor:
        cursor.execute("SELECT id FROM books WHERE id = 1 FOR UPDATE")
        ends = threading.Timer(0.5, other.rollback)
        ends.start()
        run_due_jobs(app)
        ends.join()
    assert found(prolific, "changed") == BOOKS
    assert execute(database_url, "SELECT count(*) FROM jobs WHERE kind = 'stale-search'") == [(1,)]


def test_a_job_ends_if_another_write_holds_a_book_for_long(
    prolific: FlaskClient, app: Flask, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.books.stale_search.PAUSE_SECONDS", 0.01)
    prolific.patch("/authors/1", json={"name": "Ada Changed"})
    with closing(psycopg2.connect(database_url.replace("+psycopg2", ""))) as other, other.cursor() as cursor:
        cursor.execute("SELECT id FROM books WHERE id = 1 FOR UPDATE")
        run_due_jobs(app)
        assert found(prolific, "changed") == BOOKS_AT_ONCE - 1
    refresh(app)
    assert found(prolific, "changed") == BOOKS


def test_a_refused_rename_leaves_no_mark(prolific: FlaskClient, app: Flask) -> None:
    assert prolific.patch("/authors/1", json={"name": ""}).status_code == 422
    assert refresh(app) == []


def test_a_rename_of_few_books_is_found_at_once(client: FlaskClient, app: Flask) -> None:
    client.post("/books", json={"title": "A book", "authors": [{"name": "Ada Original"}]})
    client.patch("/authors/1", json={"name": "Ada Changed"})
    assert (found(client, "original"), found(client, "changed"), refresh(app)) == (0, 1, [])


def test_books_of_merged_authors_follow(prolific: FlaskClient, app: Flask) -> None:
    before = book(prolific, 1)["updated_at"]
    merged = prolific.post("/authors/3/merge", json={"from": [1, 2]})
    assert merged.status_code == 200, merged.text
    assert {each["name"] for number in (1, BOOKS + 1) for each in book(prolific, number)["authors"]} == {"Clara Third"}
    refresh(app)
    assert (found(prolific, "clara third"), found(prolific, "ada original")) == (2 * BOOKS, 2 * BOOKS)
    assert book(prolific, 1)["updated_at"] > before


@pytest.mark.parametrize("is_refreshed", [False, True])
def test_books_of_separated_authors_follow(is_refreshed: bool, prolific: FlaskClient, app: Flask) -> None:
    before = book(prolific, 1)
    prolific.post("/authors/3/merge", json={"from": [1, 2]})
    if is_refreshed:
        refresh(app)
    assert prolific.post("/authors/3/unmerge", json={}).status_code == 200
    refresh(app)
    assert (found(prolific, "clara third"), found(prolific, "ada original")) == (0, BOOKS)
    assert book(prolific, 1) == before


def test_a_later_change_keeps_its_time(prolific: FlaskClient, app: Flask) -> None:
    prolific.post("/authors/3/merge", json={"from": [1]})
    changed = prolific.patch("/books/1", json={"subtitle": "Changed"}).json
    refresh(app)
    assert book(prolific, 1) == changed


def test_a_dry_run_moves_no_books(prolific: FlaskClient, app: Flask) -> None:
    response = prolific.post("/authors/3/merge?dry_run=true", json={"from": [1]})
    assert (response.status_code, response.json["alternate_names"]) == (200, ["Ada Original"])
    assert (book(prolific, 1)["authors"][0]["id"], refresh(app)) == (1, [])
