"""Streams from a real server: memory, slow readers, and interruptions on either side."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import signal
from collections.abc import Callable, Iterator
from typing import Any

import psutil
import pytest

from app.http.middleware.raw_response import RawResponse, with_length
from app.http.responses import Stream
from app.http.wsgi import REQUEST_ID
from extensions.database import DatabaseUnavailable
from tests.support.clients.wire import Wire
from tests.support.databases import connect
from tests.support.servers.gunicorn import Server
from tests.support.waiting import until

pytestmark = pytest.mark.slow(10)

BOOKS = 100_000
GROWTH = 32 * 1024 * 1024  # bytes that a worker may grow by while it sends a hundred million bytes


@pytest.fixture(scope="module")
def url(new_database: Callable[[str], str]) -> str:
    """A database with many books, without search indexes to save time."""
    url = new_database("streams")
    with connected(url) as cursor:
        cursor.execute(
            "SELECT indexrelid::regclass::text FROM pg_index JOIN pg_class ON pg_class.oid = indrelid "
            "WHERE relname = 'books' AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = indexrelid)"
        )
        for (name,) in cursor.fetchall():
            cursor.execute(f"DROP INDEX {name}")
        cursor.execute(
            "INSERT INTO books (title, description) "
            f"SELECT 'Book ' || number, repeat('word ', 140) FROM generate_series(1, {BOOKS}) AS number"
        )
        cursor.execute("VACUUM ANALYZE books")
    return url


@pytest.fixture(scope="module")
def server(url: str, start_server: Callable[..., Server]) -> Server:
    return start_server(url, WEB_CONCURRENCY="1", CONNECTIONS="4")


@contextlib.contextmanager
def connected(url: str) -> Iterator[Any]:
    with contextlib.closing(connect(url)) as connection, connection.cursor() as cursor:
        yield cursor


def streaming(url: str) -> list[int]:
    """The backends of Postgres that hold a snapshot."""
    with connected(url) as cursor:
        cursor.execute(
            "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() "
            "AND (state = 'idle in transaction' OR query LIKE 'FETCH%' AND state = 'active')"
        )
        return [row[0] for row in cursor.fetchall()]


@contextlib.contextmanager
def get_unread(server: Server, target: str) -> Iterator[http.client.HTTPResponse]:
    """Send a GET; give the response with only its head read."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
    with contextlib.closing(connection):
        connection.request("GET", target)
        yield connection.getresponse()


def slow_reader(server: Server, version: str = "1.1") -> Wire:
    """A client that requests a stream and reads nothing."""
    request = f"GET /books?format=ndjson HTTP/{version}\r\nHost: x\r\n\r\n".encode()
    return server.connect(request, seconds=60, small_buffer=True)


@pytest.mark.parametrize("form", ["ndjson", "csv"])
def test_streaming_does_not_grow_the_memory_of_a_worker(server, form):
    worker = psutil.Process(*server.workers())
    with get_unread(server, f"/books?format={form}&fields=id&sort=-id") as response:
        response.read()  # so that the worker has loaded its modules
    before, most, size, lines = worker.memory_info().rss, 0, 0, 0
    with get_unread(server, f"/books?format={form}") as response:
        assert response.headers["Transfer-Encoding"] == "chunked"
        while piece := response.read(1 << 20):
            size, lines = size + len(piece), lines + piece.count(b"\n")
            most = max(most, worker.memory_info().rss)
    assert lines == BOOKS + (form == "csv")
    assert size > BOOKS * 700
    assert most - before < GROWTH


def test_a_stream_does_not_see_later_writes(server, url):
    with get_unread(server, "/books?format=ndjson&fields=id,title") as response:
        first = json.loads(response.readline())
        with connected(url) as cursor:
            cursor.execute("UPDATE books SET title = 'changed' WHERE id = %s", (BOOKS,))
            cursor.execute("INSERT INTO books (title) VALUES ('later') RETURNING id")
            [[later]] = cursor.fetchall()
        rest = [json.loads(line) for line in response]
    with connected(url) as cursor:
        cursor.execute("DELETE FROM books WHERE id = %s", (later,))
        cursor.execute("UPDATE books SET title = 'Book ' || id WHERE id = %s", (BOOKS,))
    assert first["title"] == "Book 1"
    assert (rest[-1]["id"], rest[-1]["title"], len(rest)) == (BOOKS, f"Book {BOOKS}", BOOKS - 1)


def test_a_reader_that_disconnects_frees_the_connection(server, url):
    reader = slow_reader(server)
    until(lambda: streaming(url))
    reader.reset()
    until(lambda: not streaming(url))

    def whole_stream() -> bool:
        with get_unread(server, "/books?format=ndjson&fields=id") as response:
            return response.read().count(b"\n") == BOOKS

    until(whole_stream)  # the only slot for streams is free again


def test_a_slow_reader_blocks_streams_but_no_pages(server, url):
    with slow_reader(server):
        until(lambda: streaming(url))
        for _ in range(20):
            with get_unread(server, "/books?limit=1") as response:
                assert (response.status, len(json.loads(response.read())["data"])) == (200, 1)
        with get_unread(server, "/books?format=csv") as response:
            assert (response.status, response.headers["Retry-After"]) == (503, "10")
    until(lambda: not streaming(url))


def test_an_interrupted_stream_is_an_incomplete_response(server, url):
    with get_unread(server, "/books?format=ndjson") as response:
        response.readline()
        with connected(url) as cursor:
            for process in streaming(url):
                cursor.execute("SELECT pg_terminate_backend(%s)", (process,))
        with pytest.raises(http.client.IncompleteRead):
            response.read()
    until(lambda: not streaming(url))
    assert b"ends early" in server.log.read_bytes()


def test_a_stream_over_http_1_0_has_its_length(server):
    with server.connect(b"GET /books?format=ndjson&fields=id HTTP/1.0\r\nHost: x\r\n\r\n") as wire:
        response = wire.response()
    assert "transfer-encoding" not in response.headers
    assert int(response.headers["content-length"]) == len(response.body)
    assert response.body.count(b"\n") == BOOKS


def test_an_interrupted_stream_over_http_1_0_is_503():
    def breaking():
        yield b"a row"
        raise DatabaseUnavailable

    closed = []
    stream = Stream(breaking(), lambda: closed.append(True))
    response = with_length(RawResponse("200 OK", [], stream), {REQUEST_ID: "x", "PATH_INFO": "/books"})
    assert (response.status[:3], closed) == ("503", [True])


def test_head_of_a_stream_has_no_length(server):
    with server.connect(b"HEAD /books?format=csv HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n") as wire:
        response = wire.response(to_head=True)
        assert response.status == 200
        assert "text/csv" in response.headers["content-type"]
        assert "content-length" not in response.headers
        assert wire.rest() == b""


def test_a_killed_worker_interrupts_its_streams(url, start_server):
    server = start_server(url, WEB_CONCURRENCY="1", CONNECTIONS="4")
    with get_unread(server, "/books?format=ndjson") as response:
        response.readline()
        os.kill(*server.workers(), signal.SIGKILL)
        with pytest.raises((http.client.IncompleteRead, ConnectionResetError)):
            response.read()
    until(lambda: not streaming(url))
