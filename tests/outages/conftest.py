"""What the tests of outages share: a Postgres that they may stop and freeze, a real server on it, and a client."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import signal
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import psycopg2
import pytest
from flask_migrate import upgrade

from app import create_app
from extensions import embedded
from extensions.cluster import Cluster
from extensions.database import db

SETTINGS = {"fsync": "off", "full_page_writes": "off", "shared_buffers": "32MB", "max_connections": "60"}
FRESH = {"Cache-Control": "no-cache"}  # past the response cache
AT_ONCE = 1.0  # seconds: what needs no database does not wait for it
PATIENCE = 5.0  # seconds: the contract's limit for a 503, and for the way back


class Postgres:
    """A cluster of its own, which a test may stop, start, freeze and fill."""

    def __init__(self, directory: Path) -> None:
        self.url = embedded.start(directory, SETTINGS)
        self.directory = directory.resolve()
        self.cluster = Cluster(self.directory)

    def stop(self) -> None:
        self.cluster.stop()

    def start(self) -> None:
        self.cluster.launch(SETTINGS)

    def freeze(self) -> None:
        """Stop every process of the server in its tracks."""
        for process in self._processes():
            process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        for process in self._processes():
            process.send_signal(signal.SIGCONT)

    def connect(self, database: str = "catalog") -> psycopg2.extensions.connection:
        connection = psycopg2.connect(
            host=str(self.cluster.socket_directory()), port=5432, user="postgres", dbname=database, connect_timeout=5
        )
        connection.autocommit = True
        return connection

    def execute(self, sql: str, *values: Any, database: str = "catalog") -> list[tuple[Any, ...]]:
        with contextlib.closing(self.connect(database)) as connection, connection.cursor() as cursor:
            cursor.execute(sql, values)
            return cursor.fetchall() if cursor.description else []

    @contextlib.contextmanager
    def holding(self, *statements: str) -> Iterator[Callable[[], None]]:
        """Keep a transaction open that ran the statements, until the end of the block or a call of what it gives."""
        with contextlib.closing(self.connect()) as connection, connection.cursor() as cursor:
            cursor.execute("BEGIN")
            for statement in statements:
                cursor.execute(statement)
            yield lambda: cursor.execute("ROLLBACK")

    def waiting(self, event_type: str = "Lock") -> list[int]:
        """The process ids of the service's connections that wait for such an event."""
        rows = self.execute(
            "SELECT pid FROM pg_stat_activity WHERE application_name = 'catalog' AND wait_event_type = %s", event_type
        )
        return [row[0] for row in rows]

    def end_connections(self) -> None:
        """End the connections of the service."""
        self.execute(
            "SELECT pg_terminate_backend(pid, 2000) FROM pg_stat_activity WHERE application_name = 'catalog'",
            database="postgres",
        )

    def _processes(self) -> list[psutil.Process]:
        pid = int((self.directory / "postmaster.pid").read_text().split("\n")[0])
        postmaster = psutil.Process(pid)
        return [postmaster, *postmaster.children(recursive=True)]


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """A migrated Postgres for the outages of this process alone; each test leaves it running and open to all."""
    # Not in pytest's folder: each run that begins closes that to other users, and as root Postgres runs as one.
    with tempfile.TemporaryDirectory(prefix="catalog-outages-") as name:
        folder = Path(name).resolve()
        postgres = Postgres(folder / "postgres")
        app = create_app({"DATABASE_URL": postgres.url, "INSTANCE_PATH": folder, "REDIS_URL": ""})
        with app.app_context():
            upgrade()
            db.engine.dispose()
        yield postgres
        embedded.leave(folder / "postgres")


@dataclass(frozen=True)
class Answer:
    """What came back, and after how many seconds; a `status` of 0: nothing came."""

    request: str
    status: int
    headers: Mapping[str, str]
    body: bytes
    seconds: float

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    def __repr__(self) -> str:
        return f"<{self.request} → {self.status} after {self.seconds:.2f} s: {self.body[:60]!r}>"


class Service:
    """A server with a client for it, each of whose requests is a connection of its own."""

    def __init__(self, server: Any, port: int) -> None:
        self.server, self.port = server, port

    def ask(self, method: str, path: str, document: Any = None, **headers: str) -> Answer:
        """Send one request. A `document` that is bytes is sent as it is, anything else as JSON."""
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        body = document if isinstance(document, bytes) or document is None else json.dumps(document).encode()
        if body is not None:
            sent.setdefault("Content-Type", "application/json")
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        name, started = f"{method} {path}", time.monotonic()
        try:
            connection.request(method, path, body, {**FRESH, **sent})
            response = connection.getresponse()
            found = {key.lower(): value for key, value in response.getheaders()}
            return Answer(name, response.status, found, response.read(), time.monotonic() - started)
        except (OSError, http.client.HTTPException) as error:
            return Answer(name, 0, {}, repr(error).encode(), time.monotonic() - started)
        finally:
            connection.close()

    def get(self, path: str) -> Answer:
        return self.ask("GET", path)

    def workers(self) -> set[int]:
        """The process ids of the workers."""
        return {child.pid for child in psutil.Process(self.server.process.pid).children()}


@pytest.fixture(scope="session")
def start_service(start_server: Callable[..., Any], postgres: Postgres) -> Iterator[Callable[..., Service]]:
    """Start a server on that Postgres, which ends with the tests."""
    running: list[Service] = []

    def start(**environment: str) -> Service:
        server = start_server(postgres.url, **environment)
        running.append(Service(server, server.port))
        return running[-1]

    yield start
    for service in running:
        if service.server.process.poll() is None:
            os.killpg(service.server.process.pid, signal.SIGKILL)
            service.server.process.wait(10)


@pytest.fixture(scope="session")
def service(start_service: Callable[..., Service]) -> Service:
    return start_service()


class Crowd:
    """Requests that are under way at once; `answers` waits for all of them."""

    def __init__(self, most: int = 80) -> None:
        self.pool = ThreadPoolExecutor(most)
        self.futures: list[Future[Answer]] = []

    def send(self, ask: Callable[..., Answer], *request: Any, times: int = 1, **headers: str) -> None:
        self.futures += [self.pool.submit(ask, *request, **headers) for _ in range(times)]

    def answers(self) -> list[Answer]:
        return [future.result(60) for future in self.futures]


@pytest.fixture
def crowd() -> Iterator[Crowd]:
    crowd = Crowd()
    with crowd.pool:
        yield crowd


def wrong_503(answers: Iterable[Answer]) -> list[str]:
    """What is not as the contract has it in answers that should all be 503."""
    faults = []
    for answer in answers:
        if answer.status != 503 or answer.seconds > PATIENCE:
            faults.append(f"503 within {PATIENCE} s: {answer}")
            continue
        if not answer.headers.get("retry-after", "").isdigit() or answer.headers.get("cache-control") != "no-store":
            faults.append(f"headers: {dict(answer.headers)}")
        members = {"type", "title", "status", "detail", "instance", "request_id", "errors"}
        if answer.headers.get("content-type") != "application/problem+json" or set(answer.json) != members:
            faults.append(f"a problem: {answer}")
        if any(word in answer.body.lower() for word in (b"psycopg", b"select", b"socket", b"traceback", b"sql")):
            faults.append(f"nothing of the driver: {answer}")
    return faults
