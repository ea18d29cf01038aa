"""Clients that disconnect or do not read, stopped servers, and killed workers."""

from __future__ import annotations

import contextlib
import http.client
import os
import signal
import time
from collections.abc import Callable

import pytest

from tests.support.clients.parallel import RequestPool
from tests.support.servers.gunicorn import Server
from tests.support.servers.postgres import Postgres
from tests.support.waiting import until

pytestmark = pytest.mark.slow(10)


@pytest.fixture(scope="module")
def books(postgres: Postgres) -> int:
    """Store long books; return their number."""
    postgres.execute("TRUNCATE books, authors, contributions RESTART IDENTITY CASCADE")
    postgres.execute(
        "INSERT INTO books (title, description) "
        "SELECT 'Book ' || n, repeat('long ', 20000) FROM generate_series(1, 100) n"
    )
    return 100


def hang_up(service: Server, sent: bytes, read: int = 0) -> None:
    """Send bytes, read some bytes of the response, and reset the connection."""
    wire = service.connect(sent)
    if read:
        wire.sock.recv(read)
    wire.reset()


POST = b"POST /books HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
GET = b"GET /books?limit=20 HTTP/1.1\r\nHost: x\r\nCache-Control: no-cache\r\n\r\n"
HALF = b'{"title": "Half'
GONE = {
    "nothing was sent": (b"", 0),
    "within the head": (b"GET /books HTTP/1.1\r\nHo", 0),
    "within the body": (POST + b"Content-Length: 900\r\n\r\n" + HALF, 0),
    "within a large body": (POST + b"Content-Length: 900000\r\n\r\n" + HALF, 0),
    "within a chunk": (POST + b"Transfer-Encoding: chunked\r\n\r\nff\r\n" + HALF, 0),
    "before the response": (GET, 0),
    "within the response": (GET, 100),
}


@pytest.mark.parametrize("when", GONE)
def test_a_client_that_disconnects_does_no_harm(when: str, service: Server, postgres: Postgres, books: int) -> None:
    workers, log = service.workers(), service.log
    before = len(log.read_bytes())
    sent, read = GONE[when]
    for _ in range(60):  # more than the workers have threads
        hang_up(service, sent, read)
    for _ in range(10):
        assert service.get("/books?limit=1").status == 200
        assert service.request("PATCH", "/books/1", {"subtitle": when}).status == 200
    assert service.workers() == workers
    assert postgres.execute("SELECT count(*) FROM books") == [(books,)]  # half a body creates no book
    idle = "SELECT 1 FROM pg_stat_activity WHERE application_name = 'catalog' AND state LIKE 'idle in transaction%'"
    until(lambda: not postgres.execute(idle))
    assert b"Traceback" not in log.read_bytes()[before:]


def test_clients_that_do_not_read_block_no_request(start_service: Callable[..., Server], books: int) -> None:
    service = start_service(WEB_CONCURRENCY="1", CONNECTIONS="2", LOG_LEVEL="WARNING")  # 14 threads
    page = b"GET /books?limit=60 HTTP/1.1\r\nHost: x\r\nCache-Control: no-cache\r\n\r\n"  # 6 MB
    with contextlib.ExitStack() as stack:
        for _ in range(18):
            wire = stack.enter_context(service.connect(page, seconds=20, small_buffer=True))
            wire.wait_for_response()
        for path in ("/health/live", "/health/ready", "/books/1", "/books?limit=1"):
            response = service.get(path)
            assert (response.status, response.seconds < 2) == (200, True), response


def test_a_stopping_server_finishes_its_requests(
    start_service: Callable[..., Server], postgres: Postgres, request_pool: RequestPool, books: int
) -> None:
    service = start_service()
    idle = http.client.HTTPConnection("127.0.0.1", service.port, timeout=10)
    idle.request("GET", "/health/live")
    idle.getresponse().read()  # an idle connection does not delay the stop
    with postgres.transaction("SELECT 1 FROM books WHERE id = 2 FOR UPDATE") as roll_back:
        request_pool.send(service.request, "PATCH", "/books/2", {"subtitle": "under way"}, times=4)
        until(lambda: len(postgres.waiting()) == 4)
        service.terminate()
        until(lambda: service.get("/health/live").status == 0)  # it accepts no connection any more
        roll_back()
    responses = request_pool.responses()
    assert [response.status for response in responses] == [200] * 4, responses
    assert service.wait(15) == 0  # less than the graceful timeout: no connection was cut off
    assert b"Traceback" not in service.log.read_bytes()


def test_a_killed_worker_is_replaced(
    service: Server, postgres: Postgres, request_pool: RequestPool, books: int
) -> None:
    before = service.workers()
    assert len(before) == 2
    ends = time.monotonic() + 3

    def write(name: int) -> list[tuple[str, int]]:
        done = []
        while time.monotonic() < ends:
            title = f"killed {name}-{len(done)}"
            done.append((title, service.request("POST", "/books", {"title": title}).status))
        return done

    threads = [request_pool.threads.submit(write, name) for name in range(4)]
    until(lambda: postgres.execute("SELECT 1 FROM books WHERE title LIKE 'killed %'"))
    victim = min(before)
    os.kill(victim, signal.SIGKILL)
    until(lambda: len(service.workers() - {victim}) == 2)
    done = [pair for thread in threads for pair in thread.result(30)]
    assert {status for _, status in done} <= {201, 0}  # 0: requests of the killed worker
    stored = [row[0] for row in postgres.execute("SELECT title FROM books WHERE title LIKE 'killed %'")]
    assert {title for title, status in done if status == 201} <= set(stored)
    assert len(stored) == len(set(stored))
    for _ in range(20):
        assert service.get("/books?limit=1").status == 200
    assert before & service.workers() == before - {victim}
