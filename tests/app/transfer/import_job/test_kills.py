"""Import jobs whose process is killed: each goes on, and counts and stores every record once."""

from __future__ import annotations

import csv
import json
import os
import random
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests import ROOT
from tests.app.transfer.import_job.conftest import Jobs, counts
from tests.app.transfer.import_job.killed import IN_BATCHES, MANY, POINTS
from tests.support.databases import connect, execute
from tests.support.waiting import until

ROUNDS = 20
BATCHES = 5
RECORDS = BATCHES * IN_BATCHES

HELD = """
    SELECT 1 FROM pg_locks JOIN pg_database ON pg_database.oid = database
    WHERE locktype = 'advisory' AND datname = current_database()
"""

TERMINATE = """
    SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE application_name = 'catalog-import' AND datname = current_database()
"""

Runner = Callable[..., int]


@pytest.fixture
def runner(app, database_url) -> Iterator[Runner]:
    """Run a job in a process that dies at a point, and return its exit status."""
    environment = {
        **os.environ,
        "DATABASE_URL": database_url,
        "INSTANCE_PATH": str(app.config["INSTANCE_PATH"]),
        "REDIS_URL": "",
    }
    command = [sys.executable, "-m", "tests.app.transfer.import_job.killed"]
    with subprocess.Popen(
        command, cwd=ROOT, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin
        assert process.stdout

        def run(job: int, point: str | None = None, times: int = 1) -> int:
            # The session of a killed runner holds its locks for a moment. A sweep queues the job again after that.
            until(lambda: not execute(database_url, HELD))
            execute(database_url, "UPDATE jobs SET state = 'queued', due_at = now() WHERE state = 'running'")
            process.stdin.write(json.dumps({"job": job, "point": point, "times": times}) + "\n")
            process.stdin.flush()
            return int(process.stdout.readline())

        yield run
        process.stdin.close()


def books(name: str) -> str:
    """Return a table whose titles are its own; some rows have none, and some are empty."""
    rows = []
    for number in range(RECORDS):
        title = "" if number % 7 == 3 else f"{name} {number}"
        rows.append(",," if number % 13 == 5 else f"{title},1,Author {number % 5}")
    return "\n".join(["title,page_count,authors", *rows, ""])


def outcome(jobs: Jobs, job: int) -> dict[str, Any]:
    """Return what an import must have in common with an uninterrupted one."""
    row = jobs.row(job)
    result = {name: value for name, value in row["progress"].items() if name not in ("since", "bytes", "of")}
    with jobs.rejects(job).open(encoding="utf-8", newline="") as stream:
        rejects = [line["reject_line"] for line in csv.DictReader(stream)]
    return {"state": row["state"], "error": row["error"], "rejects": rejects, **result}


def test_killed_imports_count_and_store_every_record_once(jobs, runner, database_url):
    choose = random.Random(15)
    points = [*POINTS, *choose.choices(list(POINTS), k=ROUNDS - len(POINTS))]
    whole = jobs.add(books("Whole"))
    assert runner(whole) == 0
    expected = outcome(jobs, whole)
    assert expected["state"] == "succeeded"
    for number, point in enumerate(points):
        job = jobs.add(books(f"Round {number:02}"))
        again = choose.choice([*MANY, "finishing", None])
        for death in [point, again]:
            times = choose.randint(1, 2) if death in MANY else 1
            assert runner(job, death, times) == (-signal.SIGKILL if death else 0) or jobs.row(job)["finished_at"]
        runner(job)
        assert outcome(jobs, job) == expected, (number, point, again)
    stored = """
        SELECT split_part(title, ' ', 2), count(*), count(DISTINCT title) FROM books
        WHERE starts_with(title, 'Round') GROUP BY 1
    """
    created = expected["counts"]["created"]
    assert sorted(execute(database_url, stored)) == [(f"{number:02}", created, created) for number in range(ROUNDS)]
    assert len(execute(database_url, "SELECT id FROM authors")) == 5


def test_killed_additions_are_counted_once(jobs, runner):
    ids = [number for number in range(100, 100 + RECORDS) if number % 9]
    header = "gutenberg_id,title,author,gutenberg_author_id,language\n"
    jobs.run(jobs.add(header + "".join(f"{number},Book {number},Homer,5,en\n" for number in ids)))
    rows = "".join(f"{number},lcsh,Subject {number}\n" for number in range(100, 100 + RECORDS))
    job = jobs.add(f"gutenberg_id,subject_type,subject\n{rows}")
    assert runner(job, "between chunks", 3) == -signal.SIGKILL
    assert counts(jobs.row(job))[0] == 3 * IN_BATCHES
    assert runner(job, "storing its end") == -signal.SIGKILL
    assert runner(job) == 0
    assert (jobs.row(job)["state"], counts(jobs.row(job))) == (
        "succeeded",
        (RECORDS, 0, len(ids), 0, 0, RECORDS - len(ids)),
    )
    assert len(jobs.rejects(job).read_text().splitlines()) == 1 + RECORDS - len(ids)


def test_a_killed_dry_run_starts_again(jobs, runner, database_url):
    job = jobs.add(books("Dry"), dry_run=True)
    assert runner(job, "between chunks", 2) == -signal.SIGKILL
    assert runner(job) == 0
    row = jobs.row(job)
    assert (row["state"], counts(row)[0]) == ("succeeded", RECORDS)
    assert execute(database_url, "SELECT id FROM books") == []


def test_an_import_that_is_told_to_stop_is_queued_again(jobs, database_url):
    job = jobs.add(books("Stopped"))
    locked = execute_and_hold(database_url)
    process = jobs.start(job, in_batches=IN_BATCHES)
    until(lambda: execute(database_url, "SELECT 1 FROM pg_locks WHERE NOT granted AND relation = 'authors'::regclass"))
    process.send_signal(signal.SIGTERM)
    assert process.wait(60) == 0
    row = jobs.row(job)
    assert (row["state"], row["failures"], row["due_at"] < row["created_at"].now(row["created_at"].tzinfo)) == (
        "queued",
        0,
        True,
    )
    locked.close()
    assert counts(jobs.run(job))[0] == RECORDS


def execute_and_hold(database_url: str) -> Any:
    """Lock the authors on a connection, so that a batch waits."""
    connection = connect(database_url)
    connection.autocommit = False
    with connection.cursor() as cursor:
        cursor.execute("LOCK authors IN ACCESS EXCLUSIVE MODE")
    return connection


def test_a_lost_connection_in_a_batch_changes_nothing(jobs, database_url):
    job = jobs.add(books("Lost"))
    locked = execute_and_hold(database_url)
    process = jobs.start(job, in_batches=IN_BATCHES)
    until(lambda: execute(database_url, "SELECT 1 FROM pg_locks WHERE NOT granted AND relation = 'authors'::regclass"))
    execute(database_url, TERMINATE)
    locked.close()
    assert process.wait(60) == 0
    row = jobs.row(job)
    assert (row["state"], row["attempt"], counts(row)[0]) == ("succeeded", 1, RECORDS)
