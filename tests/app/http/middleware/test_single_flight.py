"""Concurrent misses of one key share a query, and each gets its own response."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import pytest
from flask import Flask

from app.core.sql import plan
from app.features.history.record import page
from app.http.middleware.single_flight import SingleFlight
from extensions.database.engine import DatabaseUnavailable
from tests.support.accounts import add_account, add_token, bearer
from tests.support.waiting import until

CONCURRENT = 20  # requests


@pytest.fixture(scope="module")
def wide_app(make_app: Callable[..., Flask]) -> Flask:
    """An application in which many requests may wait for one."""
    return make_app(CONNECTIONS=CONCURRENT + 4)


@pytest.fixture
def catalog(wide_app: Flask, app: Flask) -> Flask:
    """The same, on an empty catalog."""
    wide_app.extensions["catalog.on_commit"]()
    flights = flights_of(wide_app)
    flights.young, flights.patience = 60.0, 60.0  # however slow the machine is
    return wide_app


def flights_of(app: Flask) -> SingleFlight[Any]:
    front: Any = app.wsgi_app
    flights: SingleFlight[Any] = front.reads.flights
    return flights


class Gate:
    """Replaces `fetch`: delays the rows of the first statements until `open`."""

    def __init__(self, fetch: Callable[..., Any]) -> None:
        self.fetch, self.held = fetch, CONCURRENT
        self.calls = self.returned = 0
        self.failing = False
        self._open, self._lock = threading.Event(), threading.Lock()

    def __call__(self, *arguments: Any) -> Any:
        with self._lock:
            self.calls += 1
            hold = self.calls <= self.held
        rows = self.fetch(*arguments)
        with self._lock:
            self.returned += 1
        if hold:
            assert self._open.wait(20)
        if self.failing:
            raise DatabaseUnavailable
        return rows

    def open(self) -> None:
        self._open.set()


@pytest.fixture
def gate(monkeypatch: pytest.MonkeyPatch) -> Iterator[Gate]:
    gate = Gate(plan.fetch)
    monkeypatch.setattr(plan, "fetch", gate)
    yield gate
    gate.open()


class Crowd:
    """Concurrent requests, each in a thread with its own client."""

    def __init__(self, app: Flask) -> None:
        self.app, self.pool = app, ThreadPoolExecutor(2 * CONCURRENT)
        self.sent: list[Future[Any]] = []

    def send(self, path: str, method: str = "GET", **headers: str) -> None:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        client = self.app.test_client(use_cookies=False)
        self.sent.append(self.pool.submit(client.open, path, method=method, headers=named))

    def responses(self) -> list[Any]:
        return [future.result(20) for future in self.sent]

    def waiting(self) -> int:
        """The number of requests that wait for the response to another."""
        return flights_of(self.app).waiting


@pytest.fixture
def crowd(catalog: Flask) -> Iterator[Crowd]:
    crowd = Crowd(catalog)
    with crowd.pool:
        yield crowd


@pytest.fixture
def book(catalog: Flask) -> dict[str, Any]:
    response = catalog.test_client().post("/books", json={"title": "Before", "authors": [{"name": "Ada"}]})
    assert response.status_code == 201
    return {**response.json, "tag": response.headers["ETag"]}


@pytest.mark.parametrize("path", ["/books/1", "/books?limit=2&sort=title", "/authors/1/books"])
def test_concurrent_misses_of_a_key_run_one_statement(
    path: str, gate: Gate, crowd: Crowd, book: dict[str, Any], statements: list[str]
) -> None:
    crowd.send(path, X_Request_ID="leader")
    until(lambda: gate.calls == 1)
    for number in range(1, CONCURRENT):
        crowd.send(path, X_Request_ID=f"waiter-{number}")
    until(lambda: crowd.waiting() == CONCURRENT - 1)
    gate.open()
    responses = crowd.responses()
    assert (gate.calls, len(statements)) == (1, 1)
    assert Counter(response.status_code for response in responses) == {200: CONCURRENT}
    kinds = {(response.data, response.headers["ETag"], response.headers["Content-Length"]) for response in responses}
    assert len(kinds) == 1
    ids = [response.headers["X-Request-ID"] for response in responses]
    assert ids == ["leader", *(f"waiter-{number}" for number in range(1, CONCURRENT))]
    statuses = [response.headers["Cache-Status"] for response in responses]
    assert statuses == ["catalog; fwd=uri-miss; stored", *["catalog; fwd=uri-miss; collapsed"] * (CONCURRENT - 1)]
    assert not any("Age" in response.headers for response in responses)
    assert crowd.waiting() == 0


def test_a_response_that_no_cache_may_store_is_not_shared(
    gate: Gate,
    crowd: Crowd,
    catalog: Flask,
    book: dict[str, Any],
    database_url: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(page, "fetch", gate)
    account = add_account(database_url, "editor")
    credentials = bearer(add_token(database_url, account))
    path = "/books/1/changes?limit=1"
    assert catalog.test_client().patch("/books/1", json={"title": "After"}, headers=credentials).status_code == 200
    gate.calls = 0
    crowd.send(path, **credentials)
    until(lambda: gate.calls == 1)
    crowd.send(path)
    until(lambda: crowd.waiting() == 1)
    gate.open()
    responses = crowd.responses()
    accounts = [response.json["data"][0]["by"] for response in responses]
    assert accounts == [{"id": account.id, "name": None}, None]  # accounts are for clients that have one
    assert [response.headers["Cache-Control"] for response in responses] == ["no-store"] * 2
    assert not any("Cache-Status" in response.headers for response in responses)


def test_each_waiter_gets_its_own_form_of_the_response(gate: Gate, crowd: Crowd, book: dict[str, Any]) -> None:
    crowd.send("/books/1", If_None_Match='"another"')
    until(lambda: gate.calls == 1)
    crowd.send("/books/1", If_None_Match=book["tag"])
    crowd.send("/books/1/", "HEAD")
    crowd.send("/books/1", Origin="https://a.example")
    until(lambda: crowd.waiting() == 3)
    gate.open()
    leader, has_it, head, other = crowd.responses()
    assert (leader.status_code, leader.json["title"]) == (200, "Before")
    assert (has_it.status_code, has_it.data, has_it.headers["ETag"]) == (304, b"", book["tag"])
    assert (head.status_code, head.data) == (200, b"")
    assert head.headers["Content-Length"] == leader.headers["Content-Length"]
    assert other.headers["Access-Control-Allow-Origin"] == "*"
    assert other.data == leader.data
    assert gate.calls == 1


def test_a_matching_etag_of_the_first_is_no_304_for_others(gate: Gate, crowd: Crowd, book: dict[str, Any]) -> None:
    crowd.send("/books/1", "HEAD", If_None_Match=book["tag"])
    until(lambda: gate.calls == 1)
    crowd.send("/books/1")
    until(lambda: crowd.waiting() == 1)
    gate.open()
    leader, waiter = crowd.responses()
    assert leader.status_code == 304
    assert (waiter.status_code, waiter.json["title"]) == (200, "Before")


def test_no_request_joins_a_flight_from_before_a_write(
    catalog: Flask, gate: Gate, crowd: Crowd, book: dict[str, Any]
) -> None:
    gate.held = 1
    client = catalog.test_client()
    crowd.send("/books/1")
    until(lambda: gate.returned == 1)  # it has read the old title
    assert client.patch("/books/1", json={"title": "After"}).status_code == 200
    for _ in range(2):
        assert client.get("/books/1").json["title"] == "After"
    assert gate.calls == 2  # the second request was a hit
    gate.open()
    assert crowd.responses()[0].json["title"] == "Before"
    assert client.get("/books/1").json["title"] == "After"  # the response of the slow request was not stored


def test_waiters_fail_with_the_first_and_do_not_wait_again(gate: Gate, crowd: Crowd, book: dict[str, Any]) -> None:
    gate.failing = True
    for number in range(CONCURRENT):
        crowd.send("/books/1", X_Request_ID=f"id-{number}")
        until(lambda number=number: gate.calls == 1 and crowd.waiting() == number)
    gate.open()
    responses = crowd.responses()
    assert gate.calls == 1
    for number, response in enumerate(responses):
        assert (response.status_code, response.headers["Cache-Control"]) == (503, "no-store")
        assert response.headers["Retry-After"].isdigit()
        assert response.json["request_id"] == response.headers["X-Request-ID"] == f"id-{number}"
        assert "stored" not in response.headers.get("Cache-Status", "")
    gate.failing = False
    crowd.send("/books/1")
    assert crowd.responses()[-1].status_code == 200


def test_each_waiter_gets_its_own_problem(gate: Gate, crowd: Crowd) -> None:
    paths = ["/books/99", "/books/99/"]
    for number in range(CONCURRENT):
        crowd.send(paths[number % 2], X_Request_ID=f"id-{number}")
        until(lambda number=number: gate.calls == 1 and crowd.waiting() == number)
    gate.open()
    for number, response in enumerate(crowd.responses()):
        assert response.status_code == 404
        assert response.json["request_id"] == response.headers["X-Request-ID"] == f"id-{number}"
        assert response.json["instance"] == paths[number % 2]
        assert "Cache-Status" not in response.headers
    assert gate.calls == CONCURRENT


def test_the_number_of_waiters_is_bounded(make_app: Callable[..., Flask], gate: Gate, app: Flask) -> None:
    crowd = Crowd(make_app(CONNECTIONS=4))
    flights_of(crowd.app).young = 60.0
    with crowd.pool:
        crowd.send("/books")
        until(lambda: gate.calls == 1)
        for _ in range(4):
            crowd.send("/books")
        until(lambda: crowd.waiting() == 4)
        for _ in range(5):
            crowd.send("/books")
        until(lambda: gate.calls == 6)  # requests beyond the limit run their own query
        gate.open()
        assert Counter(response.status_code for response in crowd.responses()) == {200: 10}
    assert (crowd.waiting(), gate.calls) == (0, 6)


def test_a_waiter_is_503_when_its_own_time_is_used_up(
    catalog: Flask, gate: Gate, crowd: Crowd, book: dict[str, Any]
) -> None:
    flights_of(catalog).patience = 0.05
    crowd.send("/books/1")
    until(lambda: gate.calls == 1)
    crowd.send("/books/1", X_Request_ID="waiter")
    waiter = crowd.sent[1].result(20)
    assert (waiter.status_code, waiter.json["request_id"]) == (503, "waiter")
    assert waiter.headers["Retry-After"].isdigit()
    assert (crowd.waiting(), gate.calls) == (0, 1)
    gate.open()
    assert crowd.responses()[0].status_code == 200


def test_no_request_joins_a_flight_that_began_long_ago(
    catalog: Flask, gate: Gate, crowd: Crowd, book: dict[str, Any]
) -> None:
    gate.held = 1
    flights_of(catalog).young = 0.0
    crowd.send("/books/1")
    until(lambda: gate.calls == 1)
    crowd.send("/books/1")
    assert crowd.sent[1].result(20).status_code == 200  # while the first is stuck
    gate.open()
    assert crowd.responses()[0].status_code == 200
    assert flights_of(catalog).under_way == {}


def test_a_bypassing_request_joins_no_flight(gate: Gate, crowd: Crowd, book: dict[str, Any]) -> None:
    crowd.send("/books/1")
    until(lambda: gate.calls == 1)
    crowd.send("/books/1", Cache_Control="no-cache")
    until(lambda: gate.calls == 2)
    crowd.send("/books/1")
    until(lambda: crowd.waiting() == 1)
    gate.open()
    assert {response.status_code for response in crowd.responses()} == {200}
    assert gate.calls == 2
