"""The counts of requests, from their records."""

from __future__ import annotations

import json
import threading

import pytest

from app.features.operations.metrics.requests import RequestCounts
from app.http.middleware.request_record import RequestRecord
from extensions.telemetry.metrics import Counts

RECORDS = 10_000
ROUTES = frozenset({"/books"})


def test_unknown_routes_and_methods_add_no_series() -> None:
    requests, counts, sizes = RequestCounts(ROUTES), Counts(), set()
    for number in range(RECORDS):
        status = f"catalog; hit; ttl={number}"
        requests(RequestRecord({}, f"METHOD{number}", 0.0, "404 Not Found", f"/{number % 5}", status, 0.0005))
        if number % 1000 == 0:
            requests.move_to(counts)
            sizes.add(len(counts.values()))
    requests.move_to(counts)
    assert sizes == {3}
    assert len(requests._sums) == 0
    assert {tuple(json.loads(key)[2]) for key in counts.values()} == {("unknown", "other", "404"), ("hit",)}


def test_kept_sums_are_few_whatever_clients_send() -> None:
    requests = RequestCounts(ROUTES)
    for number in range(RECORDS):
        status = f"catalog; hit; ttl={number}"
        requests(RequestRecord({}, f"METHOD{number}", 0.0, "200 OK", "/books", status, 0.0005))
    assert len(requests._sums) == 1


def test_no_request_of_concurrent_threads_is_lost() -> None:
    requests, counts = RequestCounts(ROUTES), Counts()
    record = RequestRecord({}, "GET", 0.0, "200 OK", "/books", None, 0.0005)

    def serve() -> None:
        for _ in range(RECORDS):
            requests(record)

    threads = [threading.Thread(target=serve) for _ in range(4)]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        requests.move_to(counts)
    requests.move_to(counts)
    served = {json.loads(key)[3]: value for key, value in counts.values().items()}
    assert served == {"0": 4 * RECORDS, "sum": pytest.approx(4 * RECORDS * 0.0005)}
