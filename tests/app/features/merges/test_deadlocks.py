"""Writers that change the same few books and authors in every way: none waits for another in a circle."""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from extensions.database import engine, transactions
from tests.support.clients.parallel import simultaneously
from tests.support.databases import execute
from tests.support.waiting import until

pytestmark = pytest.mark.slow(16)

WRITERS, SECONDS = 16, 12.0
PATIENCE = 60.0  # seconds
NAMES = [f"Name {number}" for number in range(6)]


def some_authors(chance: random.Random, authors: list[int]) -> list[dict[str, Any]]:
    chosen = [{"id": author_id} for author_id in chance.sample(authors, 2)]
    return [*chosen, {"name": chance.choice(NAMES), "role": "editor"}]


def some_request(chance: random.Random, books: list[int], authors: list[int]) -> tuple[str, str, Any]:
    """Return method, path and body of a random write."""
    book, (author, other) = chance.choice(books), chance.sample(authors, 2)
    return chance.choice(
        [
            ("PUT", f"/books/{book}", {"title": "Put", "authors": some_authors(chance, authors)}),
            ("PUT", f"/books/{book}", {"title": "Put", "authors": some_authors(chance, authors)}),
            ("PATCH", f"/books/{book}", {"authors": some_authors(chance, authors)}),
            ("PATCH", f"/books/{book}", {"title": f"Patched {chance.random()}"}),
            ("POST", "/books", [{"title": "New", "authors": some_authors(chance, authors)} for _ in range(3)]),
            ("PATCH", f"/authors/{author}", {"name": chance.choice(NAMES)}),
            ("POST", f"/authors/{author}/merge", {"from": [other]}),
            ("POST", f"/authors/{author}/merge", {"from": [other]}),
            ("POST", f"/authors/{author}/unmerge", {}),
            ("DELETE", f"/authors/{author}?books=keep", None),
        ]
    )


def write(app: Flask, seed: int, ends: float, books: list[int], authors: list[int]) -> Counter[int]:
    """Send random writes until the time `ends`; return the number of responses by status."""
    client, chance = app.test_client(use_cookies=False), random.Random(seed)
    statuses: Counter[int] = Counter()
    while time.monotonic() < ends:
        method, path, body = some_request(chance, books, authors)
        response = client.open(path, method=method, json=body)
        statuses[response.status_code] += 1
        if response.status_code == 201 and chance.random() < 0.3:
            client.post("/authors", json={"name": chance.choice(NAMES)})
    return statuses


@pytest.fixture
def patient_app(make_app: Callable[..., Flask], monkeypatch: pytest.MonkeyPatch) -> Flask:
    """An application whose writes wait as long as a slow machine needs; Postgres ends a deadlock after a second."""
    monkeypatch.setattr(transactions, "BUDGET_SECONDS", PATIENCE)
    for setting in ("statement_timeout", "lock_timeout"):
        monkeypatch.setitem(engine.SESSION, setting, f"{PATIENCE:.0f}s")
    return make_app(CONNECTIONS=2 * WRITERS)


def test_writers_of_all_kinds_do_not_deadlock(patient_app: Flask, client: FlaskClient, database_url: str) -> None:
    authors = [client.post("/authors", json={"name": name}).json["id"] for name in NAMES * 4]
    documents = [{"title": f"Book {number}", "authors": [{"id": authors[number]}]} for number in range(12)]
    books = [book["id"] for book in client.post("/books", json=documents).json["data"]]
    counted = "SELECT deadlocks, xact_commit FROM pg_stat_database WHERE datname = current_database()"
    before = execute(database_url, counted)[0]
    ends = time.monotonic() + SECONDS
    each = simultaneously(*(partial(write, patient_app, seed, ends, books, authors) for seed in range(WRITERS)))
    statuses = sum(each, Counter())
    until(lambda: execute(database_url, counted)[0][1] > before[1])
    assert set(statuses) <= {200, 201, 204, 308, 404, 409, 422}, statuses
    assert execute(database_url, counted)[0][0] == before[0], statuses
