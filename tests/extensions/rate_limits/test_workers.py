"""The limit of a real server: four workers together, with and without Redis."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.support.clients.http import Response
from tests.support.clients.parallel import RequestPool
from tests.support.servers.gunicorn import Server
from tests.support.servers.redis import Redis
from tests.support.waiting import until

LIMIT, SENT = 60, 90
TRUSTED = "127.0.0.1"  # a proxy on this machine, as which the tests send


@pytest.fixture(scope="module")
def url(new_database: Callable[[str], str]) -> str:
    return new_database("limits")


@pytest.fixture(scope="module")
def start(start_server: Callable[..., Server], url: str) -> Callable[..., Server]:
    """Start a server of four workers with a limit."""

    def start(**settings: str) -> Server:
        usual = {"WEB_CONCURRENCY": "4", "RATE_LIMIT": f"{LIMIT}/hour", "LOG_LEVEL": "WARNING"}
        return start_server(url, **{**usual, **settings})

    return start


@pytest.fixture(scope="module")
def behind_proxy(start: Callable[..., Server]) -> Server:
    return start(FORWARDED_ALLOW_IPS=TRUSTED)


@pytest.fixture(scope="module")
def with_redis(start: Callable[..., Server], redis_server: Redis) -> Server:
    return start(FORWARDED_ALLOW_IPS=TRUSTED, REDIS_URL=redis_server.url)


@pytest.fixture(scope="module")
def new_address() -> Callable[[], str]:
    """Return an address that no other test has."""
    numbers: Iterator[int] = itertools.count(1)
    return lambda: f"192.0.2.{next(numbers)}"


def statuses(responses: list[Response]) -> dict[int, int]:
    """The number of responses by status."""
    return {status: sum(each.status == status for each in responses) for status in {each.status for each in responses}}


def burst(server: Server, method: str, path: str, document: Any, address: str) -> dict[int, int]:
    """Send many requests at once, each over a connection of its own."""
    pool = RequestPool(30)
    with pool.threads:
        pool.send(server.request, method, path, document, times=SENT, X_Forwarded_For=address)
        return statuses(pool.responses())


@pytest.mark.parametrize("kind", ["behind_proxy", "with_redis"])
@pytest.mark.parametrize(
    ("method", "path", "document", "expected"),
    [
        ("GET", "/nothing", None, {404: LIMIT, 429: SENT - LIMIT}),
        ("POST", "/books", {"title": "A book"}, {201: LIMIT // 5, 429: SENT - LIMIT // 5}),
    ],
    ids=["reads", "writes"],
)
def test_exactly_the_limit_passes_in_a_burst_over_four_workers(
    kind: str,
    method: str,
    path: str,
    document: Any,
    expected: dict[int, int],
    request: pytest.FixtureRequest,
    new_address: Callable[[], str],
) -> None:
    server: Server = request.getfixturevalue(kind)
    assert burst(server, method, path, document, new_address()) == expected


def test_all_machines_with_one_redis_share_the_limit(
    with_redis: Server, start: Callable[..., Server], redis_server: Redis, new_address: Callable[[], str]
) -> None:
    other = start(FORWARDED_ALLOW_IPS=TRUSTED, REDIS_URL=redis_server.url, WEB_CONCURRENCY="1")

    def passes_on_one_only() -> bool:
        address = new_address()
        first = [with_redis.get("/nothing", X_Forwarded_For=address).status for _ in range(LIMIT)]
        return first == [404] * LIMIT and other.get("/nothing", X_Forwarded_For=address).status == 429

    until(passes_on_one_only, 30)  # retried, because a busy machine may be too slow for Redis


def test_a_frozen_redis_fails_no_request(
    with_redis: Server, redis_server: Redis, new_address: Callable[[], str]
) -> None:
    address = new_address()
    with redis_server.frozen():
        assert burst(with_redis, "GET", "/nothing", None, address) == {404: LIMIT, 429: SENT - LIMIT}


def test_a_trusted_proxy_names_the_client(behind_proxy: Server, new_address: Callable[[], str]) -> None:
    first, second = new_address(), new_address()
    seen = [behind_proxy.get("/nothing", X_Forwarded_For=first).status for _ in range(LIMIT + 1)]
    assert statuses_of(seen) == (LIMIT, 1)
    assert behind_proxy.get("/nothing", X_Forwarded_For=second).status == 404
    assert behind_proxy.get("/nothing", X_Forwarded_For=f"{second}, {first}").status == 429  # the first one is forged


def test_a_forged_address_does_not_help(start: Callable[..., Server], new_address: Callable[[], str]) -> None:
    server = start()
    seen = [
        server.get("/nothing", X_Forwarded_For=new_address(), Forwarded=f"for={new_address()}").status
        for _ in range(LIMIT + 5)
    ]
    assert statuses_of(seen) == (LIMIT, 5)


def statuses_of(seen: list[int]) -> tuple[int, int]:
    return seen.count(404), seen.count(429)
