"""Imports during outages and on a full disk keep finished batches, without duplicates."""

from __future__ import annotations

import contextlib
import json
import os
import pwd
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg2
import pytest
from flask import Flask

from app.transfer.cli.console import ImportConsole
from app.transfer.imports.load import batch, connection
from app.transfer.imports.load.connection import ImportConnection
from extensions.embedded.cluster import SYSTEM_USER
from tests.app.transfer.conftest import import_process
from tests.app.transfer.import_job.conftest import Jobs, counts
from tests.support.databases import empty, migrate
from tests.support.waiting import until

pytestmark = pytest.mark.slow(30)

MANY_BOOKS = 15_000  # take some seconds
BOOKS = 6_000  # more than two batches
GOES_ON_SECONDS = 30
FILLING = 24_000  # books that do not fit on the small disk
ROOM = 224  # megabytes, the size of the small disk


def table(count: int) -> str:
    rows = (f"Book {number},{number % 999 + 1},Author {number % 500};Other" for number in range(count))
    return "\n".join(["title,page_count,authors", *rows, ""])


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "books.csv"
    path.write_text(table(BOOKS))
    return path


@pytest.fixture
def app(postgres, make_app: Callable[..., Flask]) -> Flask:
    """An application on an empty database that a test may stop."""
    empty(postgres.url)
    return make_app(DATABASE_URL=postgres.url)


@pytest.fixture
def begin(app, postgres, tmp_path: Path) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    begun: list[subprocess.Popen[str]] = []

    def run(*arguments: str, url: str = postgres.url, in_batches: int = 0) -> subprocess.Popen[str]:
        begun.append(import_process(url, tmp_path / "instance", *arguments, in_batches=in_batches))
        return begun[-1]

    yield run
    for process in begun:
        with process:
            process.kill()


def count(postgres: Any, what: str = "books") -> int:
    return int(postgres.execute(f"SELECT count(*) FROM {what}")[0][0])


def restart(postgres: Any) -> None:
    postgres.stop()
    postgres.start()


def crash(postgres: Any) -> None:
    """Kill the backend of the import, so that Postgres ends all others and recovers."""
    [[pid]] = postgres.execute("SELECT pid FROM pg_stat_activity WHERE application_name = 'catalog-import'")
    os.kill(pid, signal.SIGKILL)


@pytest.mark.parametrize("fall", [restart, crash])
def test_an_import_resumes_when_the_database_is_back(begin, postgres, file, tmp_path, fall):
    report = tmp_path / "report.json"
    process = begin(str(file), "--report", str(report), in_batches=500)
    until(lambda: count(postgres) > 0, 60)
    fall(postgres)
    output, _ = process.communicate(timeout=240)
    assert process.returncode == 0, output
    counts = json.loads(report.read_text())
    assert (counts["read"], counts["created"]) == (BOOKS, BOOKS)
    assert (count(postgres), count(postgres, "authors"), count(postgres, "contributions")) == (BOOKS, 501, 2 * BOOKS)


def imported(app: Flask, file: Path, *options: str) -> tuple[int, str, dict[str, Any]]:
    """Import in this process; return the exit status, the output and the report."""
    report = file.with_name("report.json")
    result = app.test_cli_runner().invoke(args=["catalog", "import", str(file), "--report", str(report), *options])
    return result.exit_code, result.output, json.loads(report.read_text())


def test_the_same_command_resumes_an_import_after_an_outage(app, postgres, file, monkeypatch):
    monkeypatch.setattr(connection, "RECONNECT_SECONDS", 1)
    with monkeypatch.context() as falling:
        falling.setattr(ImportConsole, "batch_stored", lambda *_: postgres.stop())
        status, output, counts = imported(app, file)
    postgres.start()
    assert status == 2
    assert "The database does not respond" in output
    assert "run the same command again to continue" in output
    assert counts["created"] == batch.MAX_RECORDS == count(postgres)
    status, output, counts = imported(app, file)
    assert (status, counts["read"], counts["created"], count(postgres)) == (0, BOOKS, BOOKS, BOOKS)
    assert f"resumed after {batch.MAX_RECORDS:,}" in output


def test_a_dry_run_ends_when_the_database_is_lost(app, postgres, file, monkeypatch):
    monkeypatch.setattr(ImportConsole, "batch_stored", lambda *_: restart(postgres))
    status, output, _ = imported(app, file, "--dry-run")
    assert (status, "Nothing was written" in output, count(postgres)) == (2, True, 0), output


