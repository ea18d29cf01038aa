"""CHANGES_DAYS: old changes are deleted, but not the deletions of records."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.features.history.feed import retention
from app.features.history.feed.retention import prune_some
from tests.support.databases import connect, execute
from tests.support.servers.jobs import run_due_jobs

DAYS = 30
KEPT = """
    SELECT position + ordinal, op::text, resource::text, record_id
    FROM changes JOIN revisions ON revisions.id = revision_id ORDER BY position, ordinal
"""


@pytest.fixture
def age(database_url: str) -> Callable[[], None]:
    """Make everything that has been recorded so far older than `DAYS`."""
    return lambda: execute(database_url, f"UPDATE revisions SET at = now() - interval '{DAYS} days 1 minute'") and None


@pytest.fixture
def prune(app: Flask) -> Callable[[], list[int]]:
    """Prune everything that is old; return the number of positions of each transaction."""

    def run() -> list[int]:
        with app.app_context():
            return list(iter(lambda: prune_some(DAYS), 0))

    return run


@pytest.fixture
def kept(database_url: str) -> Callable[[], list[Any]]:
    """Return the stored changes: position, op, resource, id."""
    return lambda: execute(database_url, KEPT)


def test_old_changes_are_deleted_and_young_ones_kept(
    client: FlaskClient, age: Any, prune: Any, kept: Any, database_url: str
) -> None:
    client.post("/books", json={"title": "Old"})
    client.patch("/books/1", json={"title": "New"})
    age()
    client.patch("/books/1", json={"title": "Newest"})
    assert prune() == [2]
    assert kept() == [(3, "updated", "books", 1)]
    assert execute(database_url, "SELECT count(*) FROM revisions") == [(1,)]
    assert client.get("/changes?since=1").status_code == 410
    assert client.get("/changes").status_code == 410
    assert [change["position"] for change in client.get("/changes?since=2").json["data"]] == [3]
    assert prune() == []


def test_the_last_deletion_of_a_record_stays(client: FlaskClient, age: Any, prune: Any, kept: Any) -> None:
    client.post("/books", json=[{"title": "Kept"}, {"title": "Deleted"}, {"title": "Merged"}])
    client.delete("/books/2")
    client.post("/books/1/merge", json={"from": [3]})
    age()
    prune()
    assert [change[1:] for change in kept()] == [("deleted", "books", 2), ("merged", "books", 3)]
    page = client.get("/changes?since=now").json
    assert page["meta"]["last"] >= kept()[-1][0]
    assert client.get(f"/changes?since={page['meta']['last']}").json["data"] == []


def test_a_deletion_of_a_record_that_was_restored_goes(
    client: FlaskClient, age: Any, prune: Any, kept: Any, database_url: str
) -> None:
    client.post("/books", json={"title": "First"})
    client.delete("/books/1")
    age()
    prune()
    assert [change[:2] for change in kept()] == [(2, "deleted")]
    execute(database_url, "INSERT INTO books (id, title) VALUES (1, 'Back')")
    prune()
    assert [change[:2] for change in kept()] == [(2, "deleted"), (3, "created")]
    age()
    prune()
    assert kept() == []
    assert execute(database_url, "SELECT count(*) FROM revisions") == [(0,)]


def test_only_the_latest_of_several_deletions_stays(
    client: FlaskClient, age: Any, prune: Any, kept: Any, database_url: str
) -> None:
    client.post("/books", json={"title": "First"})
    client.delete("/books/1")
    execute(database_url, "INSERT INTO books (id, title) VALUES (1, 'Second')")
    client.delete("/books/1")
    age()
    prune()
    assert [change[:2] for change in kept()] == [(4, "deleted")]


def test_a_large_revision_is_pruned_in_parts(
    client: FlaskClient,
    age: Any,
    prune: Any,
    kept: Any,
    database_url: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(retention, "PRUNED_AT_ONCE", 40)
    execute(database_url, "INSERT INTO authors (name, sort_name) SELECT 'N', 'N' FROM generate_series(1, 100)")
    age()
    client.post("/authors", json={"name": "Ann"})
    with client.application.app_context():
        assert prune_some(DAYS) == 40
    assert [change["position"] for change in client.get("/changes?since=40&limit=1").json["data"]] == [41]
    assert prune() == [40, 20]
    assert [change[0] for change in kept()] == [101]


def test_changes_of_accounts_are_pruned_too(app: Flask, age: Any, prune: Any, kept: Any, database_url: str) -> None:
    execute(
        database_url,
        "INSERT INTO accounts (email, email_key, role, password_hash) VALUES ('a@b.c', 'a@b.c', 'reader', 'x'); "
        "DELETE FROM accounts",
    )
    age()
    prune()
    assert kept() == []


def test_two_processes_do_not_prune_at_once(client: FlaskClient, age: Any, prune: Any, database_url: str) -> None:
    client.post("/books", json={"title": "Old"})
    age()
    with connect(database_url) as other, other.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(5401932270467310452)")
        assert prune() == []
        cursor.execute("SELECT pg_advisory_unlock_all()")
    assert prune() == [1]


@pytest.mark.parametrize(("days", "left"), [(None, 2), (DAYS, 0), (DAYS + 1, 2)])
def test_a_job_prunes_by_the_setting(
    client: FlaskClient, age: Any, kept: Any, days: int | None, left: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    client.post("/books", json=[{"title": "First"}, {"title": "Second"}])
    age()
    monkeypatch.setitem(client.application.config, "CHANGES_DAYS", days)
    run_due_jobs(client.application)
    client.get("/changes")  # gives positions to all changes
    assert len(kept()) == left
