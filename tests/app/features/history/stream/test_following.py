"""Followers of a real server: every committed change, once, in the order of commits, at a bounded cost."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import psutil
import pytest

from app.features.history.stream.window import MOST_BYTES
from tests.support.databases import connect, execute
from tests.support.servers.gunicorn import Server
from tests.support.waiting import until

from .event_streams import EventStream

FOLLOWERS = 60
WRITERS, WRITES = 6, 40


def last_position(server: Server) -> int:
    return int(server.get("/changes?since=now").json["meta"]["last"])


def pages(server: Server, since: int) -> list[Any]:
    """The changes behind a position, by the pages of the feed."""
    changes: list[Any] = []
    more = True
    while more:
        page = server.get(f"/changes?since={since}").json
        changes += page["data"]
        since, more = page["meta"]["last"], page["meta"]["more"]
    return changes


def worker(server: Server) -> psutil.Process:
    [pid] = server.workers()
    return psutil.Process(pid)


def test_changes_by_requests_and_by_sql_arrive(server: Server, url: str) -> None:
    with EventStream(server, "?since=now") as stream:
        book = server.request("POST", "/books", {"title": "A"}).json["id"]
        assert [(event.event, event.data["via"]) for event in stream.take(1)] == [("created", "api")]
        execute(url, "UPDATE books SET title = 'B' WHERE id = %s", book)
        assert [(event.event, event.data["via"]) for event in stream.take(1)] == [("updated", "sql")]


def test_a_cut_stream_resumes_by_the_last_id(server: Server, url: str) -> None:
    since = last_position(server)
    execute(url, "INSERT INTO authors (name, sort_name) SELECT 'N' || n, 'N' FROM generate_series(1, 500) AS n")
    taken: list[int | None] = []
    last = since
    for number in (1, 7, 150, 101):
        with EventStream(server, "?since=0", last=last) as stream:
            taken += [event.id for event in stream.take(number)]
            last = taken[-1] or 0
    with EventStream(server, last=last) as stream:
        taken += [event.id for event in stream.take(500 - len(taken))]
    assert taken == [change["position"] for change in pages(server, since)]


@pytest.mark.slow(3)
def test_concurrent_commits_are_sent_once_and_in_order(server: Server, url: str) -> None:
    since = last_position(server)
    followers = [EventStream(server, "?since=now").__enter__() for _ in range(3)]
    committed: set[str] = set()

    def write(number: int) -> None:
        with contextlib.closing(connect(url)) as connection, connection.cursor() as cursor:
            for index in range(WRITES):
                name = f"writer {number} {index}"
                is_kept = index % 3 != number % 3
                cursor.execute("BEGIN; INSERT INTO authors (name, sort_name) VALUES (%s, 'W')", [name])
                cursor.execute("SELECT pg_sleep(random() / 100)")
                cursor.execute("COMMIT" if is_kept else "ROLLBACK")
                if is_kept:
                    committed.add(name)

    with contextlib.closing(connect(url)) as connection, connection.cursor() as cursor:
        cursor.execute("BEGIN; INSERT INTO authors (name, sort_name) VALUES ('open', 'W')")
        with ThreadPoolExecutor(WRITERS) as pool:
            list(pool.map(write, range(WRITERS)))
        taken = [[event.id for event in each.take(len(committed))] for each in followers]
        cursor.execute("COMMIT")
    for each, found in zip(followers, taken, strict=True):
        found += [event.id for event in each.take(1)]
        each.close()
    changes = pages(server, since)
    assert taken == [[change["position"] for change in changes]] * 3
    names = execute(url, "SELECT name FROM authors WHERE id = ANY (%s)", [change["id"] for change in changes])
    assert {name for (name,) in names} == committed | {"open"}


@pytest.mark.slow(3)
def test_a_slow_follower_costs_no_memory_and_misses_nothing(server: Server, url: str) -> None:
    """It receives changes that take more than the window, the buffers and a part of the connection's limits."""
    since = last_position(server)
    number = 2 * MOST_BYTES // 100_000
    head = f"GET /changes?since={since} HTTP/1.1\r\nHost: x\r\nAccept: text/event-stream\r\n\r\n"
    with server.connect(head.encode(), small_buffer=True) as slow, EventStream(server, "?since=now") as fast:
        slow.wait_for_response()
        before = worker(server).memory_info().rss
        with contextlib.closing(connect(url)) as connection, connection.cursor() as cursor:
            for _ in range(number):
                cursor.execute("INSERT INTO books (title, description) VALUES ('Large', repeat('x', 100000))")
                cursor.execute("DELETE FROM books WHERE title = 'Large'")
        assert len(fast.take(2 * number)) == 2 * number
        assert worker(server).memory_info().rss - before < 8 * MOST_BYTES
        lines, found = slow.reader, []
        while len(found) < 2 * number:
            line = lines.readline()
            if line.startswith(b"id: "):
                found.append(int(line[4:]))
        assert found == [change["position"] for change in pages(server, since)]


def test_many_followers_take_few_threads_and_leave_nothing(server: Server) -> None:
    process = worker(server)
    before, connections = process.num_threads(), len(process.net_connections())
    streams = [EventStream(server, "?since=now").__enter__() for _ in range(FOLLOWERS)]
    assert process.num_threads() <= before + 1
    server.request("POST", "/authors", {"name": "Ann"})
    assert len({event.id for stream in streams for event in stream.take(1)}) == 1
    assert process.num_threads() <= before + 1
    for stream in streams:
        stream.close()
    until(lambda: process.num_threads() <= before)
    until(lambda: len(process.net_connections()) <= connections)
    until(lambda: server.log.read_text().count("GET /changes?since=now 200") >= FOLLOWERS)
    assert "incomplete" not in server.log.read_text()


def test_a_reader_that_pauses_gets_the_rest(server: Server, url: str) -> None:
    with EventStream(server, "?since=now") as stream:
        execute(url, "INSERT INTO authors (name, sort_name) SELECT 'P', 'P' FROM generate_series(1, 3000)")
        time.sleep(0.5)
        positions = [event.id for event in stream.take(3000)]
    assert positions == sorted(set(positions), key=lambda position: position or 0)


@pytest.mark.parametrize("how", ["stop", "reload"])
def test_a_server_that_stops_ends_the_streams(start_server: Callable[..., Server], url: str, how: str) -> None:
    server = start_server(url, WEB_CONCURRENCY="1", ANONYMOUS="editor")
    streams = [EventStream(server, "?since=now").__enter__() for _ in range(20)]
    ended = threading.Barrier(21, timeout=15)

    def read_to_end(stream: EventStream) -> int:
        rest = list(stream.blocks)  # raises if the last chunk is missing
        ended.wait()
        return len(rest)

    with ThreadPoolExecutor(20) as pool:
        results = [pool.submit(read_to_end, stream) for stream in streams]
        if how == "stop":
            server.terminate()
        else:
            workers = server.workers()
            psutil.Process(server.process.pid).send_signal(1)  # SIGHUP
            until(lambda: server.workers() and not server.workers() & workers)
        ended.wait()
        assert [result.result() for result in results] == [0] * 20
    if how == "stop":
        assert server.wait(15) == 0
    else:
        with EventStream(server, "?since=now") as stream:
            server.request("POST", "/authors", {"name": "After"})
            assert stream.take(1)[0].event == "created"
        server.stop()