@pytest.mark.parametrize("lost", ["before", "after"])
@pytest.mark.parametrize("options", [(), ("--on-conflict", "skip")])
def test_a_batch_is_stored_once_when_the_commit_is_interrupted(app, postgres, tmp_path, monkeypatch, lost, options):
    monkeypatch.setattr(batch, "MAX_RECORDS", 10)
    end, ended = ImportConnection.commit, []

    def lose(self: ImportConnection) -> None:
        ended.append(self)
        if len(ended) not in (3, 4):
            return end(self)
        if lost == "after":
            end(self)
        self._connection.close()
        raise psycopg2.OperationalError("the line is cut")

    monkeypatch.setattr(ImportConnection, "commit", lose)
    file = tmp_path / "file.csv"
    file.write_text(table(40))
    status, output, counts = imported(app, file, *options)
    assert (status, counts["read"], counts["created"], count(postgres)) == (0, 40, 40, 40), output
    assert count(postgres, "import_marks") == 0


def small_url(postgres: Any) -> str:
    return str(postgres.url).replace("/catalog?", "/small?")


@pytest.fixture
def small_disk(postgres, tmp_path_factory) -> Iterator[Path]:
    """A small disk for the database `small`."""
    folder = Path("/tmp") / f"{postgres.directory.parent.name}-disk"
    folder.mkdir()
    mounted = os.geteuid() == 0 and shutil.which("mount") is not None
    if mounted:
        command = ["mount", "-t", "tmpfs", "-o", f"size={ROOM}m", "tmpfs", str(folder)]
        mounted = subprocess.run(command, capture_output=True).returncode == 0
    if not mounted:
        folder.rmdir()
        pytest.skip("A disk can be mounted by root alone.")
    try:
        inner = folder / "tablespace"
        inner.mkdir()
        user = pwd.getpwnam(SYSTEM_USER)
        os.chown(folder, user.pw_uid, user.pw_gid)
        os.chown(inner, user.pw_uid, user.pw_gid)
        postgres.execute(f"CREATE TABLESPACE small LOCATION '{inner}'", database="postgres")
        postgres.execute("CREATE DATABASE small TABLESPACE small", database="postgres")
        migrate(small_url(postgres), tmp_path_factory.mktemp("migration"))
        yield folder
        postgres.execute("DROP DATABASE small WITH (FORCE)", database="postgres")
        postgres.execute("DROP TABLESPACE small", database="postgres")
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)
        folder.rmdir()


def test_the_same_command_resumes_an_import_after_a_full_disk(begin, postgres, small_disk, tmp_path):
    file, url = tmp_path / "books.csv", small_url(postgres)
    file.write_text(table(FILLING))
    filler = small_disk / "filler"
    free = shutil.disk_usage(small_disk).free
    filler.write_bytes(bytes(max(0, free - 24 * 2**20)))

    def stored() -> int:
        return int(postgres.execute("SELECT count(*) FROM books", database="small")[0][0])

    first = begin(str(file), url=url)
    output, _ = first.communicate(timeout=240)
    assert first.returncode == 2, output
    assert "The disk of the database is full" in output
    assert "Free disk space there. The records counted so far are in the catalog; run the same command" in output
    assert stored() % batch.MAX_RECORDS == 0
    assert stored() < FILLING
    filler.unlink()
    with contextlib.closing(postgres.connect("small")) as connection, connection.cursor() as cursor:
        cursor.execute("VACUUM")
    second = begin(str(file), url=url)
    output, _ = second.communicate(timeout=240)
    assert (second.returncode, stored()) == (0, FILLING), output


def test_an_import_job_goes_on_when_postgres_is_killed_in_a_batch(app, postgres):
    jobs = Jobs(app, postgres.url)
    try:
        job = jobs.add(table(BOOKS))
        process = jobs.start(job, in_batches=500)
        until(lambda: count(postgres) > 0, 60)
        crash(postgres)
        assert process.wait(240) == 0
        row = jobs.row(job)
    finally:
        jobs.close()
    assert (row["state"], row["error"]) == ("succeeded", None)
    assert (counts(row)[:2], count(postgres), count(postgres, "authors")) == ((BOOKS, BOOKS), BOOKS, 501)


def test_an_import_goes_on_after_the_whole_service_is_killed(app, postgres, start_service):
    settings = {"JOBS": "on", "INSTANCE_PATH": str(app.config["INSTANCE_PATH"])}
    service = start_service(**settings)
    jobs = Jobs(app, postgres.url)
    job = jobs.add(table(MANY_BOOKS))
    until(lambda: count(postgres) > 0, 60)
    service.kill()
    assert 0 < count(postgres) < MANY_BOOKS
    started = time.monotonic()
    start_service(**settings)
    before = counts(jobs.row(job))[0]
    until(lambda: counts(jobs.row(job))[0] > before, 60)
    assert time.monotonic() - started < GOES_ON_SECONDS
    until(lambda: jobs.row(job)["finished_at"], 120)
    row = jobs.row(job)
    assert (row["state"], row["error"], row["attempt"]) == ("succeeded", None, 2)
    assert (counts(row)[:2], count(postgres)) == ((MANY_BOOKS, MANY_BOOKS), MANY_BOOKS)
