"""Postgres stopped, restarted, frozen, refusing, full, locked: responses during and after the outage."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from typing import Any

import psycopg2
import pytest

from tests.app.features.history.stream.event_streams import EventStream
from tests.support.clients.http import Response
from tests.support.clients.parallel import RequestPool
from tests.support.servers.gunicorn import Server
from tests.support.servers.postgres import Postgres
from tests.support.waiting import until

from .conftest import OUTAGE_SECONDS, PROMPT_SECONDS, wrong_503

pytestmark = pytest.mark.slow(30)

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
    "no such URL": (404, ("GET", "/nothing"), {}),
    "no such id": (404, ("GET", "/books/0001"), {}),
    "no such method": (405, ("PUT", "/books"), {}),
    "unacceptable": (406, ("GET", "/books"), {"Accept": "text/html"}),
    "not JSON": (415, ("POST", "/books", b"title=x"), {"Content_Type": "text/plain"}),
    "broken JSON": (400, ("POST", "/books", b'{"title": '), {}),
    "a bad query": (400, ("GET", "/books?limt=5"), {}),
    "the home page": (200, ("GET", "/"), {}),
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
    """Other clients hold every connection of the server."""
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
    """Another session locks the tables, so that every statement is too slow."""
    postgres.end_connections()  # so that the lock is granted immediately
    with postgres.transaction("LOCK books, authors, contributions IN ACCESS EXCLUSIVE MODE"):
        yield


# While only the tables are locked the database accepts connections, so the service may report that it is ready.
OUTAGES: dict[str, tuple[Callable[[Postgres], Any], set[int]]] = {
    "stopped": (stopped, {503}),
    "frozen": (frozen, {503}),
    "refusing": (refusing, {503}),
    "full": (full, {503}),
    "locked": (locked, {200, 503}),
}


@pytest.fixture
def filled(postgres: Postgres, service: Server, request_pool: RequestPool) -> Server:
    """The service on a small catalog, with connections in the pools of its workers."""
    postgres.execute("TRUNCATE books, authors, contributions RESTART IDENTITY CASCADE")
    for number in range(3):
        isbn = "9780441478125" if number == 0 else None
        book = {"title": f"Book {number}", "isbn": isbn, "authors": [{"name": "The Author"}]}
        assert service.request("POST", "/books", book).status == 201
    warm = RequestPool()
    with warm.threads:
        warm.send(service.get, "/books", times=40)
        assert {response.status for response in warm.responses()} == {200}
    return service


@pytest.mark.parametrize("outage", OUTAGES)
def test_an_outage_is_503_only_where_the_database_is_needed(
    outage: str, filled: Server, postgres: Postgres, request_pool: RequestPool
) -> None:
    enter, ready = OUTAGES[outage]
    workers = filled.workers()
    faults = []
    with enter(postgres):
        for _ in range(6):  # sixty requests, more than the workers have connections
            for request in NEEDS_DATABASE.values():
                request_pool.send(filled.request, *request)
        time.sleep(0.3)  # they wait for the database now; the next requests must not queue behind them
        faults += wrong_rest(filled)
        response = filled.get("/health/ready")
        if response.status not in ready or response.seconds > OUTAGE_SECONDS:
            faults.append(f"ready: {response}")
        faults += wrong_503(request_pool.responses())

        again = RequestPool()
        with again.threads:
            for request in NEEDS_DATABASE.values():
                again.send(filled.request, *request)
            faults += wrong_rest(filled)
            faults += wrong_503(again.responses())
    returned = time.monotonic()
    serves(filled, returned)
    if filled.workers() != workers:
        faults.append("a worker died")
    titles = postgres.execute("SELECT count(*) FROM books WHERE title = 'Written meanwhile'")
    if titles != [(0,)] and outage != "frozen":  # a frozen server may still run what it received before
        faults.append("a write that was refused with 503 was stored")
    assert not faults, "\n".join(faults)


def wrong_rest(service: Server) -> list[str]:
    """The faults of responses to requests without database work."""
    faults = []
    request_pool = RequestPool()
    with request_pool.threads:
        for _, request, headers in NEEDS_NONE.values():
            request_pool.send(service.request, *request, **headers)
        for name, response in zip(NEEDS_NONE, request_pool.responses(), strict=True):
            if response.status != NEEDS_NONE[name][0] or response.seconds > PROMPT_SECONDS:
                faults.append(f"{name} without delay: {response}")
    return faults


def serves(service: Server, since: float) -> None:
    """Check that no request fails after the recovery time of the contract."""
    last: list[Response] = []

    def back() -> bool:
        request_pool = RequestPool()
        with request_pool.threads:
            request_pool.send(service.get, "/books", times=20)
            request_pool.send(service.request, "PATCH", "/books/1", {"subtitle": "Back"}, times=5)
            request_pool.send(service.get, "/health/ready", times=5)
            last[:] = [response for response in request_pool.responses() if response.status != 200]
        return not last

    until(back, OUTAGE_SECONDS)
    assert time.monotonic() - since < OUTAGE_SECONDS
    assert back(), last


def test_no_request_fails_after_a_restart_of_the_database(
    filled: Server, postgres: Postgres, request_pool: RequestPool
) -> None:
    postgres.stop()
    postgres.start()
    request_pool.send(filled.get, "/books", times=40)
    request_pool.send(filled.request, "POST", "/books", {"title": "After"}, times=20)
    request_pool.send(filled.request, "PATCH", "/books/1", {"subtitle": "After"}, times=10)
    request_pool.send(filled.get, "/health/ready", times=10)
    assert {response.status for response in request_pool.responses()} == {200, 201}, [
        response for response in request_pool.responses() if response.status not in (200, 201)
    ]
    assert postgres.execute("SELECT count(*) FROM books WHERE title = 'After'") == [(20,)]


def test_a_restart_under_load_loses_no_acknowledged_write(
    filled: Server, postgres: Postgres, request_pool: RequestPool
) -> None:
    over = time.monotonic() + 4

    def write(worker: int) -> list[Response]:
        responses = []
        while time.monotonic() < over:
            responses.append(filled.request("POST", "/books", {"title": f"{worker}-{len(responses)}"}))
        return responses

    threads = [request_pool.threads.submit(write, worker) for worker in range(6)]
    time.sleep(0.5)
    postgres.stop()
    postgres.start()
    back = time.monotonic()
    responses = [response for thread in threads for response in thread.result(30)]
    refused = [response for response in responses if response.status != 201]
    assert wrong_503(refused) == []
    stored = [row[0] for row in postgres.execute("SELECT title FROM books WHERE title ~ '^[0-9]+-[0-9]+$'")]
    acknowledged = {response.json["title"] for response in responses if response.status == 201}
    assert len(stored) == len(set(stored)), "a write was stored twice"
    assert acknowledged <= set(stored)
    assert len(set(stored) - acknowledged) <= len(refused)
    serves(filled, back)


def test_requests_for_missing_records_recover_from_a_freeze(filled: Server, postgres: Postgres) -> None:
    with frozen(postgres):
        request_pool = RequestPool()
        with request_pool.threads:
            request_pool.send(filled.get, "/books", times=20)
            assert wrong_503(request_pool.responses()) == []
    # Only writes that end in 404 or 422, each of which shows that the database is back.
    requests = (
        ("PATCH", "/books/999", {"title": "x"}),
        ("PUT", "/authors/999", {"name": "x"}),
        ("POST", "/books", {"title": "x", "authors": [{"id": 999}]}),
    )
    last: list[Response] = []

    def served() -> bool:
        request_pool = RequestPool()
        with request_pool.threads:
            for request in requests:
                request_pool.send(filled.request, *request, times=8)
            last[:] = [response for response in request_pool.responses() if response.status not in (404, 422)]
        return not last

    try:
        until(served, OUTAGE_SECONDS)
    except AssertionError:
        raise AssertionError(last) from None


@pytest.mark.parametrize("outage", [stopped, frozen, refusing], ids=lambda outage: outage.__name__)
def test_followers_miss_nothing(filled: Server, postgres: Postgres, outage: Any) -> None:
    write = "INSERT INTO authors (name, sort_name) SELECT 'N', 'N' FROM generate_series(1, 3)"
    with EventStream(filled, "?since=now") as stream:
        postgres.execute(write)
        taken = stream.take(3)
        with outage(postgres):
            time.sleep(1)
        postgres.execute(write)
        taken += stream.take(3)
    page = filled.get(f"/changes?since={taken[0].id - 1}").json["data"]  # type: ignore[operator]
    assert [event.data for event in taken] == page
