"""`catalog jobs` lists, shows, cancels, retries and runs jobs, and says why it cannot."""

from __future__ import annotations

import pytest
from flask import Flask

from tests.support.databases import execute

ADD = """
    INSERT INTO jobs (kind, state, progress, error, created_at, due_at, finished_at) VALUES
        ('mail', 'failed', '{}', 'The server refuses.', '2026-01-02 03:04:05Z', '2026-01-02Z', '2026-01-03Z'),
        ('import', 'running', '{"records": 120}', NULL, '2026-01-02 03:05:06Z', '2026-01-02Z', NULL),
        ('old-jobs', 'queued', '{}', NULL, '2026-01-02 03:06:07Z', '2026-01-02Z', NULL),
        ('later', 'queued', '{}', NULL, '2026-01-02 03:07:08Z', '2026-01-02Z', NULL)
"""
ROWS = [
    "4  later     queued   2026-01-02 03:07:08Z",
    "3  old-jobs  queued   2026-01-02 03:06:07Z",
    "2  import    running  2026-01-02 03:05:06Z  records=120",
    "1  mail      failed   2026-01-02 03:04:05Z  The server refuses.",
]


@pytest.fixture
def some_jobs(app: Flask, database_url: str) -> None:
    execute(database_url, ADD)


def run(app: Flask, *arguments: str) -> tuple[int, str]:
    result = app.test_cli_runner().invoke(args=["catalog", "jobs", *arguments])
    return result.exit_code, result.output.rstrip("\n")


@pytest.mark.usefixtures("some_jobs")
def test_jobs_are_listed_from_the_newest(app: Flask) -> None:
    assert run(app, "list") == (0, "\n".join(ROWS))
    assert run(app, "list", "--state", "failed")[1] == "1  mail  failed  2026-01-02 03:04:05Z  The server refuses."
    assert run(app, "list", "--kind", "import")[1] == "2  import  running  2026-01-02 03:05:06Z  records=120"
    assert run(app, "list", "--kind", "none") == (0, "There are no such jobs.")


@pytest.mark.usefixtures("some_jobs")
def test_a_job_is_shown_with_its_values(app: Flask) -> None:
    status, output = run(app, "show", "2")
    assert status == 0
    assert 'progress         {"records": 120}' in output.splitlines()


@pytest.mark.usefixtures("some_jobs")
@pytest.mark.parametrize(
    ("arguments", "status", "output"),
    [
        (("cancel", "3"), 0, "Job 3 is cancelled."),
        (("cancel", "2"), 0, "Job 2 stops at its next step."),
        (("cancel", "1"), 2, "Error: Job 1 has ended already (failed), so it cannot be cancelled."),
        (("retry", "1"), 0, "Job 1 is queued."),
        (("retry", "2"), 2, "Error: Job 2 is running; only a failed or cancelled job can be retried."),
        (("run", "3"), 0, "Job 3 (old-jobs): succeeded deleted=1"),
        (("run", "2"), 2, "Error: Job 2 is running in another process."),
        (
            ("run", "4"),
            2,
            "Error: Job 4 is of the kind later, which this version does not know. Use the newest version.",
        ),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_a_command_says_what_it_did(app: Flask, arguments: tuple[str, ...], status: int, output: str) -> None:
    assert run(app, *arguments) == (status, output)


@pytest.mark.usefixtures("some_jobs")
def test_a_process_of_a_worker_writes_to_its_log_only(
    app: Flask, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("app.cli.jobs._end_with", lambda worker_id: None)
    with caplog.at_level("DEBUG", "catalog.jobs"):
        assert run(app, "run", "3", "--worker", "1") == (0, "")
        assert run(app, "run", "2", "--worker", "1") == (2, "")
    assert [(record.levelname, record.getMessage()) for record in caplog.records if record.name == "catalog.jobs"] == [
        ("INFO", "Job 3 (old-jobs): succeeded deleted=1"),
        ("DEBUG", "Job 2 is running in another process."),
    ]


@pytest.mark.usefixtures("app")
@pytest.mark.parametrize("command", ["show", "cancel", "retry", "run"])
def test_a_job_that_does_not_exist_is_an_error(app: Flask, command: str) -> None:
    status, output = run(app, command, "999")
    assert status == 2
    assert output == "Error: There is no job 999. List the jobs: flask --app wsgi catalog jobs list"
