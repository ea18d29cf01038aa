"""Imports as jobs: their result, rights, cancellation, and failures."""

from __future__ import annotations

import gzip
import json
import threading

import pytest

from app.transfer.import_job import run
from app.transfer.imports.load import batch, connection
from app.transfer.imports.load.connection import LOCK
from tests.app.transfer.conftest import everything
from tests.app.transfer.import_job.conftest import counts
from tests.support.databases import connect, execute

TABLE = "title,published\nA,March 1999\n,2000\nC,2001\n,\n"


def test_a_job_imports_a_file(jobs, client):
    row = jobs.run(jobs.add(TABLE))
    assert (row["state"], row["error"]) == ("succeeded", None)
    assert row["result"] == row["progress"]
    assert row["result"] == {
        "format": "csv: comma-separated, UTF-8, books in our own columns; title=title, published=published",
        "bytes": len(TABLE),
        "of": len(TABLE),
        "records": 4,
        "counts": {"read": 4, "created": 2, "updated": 0, "unchanged": 0, "skipped": 1, "rejected": 1},
        "warnings": [
            {
                "code": "date_rewritten",
                "count": 1,
                "detail": "1 date rewritten (`March 1999` → `1999-03`)",
                "rows": [2],
            }
        ],
        "reasons": {"empty row": 1, "title is required, but missing.": 1},
        "since": 0,
        "rejects": True,
    }
    [reject] = jobs.rejects(row["id"]).read_text().splitlines()[1:]
    assert reject == '3,title,,"title: title is required, but missing.",,2000'
    assert [book["title"] for book in everything(client)] == ["A", "C"]


def test_changes_have_the_account_and_the_request(jobs, client, database_url, account):
    editor = account("editor").id
    jobs.run(jobs.add(TABLE, account_id=editor))
    causes = execute(database_url, "SELECT DISTINCT via, account_id, request_id FROM revisions WHERE via <> 'sql'")
    assert causes == [("import", editor, "a request")]


def test_since_is_the_last_position_before_the_import(jobs, client):
    for title in ("One", "Two"):
        client.post("/books", json={"title": title})
    row = jobs.run(jobs.add(TABLE))
    changes = client.get(f"/changes?since={row['progress']['since']}").json["data"]
    assert (row["progress"]["since"], len(changes)) == (2, 2)


def test_a_dry_run_stores_nothing(jobs, client):
    row = jobs.run(jobs.add(TABLE, dry_run=True))
    assert (row["state"], counts(row)) == ("succeeded", (4, 2, 0, 0, 1, 1))
    assert everything(client) == []


def test_options_are_those_of_the_command(jobs, client):
    row = jobs.run(jobs.add(b"Was;Jahr\nA;1999\n", mapping={"title": "Was", "published": "Jahr"}))
    assert counts(row)[1] == 1
    again = jobs.run(jobs.add("title\nA\nB\n", on_conflict="skip", source="shop"))
    assert counts(again)[1] == 2
    assert counts(jobs.run(jobs.add("title\nA\nB\n", on_conflict="skip", source="shop"))) == (2, 0, 0, 0, 2, 0)


@pytest.mark.parametrize("role", ["reader", "disabled", "deleted"])
def test_an_account_that_may_not_write_fails_the_job(jobs, client, database_url, account, role):
    owner = account("reader" if role == "reader" else "editor").id
    if role != "reader":
        change = "UPDATE accounts SET disabled = true" if role == "disabled" else "DELETE FROM accounts"
        execute(database_url, f"{change} WHERE id = %s", owner)
    row = jobs.run(jobs.add(TABLE, account_id=owner))
    assert (row["state"], everything(client)) == ("failed", [])
    assert ("may no longer write" if role == "reader" else "deleted or disabled") in row["error"]


def test_a_client_without_an_account_may_no_longer_import(jobs, account):
    job = jobs.add(TABLE)
    account("admin")
    row = jobs.run(job)
    assert (row["state"], "without an account" in row["error"]) == ("failed", True)


@pytest.mark.parametrize(
    ("content", "options", "words"),
    [
        (b"", {}, "empty"),
        (b"first,second\n1,2\n", {}, "map.title=COLUMN"),
        (b"title\nA\n", {"encoding": "utf-99"}, "utf-8"),
        (b"title\nA\n", {"source": "My Shop"}, "source may have only"),
        (b"\x00\x01\x02\x03" * 50, {}, "format=csv"),
        (gzip.compress(b"title\n" + b"A" * 100 + b"\n")[:-9], {}, "cut off"),
    ],
    ids=["empty", "unknown columns", "unknown encoding", "wrong source", "not text", "cut off"],
)
def test_an_unusable_file_fails_the_job(jobs, content, options, words):
    row = jobs.run(jobs.add(content, **options))
    assert row["state"] == "failed"
    assert words in row["error"]
    assert not {"--", "command", "/upload"} & set(row["error"].split())


