"""Positions follow the order of commits; none is missed or given twice, whatever is written concurrently."""

from __future__ import annotations

import contextlib
import random
import threading
import time
from typing import Any, NamedTuple

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.support.clients.parallel import simultaneously
from tests.support.databases import connect, execute

WRITERS, TRANSACTIONS = 6, 60
LONG = "UPDATE books SET title = 'Late' WHERE id = 2"
SHARED = "UPDATE books SET page_count = page_count + 1 WHERE id = 1"


class Commit(NamedTuple):
    """A committed transaction: the author that it created, and when it ran."""

    author_id: int
    began: float
    ended: float


class Reader:
    """Follows the feed, a few changes at a time."""

    def __init__(self, app: Flask, limit: int) -> None:
        self.client, self.limit = app.test_client(use_cookies=False), limit
        self.changes: list[dict[str, Any]] = []
        self.last = 0

    def read_all(self) -> None:
        """Read what there is now."""
        more = True
        while more:
            page = self.client.get(f"/changes?since={self.last}&limit={self.limit}").json
            assert page is not None
            self.changes += page["data"]
            self.last, more = page["meta"]["last"], page["meta"]["more"]

    def follow(self, is_over: threading.Event) -> None:
        while not is_over.is_set():
            self.read_all()
        self.read_all()


def write(url: str, seed: int) -> list[Commit]:
    """Run transactions, of which some are rolled back."""
    chosen = random.Random(seed)
    commits = []
    with contextlib.closing(connect(url)) as connection, connection.cursor() as cursor:
        for _ in range(TRANSACTIONS):
            began = time.monotonic()
            cursor.execute("BEGIN")
            cursor.execute("INSERT INTO authors (name, sort_name) VALUES ('N', 'N') RETURNING id")
            row = cursor.fetchone()
            assert row is not None
            if chosen.random() < 0.3:
                time.sleep(chosen.random() / 100)
            if chosen.random() < 0.5:
                cursor.execute(SHARED)
            is_kept = chosen.random() < 0.8
            cursor.execute("COMMIT" if is_kept else "ROLLBACK")
            if is_kept:
                commits.append(Commit(row[0], began, time.monotonic()))
    return commits


@pytest.mark.slow(5)
def test_positions_follow_the_commits_of_six_writers(app: Flask, client: FlaskClient, database_url: str) -> None:
    client.post("/books", json=[{"title": "Shared", "page_count": 1}, {"title": "Long"}])
    readers = [Reader(app, 100), Reader(app, 7)]
    is_over = threading.Event()
    threads = [threading.Thread(target=reader.follow, args=(is_over,)) for reader in readers]
    with contextlib.closing(connect(database_url)) as long, long.cursor() as cursor:
        cursor.execute(f"BEGIN; {LONG}")
        for thread in threads:
            thread.start()
        try:
            written = simultaneously(*(lambda seed=seed: write(database_url, seed) for seed in range(WRITERS)))
            newest = client.get("/changes?since=now").json
        finally:
            is_over.set()
            for thread in threads:
                thread.join(60)
        cursor.execute("COMMIT")
    commits = {commit.author_id: commit for of_writer in written for commit in of_writer}
    created = [change["id"] for change in readers[0].changes if change["resource"] == "authors"]

    assert readers[0].changes == readers[1].changes
    assert sorted(created) == sorted(commits)  # none missed, none twice, none of those rolled back
    positions = [change["position"] for change in readers[0].changes]
    assert positions == sorted(set(positions))
    latest_begin = 0.0
    for author_id in created:  # a transaction that began after another one's commit comes behind it
        assert commits[author_id].ended > latest_begin
        latest_begin = max(latest_begin, commits[author_id].began)
    shared = [change for change in readers[0].changes if change["op"] == "updated"]
    assert {change["id"] for change in shared} == {1}
    counts = [(change["before"]["page_count"], change["after"]["page_count"]) for change in shared]
    assert counts == [(number, number + 1) for number in range(1, len(counts) + 1)]
    assert execute(database_url, "SELECT page_count FROM books WHERE id = 1") == [(len(counts) + 1,)]

    # The transaction that stayed open held nothing up, and comes behind all that was committed before it.
    assert newest is not None
    assert readers[0].last == newest["meta"]["last"]
    behind = client.get(f"/changes?since={readers[0].last}").json
    assert behind is not None
    assert [(change["id"], change["after"]) for change in behind["data"]] == [(2, {"title": "Late"})]
