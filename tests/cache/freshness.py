"""Writers and readers at once: no reader may get what was there before a write that was acknowledged earlier."""

from __future__ import annotations

import random
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from .conftest import Answer, Client


@dataclass
class Watch:
    """A book and its author, renamed again and again: `acknowledged` is the last number that a write came back with."""

    book: int
    author: int
    acknowledged: dict[str, int] = field(default_factory=lambda: {"title": 0, "name": 0})

    @property
    def paths(self) -> tuple[str, ...]:
        return (
            f"/books/{self.book}",
            f"/books?id={self.book}",
            "/books?sort=id",
            f"/authors/{self.author}/books",
            f"/authors/{self.author}",
            f"/books?author_id={self.author}&fields=id,title,authors",
        )

    def numbers(self, answer: Answer) -> dict[str, int]:
        """The numbers that an answer shows."""
        document = answer.json
        if "name" in document:
            return {"name": int(document["name"].split()[1])}
        for book in document.get("data", [document]):
            if book["id"] == self.book:
                return {"title": int(book["title"].split()[1]), "name": int(book["authors"][0]["name"].split()[1])}
        return {}


@dataclass
class Outcome:
    stale: list[str] = field(default_factory=list)
    failed: list[Answer] = field(default_factory=list)
    reads: int = 0
    hits: int = 0
    writes: int = 0


def made(port: int, number: int) -> Watch:
    created = Client(port).ask("POST", "/books", {"title": "Title 0", "authors": [{"name": f"Name 0 {number}"}]})
    assert created.status == 201, created.body
    return Watch(created.json["id"], created.json["authors"][0]["id"])


def rewritten_while_read(writing: Sequence[int], reading: Sequence[int], seconds: float) -> Outcome:
    """Write over some ports and read over others for a time."""
    outcome, over, lock = Outcome(), threading.Event(), threading.Lock()
    watches = [made(writing[0], number) for number in range(2)]

    def write(watch: Watch, port: int) -> None:
        client, number = Client(port), 0
        while not over.wait(0.03):
            number += 1
            for kind, path, document in (
                ("title", f"/books/{watch.book}", {"title": f"Title {number}"}),
                ("name", f"/authors/{watch.author}", {"name": f"Name {number} {watch.author}"}),
            ):
                answer = client.ask("PATCH", path, document)
                if answer.status == 200:
                    watch.acknowledged[kind] = number
                with lock:
                    outcome.writes += 1
                    outcome.failed += [answer] if answer.status != 200 else []

    def read(port: int, seed: int) -> None:
        client, chance = Client(port), random.Random(seed)
        while not over.is_set():
            watch = chance.choice(watches)
            path = chance.choice(watch.paths)
            floor: dict[str, Any] = dict(watch.acknowledged)
            answer = client.get(path)
            with lock:
                outcome.reads += 1
                outcome.hits += answer.cache == "hit"
                if answer.status != 200:
                    outcome.failed.append(answer)
                    continue
                for kind, number in watch.numbers(answer).items():
                    if number < floor[kind]:
                        outcome.stale.append(f"{path}: {kind} {number} after {floor[kind]}, {answer.cache}")
            if chance.random() < 0.1:
                client.reconnect()

    with ThreadPoolExecutor(16) as pool:
        work = [pool.submit(write, watch, writing[place % len(writing)]) for place, watch in enumerate(watches)]
        work += [pool.submit(read, reading[seed % len(reading)], seed) for seed in range(4)]
        threading.Event().wait(seconds)
        over.set()
        for thread in work:
            thread.result(30)
    return outcome
