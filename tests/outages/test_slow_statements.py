"""Statements that wait for other sessions, and commits that are interrupted."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from collections.abc import Callable, Iterator

import pytest

from tests.support.clients.parallel import RequestPool
from tests.support.servers.gunicorn import Server
from tests.support.servers.postgres import Postgres
from tests.support.waiting import until

from .conftest import OUTAGE_SECONDS, PROMPT_SECONDS, wrong_503

pytestmark = pytest.mark.slow(18)


@pytest.fixture(scope="module")
def small(start_service: Callable[..., Server]) -> Server:
    """A server with few connections."""
    return start_service(CONNECTIONS="2")


@pytest.fixture
def filled(postgres: Postgres, small: Server) -> Server:
    postgres.execute("TRUNCATE books, authors, contributions RESTART IDENTITY CASCADE")
    until(lambda: {small.get("/books").status for _ in range(10)} == {200})  # recovered from the test before
    assert small.request("POST", "/authors", {"name": "The Author"}).status == 201
    for number in range(2):
        assert small.request("POST", "/books", {"title": f"Book {number}"}).status == 201
    return small


def test_an_exhausted_pool_is_503_and_blocks_nothing_else(
    filled: Server, postgres: Postgres, request_pool: RequestPool
) -> None:
    workers = filled.workers()
    with postgres.transaction("SELECT 1 FROM books WHERE id = 1 FOR UPDATE"):
        request_pool.send(filled.request, "PATCH", "/books/1", {"title": "Later"}, times=20)
        until(lambda: len(postgres.waiting()) >= 2)
        for path, status in (("/health/live", 200), ("/nothing", 404), ("/books?limit=x", 400)):
            response = filled.get(path)
            assert (response.status, response.seconds < PROMPT_SECONDS) == (status, True), response
        read = filled.get("/books/2")
        assert read.status in (200, 503), read
        assert read.seconds < OUTAGE_SECONDS, read
        assert wrong_503(request_pool.responses()) == []
    assert filled.request("PATCH", "/books/1", {"title": "Now"}).status == 200
    assert filled.workers() == workers


def test_a_statement_that_waits_too_long_is_503(filled: Server, postgres: Postgres) -> None:
    with postgres.transaction("SELECT 1 FROM authors WHERE id = 1 FOR UPDATE"):
        written = filled.request("POST", "/books", {"title": "Never", "authors": [{"id": 1}]})
        assert wrong_503([written]) == []
        assert postgres.waiting() == []  # no statement waits on behalf of a client that has its response
    assert postgres.execute("SELECT count(*) FROM books WHERE title = 'Never'") == [(0,)]
    assert filled.request("POST", "/books", {"title": "Now", "authors": [{"id": 1}]}).status == 201


def test_one_slow_write_makes_no_other_request_fail(
    filled: Server, postgres: Postgres, request_pool: RequestPool
) -> None:
    with postgres.transaction("SELECT 1 FROM authors WHERE id = 1 FOR UPDATE"):
        with postgres.transaction("SELECT 1 FROM books WHERE id = 1 FOR UPDATE") as roll_back:
            request_pool.send(filled.request, "PATCH", "/books/1", {"authors": [{"id": 1}]})
            until(postgres.waiting)
            ends = time.monotonic() + 2.5  # less than the statement timeout; then the next statement waits
            until(lambda: time.monotonic() > ends)
            roll_back()
        reads = []
        while not request_pool.futures[0].done():
            reads.append(filled.get("/books/2"))
        reads += [filled.get("/books/2") for _ in range(40)]
    assert wrong_503(request_pool.responses()) == []
    assert {read.status for read in reads} == {200}, [read for read in reads if read.status != 200][:3]


@contextlib.contextmanager
def commits_wait(postgres: Postgres) -> Iterator[None]:
    """During the block, commits wait for a replica that does not exist."""
    postgres.execute("ALTER SYSTEM SET synchronous_standby_names = 'missing'")
    postgres.execute("SELECT pg_reload_conf()")
    until(lambda: postgres.execute("SHOW synchronous_standby_names") == [("missing",)])
    try:
        yield
    finally:
        with contextlib.closing(postgres.connect()) as connection, connection.cursor() as cursor:
            cursor.execute("ALTER SYSTEM RESET synchronous_standby_names")
            cursor.execute("SELECT pg_reload_conf()")
        until(lambda: postgres.execute("SHOW synchronous_standby_names") == [("",)])


def waiting_commits(postgres: Postgres) -> list[int]:
    rows = postgres.execute("SELECT pid FROM pg_stat_activity WHERE wait_event = 'SyncRep'")
    return [row[0] for row in rows]


@pytest.mark.parametrize("interruption", ["the connection ends", "the backend freezes"])
def test_an_interrupted_commit_is_503_and_happens_once(
    interruption: str, filled: Server, postgres: Postgres, request_pool: RequestPool
) -> None:
    with commits_wait(postgres):
        request_pool.send(filled.request, "POST", "/books", {"title": "Once", "authors": [{"name": "New One"}]})
        until(lambda: waiting_commits(postgres))
        first = waiting_commits(postgres)
        for pid in first:
            if interruption == "the connection ends":
                postgres.execute("SELECT pg_terminate_backend(%s)", pid)
            else:
                os.kill(pid, signal.SIGSTOP)
        # If the service repeated the commit, that would wait, too.
        until(lambda: request_pool.futures[0].done() or set(waiting_commits(postgres)) - set(first))
        for pid in first:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)
    assert wrong_503(request_pool.responses()) == []
    assert postgres.execute("SELECT count(*) FROM books WHERE title = 'Once'") == [(1,)]
    assert postgres.execute("SELECT count(*) FROM authors WHERE name = 'New One'") == [(1,)]
    until(lambda: {filled.get("/books?title=Once").status for _ in range(10)} == {200}, OUTAGE_SECONDS)
