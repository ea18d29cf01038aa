"""The cache that two servers share through Redis."""

from __future__ import annotations

import itertools
import json
import pickle
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.support.clients.http import Client
from tests.support.servers.redis import Redis
from tests.support.waiting import until

from .conftest import hit, rename, title
from .freshness import Loader, assert_nothing_stale, rewritten_while_read


def test_a_server_hits_what_another_stored(redis: Redis, ports: list[int], book: str) -> None:
    numbers = itertools.count()

    def shared() -> bool:
        """Whether the value was shared; a worker's first use of Redis invalidates all values."""
        name = f"Renamed {next(numbers)}"
        rename(ports[1], book, name)
        until(lambda: hit(ports[0], book))
        response = Client(ports[1]).get(book)
        assert response.json["title"] == name
        return response.cache == "hit"

    for _ in range(3):
        until(shared)


def test_no_reader_gets_a_response_older_than_an_acknowledged_write(
    redis: Redis, ports: list[int], url: str, tmp_path: Path
) -> None:
    loader = Loader(tmp_path, DATABASE_URL=url, INSTANCE_PATH=str(tmp_path / "third"), REDIS_URL=redis.url)
    outcome = rewritten_while_read(ports, ports[::-1], 10_000, loader, loads=3)
    assert_nothing_stale(outcome)


def test_the_age_of_a_hit_is_true_on_both_servers(redis: Redis, ports: list[int], book: str) -> None:
    # By the system clock, which ages are computed with, and which may be adjusted while the test runs.
    earliest = time.time()
    rename(ports[0], book, "To be kept")
    oldest, latest = 0, 0.0
    ends = time.monotonic() + 30
    while oldest < 3:
        assert time.monotonic() < ends, "no value is stored for three seconds"
        for port in ports:
            sent_at = time.time()
            response = Client(port).get(book)
            received_at = time.time()
            if response.cache != "hit":
                assert "age" not in response.headers
                latest = received_at  # later hits were stored no later than this
                continue
            age = int(response.headers["age"])
            ttl = int(response.headers["cache-status"].rpartition("=")[2])
            assert int(sent_at - latest) <= age <= received_at - earliest
            assert 9 <= age + ttl <= 10
            oldest = max(oldest, age)


def test_a_value_expires_after_the_timeout(
    start_server: Callable[..., Any], url: str, redis: Redis, ports: list[int], book: str
) -> None:
    port = int(start_server(url, REDIS_URL=redis.url, CACHE_DEFAULT_TIMEOUT="1", WEB_CONCURRENCY="1").port)
    client, path = Client(port), f"{book}?fields=id"
    responses = [client.get(path)]
    while [response.cache for response in responses].count("fwd=uri-miss") < 3:
        responses.append(client.get(path))
        assert responses[-1].headers.get("age", "0") == "0"
    assert responses[0].headers["cache-control"] == "public, max-age=0, must-revalidate"


def test_values_in_redis_expire(redis: Redis, ports: list[int], book: str) -> None:
    keys = redis.stored_keys()
    lasting = {key: int(redis.command(f'PTTL "{key}"').removeprefix(b":").strip()) for key in keys}
    assert (lasting.pop("catalog:generation"), lasting.pop("catalog:accounts")) == (-1, -1)
    assert lasting
    assert all(0 < left <= 10_000 or left == -2 for left in lasting.values()), lasting  # -2: it has just expired


def test_values_in_redis_are_text_and_no_pickle(redis: Redis, ports: list[int], book: str) -> None:
    values: dict[str, bytes] = {}

    def is_stored() -> bool:
        Client(ports[0]).get(f"{book}?fields=id,title")
        values.update(redis.values())
        return any("/books" in key for key in values)

    until(is_stored)
    for key, value in values.items():
        assert key.startswith("catalog:")
        assert not value.startswith(pickle.PROTO)  # the first byte of every current pickle
        assert value.decode()
        if "/books" in key:
            json.loads(value.splitlines()[-1])


def test_foreign_values_in_redis_are_ignored(redis: Redis, ports: list[int], book: str, tmp_path: Path) -> None:
    class Bomb:
        def __reduce__(self) -> tuple[Any, ...]:
            return (Path.touch, (tmp_path / "exploded",))

    payload = "".join(f"\\x{byte:02x}" for byte in pickle.dumps(Bomb()))
    for value in (payload, "", "\\n", "x", "\\x00", "!" + payload):
        for key in redis.stored_keys():
            assert redis.command(f'SET "{key}" "{value}"') == b"+OK\r\n"
        for port in ports * 2:
            assert title(port, book) == "Before"
    assert not (tmp_path / "exploded").exists()
    assert redis.command("FLUSHALL") == b"+OK\r\n"
