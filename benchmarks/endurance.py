"""Measures the memory of the workers under many requests of all kinds."""

from __future__ import annotations

import contextlib
import random
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil

from . import catalog, contestants
from .database import Cluster
from .load import CONNECTIONS, SCRIPT
from .reads import cursor_path

STEP = 20_000


@dataclass(frozen=True)
class Memory:
    """The memory (PSS) of each worker in megabytes after a number of requests."""

    requests: int
    workers: list[float]


def memory(cluster: Cluster, books: int, folder: Path, most: int) -> Iterator[Memory]:
    """Yield the memory of the workers, with the cache on, at intervals up to `most` requests."""
    database = cluster.catalog(books)
    file = folder / "mixed.txt"
    file.write_text("".join(_mixed(books)))
    with contextlib.ExitStack() as stack:
        copy = stack.enter_context(cluster.copy(database, "endurance"))
        service = stack.enter_context(contestants.this(cluster, copy, CACHE_DEFAULT_TIMEOUT="10"))
        while len(_workers(service.pid)) < contestants.WORKERS:
            time.sleep(0.1)
        done = 0
        yield Memory(0, _workers(service.pid))
        while done < most:
            until = done + STEP
            while done < until:
                command = [
                    "wrk",
                    "-t1",
                    f"-c{CONNECTIONS}",
                    "-d2s",
                    "-s",
                    str(SCRIPT),
                    service.address,
                    "--",
                    str(file),
                ]
                output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
                done += int(output.partition('"requests": ')[2].partition(",")[0])
            yield Memory(done, _workers(service.pid))


def _workers(pid: int) -> list[float]:
    return [process.memory_full_info().pss / 2**20 for process in psutil.Process(pid).children()]


def _mixed(books: int) -> Iterator[str]:
    """Return requests for pages, books, authors, filters, sorts, errors and a few writes."""
    chance = random.Random(catalog.SEED)
    known = catalog.vocabulary()
    sorts = ("title", "-published", "page_count", "-updated_at", "series_position")
    for number in range(8_000):
        book = chance.randint(1, books - 30)
        kind = number % 20
        if kind < 6:
            yield f"GET\t{cursor_path(book)}\n"
        elif kind < 10:
            yield f"GET\t/books/{book}\n"
        elif kind < 12:
            yield f"GET\t/authors/{chance.randint(1, catalog.authors_of(books))}/books\n"
        elif kind < 14:
            yield f"GET\t/books?sort={chance.choice(sorts)}&limit={chance.randint(1, 100)}\n"
        elif kind < 16:
            yield f"GET\t/books?language={chance.choice(catalog.LANGUAGES)}&fields=id,title\n"
        elif kind < 17:
            yield f"GET\t/books?title[starts]={known.words.draw(chance, 1)[0]}\n"
        elif kind < 18:
            yield f"GET\t/books?published[gte]={chance.randint(1800, 2025)}&sort=-published\n"
        elif kind < 19:
            yield f"GET\t/books/isbn/{catalog.isbn_of(book)}\n" if number % 40 < 20 else "GET\t/authors?limit=50\n"
        else:
            yield f'POST\t/books\t{{"title": "{known.title(chance)}"}}\n'
