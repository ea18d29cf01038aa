"""Statements held up by other sessions, and commits that are interrupted."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from collections.abc import Callable, Iterator

import pytest

from tests.conftest import until

from .conftest import AT_ONCE, PATIENCE, Crowd, Postgres, Service, wrong_503


@pytest.fixture(scope="session")
def small(start_service: Callable[..., Service]) -> Service:
    """A server of few threads."""
    return start_service(CONNECTIONS="2")


@pytest.fixture
def filled(postgres: Postgres, small: Service) -> Service:
    postgres.execute("TRUNCATE books, authors, contributions RESTART IDENTITY CASCADE")
    until(lambda: {small.get("/books").status for _ in range(10)} == {200})  # whatever the test before did
    assert small.ask("POST", "/authors", {"name": "The Author"}).status == 201
    for number in range(2):
        assert small.ask("POST", "/books", {"title": f"Book {number}"}).status == 201
    return small


def test_requests_that_find_the_pool_taken_are_503_in_time_and_hold_up_nobody(
    filled: Service, postgres: Postgres, crowd: Crowd
) -> None:
    workers = filled.workers()
    with postgres.holding("SELECT 1 FROM books WHERE id = 1 FOR UPDATE"):
        crowd.send(filled.ask, "PATCH", "/books/1", {"title": "Later"}, times=20)
        until(lambda: len(postgres.waiting()) >= 2)
        for path, status in (("/health/live", 200), ("/nothing", 404), ("/books?limit=x", 400)):
            answer = filled.get(path)
            assert (answer.status, answer.seconds < AT_ONCE) == (status, True), answer
        read = filled.get("/books/2")
        assert read.status in (200, 503), read
        assert read.seconds < PATIENCE, read
        assert wrong_503(crowd.answers()) == []
    assert filled.ask("PATCH", "/books/1", {"title": "Now"}).status == 200
    assert filled.workers() == workers


def test_a_statement_that_waits_too_long_is_503_and_leaves_nothing_behind(filled: Service, postgres: Postgres) -> None:
    with postgres.holding("SELECT 1 FROM authors WHERE id = 1 FOR UPDATE"):
        written = filled.ask("POST", "/books", {"title": "Never", "authors": [{"id": 1}]})
        assert wrong_503([written]) == []
        assert postgres.waiting() == []  # nothing waits in the server for a client that has gone
    assert postgres.execute("SELECT count(*) FROM books WHERE title = 'Never'") == [(0,)]
    assert filled.ask("POST", "/books", {"title": "Now", "authors": [{"id": 1}]}).status == 201


def test_one_slow_write_makes_no_other_request_fail(filled: Service, postgres: Postgres, crowd: Crowd) -> None:
    with postgres.holding("SELECT 1 FROM authors WHERE id = 1 FOR UPDATE"):
        with postgres.holding("SELECT 1 FROM books WHERE id = 1 FOR UPDATE") as let_go:
            crowd.send(filled.ask, "PATCH", "/books/1", {"authors": [{"id": 1}]})
            until(postgres.waiting)
            ends = time.monotonic() + 2.5  # less than a statement may take; then the next one waits
            until(lambda: time.monotonic() > ends)
            let_go()
        reads = []
        while not crowd.futures[0].done():
            reads.append(filled.get("/books/2"))
        reads += [filled.get("/books/2") for _ in range(40)]
    assert wrong_503(crowd.answers()) == []
    assert {read.status for read in reads} == {200}, [read for read in reads if read.status != 200][:3]


@contextlib.contextmanager
def commits_wait(postgres: Postgres) -> Iterator[None]:
    """A commit is written down, and then waits for a replica that does not exist before it is answered."""
    postgres.execute("ALTER SYSTEM SET synchronous_standby_names = 'nobody'")
    postgres.execute("SELECT pg_reload_conf()")
    until(lambda: postgres.execute("SHOW synchronous_standby_names") == [("nobody",)])
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
def test_an_interrupted_commit_is_503_and_is_not_done_twice(
    interruption: str, filled: Service, postgres: Postgres, crowd: Crowd
) -> None:
    with commits_wait(postgres):
        crowd.send(filled.ask, "POST", "/books", {"title": "Once", "authors": [{"name": "New One"}]})
        until(lambda: waiting_commits(postgres))
        first = waiting_commits(postgres)
        for pid in first:
            if interruption == "the connection ends":
                postgres.execute("SELECT pg_terminate_backend(%s)", pid)
            else:
                os.kill(pid, signal.SIGSTOP)
        # It is answered now; were it done once more, that commit would wait too.
        until(lambda: crowd.futures[0].done() or set(waiting_commits(postgres)) - set(first))
        for pid in first:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)
    assert wrong_503(crowd.answers()) == []
    assert postgres.execute("SELECT count(*) FROM books WHERE title = 'Once'") == [(1,)]
    assert postgres.execute("SELECT count(*) FROM authors WHERE name = 'New One'") == [(1,)]
    until(lambda: {filled.get("/books?title=Once").status for _ in range(10)} == {200}, PATIENCE)
