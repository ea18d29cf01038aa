"""Kinds of jobs that only tests have, in the application of the tests."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from extensions.database import transaction
from extensions.embedded import shared as embedded
from extensions.jobs import KINDS, Kind, RunningJob, enqueue
from tests.support.databases import execute, migrate
from tests.support.servers.job_program import STEPS
from tests.support.servers.job_workers import Jobs, Worker
from tests.support.servers.postgres import Postgres


@pytest.fixture
def add_test_kind(app: Flask) -> Any:
    """Register a kind of this test: `add_test_kind("name", work, lane="a")`."""
    before = dict(app.extensions.get(KINDS, {}))

    def add(name: str, work: Callable[[RunningJob], Any], **attributes: Any) -> None:
        app.extensions[KINDS][name] = Kind(name, work, **attributes)

    app.extensions[KINDS] = dict(before)
    with app.app_context():
        yield add
    app.extensions[KINDS] = before


@pytest.fixture
def add_job(add_test_kind: Any) -> Callable[..., int]:
    """Create a job and return its id."""
    return lambda kind, payload=None, **options: (
        transaction(lambda session: enqueue(session, kind, payload, **options), area=None).id
    )


@pytest.fixture
def read_job(database_url: str) -> Callable[..., tuple[Any, ...]]:
    """Return columns of a job."""
    return lambda job_id, *columns: execute(
        database_url, f"SELECT {', '.join(columns)} FROM jobs WHERE id = %s", job_id
    )[0]


@pytest.fixture(scope="module")
def job_database(new_database: Callable[[str], str]) -> str:
    """The URL of a database with the table of `job_program`."""
    url = new_database("jobs")
    execute(url, STEPS)
    return url


@pytest.fixture
def jobs(job_database: str) -> Jobs:
    """The jobs in that database, none at first."""
    execute(job_database, "DELETE FROM jobs; DELETE FROM steps")
    return Jobs(partial(execute, job_database))


@pytest.fixture
def start_worker(job_database: str, tmp_path: Path) -> Iterator[Callable[..., Worker]]:
    """Start a worker on that database; settings are environment variables."""
    workers: list[Worker] = []

    def start(*arguments: str, **settings: str) -> Worker:
        environment = {"DATABASE_URL": job_database, "INSTANCE_PATH": str(tmp_path), "REDIS_URL": "", **settings}
        worker = Worker(environment, tmp_path / f"worker-{len(workers)}", *arguments)
        workers.append(worker)
        return worker

    yield start
    for worker in workers:
        worker.kill()


@pytest.fixture(scope="module")
def postgres() -> Iterator[Postgres]:
    """A migrated Postgres that can be killed."""
    # Outside pytest's folders, which are private, because Postgres runs as another user if the tests run as root.
    with tempfile.TemporaryDirectory(prefix="catalog-jobs-") as name:
        folder = Path(name).resolve()
        postgres = Postgres(folder / "postgres")
        migrate(postgres.url, folder)
        yield postgres
        embedded.leave(folder / "postgres")
