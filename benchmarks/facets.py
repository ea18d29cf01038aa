"""Measures facets in a large catalog: six of them, for every filter and for searches.

The filters are those of the benchmark `filters`, at values that match a few, 1 % and half of the books; the searches
are those of the benchmark `search`. Caches are off.
"""

from __future__ import annotations

import random
import statistics
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode, urlsplit

from app.core.records.scans import has_trigram

from .filters import Values
from .search import Draw
from .traced import Traced, TracedResponse

FIELDS = "language,publisher,subjects,role,author,decade"
SEARCHES = 300
PASSES = 3  # over all requests; the median of each one excludes a temporary delay
FEW = 10_000  # books


@dataclass(frozen=True)
class Timing:
    """The median seconds of a request in total and in Postgres, and what it counted."""

    target: str
    kind: str
    seconds: float
    in_postgres: float
    books: int
    counted: str

    @property
    def groups(self) -> tuple[str, ...]:
        """The groups that the request belongs to."""
        size = f"{FEW:,} books or fewer" if self.books <= FEW else f"more than {FEW:,} books"
        return self.kind, f"{self.counted}, {size}"


def measure(traced: Traced, cursor: Any, seed: int, searches: int) -> list[Timing]:
    """Return the timings of all requests. `cursor` reads the values and words from the same database."""
    requests = [("all books", ""), *_filters(cursor), *_searches(cursor, seed, searches)]
    targets = [f"/books/facets?{urlencode({'fields': FIELDS})}&{query}".rstrip("&") for _, query in requests]
    for target in targets[:: len(targets) // 50 + 1]:
        traced.get(target)  # to warm up
    rounds = [[traced.get(target) for target in targets] for _ in range(PASSES)]
    return [
        _timing(target, kind, responses)
        for target, (kind, _), *responses in zip(targets, requests, *rounds, strict=True)
    ]


def by_group(timings: Iterable[Timing]) -> dict[str, list[Timing]]:
    """Return the timings by group, in the order of the names."""
    found: dict[str, list[Timing]] = {}
    for timing in timings:
        for group in timing.groups:
            found.setdefault(group, []).append(timing)
    return dict(sorted(found.items()))


def _timing(target: str, kind: str, responses: list[TracedResponse]) -> Timing:
    meta = responses[0].document["meta"]
    return Timing(
        target,
        kind,
        statistics.median(response.seconds for response in responses),
        statistics.median(response.in_postgres for response in responses),
        meta["count"],
        meta["counted"],
    )


def _filters(cursor: Any) -> Iterator[tuple[str, str]]:
    def fetch(sql: str, values: Any = None) -> list[tuple[Any, ...]]:
        cursor.execute(sql, values)
        return list(cursor.fetchall())

    for each in Values(fetch).filters():
        if each.parameter.endswith("[contains]") and not has_trigram(each.value):
            continue  # refused in a large catalog
        yield "a filter", urlencode({each.parameter: each.value})


def _searches(cursor: Any, seed: int, count: int) -> Iterator[tuple[str, str]]:
    draw = Draw(cursor, random.Random(seed))
    for _ in range(count):
        yield "a search", urlsplit(draw.query().target).query
