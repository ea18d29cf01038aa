"""Two servers with nothing in common but the database and Redis."""

from __future__ import annotations

import json
import pickle
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import until

from .conftest import Answer, Client, Redis
from .freshness import rewritten_while_read


@pytest.fixture(scope="module")
def shared_redis(tmp_path_factory: pytest.TempPathFactory) -> Any:
    server = Redis(tmp_path_factory.mktemp("redis"))
    yield server
    server.signal(signal.SIGCONT)
    server.kill()


@pytest.fixture(scope="module")
def ports(start_server: Callable[..., Any], new_database: Callable[[str], str], shared_redis: Redis) -> list[int]:
    url = new_database("redis")
    return [int(start_server(url, REDIS_URL=shared_redis.url, WEB_CONCURRENCY="1").port) for _ in range(2)]


@pytest.fixture
def redis(shared_redis: Redis, ports: list[int]) -> Redis:
    """Redis, with both servers on good terms with it."""
    until(lambda: all(hit(port, "/authors?limit=1") for port in ports))
    return shared_redis


def hit(port: int, path: str) -> bool:
    """Whether a server answers from the cache what it was just asked."""
    client = Client(port)
    client.get(path)
    return client.get(path).cache == "hit"


@pytest.fixture
def book(redis: Redis, ports: list[int]) -> str:
    """The path of a book that the second server answers from the cache."""
    created = Client(ports[0]).ask("POST", "/books", {"title": "Before", "authors": [{"name": "The Author"}]})
    assert created.status == 201
    path = f"/books/{created.json['id']}"
    until(lambda: hit(ports[1], path))
    return path


def rename(port: int, path: str, title: str) -> Answer:
    answer = Client(port).ask("PATCH", path, {"title": title})
    assert answer.status == 200, answer.body
    return answer


def title(port: int, path: str) -> str:
    answer = Client(port).get(path)
    assert answer.status == 200, answer.body
    return str(answer.json["title"])


def test_what_one_server_stored_is_a_hit_of_the_other(redis: Redis, ports: list[int], book: str) -> None:
    for number in range(3):  # whichever of them wrote how often
        rename(ports[1], book, f"Renamed {number}")
        until(lambda: hit(ports[0], book))
        answer = Client(ports[1]).get(book)
        assert answer.cache == "hit"
        assert answer.json["title"] == f"Renamed {number}"


def test_no_reader_of_either_server_gets_an_answer_from_before_an_acknowledged_write(
    redis: Redis, ports: list[int]
) -> None:
    outcome = rewritten_while_read(ports, ports[::-1], seconds=3)
    assert outcome.stale == []
    assert outcome.failed == []
    assert outcome.hits > 5, outcome
    assert outcome.writes > 10, outcome


def test_what_lies_in_redis_is_text_and_no_pickle(redis: Redis, ports: list[int], book: str) -> None:
    keys = redis.all_keys()
    assert any("/books" in key for key in keys)
    for key in keys:
        assert key.startswith("catalog:")
        value = redis.value(key)
        assert not value.startswith(pickle.PROTO)  # with which every pickle of today begins
        assert value.decode()
        if "/books" in key:
            json.loads(value.splitlines()[-1])


def test_what_somebody_else_left_in_redis_is_no_answer(
    redis: Redis, ports: list[int], book: str, tmp_path: Path
) -> None:
    class Bomb:
        def __reduce__(self) -> tuple[Any, ...]:
            return (Path.touch, (tmp_path / "exploded",))

    payload = "".join(f"\\x{byte:02x}" for byte in pickle.dumps(Bomb()))
    for value in (payload, "", "\\n", "x", "\\x00", "!" + payload):
        for key in redis.all_keys():
            assert redis.say(f'SET "{key}" "{value}"') == b"+OK\r\n"
        for port in ports * 2:
            assert title(port, book) == "Before"
    assert not (tmp_path / "exploded").exists()
    assert redis.say("FLUSHALL") == b"+OK\r\n"


def test_redis_that_dies_takes_nothing_with_it_and_comes_back_by_itself(
    redis: Redis, ports: list[int], book: str
) -> None:
    redis.kill()
    try:
        for number in range(3):
            rename(ports[number % 2], book, f"Without {number}")
            for port in ports * 2:
                started = time.monotonic()
                assert title(port, book) == f"Without {number}"
                assert time.monotonic() - started < 5
    finally:
        redis.start()
    until(lambda: all(hit(port, book) for port in ports))
    rename(ports[0], book, "After")
    assert [title(port, book) for port in ports] == ["After", "After"]


def test_a_write_while_redis_is_frozen_is_seen_by_all_when_it_goes_on(
    redis: Redis, ports: list[int], book: str
) -> None:
    redis.signal(signal.SIGSTOP)
    try:
        rename(ports[0], book, "Meanwhile")
        assert title(ports[0], book) == "Meanwhile"
    finally:
        redis.signal(signal.SIGCONT)
    ends = time.monotonic() + 2
    while time.monotonic() < ends:
        assert title(ports[1], book) == "Meanwhile"


def test_a_write_just_after_redis_was_slow_is_seen_by_all(redis: Redis, ports: list[int], book: str) -> None:
    redis.signal(signal.SIGSTOP)
    try:
        assert title(ports[0], book) == "Before"  # of the two servers, the one that will write met a slow Redis
    finally:
        redis.signal(signal.SIGCONT)
    assert hit(ports[1], book)
    rename(ports[0], book, "After")
    assert title(ports[1], book) == "After"


def test_redis_that_comes_back_from_a_snapshot_brings_no_old_answer_back(
    redis: Redis, ports: list[int], book: str
) -> None:
    assert redis.say("SAVE") == b"+OK\r\n"
    rename(ports[0], book, "After the snapshot")
    redis.kill()
    redis.start()
    ends = time.monotonic() + 2.5
    while time.monotonic() < ends:
        assert title(ports[1], book) == "After the snapshot"
