"""Followers of the changes: how late they get a change, whether they get each one once, and what many of them cost."""

from __future__ import annotations

import contextlib
import random
import selectors
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import psutil

from . import contestants
from .database import Cluster
from .load import Sample, by_wrk, median

FOLLOWERS = 200
READERS, WRITERS, WRITES = 10, 6, 300  # of the measurement of delays; a writer makes so many transactions
WRITE_PAUSE = 0.02  # seconds between two transactions of a writer, on average
CONNECTIONS = 4  # of the load


class Delays(NamedTuple):
    """What followers received while writers committed and rolled back."""

    seconds: list[float]  # from the end of COMMIT to the event, of each follower and change
    committed: int
    missed: int
    doubled: int
    unordered: int  # followers with positions that do not increase
    foreign: int  # events of transactions that were rolled back or still open


class Cost(NamedTuple):
    """A worker and the rate of its reads, without followers and with them."""

    without: Sample
    idle: Sample  # with followers, while nothing is written
    busy: Sample  # with followers, while ten changes a second are written
    busy_without: Sample  # the same writes without followers
    threads: tuple[int, int]
    memory: tuple[float, float]  # PSS in bytes


class _Connections:
    """Open event streams, whose bytes a thread receives."""

    def __init__(self, address: str, number: int, query: str) -> None:
        self.received: list[list[tuple[float, bytes]]] = [[] for _ in range(number)]  # by follower, with the time
        host, _, port = address.removeprefix("http://").partition(":")
        head = f"GET /changes{query} HTTP/1.1\r\nHost: {host}\r\nAccept: text/event-stream\r\n\r\n".encode()
        self._selector = selectors.DefaultSelector()
        self._sockets = [socket.create_connection((host, int(port))) for _ in range(number)]
        for index, connection in enumerate(self._sockets):
            connection.sendall(head)
            self._selector.register(connection, selectors.EVENT_READ, index)
        self._is_open = True
        self._thread = threading.Thread(target=self._receive, daemon=True)
        self._thread.start()
        while not all(any(b"keep-alive" in data for _, data in list(each)) for each in self.received):
            time.sleep(0.05)

    def _receive(self) -> None:
        while self._is_open:
            for key, _ in self._selector.select(0.1):
                data = key.fileobj.recv(65536)  # type: ignore[union-attr]
                self.received[key.data].append((time.perf_counter(), data))
                if not data:
                    self._selector.unregister(key.fileobj)

    def close(self) -> None:
        self._is_open = False
        self._thread.join()
        for connection in self._sockets:
            connection.close()


def delays(cluster: Cluster, books: int) -> Delays:
    """Let writers commit and roll back beside an open transaction, and compare what followers receive."""
    with (
        cluster.copy(cluster.catalog(books), "followers") as database,
        contestants.this(cluster, database) as service,
        cluster.connect(database) as connection,
        connection.cursor() as cursor,
        contextlib.closing(_Connections(service.address, READERS, "?since=now&resource=authors")) as streams,
    ):
        cursor.execute("BEGIN; INSERT INTO authors (name, sort_name) VALUES ('Open', 'Open')")
        committed: dict[int, float] = {}
        writers = [threading.Thread(target=_write, args=(cluster, database, n, committed)) for n in range(WRITERS)]
        for writer in writers:
            writer.start()
        for writer in writers:
            writer.join()
        time.sleep(3)
        cursor.execute("ROLLBACK")
        return _compared(streams.received, committed)


def _write(cluster: Cluster, database: str, number: int, committed: dict[int, float]) -> None:
    chance = random.Random(number)
    with cluster.connect(database) as connection, connection.cursor() as cursor:
        for _ in range(WRITES):
            time.sleep(chance.uniform(0, 2 * WRITE_PAUSE))
            cursor.execute("BEGIN; INSERT INTO authors (name, sort_name) VALUES ('W', 'W') RETURNING id")
            [author_id] = cursor.fetchone()
            is_kept = chance.random() < 0.7
            cursor.execute("COMMIT" if is_kept else "ROLLBACK")
            if is_kept:
                committed[author_id] = time.perf_counter()


