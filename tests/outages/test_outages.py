"""Postgres stopped, restarted, frozen, refusing, full, locked: what clients see meanwhile and afterwards."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from typing import Any

import psycopg2
import pytest

from tests.conftest import until

from .conftest import AT_ONCE, PATIENCE, Answer, Crowd, Postgres, Service, wrong_503

NEEDS_DATABASE: dict[str, tuple[Any, ...]] = {
    "a page": ("GET", "/books?limit=5"),
    "a count": ("GET", "/authors?total=exact"),
    "a record": ("GET", "/books/1"),
    "by ISBN": ("GET", "/books/isbn/9780441478125"),
    "an author's books": ("GET", "/authors/1/books"),
    "create": ("POST", "/books", {"title": "Written meanwhile", "authors": [{"name": "A Name"}]}),
    "create an author": ("POST", "/authors", {"name": "Another"}),
    "patch": ("PATCH", "/books/1", {"subtitle": "Written meanwhile"}),
    "replace": ("PUT", "/authors/1", {"name": "The Author"}),
    "delete": ("DELETE", "/books/2"),
}
NEEDS_NONE: dict[str, tuple[int, tuple[Any, ...], dict[str, str]]] = {
    "alive": (200, ("GET", "/health/live"), {}),
    "no such address": (404, ("GET", "/nothing"), {}),
    "no such id": (404, ("GET", "/books/0001"), {}),
    "no such method": (405, ("PUT", "/books"), {}),
    "unacceptable": (406, ("GET", "/books"), {"Accept": "text/html"}),
    "no JSON": (415, ("POST", "/books", b"title=x"), {"Content_Type": "text/plain"}),
    "broken JSON": (400, ("POST", "/books", b'{"title": '), {}),
    "a bad query": (400, ("GET", "/books?limt=5"), {}),
    "the way in": (200, ("GET", "/"), {}),
    "a preflight": (204, ("OPTIONS", "/books"), {}),
}


@contextlib.contextmanager
def stopped(postgres: Postgres) -> Iterator[None]:
    postgres.stop()
    try:
        yield
    finally:
        postgres.start()


@contextlib.contextmanager
def frozen(postgres: Postgres) -> Iterator[None]:
    postgres.freeze()
    try:
        yield
    finally:
        postgres.thaw()


@contextlib.contextmanager
def refusing(postgres: Postgres) -> Iterator[None]:
    postgres.execute("ALTER DATABASE catalog ALLOW_CONNECTIONS false", database="postgres")
    try:
        postgres.end_connections()
        yield
    finally:
        postgres.execute("ALTER DATABASE catalog ALLOW_CONNECTIONS true", database="postgres")


@contextlib.contextmanager
def full(postgres: Postgres) -> Iterator[None]:
    """Others hold every connection that the server has."""
    ours = [postgres.connect("postgres")]
    try:
        with ours[0].cursor() as cursor:
            while True:
                cursor.execute(
                    "SELECT pg_terminate_backend(pid, 2000) FROM pg_stat_activity WHERE application_name = 'catalog'"
                )
                taken = cursor.rowcount
                with contextlib.suppress(psycopg2.OperationalError):
                    while True:
                        ours.append(postgres.connect("postgres"))
                if not taken:
                    break
        yield
    finally:
        for connection in ours:
            connection.close()


@contextlib.contextmanager
def locked(postgres: Postgres) -> Iterator[None]:
    """Another session holds the tables, so that every statement is too slow."""
    postgres.end_connections()  # nothing of ours holds it up
    with postgres.holding("LOCK books, authors, contributions IN ACCESS EXCLUSIVE MODE"):
        yield


# Where the tables are locked the database answers, so that the service is as ready as it can tell.
OUTAGES: dict[str, tuple[Callable[[Postgres], Any], set[int]]] = {
    "stopped": (stopped, {503}),
    "frozen": (frozen, {503}),
    "refusing": (refusing, {503}),
    "full": (full, {503}),
    "locked": (locked, {200, 503}),
}


@pytest.fixture
def filled(postgres: Postgres, service: Service, crowd: Crowd) -> Service:
    """The service on a small catalog, with connections in the pools of its workers."""
    postgres.execute("TRUNCATE books, authors, contributions RESTART IDENTITY CASCADE")
    for number in range(3):
        isbn = "9780441478125" if number == 0 else None
        book = {"title": f"Book {number}", "isbn": isbn, "authors": [{"name": "The Author"}]}
        assert service.ask("POST", "/books", book).status == 201
    warm = Crowd()
    with warm.pool:
        warm.send(service.get, "/books", times=40)
        assert {answer.status for answer in warm.answers()} == {200}
    return service


@pytest.mark.parametrize("outage", OUTAGES)
def test_an_outage_is_503_for_what_needs_the_database_and_nothing_for_the_rest(
    outage: str, filled: Service, postgres: Postgres, crowd: Crowd
) -> None:
    enter, ready = OUTAGES[outage]
    workers = filled.workers()
    faults = []
    with enter(postgres):
        for _ in range(6):  # sixty at once, more than the workers have threads
            for request in NEEDS_DATABASE.values():
                crowd.send(filled.ask, *request)
        time.sleep(0.3)  # they are at the database now; what follows must not queue behind them
        faults += wrong_rest(filled)
        answer = filled.get("/health/ready")
        if answer.status not in ready or answer.seconds > PATIENCE:
            faults.append(f"ready: {answer}")
        faults += wrong_503(crowd.answers())

        again = Crowd()
        with again.pool:
            for request in NEEDS_DATABASE.values():
                again.send(filled.ask, *request)
            faults += wrong_rest(filled)
            faults += wrong_503(again.answers())
    returned = time.monotonic()
    serves(filled, returned)
    if filled.workers() != workers:
        faults.append("a worker died")
    titles = postgres.execute("SELECT count(*) FROM books WHERE title = 'Written meanwhile'")
    if titles != [(0,)] and outage != "frozen":  # a frozen server may go on with what it got before
        faults.append("a write that was refused with 503 was stored")
    assert not faults, "\n".join(faults)


def wrong_rest(service: Service) -> list[str]:
    """What is wrong with the answers that need no database."""
    faults = []
    crowd = Crowd()
    with crowd.pool:
        for _, request, headers in NEEDS_NONE.values():
            crowd.send(service.ask, *request, **headers)
        for name, answer in zip(NEEDS_NONE, crowd.answers(), strict=True):
            if answer.status != NEEDS_NONE[name][0] or answer.seconds > AT_ONCE:
                faults.append(f"{name} at once: {answer}")
    return faults


def serves(service: Service, since: float) -> None:
    """Full service again, within the contract's time: then no request fails any more."""
    last: list[Answer] = []

    def back() -> bool:
        crowd = Crowd()
        with crowd.pool:
            crowd.send(service.get, "/books", times=20)
            crowd.send(service.ask, "PATCH", "/books/1", {"subtitle": "Back"}, times=5)
            crowd.send(service.get, "/health/ready", times=5)
            last[:] = [answer for answer in crowd.answers() if answer.status != 200]
        return not last

    until(back, PATIENCE)
    assert time.monotonic() - since < PATIENCE
    assert back(), last


