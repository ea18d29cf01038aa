"""Metrics of a server whose workers are killed."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.support.clients import http
from tests.support.servers.gunicorn import Server
from tests.support.servers.processes import free_port
from tests.support.waiting import until

pytestmark = pytest.mark.slow(15)

KILLS = 4
COUNTERS = ("_total", "_count", "_bucket", "_sum")


def counters(server: Server) -> dict[str, float]:
    """The series of a server that must never go back."""
    response = server.get("/metrics")
    assert response.status == 200
    return {
        f"{sample.name} {sample.labels}": sample.value
        for family in text_string_to_metric_families(response.body.decode())
        for sample in family.samples
        if sample.name.endswith(COUNTERS)
    }


def gauge(server: Server, name: str) -> float:
    """The value of a series without labels."""
    (line,) = [line for line in server.get("/metrics").body.decode().splitlines() if line.startswith(f"{name} ")]
    return float(line.split()[1])


def files_of(server: Server) -> list[Path]:
    return list((server.log.parent / "metrics").glob("*/*.db"))


def test_no_counter_goes_back_when_workers_are_killed(start_server: Callable[..., Server], database_url: str) -> None:
    server = start_server(database_url)
    until(lambda: gauge(server, "catalog_workers") == 2)
    last = counters(server)
    for number in range(KILLS):
        for _ in range(10):
            assert server.get("/books").status == 200
        victim = sorted(server.workers())[0]
        os.kill(victim, (signal.SIGKILL, signal.SIGTERM)[number % 2])
        until(lambda victim=victim: victim not in server.workers() and len(server.workers()) == 2)  # type: ignore[misc]
        until(lambda number=number: gauge(server, "catalog_worker_starts_total") == 3 + number)  # type: ignore[misc]
        now = counters(server)
        assert {name: (value, now.get(name)) for name, value in last.items() if now.get(name, 0) < value} == {}
        last = now
    assert {file.stem for file in files_of(server)} == {"ended", *map(str, server.workers())}


def test_all_workers_serve_the_port_of_the_metrics(start_server: Callable[..., Server], database_url: str) -> None:
    port = free_port()
    server = start_server(database_url, METRICS_PORT=str(port))
    for worker in server.workers():
        os.kill(worker, signal.SIGKILL)
        until(lambda: http.request(port, "GET", "/metrics").status == 200)
    assert http.request(port, "GET", "/books").status == 404
    assert server.get("/metrics").status == 404
    assert server.get("/books").status == 200
