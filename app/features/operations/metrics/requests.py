"""Counts requests. Their records go into plain lists first, because a shared counter costs much of a cache hit."""

from __future__ import annotations

import threading
from bisect import bisect_left

from app.http.middleware.request_record import RequestRecord, cache_result
from extensions.telemetry.metrics import Counts

from .families import (
    BUCKETS,
    CACHE_RESULTS,
    DATABASE_SECONDS,
    METHODS,
    OTHER_METHOD,
    REQUESTS,
    STATEMENTS,
    STREAMS,
    UNKNOWN_ROUTE,
    WAITING_SECONDS,
)

HIT = "catalog; hit"

Key = tuple[str, str, str, str | None, str]  # route, method, status, Cache-Status, how the stream ended
# Of a list of sums, after the counts of the buckets:
SECONDS, STATEMENT_COUNT, DATABASE, WAITING = range(len(BUCKETS) + 1, len(BUCKETS) + 5)


class RequestCounts:
    """Counts the requests of this process; an `Observer`."""

    def __init__(self, routes: frozenset[str]) -> None:
        """`routes` are the rules of all URLs; any other is counted as unknown."""
        self._routes = routes
        self._sums: dict[Key, list[float]] = {}
        self._lock = threading.Lock()
        self._methods = {method: method for method in METHODS}

    def __call__(self, record: RequestRecord) -> None:
        """Count a request."""
        method = self._methods.get(record.method, OTHER_METHOD)
        cache_status = record.cache_status
        if cache_status is not None and cache_status.startswith(HIT):
            cache_status = HIT  # without the time to live, so that there are few keys
        key = (record.route, method, record.status, cache_status, record.streamed)
        with self._lock:
            sums = self._sums.get(key)
            if sums is None:
                sums = self._sums[key] = [0.0] * (WAITING + 1)
            sums[bisect_left(BUCKETS, record.seconds)] += 1
            sums[SECONDS] += record.seconds
            timing = record.timing
            if timing.statements or timing.waiting:
                sums[STATEMENT_COUNT] += timing.statements
                sums[DATABASE] += timing.database
                sums[WAITING] += timing.waiting

    def move_to(self, counts: Counts) -> None:
        """Move what was counted since the last call to the counts of the process."""
        with self._lock:
            moved, self._sums = self._sums, {}
        for (route, method, status, cache_status, end), sums in moved.items():
            route = route if route in self._routes else UNKNOWN_ROUTE
            status = status[:3]
            buckets = [int(count) for count in sums[: len(BUCKETS) + 1]]
            if end:
                counts.add(STREAMS, (route, method, status, end), sum(buckets))
            else:
                counts.add_observations(REQUESTS, (route, method, status), buckets, sums[SECONDS])
            if cache_status is not None:
                counts.add(CACHE_RESULTS, (cache_result(cache_status),), sum(buckets))
            for family, index in (
                (STATEMENTS, STATEMENT_COUNT),
                (DATABASE_SECONDS, DATABASE),
                (WAITING_SECONDS, WAITING),
            ):
                if sums[index]:
                    counts.add(family, (route,), sums[index])
