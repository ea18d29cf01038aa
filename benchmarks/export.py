"""Compares exports by HTTP and by the command with `COPY (…) TO STDOUT` of the same JSON."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psutil

from app.books.resource import BOOKS
from app.core.query.parse import parse_query
from app.core.sql.plan import plan_list

from . import contestants
from .database import ROOT, Cluster

READ_AT_ONCE = 1 << 20


@dataclass
class Timing:
    """The measurements of one way to export."""

    seconds: list[float] = field(default_factory=list)  # of each round
    cpu: list[float] = field(default_factory=list)  # seconds of CPU of the program, without Postgres
    size: int = 0  # bytes of the export
    most: int = 0  # peak memory (RSS) in bytes
    before: int = 0  # memory before the export, in bytes

    @property
    def median(self) -> float:
        return statistics.median(self.seconds)


class Sink:
    """A file that counts what is written to it."""

    def __init__(self) -> None:
        self.size = 0

    def write(self, data: bytes) -> int:
        self.size += len(data)
        return len(data)


def measure(cluster: Cluster, books: int, folder: Path, rounds: int, cursor: Any) -> dict[str, Timing]:
    """Measure all ways to export, each once in each round; `cursor` has the settings of the service."""
    database = cluster.catalog(books)
    with contestants.this(cluster, database) as service:
        ways: dict[str, Callable[[Timing], None]] = {
            "`COPY (…) TO STDOUT`": lambda timing: _copy(cursor, timing),
            "HTTP, NDJSON": lambda timing: _http(service, "ndjson", timing),
            "HTTP, CSV": lambda timing: _http(service, "csv", timing),
            "command, NDJSON": lambda timing: _command(cluster, database, folder / "export.ndjson", timing),
            "command, CSV": lambda timing: _command(cluster, database, folder / "export.csv", timing),
            "command, NDJSON, gzip": lambda timing: _command(cluster, database, folder / "export.ndjson.gz", timing),
        }
        found = {name: Timing() for name in ways}
        for _ in range(rounds):
            for name, way in ways.items():
                started = time.perf_counter()
                way(found[name])
                found[name].seconds.append(time.perf_counter() - started)
    return found


def _copy(cursor: Any, timing: Timing) -> None:
    statement, values, _ = plan_list(BOOKS, parse_query(BOOKS, "books", []))
    rows = cursor.mogrify(statement.sql, {**statement.constants, **values}).decode()
    sink, began = Sink(), time.process_time()
    cursor.copy_expert(f"COPY ({rows}) TO STDOUT", sink)
    timing.cpu.append(time.process_time() - began)
    timing.size = sink.size


def _http(service: contestants.Service, form: str, timing: Timing) -> None:
    address = urlsplit(service.address)
    connection = HTTPConnection(str(address.hostname), address.port, timeout=600)
    workers = list(_workers(service.pid))
    timing.before = timing.before or max(worker.memory_info().rss for worker in workers)
    began = sum(map(_cpu_of, workers))
    connection.request("GET", f"/books?format={form}")
    response = connection.getresponse()
    timing.size, looked = 0, 0.0
    while piece := response.read(READ_AT_ONCE):
        timing.size += len(piece)
        if time.monotonic() - looked > 0.1:
            looked = time.monotonic()
            timing.most = max(timing.most, *(worker.memory_info().rss for worker in workers))
    connection.close()
    timing.cpu.append(sum(map(_cpu_of, workers)) - began)


def _cpu_of(process: psutil.Process) -> float:
    """Return the CPU seconds that a process used."""
    times = process.cpu_times()
    return float(times.user + times.system)


def _workers(pid: int) -> Iterator[psutil.Process]:
    yield from psutil.Process(pid).children()


def _command(cluster: Cluster, database: str, file: Path, timing: Timing) -> None:
    command = [sys.executable, "-m", "flask", "--app", "wsgi", "catalog", "export", "--kind", "books", str(file)]
    with subprocess.Popen(command, cwd=ROOT, env=cluster.environment(database), stderr=subprocess.DEVNULL) as running:
        process, cpu = psutil.Process(running.pid), 0.0
        while running.poll() is None:
            try:
                timing.most = max(timing.most, process.memory_info().rss)
                cpu = _cpu_of(process)
            except psutil.NoSuchProcess:
                break
            time.sleep(0.1)
    if running.returncode:
        raise RuntimeError(f"{' '.join(command)} ended with {running.returncode}")
    timing.cpu.append(cpu)
    timing.size = os.path.getsize(file)
    file.unlink()
