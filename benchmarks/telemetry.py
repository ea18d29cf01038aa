"""What the log, `Server-Timing` and metrics cost: CPU of the service a request, with all of it on and with all off."""

from __future__ import annotations

import contextlib
import random
import statistics
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from . import catalog, contestants
from .database import Cluster
from .load import Measure, by_wrk
from .reads import HOT, TARGETS, cursor_path

OFF = {"LOG_LEVEL": "WARNING", "METRICS": "off", "SERVER_TIMING": "off", "SLOW_MS": "0"}
ON = {"LOG_LEVEL": "INFO", "METRICS": "on", "SERVER_TIMING": "on", "SLOW_MS": "500"}
VARIANTS = {"text": {**ON, "LOG_FORMAT": "text"}, "JSON": {**ON, "LOG_FORMAT": "json"}}
ROUNDS = 15
ROUND_SECONDS = 1.0  # short rounds, because neighbours on the machine disturb longer ones alike


class Cost(NamedTuple):
    """Microseconds of CPU a request, of all processes of the service, and the median ratio of the rounds."""

    off: float
    on: float
    ratio: float


def measure(cluster: Cluster, books: int, folder: Path, rounds: int) -> Iterator[tuple[str, Cost]]:
    """Yield the cost of hits and misses, with lines of text and of JSON."""
    chance = random.Random(catalog.SEED)
    paths = [cursor_path(chance.randint(1, books - 30)) for _ in range(TARGETS)]
    database = cluster.catalog(books)
    for kind, seconds, targets in (("hit", "3600", paths[:HOT]), ("miss", "0", paths)):
        file = folder / f"telemetry_{kind}.txt"
        file.write_text("".join(f"GET\t{path}\n" for path in targets))
        with contextlib.ExitStack() as stack:

            def start(name: str, settings: dict[str, str], seconds: str = seconds, file: Path = file) -> Measure:
                running = contestants.this(cluster, database, name, CACHE_DEFAULT_TIMEOUT=seconds, **settings)
                service = stack.enter_context(running)
                return by_wrk(service.address, file, service.pid, cluster.pid)

            off = start("off", OFF)
            variants = {name: start(name, settings) for name, settings in VARIANTS.items()}
            yield from ((f"{kind}, {name}", cost) for name, cost in _in_turns(off, variants, rounds).items())


def _in_turns(off: Measure, variants: dict[str, Measure], rounds: int) -> dict[str, Cost]:
    """Measure in turns. Each round compares with the mean of `off` before and after it."""
    for each in (off, *variants.values()):
        each(2 * ROUND_SECONDS)
    found: dict[str, list[tuple[float, float]]] = {name: [] for name in variants}
    before = off(ROUND_SECONDS).service
    for _ in range(rounds):
        costs = {name: each(ROUND_SECONDS).service for name, each in variants.items()}
        after = off(ROUND_SECONDS).service
        for name, cost in costs.items():
            found[name].append(((before + after) / 2, cost))
        before = after
    return {
        name: Cost(
            *(statistics.median(column) * 1e6 for column in zip(*pairs, strict=True)),
            statistics.median(on / without for without, on in pairs),
        )
        for name, pairs in found.items()
    }
