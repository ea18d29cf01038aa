"""Clients that get no answer send their request again, to servers with several workers."""

from __future__ import annotations

import contextlib
import fcntl
import os
import signal
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import psutil
import pytest
from flask import Flask

from tests.support.clients.http import Client, Response
from tests.support.clients.parallel import RequestPool, simultaneously
from tests.support.databases import connect, execute
from tests.support.servers.gunicorn import Server
from tests.support.waiting import until

from .conftest import BOOK, KEY, WAITING, answer, is_replay, locked

pytestmark = pytest.mark.slow(10)

AT_ONCE = 12
PER_CONNECTION = ("x-request-id", "idempotent-replayed", "date")


@pytest.fixture(scope="module")
def url(new_database: Callable[[str], str]) -> str:
    return new_database("lost_answers")


@pytest.fixture(scope="module")
def instance(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("instance")


@pytest.fixture(scope="module")
def server(start_server: Callable[..., Server], url: str, instance: Path) -> Server:
    return start_server(url, WEB_CONCURRENCY="4", INSTANCE_PATH=str(instance))


@pytest.fixture
def key() -> str:
    return str(uuid.uuid4())


def repeated(response: Response) -> tuple[Any, ...]:
    """What a replay repeats of a response."""
    headers = {name: value for name, value in response.headers.items() if name not in PER_CONNECTION}
    return response.status, headers, response.body


def send_until_answered(server: Server, key: str, document: Any) -> Response:
    """Send a request again until its response is another one than "in progress"."""
    while True:
        response = server.request("POST", "/books", document, Idempotency_Key=key)
        if response.status not in (0, 409, 503):
            return response
        time.sleep(0.05)


@pytest.mark.parametrize("turn", range(3))
def test_equal_requests_at_once_make_one_record(server: Server, url: str, key: str, turn: int) -> None:
    document = {**BOOK, "title": key}
    clients = [Client(server.port) for _ in range(AT_ONCE)]
    for client in clients:
        client.get("/health/live")  # connects to one of the workers
    responses = simultaneously(
        *(partial(client.request, "POST", "/books", document, Idempotency_Key=key) for client in clients)
    )
    statuses = Counter(response.status for response in responses)
    assert set(statuses) <= {201, 409}, statuses
    created = [response for response in responses if response.status == 201]
    assert [response.headers.get("idempotent-replayed") for response in created].count(None) == 1
    for response in responses:
        if response.status == 409:
            assert response.json["type"] == "/problems/request-in-progress"
            assert response.headers["retry-after"] == "1"
    created += [send_until_answered(server, key, document) for _ in range(4)]
    assert all(repeated(response) == repeated(created[0]) for response in created)
    assert execute(url, "SELECT count(*) FROM books WHERE title = %s", key) == [(1,)]


@contextlib.contextmanager
def no_invalidation(instance: Path) -> Iterator[None]:
    """Let every worker wait after its commit, when it invalidates the cache."""
    with (instance / "generation").open("ab") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def kill(server: Server, *workers: int) -> None:
    """End workers with SIGKILL, and wait until others replace them."""
    count = len(server.workers())
    for pid in workers:
        os.kill(pid, signal.SIGKILL)
    until(lambda: len(server.workers() - set(workers)) == count and server.get("/health/live").status == 200)


def invalidating(server: Server, instance: Path) -> list[int]:
    """The workers that wait to invalidate the cache: they have opened its file once more."""
    path = str(instance / "generation")
    return [pid for pid in server.workers() if [file.path for file in psutil.Process(pid).open_files()].count(path) > 1]


@pytest.mark.parametrize("size", [1, 200], ids=["book", "batch"])
def test_a_worker_killed_after_its_commit_has_one_effect(
    server: Server, url: str, instance: Path, key: str, size: int, request_pool: RequestPool
) -> None:
    document: Any = [{**BOOK, "title": key} for _ in range(size)] if size > 1 else {**BOOK, "title": key}
    listed = f"/books?title={key}&fields=title&limit=1"
    for _ in range(30):  # every worker caches it
        assert server.get(listed).json["data"] == []
    with no_invalidation(instance):
        request_pool.send(server.request, "POST", "/books", document, Idempotency_Key=key)
        until(lambda: execute(url, "SELECT 1 FROM books WHERE title = %s", key))
        until(lambda: invalidating(server, instance))
        kill(server, *invalidating(server, instance))
    (unanswered,) = request_pool.responses()
    assert unanswered.status == 0
    again = send_until_answered(server, key, document)
    assert (again.status, again.headers["idempotent-replayed"]) == (201, "true")
    assert repeated(send_until_answered(server, key, document)) == repeated(again)
    assert execute(url, "SELECT count(*) FROM books WHERE title = %s", key) == [(size,)]
    if size == 1:
        assert server.get(again.headers["location"]).body == again.body
    for _ in range(30):  # no worker has it from before the write
        assert server.get(listed).json["data"] == [{"title": key}]


def test_a_worker_killed_before_its_commit_has_no_effect(
    server: Server, url: str, key: str, request_pool: RequestPool
) -> None:
    document = {**BOOK, "title": key}
    with locked(url, "idempotency_keys"):
        request_pool.send(server.request, "POST", "/books", document, Idempotency_Key=key)
        until(lambda: execute(url, WAITING))
        kill(server, *server.workers())
    (unanswered,) = request_pool.responses()
    assert unanswered.status in (0, 503)  # 503 if it waited for the lock for two seconds
    again = send_until_answered(server, key, document)
    assert (again.status, again.headers.get("idempotent-replayed")) == (201, None)
    assert execute(url, "SELECT count(*) FROM books WHERE title = %s", key) == [(1,)]


def test_keys_survive_a_restart(server: Server, start_server: Callable[..., Server], url: str, key: str) -> None:
    document = {**BOOK, "title": key}
    first = send_until_answered(server, key, document)
    other = start_server(url)
    assert repeated(send_until_answered(other, key, document)) == repeated(first)


@pytest.fixture
def never_confirmed(cluster: str, new_database: Callable[[str], str]) -> Iterator[str]:
    """A database that commits, and then waits for a replica that does not exist before it confirms the commit."""
    url = new_database("never_confirmed")
    name = url.rpartition("/")[2].partition("?")[0]
    execute(cluster, f"ALTER DATABASE {name} SET synchronous_commit = on")  # the other databases do not wait
    execute(cluster, "ALTER SYSTEM SET synchronous_standby_names = 'missing'")
    execute(cluster, "SELECT pg_reload_conf()")
    yield url
    execute(cluster, "ALTER SYSTEM RESET synchronous_standby_names")
    execute(cluster, "SELECT pg_reload_conf()")


def test_a_commit_that_is_not_confirmed_has_one_effect(
    never_confirmed: str, cluster: str, make_app: Callable[..., Flask], request_pool: RequestPool
) -> None:
    client = make_app(DATABASE_URL=never_confirmed).test_client()
    post = partial(client.post, "/books", json=BOOK, headers={"Idempotency-Key": KEY})
    with contextlib.closing(connect(cluster)) as connection, connection.cursor() as cursor:
        waiting = request_pool.threads.submit(post)

        def end_connection() -> bool:
            cursor.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE wait_event = 'SyncRep'")
            return bool(cursor.fetchall())

        until(end_connection)
        unconfirmed = waiting.result(60)
    assert unconfirmed.status_code == 503
    again = post()
    while again.status_code == 409:  # the ended backend still holds the claim of the key
        time.sleep(0.05)
        again = post()
    assert (again.status_code, is_replay(again)) == (201, True)
    assert answer(post()) == answer(again)
    assert execute(never_confirmed, "SELECT count(*) FROM books") == [(1,)]
