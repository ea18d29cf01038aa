"""Concurrent writers and readers: no response may be older than an acknowledged write.

Every value that is written only increases: the numbers in a title and in an author's name, and the counts of books
that were added, deleted or loaded. A reader records the acknowledged values, then reads, and must not get lower ones.
"""

from __future__ import annotations

import json
import os
import random
import secrets
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests import ROOT
from tests.support.clients.http import Client, Response

READERS = 6
VICTIMS = 300  # books to delete
HITS = 12  # per write, which writers wait for
LOADED = "Loaded"  # the title of books that are loaded by the command line
ROWS = 50  # books per load


class Loader:
    """Loads books by the command line, with further environment variables."""

    def __init__(self, folder: Path, **environment: str) -> None:
        self.file, self.total = folder / "books.csv", 0
        self.own = secrets.token_hex(4)  # in each row, because an identical row would be the same book
        self.environment = {**os.environ, **environment}

    def __call__(self) -> int:
        """Load books; return the number loaded so far."""
        rows = (f"{LOADED},{self.own} {self.total + row},Someone\n" for row in range(ROWS))
        self.file.write_text(f"title,subtitle,authors\n{''.join(rows)}")
        command = [sys.executable, "-m", "flask", "--app", "wsgi", "catalog", "import", str(self.file)]
        subprocess.run(command, cwd=ROOT, env=self.environment, check=True, capture_output=True, timeout=240)
        self.total += ROWS
        return self.total


@dataclass
class Watch:
    """A book and its author, and books to delete one by one."""

    number: int
    book: int
    author: int
    victims: list[int]
    acknowledged: dict[str, int] = field(
        default_factory=lambda: dict.fromkeys(("title", "name", "added", "deleted"), 0)
    )

    def writes(self) -> dict[str, tuple[str, str, Any]]:
        """The next write of each kind, in order."""
        following = {kind: count + 1 for kind, count in self.acknowledged.items()}
        added = {"title": f"Added {following['added']}", "authors": [{"id": self.author}]}
        return {
            "title": ("PATCH", f"/books/{self.book}", {"title": f"Title {following['title']}"}),
            "name": ("PATCH", f"/authors/{self.author}", {"name": f"Name {following['name']} {self.number}"}),
            "added": ("POST", "/books", added),
            "deleted": ("DELETE", f"/books/{self.victims[following['deleted'] - 1]}", None),
        }

    def paths(self, acknowledged: dict[str, int]) -> tuple[str, ...]:
        """The paths of reads that show these values."""
        return (
            f"/books/{self.book}",
            f"/books/{self.book}?fields=id,title,authors",
            f"/books?id={self.book}",
            "/books?sort=id&limit=2",
            f"/books?author_id={self.author}&fields=id,title,authors&total=exact&limit=1&sort=id",
            f"/authors/{self.author}",
            f"/authors/{self.author}/books?total=exact&limit=1&sort=id",
            f"/authors?id={self.author}",
            f"/books/{self.victims[acknowledged['deleted']]}",
            f"/books/{self.victims[acknowledged['deleted'] - 1]}",
        )

    def shown(self, document: Any, acknowledged: dict[str, int]) -> dict[str, int]:
        """The values in a document."""
        values = {}
        if "meta" in document and "total" in document["meta"]:
            values["added"] = document["meta"]["total"] - 1
        for item in document.get("data", [document]):
            if item.get("name", "").startswith("Name ") and item["id"] == self.author:
                values["name"] = int(item["name"].split()[1])
            if item.get("title", "").startswith("Title ") and item["id"] == self.book:
                values["title"] = int(item["title"].split()[1])
                values["name"] = int(item["authors"][0]["name"].split()[1])
            if item.get("title") == "Victim" and item["id"] in self.victims:
                values["deleted"] = self.victims.index(item["id"])
        return values


@dataclass
class Outcome:
    stale: list[str] = field(default_factory=list)
    failed: list[Response] = field(default_factory=list)
    reads: int = 0
    hits: int = 0
    writes: int = 0
    checked: Counter[str] = field(default_factory=Counter)

    def __repr__(self) -> str:
        return f"<{self.reads} reads, {self.hits} hits, {self.writes} writes, checked {dict(self.checked)}>"


