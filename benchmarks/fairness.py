"""Times of short requests of four kinds, while other clients load the service."""

from __future__ import annotations

import contextlib
import itertools
import json
import random
import socket
import statistics
import string
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPResponse
from typing import BinaryIO

from . import contestants
from .database import Cluster

Request = tuple[str, str, bytes | None]  # method, path, body
PROLIFIC = 20_000  # books of each of two authors
LARGE = "Large"  # the publisher of books of 400 KB
LARGEST_BODY = 8 * 1024 * 1024
SECONDS = 10.0  # of a scenario, at least
PAUSE = 0.02  # seconds between two short requests of one kind


@dataclass(frozen=True)
class Scenario:
    """What `clients` send at once, each of them one request after the other."""

    clients: int
    requests: Callable[[int], Iterator[Request]]  # of the client of a number
    pipelined: int = 1  # times that each request is sent before its responses are read


@dataclass
class Outcome:
    """The seconds that requests of one kind took, and how many responses had each status."""

    seconds: list[float] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)

    def __str__(self) -> str:
        ordered = sorted(self.seconds)
        times = f"{statistics.median(ordered) * 1e3:,.0f} / {ordered[int(len(ordered) * 0.99)] * 1e3:,.0f}"
        failed = sum(count for status, count in self.statuses.items() if not 200 <= status < 300)
        return f"{times} ({failed} failed)" if failed else times


def _post(path: str, document: object) -> Request:
    return "POST", path, json.dumps(document).encode()


def _names(label: str, number: int) -> Iterator[Request]:
    """Books with two authors each that are new."""
    tag = f"{label} {number} {time.time_ns()}"
    for index in itertools.count():
        authors = [{"name": f"First {tag} {index}"}, {"name": f"Second {tag} {index}"}]
        yield _post("/books", {"title": f"Book {index}", "authors": authors})


def _batches(number: int) -> Iterator[Request]:
    """Batches of 1,000 books with as many new names as one may have."""
    for index in itertools.count():
        tag = f"{number} {index} {time.time_ns()}"
        books = [
            {"title": f"Book {book}", "authors": [{"name": f"Person {tag} {book} {name}"} for name in range(10)]}
            for book in range(1000)
        ]
        yield _post("/books", books)


def _too_many_names(number: int) -> Iterator[Request]:
    books = [
        {"title": "Book", "authors": [{"name": f"N {book} {name}"} for name in range(200)]} for book in range(1000)
    ]
    return itertools.repeat(_post("/books", books))


