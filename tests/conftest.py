"""What tests share: a Postgres of their own, a database for each process of the test run, a client, a real server."""

from __future__ import annotations

import contextlib
import fcntl
import os
import random
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg2
import psycopg2.extensions
import pytest
from flask import Flask
from flask.testing import FlaskClient
from flask_migrate import upgrade
from sqlalchemy import event
from sqlalchemy.engine import make_url

from app import create_app
from extensions import embedded
from extensions.database import db

ROOT = Path(__file__).parent.parent
DURABLE_FOR_NOTHING = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "max_connections": "200"}
TEMPLATE = "template_catalog"


@pytest.fixture(scope="session")
def shared_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that all processes of this test run share."""
    base = tmp_path_factory.getbasetemp()
    return base.parent if "PYTEST_XDIST_WORKER" in os.environ else base


@pytest.fixture(scope="session")
def cluster(shared_folder: Path) -> Iterator[str]:
    """The URL of the test run's own Postgres, with a migrated database to copy."""
    with (shared_folder / "cluster.lock").open("a+") as turn:
        fcntl.flock(turn, fcntl.LOCK_EX)
        turn.seek(0)
        # Not below pytest's own folder, which each run closes to others: as root, Postgres runs as another user.
        folder = Path(turn.read() or tempfile.mkdtemp(prefix="catalog-tests-"))
        turn.truncate(0)
        turn.write(str(folder))
        url = embedded.start(folder, DURABLE_FOR_NOTHING)
        if _execute(url, "SELECT 1 FROM pg_database WHERE datname = %s", (TEMPLATE,)) == []:
            _execute(url, f"CREATE DATABASE {TEMPLATE}")
            app = create_app({"DATABASE_URL": _named(url, TEMPLATE), "INSTANCE_PATH": shared_folder / "template"})
            with app.app_context():
                upgrade()
                db.engine.dispose()
    yield url
    embedded.leave(folder)
    if not (folder / "postmaster.pid").exists():
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def new_database(cluster: str) -> Callable[[str], str]:
    """Make a migrated, empty database and return its URL."""

    def make(name: str) -> str:
        name = f"{name}_{os.environ.get('PYTEST_XDIST_WORKER', 'main')}"
        _execute(cluster, f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        _execute(cluster, f"CREATE DATABASE {name} TEMPLATE {TEMPLATE} STRATEGY FILE_COPY")
        return _named(cluster, name)

    return make


@pytest.fixture(scope="session")
def database_url(new_database: Callable[[str], str]) -> str:
    """The URL of this process's own database."""
    return new_database("catalog")


class Statements(list[str]):
    """The statements that were sent to the database, in their order."""


SENT = Statements()


class RecordingCursor(psycopg2.extensions.cursor):
    def execute(self, query: Any, vars: Any = None) -> None:
        SENT.append(str(query))
        super().execute(query, vars)


def _record_statements(connection: Any, _: Any) -> None:
    connection.cursor_factory = RecordingCursor


@pytest.fixture(scope="session")
def make_app(tmp_path_factory: pytest.TempPathFactory, database_url: str) -> Callable[..., Flask]:
    """Make an application with settings of its own, on this process's database."""

    def make(**settings: Any) -> Flask:
        app = create_app(
            {
                "DATABASE_URL": database_url,
                "INSTANCE_PATH": tmp_path_factory.mktemp("instance"),
                "REDIS_URL": "",
                "LOG_LEVEL": "WARNING",
                "CORS_ORIGINS": ["*"],
                "CACHE_DEFAULT_TIMEOUT": 10,
                "TRUSTED_HOSTS": [],
                "MAX_CONTENT_LENGTH": 8 * 1024 * 1024,
                "CONNECTIONS": 8,
                **settings,
            }
        )
        with app.app_context():
            event.listen(db.engine, "connect", _record_statements)
        return app

    return make


@pytest.fixture(scope="session")
def session_app(make_app: Callable[..., Flask]) -> Flask:
    return make_app()


@pytest.fixture
def app(session_app: Flask, database_url: str) -> Flask:
    """The application, on an empty catalog whose ids begin at 1."""
    empty(database_url)
    session_app.extensions["catalog.on_commit"]()
    return session_app


# A few rows are deleted in a tenth of the time in which the files of seventy indexes are made anew. No trigger follows
# what is deleted, nor does any key that refers to it.
FEW = 200
EMPTY = """
    DO $$ BEGIN
        IF (SELECT count(*) FROM (SELECT FROM books UNION ALL SELECT FROM authors LIMIT %(few)s) AS rows) < %(few)s THEN
            SET LOCAL session_replication_role = replica;
            DELETE FROM contributions; DELETE FROM book_merges; DELETE FROM author_merges;
            DELETE FROM books; DELETE FROM authors; DELETE FROM vocabulary;
            ALTER SEQUENCE books_id_seq RESTART; ALTER SEQUENCE authors_id_seq RESTART;
            ALTER SEQUENCE book_merges_place_seq RESTART; ALTER SEQUENCE author_merges_place_seq RESTART;
        ELSE
            TRUNCATE books, authors, contributions, vocabulary RESTART IDENTITY CASCADE;
        END IF;
    END $$
"""


def empty(url: str) -> None:
    """Delete everything, and begin the ids at 1."""
    _execute(url, EMPTY % {"few": FEW})


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """A client of the application, without HTTP in between."""
    return app.test_client(use_cookies=False)


@pytest.fixture
def statements() -> Statements:
    """The statements sent to the database from here on."""
    SENT.clear()
    return SENT


@pytest.fixture
def add_book(client: FlaskClient) -> Callable[..., dict[str, Any]]:
    """POST a book, titled if need be, and return its representation."""
    return lambda **fields: _add(client, "/books", {"title": "A book", **fields})


@pytest.fixture
def add_author(client: FlaskClient) -> Callable[..., dict[str, Any]]:
    """POST an author, named if need be, and return the representation."""
    return lambda **fields: _add(client, "/authors", {"name": "An Author", **fields})


def _add(client: FlaskClient, path: str, document: dict[str, Any]) -> dict[str, Any]:
    response = client.post(path, json=document)
    assert response.status_code == 201, response.text
    return dict(response.json or {})


class Server:
    """A real gunicorn on a port of this machine."""

    def __init__(self, process: subprocess.Popen[bytes], port: int, log: Path) -> None:
        self.process, self.port, self.log = process, port, log
        self.address = f"http://127.0.0.1:{port}"

    def raw(self, request: bytes, seconds: float = 10) -> bytes:
        """What the server answers to these bytes until it closes or `seconds` of silence have passed."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=seconds) as connection:
            connection.sendall(request)
            received = b""
            with contextlib.suppress(TimeoutError, ConnectionResetError):
                while chunk := connection.recv(65536):
                    received += chunk
            return received


@pytest.fixture(scope="session")
def start_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Server]]:
    """Start gunicorn as `make run` does, on a database; further settings are variables of its environment."""
    running: list[Server] = []

    def start(url: str, **environment: str) -> Server:
        folder = tmp_path_factory.mktemp("server")
        port = free_port()
        variables = {
            **os.environ,
            "DATABASE_URL": url,
            "PORT": str(port),
            "INSTANCE_PATH": str(folder),
            "REDIS_URL": "",
            "WEB_CONCURRENCY": "2",
            "CONNECTIONS": "8",
            "LOG_LEVEL": "INFO",
            **environment,
        }
        log = folder / "log"
        with log.open("wb") as output:
            process = subprocess.Popen(
                [sys.executable, "-m", "gunicorn", "--config", "gunicorn.conf.py"],
                cwd=ROOT,
                env=variables,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        server = Server(process, port, log)
        running.append(server)
        until(lambda: b"200 OK" in server.raw(b"GET /health/live HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"))
        return server

    yield start
    for server in running:
        server.process.terminate()
    for server in running:
        server.process.wait(30)


def until(condition: Callable[[], Any], seconds: float = 20) -> None:
    """Wait for a condition; what it raises meanwhile counts as not yet."""
    ends = time.monotonic() + seconds
    while True:
        with contextlib.suppress(OSError):
            if condition():
                return
        if time.monotonic() > ends:
            raise AssertionError("it did not happen in time")
        time.sleep(0.05)


def program(name: str) -> str:
    """The path of a program that a test needs. Where it is missing the test is skipped, but fails in CI."""
    found = shutil.which(name)
    if found is None:
        message = f"This test needs {name}; install it to run the test (Debian: apt-get install {name})."
        (pytest.fail if os.environ.get("CI") else pytest.skip)(message)
    return str(found)


def free_port() -> int:
    """A port that nobody has. It is none of those that outgoing connections get, so that a server that is killed and
    started again finds it free.
    """
    while True:
        port = random.SystemRandom().randrange(15_000, 32_000)
        with contextlib.suppress(OSError), socket.socket() as probe:
            probe.bind(("127.0.0.1", port))
            return port


def _named(url: str, database: str) -> str:
    return make_url(url).set(database=database).render_as_string(hide_password=False)


def _execute(url: str, sql: str, values: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Run a statement in a connection of its own; its rows, if it has any."""
    plain = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
    connection = psycopg2.connect(plain)
    try:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(sql, values)
            return cursor.fetchall() if cursor.description else []
    finally:
        connection.close()
