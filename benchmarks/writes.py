"""Compares writes with the peers: a new book with two authors, resolved by name."""

from __future__ import annotations

import contextlib
import json
import random
from pathlib import Path

from . import catalog, contestants
from .database import Cluster
from .load import Sample, by_wrk, in_turns

BODIES = 20_000


def creations(cluster: Cluster, books: int, folder: Path, rounds: int, seconds: float) -> dict[str, Sample]:
    """Measure the creation of books by this service and its peers, each on its own copy of the catalog."""
    database = cluster.catalog(books)
    requests = folder / "creations.txt"
    requests.write_text("".join(f"POST\t/books\t{body}\n" for body in bodies(cluster, database)))
    with contextlib.ExitStack() as stack:
        start = stack.enter_context
        services = [start(contestants.this(cluster, start(cluster.copy(database, "writes_this"))))]
        for place, (name, command) in enumerate(contestants.peers().items()):
            url = cluster.url(start(cluster.copy(database, f"writes_{place}")))
            services.append(start(contestants.peer(name, command, url)))
        measures = {service.name: by_wrk(service.address, requests, service.pid, cluster.pid) for service in services}
        return in_turns(measures, rounds, seconds)


def bodies(cluster: Cluster, database: str) -> list[str]:
    """Return bodies of new books, each with two authors whose names are unique in the catalog."""
    with cluster.connect(database) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT name FROM authors GROUP BY name HAVING count(*) = 1 ORDER BY name LIMIT %s", [BODIES])
        names = [name for (name,) in cursor.fetchall()]
    chance, known = random.Random(catalog.SEED), catalog.vocabulary()
    return [
        json.dumps(
            {
                "title": known.title(chance),
                "subtitle": known.title(chance),
                "published": str(chance.randint(1800, 2025)),
                "publisher": known.publishers.draw(chance, 1)[0],
                "language": "en",
                "page_count": chance.randint(20, 900),
                "authors": [{"name": name} for name in chance.sample(names, 2)],
            }
        )
        for _ in range(BODIES)
    ]
