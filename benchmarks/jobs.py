"""Imports over HTTP: the time against the command line, reads meanwhile, and memory during a large upload."""

from __future__ import annotations

import http.client
import json
import shutil
import threading
import time
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from . import contestants
from .database import Cluster, flask
from .imports import write_rows

BOOKS = 10_000
MANY = 50_000  # books of the import during which reads are measured
UPLOAD = 1 << 30  # bytes
PIECE = b"Title,1\n" * (1 << 17)
POLL_SECONDS = 0.05


@dataclass(frozen=True)
class Times:
    """Seconds of one import on the command line, over HTTP, and of its wait for a worker."""

    command: float
    http: float
    waited: float


def import_times(cluster: Cluster, folder: Path, rounds: int) -> list[Times]:
    """Import the same file in turns on the command line and over HTTP, each time into an empty database."""
    file = _table(folder, BOOKS)
    found = []
    for _ in range(rounds):
        cluster.new("jobs_command")
        began = time.perf_counter()
        flask(cluster.environment("jobs_command"), "catalog", "import", str(file))
        command = time.perf_counter() - began
        with contestants.this(cluster, _new(cluster, "jobs_http")) as service:
            began = time.perf_counter()
            record = _finished(service.address, _upload(service.address, file))
            seconds = time.perf_counter() - began
            assert record["counts"]["read"] == BOOKS, record
            found.append(Times(command, seconds, _waited(cluster, "jobs_http")))
    return found


def read_times(cluster: Cluster, folder: Path, seconds: float) -> tuple[float, float]:
    """Return the 99th percentile of reads in seconds, before and during an import."""
    with contestants.this(cluster, _new(cluster, "jobs_reads")) as service:
        _finished(service.address, _upload(service.address, _table(folder, BOOKS)))
        before: list[float] = []
        deadline = time.monotonic() + seconds
        _read(service.address, before, lambda: time.monotonic() > deadline)
        during: list[float] = []
        ended = threading.Event()
        url = _upload(service.address, _table(folder, MANY))
        reader = threading.Thread(target=_read, args=(service.address, during, ended.is_set))
        reader.start()
        _finished(service.address, url)
        ended.set()
        reader.join()
        return _percentile(before), _percentile(during)


def upload_memory(cluster: Cluster) -> tuple[float, float]:
    """Return the memory (PSS) of the server's processes in megabytes: before an upload, and the most meanwhile."""
    with contestants.this(cluster, _new(cluster, "jobs_upload")) as service:
        connection = http.client.HTTPConnection(service.address.removeprefix("http://"))
        before = most = _memory(service.pid)
        connection.putrequest("POST", "/imports?dry_run=true")
        connection.putheader("Content-Length", str(UPLOAD))
        connection.endheaders()
        for number in range(UPLOAD // len(PIECE)):
            connection.send(PIECE)
            if number % 16 == 0:
                most = max(most, _memory(service.pid))
        response = connection.getresponse()
        url = response.headers["Location"]
        response.read()
        most = max(most, _memory(service.pid))
        connection.request("POST", f"{url}/cancel")
        connection.getresponse().read()
        return before, most


def _table(folder: Path, books: int) -> Path:
    rows = folder / f"rows_{books}"
    write_rows(rows, books)
    return rows / "books.csv"


def _new(cluster: Cluster, name: str) -> str:
    cluster.new(name)
    shutil.rmtree(cluster.environment(name)["INSTANCE_PATH"], ignore_errors=True)
    return name


def _upload(address: str, file: Path) -> str:
    """Upload a file, and return the address of its import."""
    request = urllib.request.Request(f"{address}/imports", data=file.read_bytes(), method="POST")
    request.add_header("Content-Type", "text/csv")
    with urllib.request.urlopen(request) as response:
        return address + str(response.headers["Location"])


def _finished(address: str, url: str) -> dict[str, Any]:
    """Wait for the end of an import, and return it."""
    while True:
        with urllib.request.urlopen(url) as response:
            record: dict[str, Any] = json.load(response)
        if record["finished_at"]:
            assert record["state"] == "succeeded", record
            return record
        time.sleep(POLL_SECONDS)


def _waited(cluster: Cluster, database: str) -> float:
    with cluster.connect(database) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT extract(epoch FROM started_at - created_at) FROM jobs WHERE kind = 'import'")
        return float(cursor.fetchone()[0])


def _read(address: str, seconds: list[float], is_over: Any) -> None:
    """Read pages over one connection until `is_over`, and add the seconds of each."""
    connection = http.client.HTTPConnection(address.removeprefix("http://"))
    number = 0
    while not is_over():
        number += 1
        began = time.perf_counter()
        connection.request("GET", f"/books?limit=20&page_count={number % 500}")
        connection.getresponse().read()
        seconds.append(time.perf_counter() - began)


def _percentile(seconds: list[float]) -> float:
    return sorted(seconds)[int(len(seconds) * 0.99)]


def _memory(pid: int) -> float:
    master = psutil.Process(pid)
    return float(sum(process.memory_full_info().pss for process in (master, *master.children()))) / 2**20
