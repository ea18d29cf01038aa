"""Two servers of two workers each, which share only the database and Redis."""

from __future__ import annotations

import signal
from collections.abc import Callable
from typing import Any

import pytest

from tests.support.clients.http import Client, Response
from tests.support.servers.redis import Redis
from tests.support.waiting import until


@pytest.fixture(scope="module")
def shared_redis(tmp_path_factory: pytest.TempPathFactory) -> Any:
    server = Redis(tmp_path_factory.mktemp("redis"))
    yield server
    server.signal(signal.SIGCONT)
    server.kill()


@pytest.fixture(scope="module")
def url(new_database: Callable[[str], str]) -> str:
    return new_database("redis")


@pytest.fixture(scope="module")
def ports(start_server: Callable[..., Any], url: str, shared_redis: Redis) -> list[int]:
    return [int(start_server(url, REDIS_URL=shared_redis.url, LOG_LEVEL="WARNING").port) for _ in range(2)]


@pytest.fixture
def redis(shared_redis: Redis, ports: list[int]) -> Redis:
    """Redis, when both servers use it."""
    until(lambda: all(hit(port, "/authors?limit=1") for port in ports))
    return shared_redis


def hit(port: int, path: str) -> bool:
    """Whether a server responds to a repeated request from the cache."""
    client = Client(port)
    client.get(path)
    return client.get(path).cache == "hit"


@pytest.fixture
def book(redis: Redis, ports: list[int]) -> str:
    """The path of a book that the second server has in the cache."""
    created = Client(ports[0]).request("POST", "/books", {"title": "Before", "authors": [{"name": "The Author"}]})
    assert created.status == 201
    path = f"/books/{created.json['id']}"
    until(lambda: hit(ports[1], path))
    return path


def rename(server: int | Client, path: str, title: str) -> Response:
    """Change the title of a book, over a port or a connection."""
    client = server if isinstance(server, Client) else Client(server)
    response = client.request("PATCH", path, {"title": title})
    assert response.status == 200, response.body
    return response


def title(port: int, path: str) -> str:
    response = Client(port).get(path)
    assert response.status == 200, response.body
    return str(response.json["title"])