def _compared(received: list[list[tuple[float, bytes]]], committed: dict[int, float]) -> Delays:
    seconds: list[float] = []
    missed = doubled = unordered = foreign = 0
    for pieces in received:
        events = list(_events(pieces))
        ids = [record_id for _, _, record_id in events]
        positions = [position for _, position, _ in events]
        missed += len(committed.keys() - set(ids))
        foreign += len(set(ids) - committed.keys())
        doubled += len(ids) - len(set(ids))
        unordered += positions != sorted(positions)
        seconds += [at - committed[record_id] for at, _, record_id in events if record_id in committed]
    return Delays(seconds, len(committed), missed, doubled, unordered, foreign)


def _events(pieces: list[tuple[float, bytes]]) -> Iterator[tuple[float, int, int]]:
    """Yield the time, position and record of each event. Pieces end anywhere, and chunks have lines of their own."""
    rest, position = b"", 0
    for at, data in pieces:
        *lines, rest = (rest + data).split(b"\n")
        for line in lines:
            if line.startswith(b"id: "):
                position = int(line[4:])
            elif line.startswith(b"data: "):
                yield at, position, int(line.partition(b'"id":')[2].partition(b",")[0])


def cost(cluster: Cluster, books: int, folder: Path, rounds: int, seconds: float) -> Cost:
    """Read single books from one worker, by turns without followers and with them."""
    chance = random.Random(1)
    file = folder / "followers.txt"
    file.write_text("".join(f"GET\t/books/{chance.randint(1, books - 30)}\n" for _ in range(5000)))
    found: dict[str, list[Sample]] = {"without": [], "idle": [], "busy": [], "busy_without": []}
    with (
        cluster.copy(cluster.catalog(books), "followers") as database,
        contestants.this(cluster, database, WEB_CONCURRENCY="1") as service,
    ):
        [worker] = psutil.Process(service.pid).children()
        measure = by_wrk(service.address, file, service.pid, cluster.pid, CONNECTIONS)
        measure(seconds)
        time.sleep(1)
        threads, memory = worker.num_threads(), worker.memory_full_info().pss
        with contextlib.closing(_Connections(service.address, FOLLOWERS, "?since=now")):
            time.sleep(1)
            both = (threads, worker.num_threads()), (float(memory), float(worker.memory_full_info().pss))
        for _ in range(rounds):
            found["without"].append(measure(seconds))
            with _followed(service):
                found["idle"].append(measure(seconds))
            with _written(cluster, database):
                found["busy_without"].append(measure(seconds))
            with _followed(service), _written(cluster, database):
                found["busy"].append(measure(seconds))
    samples = {name: median(each) for name, each in found.items()}
    return Cost(**samples, threads=both[0], memory=both[1])


@contextlib.contextmanager
def _followed(service: contestants.Service) -> Iterator[None]:
    with contextlib.closing(_Connections(service.address, FOLLOWERS, "?since=now")):
        time.sleep(0.5)
        yield
    time.sleep(0.5)


@contextlib.contextmanager
def _written(cluster: Cluster, database: str) -> Iterator[None]:
    """Write ten changes a second."""
    stop = threading.Event()

    def write() -> None:
        with cluster.connect(database) as connection, connection.cursor() as cursor:
            while not stop.wait(0.1):
                cursor.execute("INSERT INTO authors (name, sort_name) VALUES ('W', 'W')")

    thread = threading.Thread(target=write)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def rows(measured: Cost) -> list[tuple[str, ...]]:
    """Return the rows of a table: rates, CPU time of a read and latencies, without followers and with them."""
    pairs: tuple[tuple[str, Any, Any], ...] = (
        ("nothing is written", measured.without, measured.idle),
        ("ten changes a second", measured.busy_without, measured.busy),
    )
    return [
        (
            name,
            f"{without.rate:,.0f}",
            f"{followed.rate:,.0f}",
            f"{without.service * 1e6:,.0f}",
            f"{followed.service * 1e6:,.0f}",
            f"{followed.service / without.service - 1:+.1%}",
            f"{without.p99 * 1e3:.1f}",
            f"{followed.p99 * 1e3:.1f}",
        )
        for name, without, followed in pairs
    ]
