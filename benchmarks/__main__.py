"""`make bench`: real data through the service, and reads beside the least that Flask can do.

On an embedded Postgres and servers of its own, which are gone afterwards. GUTENBERG names a folder with Project
Gutenberg's catalogue (books.csv.gz, authors.csv.gz, subjects.csv.gz); where it is not set, the sample catalog is
measured. `wrk` is used where it is installed.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from http.client import HTTPConnection
from pathlib import Path

from flask import Flask, Response

from extensions import embedded

from . import gutenberg
from .walk import SORTS, walk

ROOT = Path(__file__).parent.parent
GUTENBERG = Path(os.environ["GUTENBERG"]) if os.environ.get("GUTENBERG") else None
READS = {"a page of 20 books": "/books?limit=20", "a book by its id": "/books/1"}
ROUNDS, SECONDS, CONNECTIONS = 5, 2, 8


def main() -> None:
    """Load, walk and measure, printing as it goes."""
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="catalog-bench-")))
        environment = {
            **os.environ,
            "INSTANCE_PATH": str(folder),
            "REDIS_URL": "",
            "LOG_LEVEL": "WARNING",
            "PREPARE": "",
            "DATABASE_URL": embedded.start(folder / "postgres"),
        }
        stack.callback(embedded.leave, folder / "postgres")
        flask(environment, "db", "upgrade")
        if GUTENBERG:
            load(GUTENBERG, environment, folder)
        else:
            flask(environment, "catalog", "sample")
        caching = stack.enter_context(serve(environment, "wsgi:app"))
        if GUTENBERG:
            for sort in SORTS:
                print(f"walk, sort={sort or '(default)'}: {walk(caching, sort)}", flush=True)
        uncached = stack.enter_context(serve({**environment, "CACHE_DEFAULT_TIMEOUT": "0"}, "wsgi:app"))
        for name, target in READS.items():
            compare(name, target, environment, folder, {"cache on": caching, "cache off": uncached})


def load(source: Path, environment: dict[str, str], folder: Path) -> None:
    """Convert Project Gutenberg's catalogue and load it, with the times of both."""
    with clock("convert"):
        counts = gutenberg.convert(source, folder)
    gutenberg.print_counts(counts)
    with clock("load authors"):
        flask(environment, "catalog", "load", "--authors", str(folder / "authors.csv"))
    with clock("load books"):
        flask(environment, "catalog", "load", str(folder / "books.csv"))


@contextlib.contextmanager
def clock(what: str) -> Iterator[None]:
    started = time.perf_counter()
    yield
    print(f"{what}: {time.perf_counter() - started:.1f} s", flush=True)


def flask(environment: dict[str, str], *arguments: str) -> None:
    command = [sys.executable, "-m", "flask", "--app", "wsgi", *arguments]
    subprocess.run(command, cwd=ROOT, env=environment, check=True)


@contextlib.contextmanager
def serve(environment: dict[str, str], application: str) -> Iterator[str]:
    """Serve an application with the settings of `make run`; yields its address."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "gunicorn", "--config", "gunicorn.conf.py", application]
    process = subprocess.Popen(command, cwd=ROOT, env={**environment, "PORT": str(port)})
    address = f"http://127.0.0.1:{port}"
    try:
        ends = time.monotonic() + 20
        while not answers(port):
            if process.poll() is not None or time.monotonic() > ends:
                raise RuntimeError(f"{application} does not answer")
            time.sleep(0.1)
        yield address
    finally:
        process.terminate()
        process.wait(30)


def answers(port: int) -> bool:
    try:
        get(f"http://127.0.0.1:{port}", "/health/live")
        return True
    except OSError:
        return False


def get(address: str, target: str) -> bytes:
    connection = HTTPConnection(address.removeprefix("http://"), timeout=10)
    try:
        connection.request("GET", target)
        return connection.getresponse().read()
    finally:
        connection.close()


def constant() -> Flask:
    """The least that Flask can do: a view that returns the bytes of the file that CONSTANT names."""
    body = Path(os.environ["CONSTANT"]).read_bytes()
    app = Flask(__name__)
    app.add_url_rule("/<path:_>", "constant", lambda _: Response(body, mimetype="application/json"))
    return app


def compare(name: str, target: str, environment: dict[str, str], folder: Path, services: dict[str, str]) -> None:
    """Print the median requests per second of each service and of the constant view, measured in turns."""
    answer = folder / "constant.json"
    answer.write_bytes(get(services["cache off"], target))
    measure = with_wrk if shutil.which("wrk") else with_threads
    with serve({**environment, "CONSTANT": str(answer)}, "benchmarks.__main__:constant()") as plain:
        rates: dict[str, list[float]] = {"constant Flask view": [], **{service: [] for service in services}}
        for _ in range(ROUNDS):
            for service, found in rates.items():
                found.append(measure(services.get(service, plain), target))
    least = statistics.median(rates["constant Flask view"])
    print(f"{name} ({answer.stat().st_size:,} bytes, {measure.__name__.replace('_', ' ')}, {CONNECTIONS} connections)")
    for service, found in rates.items():
        rate = statistics.median(found)
        print(f"{rate:10,.0f} requests/s  {rate / least:5.2f}  {service}", flush=True)


def with_wrk(address: str, target: str) -> float:
    """Requests per second, by wrk; an answer other than 200 is an error."""
    command = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{SECONDS}s", address + target]
    output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    if "Non-2xx" in output or "Socket errors" in output:
        raise RuntimeError(output)
    return float(re.findall(r"Requests/sec:\s+([0-9.]+)", output)[0])


def with_threads(address: str, target: str) -> float:
    """Requests per second, by threads of this process; they cost more than wrk, so ratios come out nearer to 1."""
    counts = [0] * CONNECTIONS
    ends = time.perf_counter() + SECONDS

    def ask(place: int) -> None:
        connection = HTTPConnection(address.removeprefix("http://"), timeout=10)
        while time.perf_counter() < ends:
            connection.request("GET", target)
            response = connection.getresponse()
            response.read()
            counts[place] += response.status == 200
        connection.close()

    threads = [threading.Thread(target=ask, args=(place,)) for place in range(CONNECTIONS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(counts) / SECONDS


if __name__ == "__main__":
    main()