def test_a_restart_while_connections_are_pooled_fails_no_request_after_it(
    filled: Service, postgres: Postgres, crowd: Crowd
) -> None:
    postgres.stop()
    postgres.start()
    crowd.send(filled.get, "/books", times=40)
    crowd.send(filled.ask, "POST", "/books", {"title": "After"}, times=20)
    crowd.send(filled.ask, "PATCH", "/books/1", {"subtitle": "After"}, times=10)
    crowd.send(filled.get, "/health/ready", times=10)
    assert {answer.status for answer in crowd.answers()} == {200, 201}, [
        answer for answer in crowd.answers() if answer.status not in (200, 201)
    ]
    assert postgres.execute("SELECT count(*) FROM books WHERE title = 'After'") == [(20,)]


def test_a_restart_under_load_fails_requests_with_503_only_and_stores_what_it_acknowledged(
    filled: Service, postgres: Postgres, crowd: Crowd
) -> None:
    over = time.monotonic() + 4

    def write(worker: int) -> list[Answer]:
        answers = []
        while time.monotonic() < over:
            answers.append(filled.ask("POST", "/books", {"title": f"{worker}-{len(answers)}"}))
        return answers

    threads = [crowd.pool.submit(write, worker) for worker in range(6)]
    time.sleep(0.5)
    postgres.stop()
    postgres.start()
    back = time.monotonic()
    answers = [answer for thread in threads for answer in thread.result(30)]
    refused = [answer for answer in answers if answer.status != 201]
    assert wrong_503(refused) == []
    stored = [row[0] for row in postgres.execute("SELECT title FROM books WHERE title ~ '^[0-9]+-[0-9]+$'")]
    acknowledged = {answer.json["title"] for answer in answers if answer.status == 201}
    assert len(stored) == len(set(stored)), "a write was done twice"
    assert acknowledged <= set(stored)
    assert len(set(stored) - acknowledged) <= len(refused)
    serves(filled, back)


def test_after_a_freeze_requests_that_find_nothing_are_served_too(filled: Service, postgres: Postgres) -> None:
    with frozen(postgres):
        crowd = Crowd()
        with crowd.pool:
            crowd.send(filled.get, "/books", times=20)
            assert wrong_503(crowd.answers()) == []
    # Only writes that end in a 404, a 412 or a 422: each of them shows that the database is back.
    requests = (
        ("PATCH", "/books/999", {"title": "x"}),
        ("PUT", "/authors/999", {"name": "x"}),
        ("POST", "/books", {"title": "x", "authors": [{"id": 999}]}),
    )
    last: list[Answer] = []

    def served() -> bool:
        crowd = Crowd()
        with crowd.pool:
            for request in requests:
                crowd.send(filled.ask, *request, times=8)
            last[:] = [answer for answer in crowd.answers() if answer.status not in (404, 422)]
        return not last

    try:
        until(served, PATIENCE)
    except AssertionError:
        raise AssertionError(last) from None
