"""Fixtures of the tests of import jobs: files that wait as jobs, and the processes that run them."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg2.extras
import pytest
from flask import Flask
from sqlalchemy.orm import Session

from app.transfer.imports.load.report import OUTCOMES
from extensions.database import transaction
from extensions.jobs import cancel, enqueue, retry, run_job
from tests import ROOT
from tests.support.databases import connect
from tests.support.waiting import until

# The process of a job, with small batches, because an interrupted import needs several.
PROCESS = """
import sys
from app.transfer.imports.load import batch
from app.transfer.imports.load import connection
batch.MAX_RECORDS = {in_batches}
connection.LOCK_TIMEOUT = "5s"
from app import create_app
from extensions.jobs import run_job
with create_app().app_context():
    sys.exit(0 if run_job({job}) else 3)
"""


class Jobs:
    """Creates import jobs, and runs them here or in processes of their own."""

    def __init__(self, app: Flask, url: str) -> None:
        self._app, self._url = app, url
        self._started: list[subprocess.Popen[bytes]] = []

    def add(self, content: str | bytes, account_id: int | None = None, **options: Any) -> int:
        """Create a job for the import of a file, and return its id."""
        folder = uuid.uuid4().hex
        path = self._folder / folder
        path.mkdir(parents=True)
        data = content.encode() if isinstance(content, str) else content
        (path / "upload").write_bytes(data)
        payload = {"folder": folder, "name": "books.csv", "size": len(data), "options": options}
        values = {"account_id": account_id, "request_id": "a request"}

        def create(session: Session) -> int:
            return enqueue(session, "import", payload, key=folder, **values).id

        with self._app.app_context():
            return transaction(create, area=None)

    def run(self, job: int) -> dict[str, Any]:
        """Run a job in this process, and return its row."""
        with self._app.app_context():
            until(lambda: run_job(job))  # the server may still end the session of an earlier runner
        return self.row(job)

    def start(self, job: int, in_batches: int) -> subprocess.Popen[bytes]:
        """Run a job in its own process."""
        environment = {**os.environ, "DATABASE_URL": self._url, "INSTANCE_PATH": str(self._folder.parent)}
        script = PROCESS.format(job=job, in_batches=in_batches)
        command = [sys.executable, "-c", script]
        self._started.append(subprocess.Popen(command, cwd=ROOT, env={**environment, "REDIS_URL": ""}))
        return self._started[-1]

    def cancel(self, job: int) -> None:
        """Request the cancellation of a job."""
        with self._app.app_context():
            transaction(lambda session: cancel(session, job), area=None)

    def retry(self, job: int) -> None:
        """Queue a job again that has ended."""
        with self._app.app_context():
            transaction(lambda session: retry(session, job), area=None)

    def row(self, job: int) -> dict[str, Any]:
        """Return the row of a job."""
        with (
            contextlib.closing(connect(self._url)) as connection,
            connection.cursor(cursor_factory=psycopg2.extras.RealDictCursor) as cursor,
        ):
            cursor.execute("SELECT * FROM jobs WHERE id = %s", (job,))
            return dict(cursor.fetchone())

    def rejects(self, job: int) -> Path:
        """Return the path of the rejects of a job."""
        return self._folder / self.row(job)["payload"]["folder"] / "rejects"

    @property
    def _folder(self) -> Path:
        return Path(self._app.config["INSTANCE_PATH"]) / "imports"

    def close(self) -> None:
        """End the processes."""
        for process in self._started:
            with process:
                process.kill()


@pytest.fixture
def jobs(app: Flask, database_url: str) -> Iterator[Jobs]:
    created = Jobs(app, database_url)
    yield created
    created.close()


def counts(row: dict[str, Any]) -> tuple[int, ...]:
    """Return the counts of a job's row: read, created, updated, unchanged, skipped, rejected."""
    return tuple(row["progress"]["counts"][name] for name in ("read", *OUTCOMES))
