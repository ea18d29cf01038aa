"""Clients that go away, a server that is told to stop, a worker that is killed."""

from __future__ import annotations

import contextlib
import http.client
import os
import signal
import socket
import struct
import time
from collections.abc import Callable

import pytest

from tests.conftest import until

from .conftest import Crowd, Postgres, Service

RESET = struct.pack("ii", 1, 0)  # closed with these, a socket is gone at once, whatever is unread


@pytest.fixture(scope="module")
def books(postgres: Postgres) -> int:
    """How many long books there are."""
    postgres.execute("TRUNCATE books, authors, contributions RESTART IDENTITY CASCADE")
    postgres.execute(
        "INSERT INTO books (title, description) "
        "SELECT 'Book ' || n, repeat('long ', 20000) FROM generate_series(1, 100) n"
    )
    return 100


def hang_up(port: int, sent: bytes, read: int = 0) -> None:
    """Send these bytes, read so many of the answer, and be gone."""
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        connection.sendall(sent)
        if read:
            connection.recv(read)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)


POST = b"POST /books HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
GET = b"GET /books?limit=20 HTTP/1.1\r\nHost: x\r\nCache-Control: no-cache\r\n\r\n"
HALF = b'{"title": "Half'
GONE = {
    "nothing was sent": (b"", 0),
    "within the head": (b"GET /books HTTP/1.1\r\nHo", 0),
    "within the body": (POST + b"Content-Length: 900\r\n\r\n" + HALF, 0),
    "within a large body": (POST + b"Content-Length: 900000\r\n\r\n" + HALF, 0),
    "within a chunk": (POST + b"Transfer-Encoding: chunked\r\n\r\nff\r\n" + HALF, 0),
    "before the answer": (GET, 0),
    "within the answer": (GET, 100),
}


@pytest.mark.parametrize("when", GONE)
def test_a_client_that_goes_away_harms_nobody(when: str, service: Service, postgres: Postgres, books: int) -> None:
    workers, log = service.workers(), service.server.log
    before = len(log.read_bytes())
    sent, read = GONE[when]
    for _ in range(60):  # more than the workers have threads
        hang_up(service.port, sent, read)
    for _ in range(10):
        assert service.get("/books?limit=1").status == 200
        assert service.ask("PATCH", "/books/1", {"subtitle": when}).status == 200
    assert service.workers() == workers
    assert postgres.execute("SELECT count(*) FROM books") == [(books,)]  # half a body is no book
    idle = "SELECT 1 FROM pg_stat_activity WHERE application_name = 'catalog' AND state LIKE 'idle in transaction%%'"
    until(lambda: not postgres.execute(idle))
    assert b"Traceback" not in log.read_bytes()[before:]


def test_clients_that_do_not_read_their_pages_hold_nobody_up(start_service: Callable[..., Service], books: int) -> None:
    service = start_service(WEB_CONCURRENCY="1", CONNECTIONS="2", LOG_LEVEL="WARNING")  # 14 threads
    page = b"GET /books?limit=60 HTTP/1.1\r\nHost: x\r\nCache-Control: no-cache\r\n\r\n"  # 6 MB
    with contextlib.ExitStack() as stack:
        for _ in range(18):
            client = stack.enter_context(contextlib.closing(socket.socket()))
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            client.settimeout(20)
            client.connect(("127.0.0.1", service.port))
            client.sendall(page)
            assert client.recv(12, socket.MSG_PEEK) == b"HTTP/1.1 200"
        for path in ("/health/live", "/health/ready", "/books/1", "/books?limit=1"):
            answer = service.get(path)
            assert (answer.status, answer.seconds < 2) == (200, True), answer


def test_a_server_that_is_told_to_stop_finishes_what_is_under_way(
    start_service: Callable[..., Service], postgres: Postgres, crowd: Crowd, books: int
) -> None:
    service = start_service()
    process = service.server.process
    idle = http.client.HTTPConnection("127.0.0.1", service.port, timeout=10)
    idle.request("GET", "/health/live")
    idle.getresponse().read()  # kept alive, and no reason to stay
    with postgres.holding("SELECT 1 FROM books WHERE id = 2 FOR UPDATE") as let_go:
        crowd.send(service.ask, "PATCH", "/books/2", {"subtitle": "under way"}, times=4)
        until(lambda: len(postgres.waiting()) == 4)
        process.send_signal(signal.SIGTERM)
        until(lambda: b"Handling signal: term" in service.server.log.read_bytes())
        let_go()
    answers = crowd.answers()
    assert [answer.status for answer in answers] == [200] * 4, answers
    assert process.wait(15) == 0  # less than the time it may take: nobody had to be cut off
    assert b"Traceback" not in service.server.log.read_bytes()


def test_a_worker_that_is_killed_is_replaced(service: Service, postgres: Postgres, crowd: Crowd, books: int) -> None:
    before = service.workers()
    assert len(before) == 2
    ends = time.monotonic() + 3

    def write(name: int) -> list[tuple[str, int]]:
        done = []
        while time.monotonic() < ends:
            title = f"killed {name}-{len(done)}"
            done.append((title, service.ask("POST", "/books", {"title": title}).status))
        return done

    threads = [crowd.pool.submit(write, name) for name in range(4)]
    until(lambda: postgres.execute("SELECT 1 FROM books WHERE title LIKE 'killed %%'"))
    victim = min(before)
    os.kill(victim, signal.SIGKILL)
    until(lambda: len(service.workers() - {victim}) == 2)
    done = [pair for thread in threads for pair in thread.result(30)]
    assert {status for _, status in done} <= {201, 0}  # 0: the connections of the one that was killed
    stored = [row[0] for row in postgres.execute("SELECT title FROM books WHERE title LIKE 'killed %%'")]
    assert {title for title, status in done if status == 201} <= set(stored)
    assert len(stored) == len(set(stored))
    for _ in range(20):
        assert service.get("/books?limit=1").status == 200
    assert before & service.workers() == before - {victim}