def test_a_cancelled_job_keeps_and_counts_what_is_stored(jobs, client, monkeypatch):
    monkeypatch.setattr(batch, "MAX_RECORDS", 10)
    job = jobs.add("title,page_count\n" + "".join(f"Book {n},1\n" if n % 2 else ",1\n" for n in range(50)))
    stored = run.JobObserver.batch_stored

    def cancel_after_one(self, file):
        stored(self, file)
        if file.report.read == 10:
            jobs.cancel(job)

    with monkeypatch.context() as cancelling:
        cancelling.setattr(run.JobObserver, "batch_stored", cancel_after_one)
        row = jobs.run(job)
    assert (row["state"], counts(row)) == ("cancelled", (20, 10, 0, 0, 0, 10))
    assert len(everything(client)) == 10
    assert len(jobs.rejects(job).read_text().splitlines()) == 11
    jobs.retry(job)
    row = jobs.run(job)
    assert (row["state"], counts(row)) == ("succeeded", (50, 25, 0, 0, 0, 25))
    assert len(jobs.rejects(job).read_text().splitlines()) == 26


def test_a_slow_batch_is_cancelled(jobs, client, database_url, monkeypatch):
    add = jobs.add(TABLE)
    execute(
        database_url,
        "CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(60); RETURN NEW; END $$;"
        "CREATE TRIGGER slow BEFORE INSERT ON books FOR EACH ROW EXECUTE FUNCTION slow()",
    )
    try:
        cancelling = threading.Timer(0.5, jobs.cancel, [add])
        cancelling.start()
        row = jobs.run(add)
        cancelling.join()
    finally:
        execute(database_url, "DROP TRIGGER slow ON books; DROP FUNCTION slow")
    assert (row["state"], counts(row)[0], everything(client)) == ("cancelled", 0, [])


def test_a_job_waits_for_the_import_of_a_command(jobs, database_url, monkeypatch):
    monkeypatch.setattr(connection, "LOCK_TIMEOUT", "100ms")
    job = jobs.add(TABLE)
    other = connect_and_lock(database_url)
    row = jobs.run(job)
    assert (row["state"], row["failures"], row["due_at"] > row["created_at"]) == ("queued", 0, True)
    other.close()
    execute(database_url, "UPDATE jobs SET due_at = now()")
    assert jobs.run(job)["state"] == "succeeded"


def connect_and_lock(database_url):
    """Hold the lock of an import on a connection, as a command does."""
    opened = connect(database_url)
    with opened.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s)", (LOCK,))
    return opened


def test_a_command_names_the_import_that_runs(jobs, load, database_url, monkeypatch):
    monkeypatch.setattr(connection, "LOCK_TIMEOUT", "100ms")
    job = jobs.add(TABLE)
    other = connect_and_lock(database_url)
    execute(database_url, "UPDATE jobs SET state = 'running'")
    result = load("title\nA\n")
    other.close()
    assert result.exit_code == 2
    assert f"Import {job} is running, which was uploaded over HTTP" in result.output
    assert f"jobs cancel {job}" in result.output


def test_a_large_import_enqueues_one_analysis(jobs, database_url):
    content = "title\n" + "".join(f"Book {n}\n" for n in range(1200))
    for _ in range(2):
        jobs.run(jobs.add(content.replace("Book", f"Book {_}")))
    [(job,)] = execute(database_url, "SELECT id FROM jobs WHERE kind = 'analyze'")
    assert jobs.run(job)["state"] == "succeeded"
    [(analyzed,)] = execute(database_url, "SELECT reltuples FROM pg_class WHERE oid = 'books'::regclass")
    assert analyzed >= 2400


def test_rejects_of_each_format_continue(jobs, monkeypatch):
    monkeypatch.setattr(batch, "MAX_RECORDS", 2)
    job = jobs.add(json.dumps([{"subtitle": str(n)} for n in range(5)]))
    row = jobs.run(job)
    assert (row["state"], len(json.loads(jobs.rejects(job).read_text()))) == ("succeeded", 5)


def test_too_many_rejects_end_the_job(jobs, monkeypatch, app):
    monkeypatch.setattr(batch, "MAX_RECORDS", 100)
    monkeypatch.setitem(app.config, "IMPORT_MAX_BYTES", 5_000)
    job = jobs.add("title,subtitle\n" + ",x\n" * 2_000)
    row = jobs.run(job)
    assert row["state"] == "failed"
    assert "rejected records take more than 10,000 bytes" in row["error"]
    assert jobs.rejects(job).stat().st_size <= 10_000
    assert len(jobs.rejects(job).read_text().splitlines()) == 1 + counts(row)[0]
