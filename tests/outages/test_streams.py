"""Streams from a real server: memory, readers who go away or are slow, a database that goes away in the middle."""

from __future__ import annotations

import contextlib
import http.client
import json
import socket
import struct
from collections.abc import Callable, Iterator
from typing import Any

import psutil
import psycopg2
import pytest
from sqlalchemy.engine import make_url

from tests.conftest import Server, until

BOOKS = 100_000
GROWTH = 32 * 1024 * 1024  # bytes that a worker may grow by while it sends a hundred million


@pytest.fixture(scope="module")
def url(new_database: Callable[[str], str]) -> str:
    """A database with many books. What finds them is left out: it would take longer to make than all else here."""
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
    connection = psycopg2.connect(make_url(url).set(drivername="postgresql").render_as_string(hide_password=False))
    connection.autocommit = True
    with contextlib.closing(connection), connection.cursor() as cursor:
        yield cursor


def streaming(url: str) -> list[int]:
    """The processes of the server that hold a snapshot."""
    with connected(url) as cursor:
        cursor.execute(
            "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() "
            "AND (state = 'idle in transaction' OR query LIKE 'FETCH%' AND state = 'active')"
        )
        return [row[0] for row in cursor.fetchall()]


@contextlib.contextmanager
def asked(server: Server, target: str) -> Iterator[http.client.HTTPResponse]:
    """The answer to a GET, of which nothing but the head is read."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
    with contextlib.closing(connection):
        connection.request("GET", target)
        yield connection.getresponse()


def slow(server: Server, version: str = "1.1") -> socket.socket:
    """A connection over which a stream was asked for, and nothing is read."""
    reader = socket.socket()
    reader.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    reader.settimeout(60)
    reader.connect(("127.0.0.1", server.port))
    reader.sendall(f"GET /books?format=ndjson HTTP/{version}\r\nHost: x\r\n\r\n".encode())
    return reader


@pytest.mark.parametrize("form", ["ndjson", "csv"])
def test_the_memory_of_a_worker_does_not_grow_with_what_it_streams(server, form):
    [worker] = psutil.Process(server.process.pid).children()
    with asked(server, f"/books?format={form}&fields=id&sort=-id") as answer:
        answer.read()  # so that all is loaded that it takes
    before, most, size, lines = worker.memory_info().rss, 0, 0, 0
    with asked(server, f"/books?format={form}") as answer:
        assert answer.headers["Transfer-Encoding"] == "chunked"
        while piece := answer.read(1 << 20):
            size, lines = size + len(piece), lines + piece.count(b"\n")
            most = max(most, worker.memory_info().rss)
    assert lines == BOOKS + (form == "csv")
    assert size > BOOKS * 700
    assert most - before < GROWTH


def test_a_write_in_the_middle_does_not_show(server, url):
    with asked(server, "/books?format=ndjson&fields=id,title") as answer:
        first = json.loads(answer.readline())
        with connected(url) as cursor:
            cursor.execute("UPDATE books SET title = 'changed' WHERE id = %s", (BOOKS,))
            cursor.execute("INSERT INTO books (title) VALUES ('later') RETURNING id")
            [[later]] = cursor.fetchall()
        rest = [json.loads(line) for line in answer]
    with connected(url) as cursor:
        cursor.execute("DELETE FROM books WHERE id = %s", (later,))
        cursor.execute("UPDATE books SET title = 'Book ' || id WHERE id = %s", (BOOKS,))
    assert first["title"] == "Book 1"
    assert (rest[-1]["id"], rest[-1]["title"], len(rest)) == (BOOKS, f"Book {BOOKS}", BOOKS - 1)


def test_a_reader_who_goes_away_frees_the_connection(server, url):
    reader = slow(server)
    until(lambda: streaming(url))
    reader.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    reader.close()
    until(lambda: not streaming(url))
    with asked(server, "/books?format=ndjson&fields=id") as answer:  # the only place is free again
        assert answer.read().count(b"\n") == BOOKS


def test_a_slow_reader_holds_up_no_page_and_a_second_stream_is_refused(server, url):
    with contextlib.closing(slow(server)):
        until(lambda: streaming(url))
        for _ in range(20):
            with asked(server, "/books?limit=1") as answer:
                assert (answer.status, len(json.loads(answer.read())["data"])) == (200, 1)
        with asked(server, "/books?format=csv") as answer:
            assert (answer.status, answer.headers["Retry-After"]) == (503, "10")
    until(lambda: not streaming(url))


def test_a_stream_that_breaks_off_is_no_whole_answer(server, url):
    with asked(server, "/books?format=ndjson") as answer:
        answer.readline()
        with connected(url) as cursor:
            for process in streaming(url):
                cursor.execute("SELECT pg_terminate_backend(%s)", (process,))
        with pytest.raises(http.client.IncompleteRead):
            answer.read()
    until(lambda: not streaming(url))
    assert b"ends early" in server.log.read_bytes()


def test_an_http_1_0_client_is_told_by_a_reset(server, url):
    with contextlib.closing(slow(server, "1.0")) as reader:
        until(lambda: streaming(url))
        with connected(url) as cursor:
            for process in streaming(url):
                cursor.execute("SELECT pg_terminate_backend(%s)", (process,))
        with pytest.raises(ConnectionResetError):
            all(iter(lambda: reader.recv(1 << 20), b""))


def test_head_of_a_stream_says_no_length(server):
    answer = server.raw(b"HEAD /books?format=csv HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200")
    assert b"text/csv" in head
    assert b"content-length" not in head.lower()
    assert body == b""


def test_an_end_of_the_server_breaks_a_stream_off(url, start_server):
    server = start_server(url, WEB_CONCURRENCY="1", CONNECTIONS="4")
    with asked(server, "/books?format=ndjson") as answer:
        answer.readline()
        psutil.Process(server.process.pid).children()[0].kill()
        with pytest.raises((http.client.IncompleteRead, ConnectionResetError)):
            answer.read()
    until(lambda: not streaming(url))
