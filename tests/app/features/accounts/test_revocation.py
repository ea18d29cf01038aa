"""A right that is taken away is refused by every worker, from the response of the change on."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.support.accounts import add_account, add_token, bearer
from tests.support.clients.http import Client, Response
from tests.support.servers.gunicorn import Server
from tests.support.servers.redis import Redis

pytestmark = pytest.mark.slow(30)

WORKERS, READERS = 4, 8
REQUESTS = 5_000  # around all changes
AFTER = 160  # requests that each change is followed by

Change = Callable[[Server, str, int], Response]  # of the token of an account


@pytest.fixture(scope="module")
def url(new_database: Callable[[str], str]) -> str:
    return new_database("revocation")


@pytest.fixture(scope="module", params=["memory", "redis"])
def server(
    request: pytest.FixtureRequest, start_server: Callable[..., Server], redis_server: Redis, url: str
) -> Iterator[Server]:
    """A server with four workers, on a catalog with one book and an administrator."""
    redis_url = redis_server.url if request.param == "redis" else ""
    server = start_server(url, REDIS_URL=redis_url, WEB_CONCURRENCY=str(WORKERS), LOG_LEVEL="WARNING", ANONYMOUS="none")
    yield server
    server.stop()


@pytest.fixture(scope="module")
def admin(url: str) -> dict[str, str]:
    """The headers of an administrator."""
    return bearer(add_token(url, add_account(url, "admin")))


def test_no_worker_takes_a_token_after_its_revocation(server: Server, url: str) -> None:
    def revoke(token: str) -> int:
        return server.request("DELETE", "/tokens/current", **bearer(token)).status

    late = 0
    sent = 0
    while sent < REQUESTS:
        token = add_token(url, add_account(url, "editor"))
        statuses = _around(server, token, lambda token=token: revoke(token), 204)  # type: ignore[misc]
        sent += sum(len(group) for group in statuses)
        before, after = statuses
        assert 200 in before
        late += sum(status != 401 for status in after)
    assert late == 0


@pytest.mark.parametrize(
    ("change", "expected"), [({"role": "reader"}, 403), ({"disabled": True}, 401)], ids=["demoted", "disabled"]
)
def test_no_worker_lets_a_changed_account_write(
    server: Server, url: str, admin: dict[str, str], change: dict[str, object], expected: int
) -> None:
    for _ in range(6):
        account = add_account(url, "editor")
        token = add_token(url, account)

        def change_account(path: str = f"/accounts/{account.id}") -> int:
            return server.request("PATCH", path, change, **admin).status

        before, after = _around(server, token, change_account, 200, write=True)
        assert 422 in before  # the empty book is judged after the right
        assert set(after) == {expected}


def _around(
    server: Server, token: str, change: Callable[[], int], expected: int, *, write: bool = False
) -> tuple[list[int], list[int]]:
    """Send requests with a token while something changes.

    Return the statuses of those that ended before the change began, and of those that began after its response.
    """
    ended = threading.Event()
    moments: list[tuple[float, float, int]] = []

    def send() -> None:
        client = Client(server.port)
        left = AFTER // READERS
        while left:
            left -= ended.is_set()
            began = time.monotonic()
            if write:
                response = client.request("POST", "/books", {}, **bearer(token))
            else:
                response = client.get("/openapi.json" if left % 2 else "/books?limit=1", **bearer(token))
            moments.append((began, time.monotonic(), response.status))
        client.connection.close()

    with ThreadPoolExecutor(READERS) as pool:
        sending = [pool.submit(send) for _ in range(READERS)]
        while len(moments) < 10 * READERS:
            time.sleep(0.001)
        change_began = time.monotonic()
        status = change()
        change_ended = time.monotonic()
        ended.set()
        for future in sending:
            future.result(60)
    assert status == expected
    before = [status for _, end, status in moments if end < change_began]
    after = [status for begin, _, status in moments if begin > change_ended]
    return before, after
