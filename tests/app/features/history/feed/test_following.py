"""A copy of a catalog: an export, and then the changes behind the position of the export."""

from __future__ import annotations

import random
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from app.core.records.stream import stream_headers
from app.features.accounts.resource import ACCOUNTS
from tests.app.transfer.conftest import import_process, ndjson
from tests.support.databases import execute

from .follower import export_bytes, start_following

WRITERS, REQUESTS = 8, 12
NDJSON = {"Accept": "application/x-ndjson"}


@pytest.fixture
def other(make_app: Callable[..., Flask], new_database: Callable[[str], str]) -> Flask:
    """Another, empty catalog."""
    return make_app(DATABASE_URL=new_database("followed"))


class Writer:
    """Sends random writes of all kinds."""

    def __init__(self, app: Flask, seed: int) -> None:
        self.client, self.chosen = app.test_client(use_cookies=False), random.Random(seed)
        self.statuses: Counter[int] = Counter()
        self.survivor = ""  # of the latest merge

    def run(self) -> Counter[int]:
        often, seldom = (self._create, self._patch, self._merge), (self._delete, self._rename)
        kinds = (*often, *often, *seldom)
        for _ in range(REQUESTS):
            self.statuses[self.chosen.choice(kinds)().status_code] += 1
        return self.statuses

    def _id(self) -> int:
        return self.chosen.randint(1, 40)

    def _create(self) -> TestResponse:
        names = self.chosen.sample(range(30), self.chosen.randint(0, 3))
        authors = [{"name": f"Author {number}"} for number in names]
        isbn = f"97800000{self.chosen.randint(0, 9999):04d}"
        check = -sum(int(digit) * (3 if index % 2 else 1) for index, digit in enumerate(isbn)) % 10
        book = {"title": f"Book {self._id()}", "isbn": f"{isbn}{check}", "authors": authors, "subjects": ["a", "b"]}
        return self.client.post("/books", json=book)

    def _patch(self) -> TestResponse:
        authors = [{"id": self._id()}] if self.chosen.random() < 0.5 else []
        document = {"title": f"Changed {self._id()}", "authors": authors, "identifiers": {"x": [str(self._id())]}}
        return self.client.patch(f"/books/{self._id()}", json=document)

    def _delete(self) -> TestResponse:
        kept = self.chosen.choice(("books", "authors", "authors?books=keep"))
        resource, _, query = kept.partition("?")
        return self.client.delete(f"/{resource}/{self._id()}?{query}")

    def _rename(self) -> TestResponse:
        return self.client.patch(f"/authors/{self._id()}", json={"name": f"Author {self._id()}", "birth_date": "1900"})

    def _merge(self) -> TestResponse:
        if self.survivor:
            survivor, self.survivor = self.survivor, ""
            return self.client.post(f"{survivor}/unmerge", json={})
        path = f"/{self.chosen.choice(('books', 'authors'))}/{self._id()}"
        response = self.client.post(f"{path}/merge", json={"from": [self._id()]})
        self.survivor = path if response.status_code == 200 else ""
        return response


@pytest.fixture
def file_of_books(tmp_path: Path) -> Path:
    """A file to import, which also names authors of the writers."""
    file = tmp_path / "books.ndjson"
    books = (
        {"title": f"Imported {number}", "authors": [{"name": f"Author {number % 30}"}, {"name": f"New {number}"}]}
        for number in range(200)
    )
    file.write_text(ndjson(*books))
    return file


@pytest.fixture
def started() -> Iterator[list[Any]]:
    """Processes, which are killed at the end of the test."""
    processes: list[Any] = []
    yield processes
    for process in processes:
        with process:
            process.kill()


@pytest.mark.slow(20)
def test_a_copy_that_follows_ends_with_the_same_bytes(
    app: Flask, other: Flask, database_url: str, file_of_books: Path, started: list[Any], tmp_path: Path
) -> None:
    client = app.test_client()
    client.post("/books", json=[{"title": f"Book {n}", "authors": [{"name": f"Author {n}"}]} for n in range(40)])
    with ThreadPoolExecutor(WRITERS + 1) as pool:
        writing = [pool.submit(Writer(app, seed).run) for seed in range(WRITERS)]
        started.append(import_process(database_url, tmp_path / "instance", str(file_of_books)))
        follower = start_following(app, other, tmp_path)
        assert follower.last > 0
        while not all(writer.done() for writer in writing) or started[0].poll() is None:
            follower.apply_next()
        statuses = sum((writer.result() for writer in writing), Counter[int]())
    assert started[0].wait() == 0, started[0].stdout.read()
    while follower.apply_next():
        pass
    assert export_bytes(app, tmp_path) == export_bytes(other, tmp_path)
    assert {200, 201, 204} <= statuses.keys() <= {200, 201, 204, 404, 409, 422, 503}, statuses
    ops = execute(database_url, "SELECT DISTINCT op::text FROM changes ORDER BY 1")
    assert [op for (op,) in ops] == ["created", "deleted", "merged", "unmerged", "updated"]


def test_a_change_may_be_applied_twice(app: Flask, client: FlaskClient, other: Flask, tmp_path: Path) -> None:
    client.post("/books", json={"title": "Persuasion"})
    follower = start_following(app, other, tmp_path)
    client.post("/books", json={"title": "Emma", "authors": [{"name": "Ann"}, {"name": "Ben"}]})
    client.post("/authors/1/merge", json={"from": [2]})
    client.patch("/books/2", json={"title": "Emma II"})
    for _ in range(2):
        follower.last = 0
        follower.apply_next()
        assert export_bytes(app, tmp_path) == export_bytes(other, tmp_path)


@pytest.mark.parametrize("accept", ["application/x-ndjson", "text/csv"])
@pytest.mark.parametrize("path", ["/books", "/authors", "/authors/1/books", "/books?title=none"])
def test_a_stream_says_where_to_continue(client: FlaskClient, path: str, accept: str) -> None:
    client.post("/books", json={"title": "A book", "authors": [{"name": "Ann"}]})
    response = client.get(path, headers={"Accept": accept}, buffered=True)
    assert (response.status_code, response.headers["X-Change-Position"]) == (200, "2")
    assert "X-Change-Position" not in client.get(path).headers


def test_nothing_falls_between_a_stream_and_its_position(app: Flask, client: FlaskClient) -> None:
    """Each book is in the stream, or behind its position, or both."""
    writer, is_over = app.test_client(use_cookies=False), threading.Event()

    def write() -> int:
        count = 0
        while not is_over.is_set():
            assert writer.post("/books", json={"title": "A book"}).status_code == 201
            count += 1
        return count

    with ThreadPoolExecutor(1) as pool:
        writing = pool.submit(write)
        streams = [client.get("/books", headers=NDJSON, buffered=True) for _ in range(10)]
        is_over.set()
        count = writing.result(60)
    for response in streams:
        in_stream = {int(line.split(",")[0].removeprefix('{"id":')) for line in response.text.splitlines()}
        behind: set[int] = set()
        url = f"/changes?since={response.headers['X-Change-Position']}"
        while url:
            page = client.get(url).json
            assert page is not None
            behind |= {change["id"] for change in page["data"]}
            url = page["links"]["next"]
        assert in_stream | behind == set(range(1, count + 1))


def test_streams_of_accounts_have_no_position(app: Flask) -> None:
    with app.app_context():
        assert stream_headers(ACCOUNTS) == []
