"""Imports while the database goes away, comes back, or has no room: what was finished stands, nothing is doubled."""

from __future__ import annotations

import contextlib
import json
import os
import pwd
import shutil
import signal
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg2
import pytest
from flask import Flask

from app.transfer import chunks, telling
from app.transfer.storing import catalog
from app.transfer.storing.catalog import Catalog
from extensions.cluster import SYSTEM_USER
from tests.conftest import empty, until
from tests.transfer.conftest import import_process

BOOKS = 12_000  # more than a chunk
ROOM = 224  # megabytes of the small disk


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

    def run(*arguments: str, url: str = postgres.url) -> subprocess.Popen[str]:
        begun.append(import_process(url, tmp_path / "instance", *arguments))
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
    """Kill the process that works for the import, at which the server ends all others, and recovers."""
    [[pid]] = postgres.execute("SELECT pid FROM pg_stat_activity WHERE application_name = 'catalog-import'")
    os.kill(pid, signal.SIGKILL)


@pytest.mark.parametrize("fall", [restart, crash])
def test_an_import_goes_on_by_itself_when_the_database_is_back(begin, postgres, file, tmp_path, fall):
    report = tmp_path / "report.json"
    process = begin(str(file), "--report", str(report))
    until(lambda: count(postgres) > 0, 60)
    fall(postgres)
    said, _ = process.communicate(timeout=100)
    assert process.returncode == 0, said
    found = json.loads(report.read_text())
    assert (found["read"], found["created"]) == (BOOKS, BOOKS)
    assert (count(postgres), count(postgres, "authors"), count(postgres, "contributions")) == (BOOKS, 501, 2 * BOOKS)


def imported(app: Flask, file: Path, *options: str) -> tuple[int, str, dict[str, Any]]:
    """Import in this process: the exit status, what was said, and the report."""
    report = file.with_name("report.json")
    result = app.test_cli_runner().invoke(args=["catalog", "import", str(file), "--report", str(report), *options])
    return result.exit_code, result.output, json.loads(report.read_text())


def test_an_import_whose_database_stays_away_says_so_and_the_same_command_goes_on(app, postgres, file, monkeypatch):
    monkeypatch.setattr(catalog, "AWAY", 1)
    with monkeypatch.context() as falling:
        falling.setattr(telling.Following, "__call__", lambda *_: postgres.stop())
        status, said, found = imported(app, file)
    postgres.start()
    assert status == 2
    assert "The database does not answer" in said
    assert "the same command goes on from there" in said
    assert found["created"] == chunks.MOST_RECORDS == count(postgres)
    status, said, found = imported(app, file)
    assert (status, found["read"], found["created"], count(postgres)) == (0, BOOKS, BOOKS, BOOKS)
    assert f"went on after {chunks.MOST_RECORDS:,}" in said


def test_a_dry_run_that_loses_the_database_ends_and_says_that_nothing_was_written(app, postgres, file, monkeypatch):
    monkeypatch.setattr(telling.Following, "__call__", lambda *_: restart(postgres))
    status, said, _ = imported(app, file, "--dry-run")
    assert (status, "Nothing was written" in said, count(postgres)) == (2, True, 0), said


@pytest.mark.parametrize("lost", ["before", "after"])
@pytest.mark.parametrize("options", [(), ("--on-conflict", "skip")])
def test_a_chunk_is_stored_once_where_the_connection_is_lost_in_the_commit(
    app, postgres, tmp_path, monkeypatch, lost, options
):
    monkeypatch.setattr(chunks, "MOST_RECORDS", 10)
    end, ended = Catalog._end, []

    def lose(self: Catalog) -> None:
        ended.append(self)
        if len(ended) not in (3, 4):
            return end(self)
        if lost == "after":
            end(self)
        self._connection.close()
        raise psycopg2.OperationalError("the line is cut")

    monkeypatch.setattr(Catalog, "_end", lose)
    file = tmp_path / "file.csv"
    file.write_text(table(40))
    status, said, found = imported(app, file, *options)
    assert (status, found["read"], found["created"], count(postgres)) == (0, 40, 40, 40), said
    assert count(postgres, "import_marks") == 0


@pytest.fixture
def small_disk(postgres, tmp_path_factory) -> Iterator[Path]:
    """A disk of few megabytes, where the database `small` is."""
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
        postgres.execute("CREATE DATABASE small TEMPLATE catalog TABLESPACE small", database="postgres")
        yield folder
        postgres.execute("DROP DATABASE small WITH (FORCE)", database="postgres")
        postgres.execute("DROP TABLESPACE small", database="postgres")
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)
        folder.rmdir()


def test_an_import_goes_on_when_the_disk_of_the_database_has_room_again(begin, postgres, small_disk, tmp_path):
    file, url = tmp_path / "books.csv", postgres.url.replace("/catalog?", "/small?")
    file.write_text(table(2 * BOOKS))
    filler = small_disk / "filler"
    free = shutil.disk_usage(small_disk).free
    filler.write_bytes(bytes(max(0, free - 24 * 2**20)))

    def stored() -> int:
        return int(postgres.execute("SELECT count(*) FROM books", database="small")[0][0])

    first = begin(str(file), url=url)
    said, _ = first.communicate(timeout=200)
    assert first.returncode == 2, said
    assert "The disk of the database is full" in said
    assert "Make room there. What is counted stands in the catalog; the same command goes on from there." in said
    assert stored() % chunks.MOST_RECORDS == 0
    assert stored() < 2 * BOOKS
    filler.unlink()
    with contextlib.closing(postgres.connect("small")) as connection, connection.cursor() as cursor:
        cursor.execute("VACUUM")
    second = begin(str(file), url=url)
    said, _ = second.communicate(timeout=200)
    assert (second.returncode, stored()) == (0, 2 * BOOKS), said
