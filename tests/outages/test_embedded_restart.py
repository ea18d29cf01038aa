"""The embedded Postgres is killed while the service runs."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from tests.support.servers.gunicorn import Server
from tests.support.waiting import until

pytestmark = pytest.mark.slow(20)
RESTART_SECONDS = 30


@pytest.fixture
def instance() -> Iterator[Path]:
    """A folder that the user of Postgres can enter."""
    with tempfile.TemporaryDirectory(prefix="catalog-restart-") as name:
        Path(name).chmod(0o755)
        yield Path(name).resolve()


@pytest.fixture
def embedded_service(start_server: Callable[..., Server], instance: Path) -> Iterator[Server]:
    server = start_server("", INSTANCE_PATH=str(instance), PREPARE="1", SAMPLE="off", CACHE_DEFAULT_TIMEOUT="0")
    yield server
    server.stop()


def postmaster(instance: Path) -> int:
    """The process id of the server."""
    return int((instance / "postgres/postmaster.pid").read_text().split("\n")[0])


def kill(process: psutil.Process) -> None:
    """Kill Postgres, and wait for its end."""
    for each in (process, *process.children()):
        each.kill()
    until(lambda: not process.is_running() or process.status() == psutil.STATUS_ZOMBIE)


def test_a_killed_postgres_is_started_again_when_it_is_needed(embedded_service: Server, instance: Path) -> None:
    created = embedded_service.request("POST", "/books", {"title": "Kept"})
    assert created.status == 201
    for _ in range(2):
        killed = postmaster(instance)
        kill(psutil.Process(killed))
        assert embedded_service.get("/books/1").status in (503, 200)  # background work may have started it already
        until(lambda: embedded_service.get("/books/1").status == 200, RESTART_SECONDS)
        until(lambda: embedded_service.request("PATCH", "/books/1", {"subtitle": "x"}).status == 200, RESTART_SECONDS)
        assert postmaster(instance) != killed


def test_a_removed_folder_is_not_replaced_by_an_empty_catalog(embedded_service: Server, instance: Path) -> None:
    process = psutil.Process(postmaster(instance))
    # Moved while Postgres runs, because the service may start a killed one again before its folder is removed.
    (instance / "postgres").rename(instance / "removed")
    kill(process)
    for _ in range(3):
        assert embedded_service.get("/books").status == 503
    assert not (instance / "postgres").exists()