def _unknown_members(number: int) -> Iterator[Request]:
    members = ",".join(f'"m{index:06}":1' for index in range(LARGEST_BODY // 12))
    return itertools.repeat(("POST", "/books", f"{{{members}}}".encode()))


def _renames(number: int) -> Iterator[Request]:
    for index in itertools.count():
        yield "PATCH", "/authors/1", json.dumps({"name": f"Renamed {index} {time.time_ns()}"}).encode()


def _dry_runs(number: int) -> Iterator[Request]:
    return itertools.repeat(_post("/authors/1/merge?dry_run=true", {"from": [2]}))


def _merges(number: int) -> Iterator[Request]:
    pair = [_post("/authors/1/merge", {"from": [2]}), _post("/authors/1/unmerge", {"from": [2]})]
    return itertools.cycle(pair)


def _short_parts(number: int) -> Iterator[Request]:
    """Filters by one to three letters, which most titles or none contain."""
    chance = random.Random(number)
    while True:
        part = "".join(chance.choices(string.ascii_lowercase, k=chance.choice((1, 2, 2, 3))))
        yield "GET", f"/books?title[contains]={part}&sort=-published", None


def _duplicates(number: int) -> Iterator[Request]:
    paths = [f"/{resource}/duplicates?limit={limit}" for resource in ("books", "authors") for limit in range(1, 101)]
    random.Random(number).shuffle(paths)
    return itertools.cycle(("GET", path, None) for path in paths)


def _large_pages(number: int) -> Iterator[Request]:
    return itertools.repeat(("GET", f"/books?limit=100&publisher={LARGE}&offset={number % 3}", None))


def _hits(number: int) -> Iterator[Request]:
    return itertools.repeat(("GET", "/authors?limit=1", None))


SCENARIOS = {
    "nothing else": Scenario(0, lambda number: iter(())),
    "a batch of 1,000 books with 10,000 new names": Scenario(1, _batches),
    "a batch of 1,000 books with 200,000 new names": Scenario(1, _too_many_names),
    "a batch, and 40 writers of new names": Scenario(
        41, lambda number: _names("writer", number) if number else _batches(0)
    ),
    "8 MB of unknown members": Scenario(1, _unknown_members),
    f"renames of an author of {PROLIFIC:,} books": Scenario(1, _renames),
    f"dry runs of merging two authors of {PROLIFIC:,} books": Scenario(1, _dry_runs),
    f"merges of two authors of {PROLIFIC:,} books": Scenario(1, _merges),
    "40 clients with filters by one to three letters": Scenario(40, _short_parts),
    "40 clients of duplicates": Scenario(40, _duplicates),
    "10 clients of pages of large books": Scenario(10, _large_pages),
    "a client that pipelines 20,000 hits": Scenario(1, _hits, pipelined=20_000),
}
PROBES: dict[str, Callable[[], Iterator[Request]]] = {
    "health": lambda: itertools.repeat(("GET", "/health/ready", None)),
    "a book": lambda: (("GET", f"/books/{1 + number * 7 % 5000}", None) for number in itertools.count()),
    "a page": lambda: (("GET", f"/books?limit=20&fields=id,title&offset={n % 100}", None) for n in itertools.count()),
    "a new name": lambda: _names("probe", 0),
}


def measure(cluster: Cluster, books: int, seconds: float = SECONDS) -> Iterator[tuple[str, dict[str, Outcome]]]:
    """Yield each scenario with the outcome of each probe, and of its own requests as `itself`."""
    with (
        cluster.copy(cluster.catalog(books), "fairness") as database,
        contestants.this(cluster, database, CONNECTIONS="16") as service,
    ):
        _make_prolific(cluster, database, books)
        _make_large(cluster, database)
        for name, scenario in SCENARIOS.items():
            yield name, _run(service.address, scenario, seconds)


def _make_prolific(cluster: Cluster, database: str, books: int) -> None:
    each = min(PROLIFIC, books // 2)
    with cluster.connect(database) as connection, connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
        for author in (1, 2):
            cursor.execute(
                "INSERT INTO contributions (book_id, author_id, role, position) "
                "SELECT id, %s, 'contributor', 50 FROM books ORDER BY id OFFSET %s LIMIT %s",
                [author, (author - 1) * each, each],
            )
        cursor.execute("ANALYZE contributions")


def _make_large(cluster: Cluster, database: str) -> None:
    with cluster.connect(database) as connection, connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO books (title, publisher, description) "
            "SELECT 'Large ' || number, %s, repeat(chr(128512), 100000) FROM generate_series(1, 102) AS number",
            [LARGE],
        )


def _run(address: str, scenario: Scenario, seconds: float) -> dict[str, Outcome]:
    """Let a scenario and the probes run together; a request that began in time is awaited."""
    ends = time.monotonic() + seconds
    outcomes = {name: Outcome() for name in PROBES} | {"itself": Outcome()}
    threads = [
        threading.Thread(target=_send, args=(address, requests(), outcomes[name], ends, PAUSE))
        for name, requests in PROBES.items()
    ]
    for number in range(scenario.clients):
        requests, outcome = scenario.requests(number), outcomes["itself"]
        if scenario.pipelined > 1:
            pipeline = (address, requests, scenario.pipelined, outcome, ends)
            threads.append(threading.Thread(target=_pipeline, args=pipeline))
        else:
            threads.append(threading.Thread(target=_send, args=(address, requests, outcome, ends, 0.0)))
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return outcomes


def _send(address: str, requests: Iterator[Request], outcome: Outcome, ends: float, pause: float) -> None:
    """Send requests over one connection, and record the outcome of each."""
    with contextlib.closing(HTTPConnection(address.removeprefix("http://"), timeout=60)) as connection:
        for method, path, body in requests:
            if time.monotonic() > ends:
                return
            started = time.perf_counter()
            connection.request(method, path, body, {"Content-Type": "application/json"} if body else {})
            response = connection.getresponse()
            response.read()
            outcome.seconds.append(time.perf_counter() - started)
            outcome.statuses[response.status] += 1
            time.sleep(pause)


def _pipeline(address: str, requests: Iterator[Request], times: int, outcome: Outcome, ends: float) -> None:
    """Send each request many times at once, and record the outcome of each."""
    host, _, port = address.removeprefix("http://").partition(":")
    for method, path, _ in requests:
        if time.monotonic() > ends:
            return
        sent = f"{method} {path} HTTP/1.1\r\nHost: {host}\r\n\r\n".encode() * times
        started = time.perf_counter()
        with socket.create_connection((host, int(port)), timeout=60) as connection:
            sender = threading.Thread(target=connection.sendall, args=(sent,))
            sender.start()
            reader = connection.makefile("rb")
            for _ in range(times):
                response = HTTPResponse(_Unclosed(reader), method=method)  # type: ignore[arg-type]
                response.begin()
                response.read()
                outcome.seconds.append(time.perf_counter() - started)
                outcome.statuses[response.status] += 1
            sender.join()


class _Unclosed:
    """A stream as ``HTTPResponse`` takes it, which stays open for the next response."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream

    def makefile(self, mode: str) -> _Unclosed:
        return self

    def __getattr__(self, name: str) -> object:
        return getattr(self._stream, name)

    def close(self) -> None:
        """Leave the stream open."""
