"""Reads beside the peers and the limits: pages from random places, single books, hits of the cache."""

from __future__ import annotations

import contextlib
import json
import random
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from app import statements
from app.books.schemas import BOOKS
from app.cursor import Cursor
from app.shapes import Shape

from . import catalog, contestants
from .contestants import Service
from .database import Cluster
from .load import Measure, Sample, available, by_pgbench, by_wrk, in_turns

TARGETS = 5_000  # requests that one load draws from
HOT = 100  # pages that hits are asked of
THIS = "this service"

Paths = Callable[[int], str]  # from an id to a path


class Bench:
    """The services that are measured, all running on one catalog."""

    def __init__(self, cluster: Cluster, books: int, folder: Path, stack: contextlib.ExitStack) -> None:
        self.cluster, self.books, self.folder, self.stack = cluster, books, folder, stack
        self.database = cluster.catalog(books)
        self.chance = random.Random(catalog.SEED)
        self.ids = [self.chance.randint(1, books - 30) for _ in range(TARGETS)]
        self.service = stack.enter_context(contestants.this(cluster, self.database))
        url = cluster.url(self.database)
        self.peers = [stack.enter_context(contestants.peer(*peer, url)) for peer in contestants.peers().items()]

    def requests(self, name: str, paths: Iterable[str], header: str = "") -> Path:
        """A file of GETs for the load."""
        file = self.folder / f"{name.replace(' ', '_').replace('/', '_')}.txt"
        file.write_text("".join(f"GET\t{path}\t{header}\n" for path in paths))
        return file

    def load(self, service: Service, what: str, paths: Iterable[str], header: str = "") -> Measure:
        """Wrk on a service."""
        file = self.requests(f"{service.name} {what}", paths, header)
        return by_wrk(service.address, file, service.pid, self.cluster.pid)


def cursor_path(after: int) -> str:
    """The path of this service for the page behind an id."""
    return f"/books?cursor={Cursor('books', (), (after,)).encode()}"


def after_path(after: int) -> str:
    """The path of a peer for the same page."""
    return f"/books?limit=20&after={after}"


def pages(bench: Bench, rounds: int, seconds: float) -> dict[str, Sample]:
    """Pages of 20 books with their authors, from random places."""
    same_answers(bench, cursor_path, after_path)
    found = {THIS: bench.load(bench.service, "page", map(cursor_path, bench.ids))}
    found |= {peer.name: bench.load(peer, "page", map(after_path, bench.ids)) for peer in bench.peers}
    shape = Shape(fields=tuple(BOOKS.fields), resumes=True, limit=21)
    script = f"\\set k0 random(0, {bench.books - 30})\n{_as_script(statements.page(BOOKS, shape).sql)}"
    found["pgbench, the same statement"] = by_pgbench(
        bench.cluster.programs / "pgbench", bench.cluster.url(bench.database), script, bench.cluster.pid
    )
    return in_turns(found | _limits(bench, cursor_path(0)), rounds, seconds)


def single_books(bench: Bench, rounds: int, seconds: float) -> dict[str, Sample]:
    """Single books by their ids."""

    def path(book: int) -> str:
        return f"/books/{book}"

    same_answers(bench, path, path)
    services = [bench.service, *bench.peers]
    return in_turns({one.name: bench.load(one, "book", map(path, bench.ids)) for one in services}, rounds, seconds)


def books_by_isbn(bench: Bench, rounds: int, seconds: float) -> dict[str, Sample]:
    """Single books by their ISBNs."""
    with bench.cluster.connect(bench.database) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT isbn FROM books WHERE isbn IS NOT NULL AND id = ANY(%s)", [bench.ids])
        paths = [f"/books/isbn/{isbn}" for (isbn,) in cursor.fetchall()]
    services = [bench.service, *bench.peers]
    return in_turns({one.name: bench.load(one, "isbn", paths) for one in services}, rounds, seconds)


def hits(bench: Bench, rounds: int, seconds: float) -> dict[str, Sample]:
    """Pages that the caches hold, and one that the client holds (304)."""
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


def same_answers(bench: Bench, ours: Paths, theirs: Paths) -> None:
    """Raise unless every peer gives the same records as this service (times compared as moments)."""
    for book in bench.ids[:5]:
        expected = _records(contestants.get(bench.service.address, ours(book)))
        for peer in bench.peers:
            if _records(contestants.get(peer.address, theirs(book))) != expected:
                raise RuntimeError(f"{peer.name} answers something else to {theirs(book)}")


def _records(body: bytes) -> list[dict[str, Any]]:
    document = json.loads(body)
    records = document.get("data", [document])
    for record in records:
        for name in ("created_at", "updated_at"):
            record[name] = round(datetime.fromisoformat(record[name]).timestamp(), 3)
    return list(records)


def _limits(bench: Bench, path: str) -> Mapping[str, Measure]:
    """What nobody gets past: the same bytes from a view without a database, and from a file."""
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
    """A statement in the form of pgbench, on one line."""
    return sql.replace("%(k0)s", ":k0").replace("%%", "%").replace("\n", " ") + ";\n"
