"""`catalog log`: the changes, one line each."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from flask import Flask
from flask.testing import FlaskClient

from tests import ROOT
from tests.support.accounts import StoredAccount, add_token, bearer
from tests.support.databases import execute

TIME = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ"


@pytest.fixture
def run(app: Flask) -> Callable[..., Result]:
    runner = app.test_cli_runner()
    return lambda *arguments: runner.invoke(args=["catalog", "log", *arguments])


@pytest.fixture
def start(database_url: str, tmp_path: Path) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Start the command as a process."""
    started: list[subprocess.Popen[str]] = []

    def begin(*arguments: str) -> subprocess.Popen[str]:
        environment = {
            **os.environ,
            "DATABASE_URL": database_url,
            "INSTANCE_PATH": str(tmp_path),
            "REDIS_URL": "",
            "FLASK_SKIP_DOTENV": "1",
        }
        command = [sys.executable, "-m", "flask", "--app", "wsgi", "catalog", "log", *arguments]
        started.append(
            subprocess.Popen(
                command, cwd=ROOT, env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
            )
        )
        return started[-1]

    yield begin
    for process in started:
        process.kill()
        process.communicate()


def parts(result: Result) -> list[list[str]]:
    """Return the columns of each line behind the time."""
    assert result.exit_code == 0, result.output
    return [line.split("  ")[2:] for line in result.output.splitlines()]


def test_a_line_names_who_changed_what(
    run: Any, client: FlaskClient, account: Callable[..., StoredAccount], database_url: str
) -> None:
    editor = account("editor")
    key = bearer(add_token(database_url, editor))
    client.post("/books", json={"title": "Emma", "authors": [{"name": "Ann"}]}, headers=key)
    execute(database_url, "UPDATE accounts SET name = 'Ann Lee' WHERE id = %s", editor.id)
    note = {"X-Change-Note": "As printed"}
    client.patch("/books/1", json={"title": "Emma II", "page_count": 300}, headers=key | note)
    execute(database_url, "DELETE FROM books")
    lines = parts(run())
    assert sorted(lines[:2]) == [
        ["Ann Lee", "api", "created author 1", "Ann"],
        ["Ann Lee", "api", "created book 1"],
    ]
    assert lines[2:] == [
        ["Ann Lee", "api", "updated book 1", "title, page_count", "(As printed)"],
        ["-", "sql", "deleted book 1", "Emma II"],
    ]


def test_a_merge_names_the_survivor(run: Any, client: FlaskClient) -> None:
    client.post("/authors", json=[{"name": "Ann"}, {"name": "Anne"}])
    client.post("/authors/1/merge", json={"from": [2]})
    assert ["-", "api", "merged author 2", "Anne → 1"] in parts(run())


def test_control_characters_are_escaped(run: Any, database_url: str) -> None:
    execute(database_url, "INSERT INTO books (title) VALUES (E'A\\x1b[31m\\nB')")
    assert parts(run()) == [["-", "sql", "created book 1", r"A\x1b[31m\nB"]]


def test_lines_can_be_json(run: Any, client: FlaskClient) -> None:
    client.post("/books", json={"title": "Émile"})
    client.delete("/books/1")
    documents = [json.loads(line) for line in run("--json").output.splitlines()]
    shown = client.get("/changes").json
    assert shown is not None
    assert documents == shown["data"]


@pytest.mark.parametrize(("since", "count"), [("0", 3), ("2", 1), ("3", 0), ("now", 0)])
def test_the_log_begins_behind_a_position(run: Any, client: FlaskClient, since: str, count: int) -> None:
    for number in range(3):
        client.post("/books", json={"title": f"Book {number}"})
    result = run("--since", since)
    assert (result.exit_code, len(result.output.splitlines())) == (0, count)


def test_the_log_begins_with_the_oldest_change_that_is_kept(run: Any, client: FlaskClient, database_url: str) -> None:
    for number in range(3):
        client.post("/books", json={"title": f"Book {number}"})
    assert len(parts(run())) == 3
    execute(database_url, "UPDATE change_feed SET pruned_position = 2")
    assert parts(run()) == [["-", "api", "created book 3", "Book 2"]]
    result = run("--since", "1")
    assert (result.exit_code, result.stdout) == (2, "")
    assert "no longer kept. Use --since 2 or higher." in result.stderr


@pytest.mark.parametrize("since", ["-1", "1.0", "x", "", "9" * 40])
def test_a_damaged_position_is_an_error_of_usage(run: Any, since: str) -> None:
    result = run(f"--since={since}")
    assert result.exit_code == 2
    assert "Write a position, such as 812, or now." in result.stderr


def test_a_position_ahead_is_refused(run: Any) -> None:
    result = run("--since", "7")
    assert (result.exit_code, result.stdout) == (2, "")
    assert "There is no position 7 yet; the last one is 0." in result.stderr


def test_follow_prints_new_changes_until_it_is_interrupted(start: Any, client: FlaskClient) -> None:
    client.post("/books", json={"title": "First"})
    process = start("--follow")
    assert "created book 1  First" in process.stdout.readline()
    client.post("/books", json={"title": "Second"})
    assert "created book 2  Second" in process.stdout.readline()
    process.send_signal(signal.SIGINT)
    assert process.communicate(timeout=30) == ("", "")
    assert process.returncode == 130


def test_a_pipe_that_its_reader_closes_ends_the_log(start: Any, client: FlaskClient) -> None:
    client.post("/authors", json=[{"name": f"Name {number} {'x' * 80}"} for number in range(1000)])
    process = start()
    assert "created author" in process.stdout.readline()
    process.stdout.close()
    assert process.wait(timeout=30) == 0
    assert process.stderr.read() == ""
