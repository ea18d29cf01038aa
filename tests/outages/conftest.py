"""Fixtures of the tests of outages: a Postgres to stop, and servers on it."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import pytest

from extensions.embedded import shared as embedded
from tests.support.clients.http import Response
from tests.support.databases import migrate
from tests.support.servers.gunicorn import Server
from tests.support.servers.postgres import Postgres

PROMPT_SECONDS = 1.0  # for responses without database work
OUTAGE_SECONDS = 5.0  # the contract's limit for a 503, and for full service after the outage


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """A migrated Postgres for outages, which each test leaves running and unlocked."""
    # Outside pytest's folders, which are private, because Postgres runs as another user if the tests run as root.
    with tempfile.TemporaryDirectory(prefix="catalog-outages-") as name:
        folder = Path(name).resolve()
        postgres = Postgres(folder / "postgres")
        migrate(postgres.url, folder)
        yield postgres
        embedded.leave(folder / "postgres")


@pytest.fixture(scope="module")
def start_service(start_server: Callable[..., Server], postgres: Postgres) -> Iterator[Callable[..., Server]]:
    """Start a server on that Postgres, whose requests bypass the response cache."""
    servers: list[Server] = []

    def start(**settings: str) -> Server:
        server = start_server(postgres.url, **settings)
        server.default_headers["Cache-Control"] = "no-cache"
        servers.append(server)
        return server

    yield start
    for server in servers:
        server.kill()


@pytest.fixture(scope="module")
def service(start_service: Callable[..., Server]) -> Server:
    """A server on which the rights of clients without an account are known without the database."""
    return start_service(ANONYMOUS="editor")


def wrong_503(responses: Iterable[Response]) -> list[str]:
    """The faults of responses that must all be a 503 by the contract."""
    faults = []
    for response in responses:
        if response.status != 503 or response.seconds > OUTAGE_SECONDS:
            faults.append(f"503 within {OUTAGE_SECONDS} s: {response}")
            continue
        if not response.headers.get("retry-after", "").isdigit() or response.headers.get("cache-control") != "no-store":
            faults.append(f"headers: {dict(response.headers)}")
        members = {"type", "title", "status", "detail", "instance", "request_id", "errors"}
        if response.headers.get("content-type") != "application/problem+json" or set(response.json) != members:
            faults.append(f"a problem: {response}")
        if any(word in response.body.lower() for word in (b"psycopg", b"select", b"socket", b"traceback", b"sql")):
            faults.append(f"nothing of the driver: {response}")
    return faults