def create_watch(port: int, number: int) -> Watch:
    client = Client(port)
    created = client.request("POST", "/books", {"title": "Title 0", "authors": [{"name": f"Name 0 {number}"}]})
    assert created.status == 201, created.body
    victims = client.request("POST", "/books", [{"title": "Victim"}] * VICTIMS)
    assert victims.status == 201, victims.body
    ids = [book["id"] for book in victims.json["data"]]
    return Watch(number, created.json["id"], created.json["authors"][0]["id"], ids)


def rewritten_while_read(
    writing: Sequence[int], reading: Sequence[int], reads: int, load: Loader | None = None, loads: int = 0
) -> Outcome:
    """Write over some ports while others are read `reads` times.

    Reads continue until half as many were hits, because a busy machine may be too slow for the cache. `load` is called
    `loads` times meanwhile.
    """
    outcome, over, lock = Outcome(), threading.Event(), threading.Lock()
    watches = [create_watch(writing[0], number) for number in range(2)]
    loaded = {LOADED: 0}

    def write(watch: Watch, port: int) -> None:
        client = Client(port)
        while not over.is_set():
            for kind in watch.acknowledged:
                while outcome.hits < HITS * outcome.writes and not over.wait(0.001):
                    pass
                response = client.request(*watch.writes()[kind])
                with lock:
                    outcome.writes += 1
                    if response.status in (200, 201, 204):
                        watch.acknowledged[kind] += 1
                    else:
                        outcome.failed.append(response)
            if watch.acknowledged["deleted"] > VICTIMS - 2:
                return

    def load_all() -> None:
        assert load
        for number in range(loads):
            while outcome.reads < number * reads // (loads + 1) and not over.wait(0.01):
                pass
            loaded[LOADED] = load()

    def read(port: int, seed: int) -> None:
        client, chance = Client(port), random.Random(seed)
        known: dict[str, tuple[str, Any]] = {}
        while not over.is_set():
            watch = chance.choice(watches)
            floor = watch.acknowledged | loaded
            path = chance.choice(watch.paths(floor))
            if load and chance.random() < 0.1:
                path = f"/books?title={LOADED}&total=exact&limit=1"
            tag, document = known.get(path, ("", None))
            response = client.get(path, **{"If-None-Match": tag} if tag and chance.random() < 0.3 else {})
            if response.status == 200:
                document = json.loads(response.body)
                known[path] = (response.headers["etag"], document)
            shown = {}
            if response.status in (200, 304):
                shown = {LOADED: document["meta"]["total"]} if LOADED in path else watch.shown(document, floor)
            with lock:
                outcome.reads += 1
                outcome.hits += response.cache == "hit"
                if response.status not in (200, 304) and not (response.status == 404 and "/books/" in path):
                    outcome.failed.append(response)
                for kind, count in shown.items():
                    outcome.checked[kind] += 1
                    if count < floor[kind]:
                        outcome.stale.append(f"{path}: {kind} {count} after {floor[kind]}, {response.cache}")
                if outcome.reads >= reads and 2 * outcome.hits >= reads:
                    over.set()
            if chance.random() < 0.02:
                client.reconnect()

    with ThreadPoolExecutor(READERS + len(watches) + 1) as pool:
        work = [pool.submit(write, watch, writing[index % len(writing)]) for index, watch in enumerate(watches)]
        work += [pool.submit(read, reading[seed % len(reading)], seed) for seed in range(READERS)]
        if load:
            work.append(pool.submit(load_all))
        try:
            for thread in as_completed(work, timeout=240):
                thread.result()
        finally:
            over.set()
    return outcome


def assert_nothing_stale(outcome: Outcome, reads: int = 10_000) -> None:
    """Assert that no response was stale or failed, and that there were enough of them."""
    assert not outcome.stale, outcome.stale[:5]
    assert not outcome.failed, outcome.failed[:5]
    assert outcome.reads >= reads, outcome
    assert 2 * outcome.hits >= reads, outcome
    assert outcome.writes > reads / 200, outcome
    assert min(outcome.checked[kind] for kind in ("title", "name", "added", "deleted")) > reads / 50, outcome
