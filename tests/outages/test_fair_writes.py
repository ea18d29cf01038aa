"""Writes that wait for one another, beside requests that have nothing to do with them."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable

import pytest
from flask import Flask

from tests.support.clients.parallel import RequestPool
from tests.support.servers.gunicorn import Server
from tests.support.servers.jobs import run_due_jobs
from tests.support.servers.postgres import Postgres
from tests.support.waiting import until

from .conftest import OUTAGE_SECONDS, PROMPT_SECONDS, wrong_503

pytestmark = pytest.mark.slow(20)

PROLIFIC = 300  # books of an author whose search data is refreshed later


@pytest.fixture
def filled(postgres: Postgres, service: Server) -> Server:
    """A service with an author of many books."""
    postgres.execute("TRUNCATE books, authors, contributions, stale_authors, stale_books RESTART IDENTITY CASCADE")
    until(lambda: {service.get("/books").status for _ in range(10)} == {200})  # recovered from the test before
    assert service.request("POST", "/authors", {"name": "Original Name"}).status == 201
    books = [{"title": f"Book {number}", "authors": [{"id": 1}]} for number in range(PROLIFIC)]
    assert service.request("POST", "/books", books).status == 201
    return service


def test_reads_do_not_wait_behind_waiting_writers(
    filled: Server, postgres: Postgres, request_pool: RequestPool
) -> None:
    with postgres.transaction("SELECT 1 FROM books WHERE id = 1 FOR UPDATE"):
        request_pool.send(filled.request, "PATCH", "/books/1", {"title": "Later"}, times=40)
        until(lambda: len(postgres.waiting()) >= 2)
        reads = [filled.get(path) for _ in range(20) for path in ("/books/2", "/books?limit=5", "/health/ready")]
        responses = request_pool.responses()
    assert [read for read in reads if read.status != 200 or read.seconds > PROMPT_SECONDS] == []
    assert wrong_503(responses) == []
    assert any("Another write holds" in response.json["detail"] for response in responses)


def test_a_claimed_name_stops_writers_of_that_name_only(filled: Server, postgres: Postgres) -> None:
    with postgres.transaction("SELECT claim_names(ARRAY[name_key('Claimed Name')])"):
        other = filled.request("POST", "/books", {"title": "Other", "authors": [{"name": "Another Name"}]})
        same = filled.request("POST", "/books", {"title": "Same", "authors": [{"name": "Claimed Name"}]})
    assert (other.status, other.seconds < PROMPT_SECONDS) == (201, True), other
    assert wrong_503([same]) == []
    assert filled.request("POST", "/books", {"title": "Same", "authors": [{"name": "Claimed Name"}]}).status == 201


def test_search_follows_a_rename_after_the_service_was_killed(
    filled: Server, postgres: Postgres, make_app: Callable[..., Flask]
) -> None:
    with postgres.transaction("SELECT 1 FROM books WHERE id = 1 FOR UPDATE"):
        renamed = filled.request("PATCH", "/authors/1", {"name": "Changed Name"})
        assert (renamed.status, renamed.seconds < OUTAGE_SECONDS) == (200, True), renamed
        for pid in filled.workers():
            os.kill(pid, signal.SIGKILL)
        time.sleep(0.5)
        assert postgres.execute("SELECT author_id FROM stale_authors") == [(1,)]
    run_due_jobs(make_app(DATABASE_URL=postgres.url))
    assert postgres.execute("SELECT count(*) FROM stale_authors") == [(0,)]
    until(lambda: filled.get("/books?limit=1").status == 200)  # by new workers
    found = filled.get("/books?q=changed&total=exact&limit=1")
    assert found.json["meta"]["total"] == PROLIFIC, found
