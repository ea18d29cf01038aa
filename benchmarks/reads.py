"""Compares reads with the peers and the limits: random pages, single books, cache hits."""

from __future__ import annotations

import contextlib
import json
import random
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from app.books.resource import BOOKS
from app.core.fields import BIGINT_MAX
from app.core.query.cursor import Cursor
from app.core.sql.shape import Shape
from app.core.sql.statements import list_page

from . import catalog, contestants
from .contestants import Service
from .database import Cluster
from .load import Measure, Sample, available, by_pgbench, by_wrk, in_turns

TARGETS = 5_000  # distinct requests of one load
HOT = 100  # cached pages
THIS = "this service"

Paths = Callable[[int], str]  # from an id to a path


class Bench:
    """The running services, all on one catalog."""

    def __init__(self, cluster: Cluster, books: int, folder: Path, stack: contextlib.ExitStack) -> None:
        self.cluster, self.books, self.folder, self.stack = cluster, books, folder, stack
        self.database = cluster.catalog(books)
        self.chance = random.Random(catalog.SEED)
        self.ids = [self.chance.randint(1, books - 30) for _ in range(TARGETS)]
        self.service = stack.enter_context(contestants.this(cluster, self.database))
        url = cluster.url(self.database)
        self.peers = [stack.enter_context(contestants.peer(*peer, url)) for peer in contestants.peers().items()]

    def requests(self, name: str, paths: Iterable[str], header: str = "") -> Path:
        """Write a file of GET requests for the load."""
        file = self.folder / f"{name.replace(' ', '_').replace('/', '_')}.txt"
        file.write_text("".join(f"GET\t{path}\t{header}\n" for path in paths))
        return file

    def load(self, service: Service, what: str, paths: Iterable[str], header: str = "") -> Measure:
        """Return the measurement of a service by wrk."""
        file = self.requests(f"{service.name} {what}", paths, header)
        return by_wrk(service.address, file, service.pid, self.cluster.pid)


def cursor_path(after: int) -> str:
    """Return the path of this service for the page after an id."""
    return f"/books?cursor={Cursor('books', (), (after,)).encode()}"


def after_path(after: int) -> str:
    """Return the path of a peer for the same page."""
    return f"/books?limit=20&after={after}"


def pages(bench: Bench, rounds: int, seconds: float) -> dict[str, Sample]:
    """Measure pages of 20 books with their authors, at random positions."""
    require_same_records(bench, cursor_path, after_path)
    found = {THIS: bench.load(bench.service, "page", map(cursor_path, bench.ids))}
    found |= {peer.name: bench.load(peer, "page", map(after_path, bench.ids)) for peer in bench.peers}
    shape = Shape(fields=tuple(BOOKS.fields), has_cursor=True, limit=21)
    script = f"\\set k0 random(0, {bench.books - 30})\n{_as_script(list_page(BOOKS, shape).sql)}"
    found["pgbench, the same statement"] = by_pgbench(
        bench.cluster.programs / "pgbench", bench.cluster.url(bench.database), script, bench.cluster.pid
    )
    return in_turns(found | _limits(bench, cursor_path(0)), rounds, seconds)


def single_books(bench: Bench, rounds: int, seconds: float) -> dict[str, Sample]:
    """Measure single books by id."""

    def path(book: int) -> str:
        return f"/books/{book}"

    require_same_records(bench, path, path)
    services = [bench.service, *bench.peers]
    return in_turns(
        {service.name: bench.load(service, "book", map(path, bench.ids)) for service in services}, rounds, seconds
    )


def books_by_isbn(bench: Bench, rounds: int, seconds: float) -> dict[str, Sample]:
    """Measure single books by ISBN."""
    with bench.cluster.connect(bench.database) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT isbn FROM books WHERE isbn IS NOT NULL AND id = ANY(%s)", [bench.ids])
        paths = [f"/books/isbn/{isbn}" for (isbn,) in cursor.fetchall()]
    services = [bench.service, *bench.peers]
    return in_turns({service.name: bench.load(service, "isbn", paths) for service in services}, rounds, seconds)


def hits(bench: Bench, rounds: int, seconds: float) -> dict[str, Sample]:
    """Measure cached pages, and one that the client has (304)."""
    forever = {"CACHE_DEFAULT_TIMEOUT": "3600"}
    paths = list(map(cursor_path, bench.ids[:HOT]))
    theirs = list(map(after_path, bench.ids[:HOT]))
    start = bench.stack.enter_context
    cached = start(contestants.this(bench.cluster, bench.database, "this service, in memory", **forever))
    found = {cached.name: bench.load(cached, "hit", paths)}
    tag = _etag(cached, paths[0])
    found["the same, 304"] = bench.load(cached, "304", paths[:1], tag)
    if available("redis-server"):
        url = start(contestants.redis(bench.folder))
        shared = start(contestants.this(bench.cluster, bench.database, "the same, Redis", **forever, REDIS_URL=url))
        found[shared.name] = bench.load(shared, "hit", paths)
    for peer in bench.peers:
        if peer.name.startswith("Flask"):
            command = contestants.peers()[peer.name]
            url = bench.cluster.url(bench.database)
            plain = start(contestants.peer("Flask-Caching's cached", command, url, CACHE="on", CACHE_SECONDS="3600"))
            found[plain.name] = bench.load(plain, "hit", theirs)
        if peer.name.startswith("Fastify"):
            found[f"{peer.name} (no cache)"] = bench.load(peer, "hit", theirs)
    return in_turns(found | _limits(bench, paths[0]), rounds, seconds)


def require_same_records(bench: Bench, ours: Paths, theirs: Paths) -> None:
    """Raise unless every peer returns the same records as this service; times are compared as instants."""
    for book in bench.ids[:5]:
        expected = _records(contestants.get(bench.service.address, ours(book)))
        for peer in bench.peers:
            if _records(contestants.get(peer.address, theirs(book))) != expected:
                raise RuntimeError(f"{peer.name} returns other records for {theirs(book)}")


def _records(body: bytes) -> list[dict[str, Any]]:
    document = json.loads(body)
    records = document.get("data", [document])
    for record in records:
        for name in ("created_at", "updated_at"):
            record[name] = round(datetime.fromisoformat(record[name]).timestamp(), 3)
    return list(records)


def _limits(bench: Bench, path: str) -> Mapping[str, Measure]:
    """Run the upper limits: the same bytes from a view without a database, and from a file."""
    body = bench.folder / "body.json"
    if not body.exists():
        body.write_bytes(contestants.get(bench.service.address, path))
    constant = bench.stack.enter_context(contestants.constant_view(body))
    found = {constant.name: bench.load(constant, "constant", ["/books"])}
    if available("nginx"):
        server = bench.stack.enter_context(contestants.nginx(body, bench.folder))
        found[server.name] = bench.load(server, "file", ["/books"])
    return found


def _etag(service: Service, path: str) -> str:
    from http.client import HTTPConnection

    connection = HTTPConnection(service.address.removeprefix("http://"), timeout=10)
    connection.request("GET", path)
    response = connection.getresponse()
    response.read()
    connection.close()
    return str(response.headers["ETag"])


def _as_script(sql: str) -> str:
    """Return a statement in the syntax of pgbench, on one line."""
    values = sql.replace("%(k0)s", ":k0").replace("%(most)s", str(BIGINT_MAX))
    return values.replace("%%", "%").replace("\n", " ") + ";\n"
