"""Concurrent misses of one key are one query, and each that waited gets an answer of its own."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import pytest
from flask import Flask

from app import reading
from app.flights import Flights
from extensions.database import DatabaseUnavailable
from tests.conftest import until

AT_ONCE = 20


@pytest.fixture(scope="module")
def wide_app(make_app: Callable[..., Flask]) -> Flask:
    """An application in which many may wait for one."""
    return make_app(CONNECTIONS=AT_ONCE + 4)


@pytest.fixture
def catalog(wide_app: Flask, app: Flask) -> Flask:
    """The same, on an empty catalog."""
    wide_app.extensions["catalog.on_commit"]()
    return wide_app


class Gate:
    """Stands in for `fetch`: the first statements are held, after they were answered, until it is opened."""

    def __init__(self, fetch: Callable[..., Any]) -> None:
        self.fetch, self.held = fetch, AT_ONCE
        self.asked = self.answered = 0
        self.failing = False
        self._open, self._lock = threading.Event(), threading.Lock()

    def __call__(self, *arguments: Any) -> Any:
        with self._lock:
            self.asked += 1
            hold = self.asked <= self.held
        rows = self.fetch(*arguments)
        with self._lock:
            self.answered += 1
        if hold:
            assert self._open.wait(20)
        if self.failing:
            raise DatabaseUnavailable
        return rows

    def open(self) -> None:
        self._open.set()


@pytest.fixture
def gate(monkeypatch: pytest.MonkeyPatch) -> Iterator[Gate]:
    gate = Gate(reading.fetch)
    monkeypatch.setattr(reading, "fetch", gate)
    yield gate
    gate.open()


class Crowd:
    """Requests under way, each in a thread and with a client of its own."""

    def __init__(self, app: Flask) -> None:
        self.app, self.pool = app, ThreadPoolExecutor(2 * AT_ONCE)
        self.sent: list[Future[Any]] = []

    def send(self, path: str, method: str = "GET", **headers: str) -> None:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        client = self.app.test_client(use_cookies=False)
        self.sent.append(self.pool.submit(client.open, path, method=method, headers=named))

    def answers(self) -> list[Any]:
        return [future.result(20) for future in self.sent]

    def waiting(self) -> int:
        """How many wait for the answer to another one."""
        front: Any = self.app.wsgi_app
        return int(front.flights._seats._initial_value - front.flights._seats._value)


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
def test_misses_of_one_key_at_once_are_one_statement(
    path: str, gate: Gate, crowd: Crowd, book: dict[str, Any], statements: list[str]
) -> None:
    crowd.send(path, X_Request_ID="leader")
    until(lambda: gate.asked == 1)
    for number in range(1, AT_ONCE):
        crowd.send(path, X_Request_ID=f"waiter-{number}")
    until(lambda: crowd.waiting() == AT_ONCE - 1)
    gate.open()
    answers = crowd.answers()
    assert (gate.asked, len(statements)) == (1, 1)
    assert Counter(answer.status_code for answer in answers) == {200: AT_ONCE}
    assert len({(answer.data, answer.headers["ETag"], answer.headers["Content-Length"]) for answer in answers}) == 1
    ids = [answer.headers["X-Request-ID"] for answer in answers]
    assert ids == ["leader", *(f"waiter-{number}" for number in range(1, AT_ONCE))]
    said = [answer.headers["Cache-Status"] for answer in answers]
    assert said == ["catalog; fwd=uri-miss; stored", *["catalog; fwd=uri-miss; collapsed"] * (AT_ONCE - 1)]
    assert not any("Age" in answer.headers for answer in answers)
    assert crowd.waiting() == 0


def test_each_that_waited_gets_what_it_asked_for(gate: Gate, crowd: Crowd, book: dict[str, Any]) -> None:
    crowd.send("/books/1", If_None_Match='"another"')
    until(lambda: gate.asked == 1)
    crowd.send("/books/1", If_None_Match=book["tag"])
    crowd.send("/books/1/", "HEAD")
    crowd.send("/books/1", Origin="https://a.example")
    until(lambda: crowd.waiting() == 3)
    gate.open()
    leader, has_it, head, other = crowd.answers()
    assert (leader.status_code, leader.json["title"]) == (200, "Before")
    assert (has_it.status_code, has_it.data, has_it.headers["ETag"]) == (304, b"", book["tag"])
    assert (head.status_code, head.data) == (200, b"")
    assert head.headers["Content-Length"] == leader.headers["Content-Length"]
    assert other.headers["Access-Control-Allow-Origin"] == "*"
    assert other.data == leader.data
    assert gate.asked == 1


def test_the_tag_of_the_first_is_not_that_of_the_others(gate: Gate, crowd: Crowd, book: dict[str, Any]) -> None:
    crowd.send("/books/1", "HEAD", If_None_Match=book["tag"])
    until(lambda: gate.asked == 1)
    crowd.send("/books/1")
    until(lambda: crowd.waiting() == 1)
    gate.open()
    leader, waiter = crowd.answers()
    assert leader.status_code == 304
    assert (waiter.status_code, waiter.json["title"]) == (200, "Before")


def test_nobody_waits_for_an_answer_from_before_an_acknowledged_write(
    catalog: Flask, gate: Gate, crowd: Crowd, book: dict[str, Any]
) -> None:
    gate.held = 1
    client = catalog.test_client()
    crowd.send("/books/1")
    until(lambda: gate.answered == 1)  # it has read the old title
    assert client.patch("/books/1", json={"title": "After"}).status_code == 200
    for _ in range(2):
        assert client.get("/books/1").json["title"] == "After"
    assert gate.asked == 2  # the second of them was a hit
    gate.open()
    assert crowd.answers()[0].json["title"] == "Before"
    assert client.get("/books/1").json["title"] == "After"  # what the slow one got is kept for nobody


def test_where_the_first_fails_the_others_do_not_wait_again(gate: Gate, crowd: Crowd, book: dict[str, Any]) -> None:
    gate.failing = True
    for number in range(AT_ONCE):
        crowd.send("/books/1", X_Request_ID=f"id-{number}")
        until(lambda number=number: gate.asked == 1 and crowd.waiting() == number)
    gate.open()
    answers = crowd.answers()
    assert gate.asked == 1
    for number, answer in enumerate(answers):
        assert (answer.status_code, answer.headers["Cache-Control"]) == (503, "no-store")
        assert answer.headers["Retry-After"].isdigit()
        assert answer.json["request_id"] == answer.headers["X-Request-ID"] == f"id-{number}"
        assert "stored" not in answer.headers.get("Cache-Status", "")
    gate.failing = False
    crowd.send("/books/1")
    assert crowd.answers()[-1].status_code == 200


def test_a_problem_is_of_the_one_who_asked(gate: Gate, crowd: Crowd) -> None:
    paths = ["/books/99", "/books/99/"]
    for number in range(AT_ONCE):
        crowd.send(paths[number % 2], X_Request_ID=f"id-{number}")
        until(lambda number=number: gate.asked == 1 and crowd.waiting() == number)
    gate.open()
    for number, answer in enumerate(crowd.answers()):
        assert answer.status_code == 404
        assert answer.json["request_id"] == answer.headers["X-Request-ID"] == f"id-{number}"
        assert answer.json["instance"] == paths[number % 2]
        assert "Cache-Status" not in answer.headers
    assert gate.asked == AT_ONCE


def test_no_more_wait_than_may(make_app: Callable[..., Flask], gate: Gate, app: Flask) -> None:
    crowd = Crowd(make_app(CONNECTIONS=4))
    with crowd.pool:
        crowd.send("/books")
        until(lambda: gate.asked == 1)
        for _ in range(4):
            crowd.send("/books")
        until(lambda: crowd.waiting() == 4)
        for _ in range(5):
            crowd.send("/books")
        until(lambda: gate.asked == 6)  # whoever finds no seat asks for itself
        gate.open()
        assert Counter(answer.status_code for answer in crowd.answers()) == {200: 10}
    assert (crowd.waiting(), gate.asked) == (0, 6)


@pytest.mark.parametrize("headers", [{"Cache_Control": "no-cache"}, {"Authorization": "a"}, {"Cookie": "a=b"}])
def test_whoever_goes_past_the_cache_goes_past_the_others(
    headers: dict[str, str], gate: Gate, crowd: Crowd, book: dict[str, Any]
) -> None:
    crowd.send("/books/1")
    until(lambda: gate.asked == 1)
    crowd.send("/books/1", **headers)
    until(lambda: gate.asked == 2)
    crowd.send("/books/1")
    until(lambda: crowd.waiting() == 1)
    gate.open()
    assert {answer.status_code for answer in crowd.answers()} == {200}
    assert gate.asked == 2


# The class by itself.


def test_an_asking_that_raises_leaves_nothing_behind() -> None:
    flights: Flights[str] = Flights(4)
    started, go = threading.Event(), threading.Event()

    def fail() -> str:
        started.set()
        assert go.wait(10)
        raise LookupError

    with ThreadPoolExecutor(4) as pool:
        first = pool.submit(flights.board, "key", fail)
        assert started.wait(10)
        others = [pool.submit(flights.board, "key", lambda: "mine") for _ in range(3)]
        go.set()
        with pytest.raises(LookupError):
            first.result(10)
        assert [other.result(10)[0] for other in others] == ["mine"] * 3
    assert flights.board("key", lambda: "again") == ("again", False)
    assert flights._under_way == {}


def test_other_keys_do_not_wait() -> None:
    flights: Flights[str] = Flights(4)
    go = threading.Event()
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(flights.board, "a", lambda: str(go.wait(10)))
        until(lambda: "a" in flights._under_way)
        assert flights.board("b", lambda: "b") == ("b", False)
        go.set()
        assert first.result(10) == ("True", False)


def test_who_comes_after_the_landing_asks_anew() -> None:
    flights: Flights[int] = Flights(4)
    assert [flights.board("key", lambda number=number: number) for number in range(3)] == [  # type: ignore[misc]
        (0, False),
        (1, False),
        (2, False),
    ]
