"""A job is taken once, does its work, and its end is stored."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask

from extensions.database import DatabaseUnavailable, transaction
from extensions.jobs import JobCancelled, JobFailed, RunningJob, cancel, retry, run_job, sweep
from extensions.jobs.running import MOST_FAILURES
from tests.support.databases import execute
from tests.support.waiting import until

Add = Callable[..., None]
AddJob = Callable[..., int]
ReadJob = Callable[..., tuple[Any, ...]]


def test_the_result_of_a_job_is_stored(add_test_kind: Add, add_job: AddJob, read_job: ReadJob) -> None:
    add_test_kind("double", lambda job: {"doubled": 2 * job.payload["number"]})
    job = add_job("double", {"number": 4})
    assert run_job(job)
    assert read_job(job, "state", "result", "attempt", "finished_at IS NULL") == (
        "succeeded",
        {"doubled": 8},
        1,
        False,
    )


def test_a_job_that_ended_is_not_run_again(add_test_kind: Add, add_job: AddJob) -> None:
    runs: list[int] = []
    add_test_kind("once", lambda job: runs.append(job.id))
    job = add_job("once")
    assert [run_job(job), run_job(job)] == [True, False]
    assert runs == [job]


@pytest.mark.parametrize(
    ("error", "ending"),
    [
        (JobFailed("The file is gone."), ("failed", "The file is gone.")),
        (JobCancelled(), ("cancelled", None)),
        (ZeroDivisionError(), ("failed", "An unexpected error occurred; see the log.")),
    ],
    ids=["failed", "cancelled", "unexpected"],
)
def test_an_error_ends_a_job(
    add_test_kind: Add, add_job: AddJob, read_job: ReadJob, error: Exception, ending: tuple[str, str | None]
) -> None:
    def work(job: RunningJob) -> None:
        raise error

    add_test_kind("raise", work)
    job = add_job("raise")
    assert run_job(job)
    assert read_job(job, "state", "error") == ending


def test_a_job_is_repeated_after_an_outage(add_test_kind: Add, add_job: AddJob, read_job: ReadJob) -> None:
    def work(job: RunningJob) -> None:
        raise DatabaseUnavailable

    add_test_kind("outage", work)
    job = add_job("outage")
    assert run_job(job)
    assert read_job(job, "state", "failures", "due_at > now()") == ("queued", 1, True)


def test_a_job_of_an_unknown_kind_stays_queued(
    app: Flask, add_test_kind: Add, add_job: AddJob, read_job: ReadJob
) -> None:
    add_test_kind("known", lambda job: None)
    job = add_job("known")
    with app.app_context():
        app.extensions["catalog.job_kinds"].pop("known")
        assert not run_job(job)
        assert sweep() == []
    assert read_job(job, "state", "attempt") == ("queued", 0)


def test_jobs_of_a_lane_run_in_order(add_test_kind: Add, add_job: AddJob) -> None:
    add_test_kind("step", lambda job: None, lane="steps")
    first, second = add_job("step"), add_job("step")
    assert sweep() == [first]
    assert not run_job(second)
    assert run_job(first)
    assert sweep() == [second]
    assert run_job(second)


def test_an_interrupted_job_keeps_its_turn_in_its_lane(database_url: str, add_test_kind: Add, add_job: AddJob) -> None:
    add_test_kind("step", lambda job: None, lane="steps")
    first, second = add_job("step"), add_job("step")
    execute(database_url, "UPDATE jobs SET started_at = now(), due_at = now() + '1 hour' WHERE id = %s", first)
    assert not run_job(second)
    assert sweep() == []


def test_a_job_without_a_runner_is_queued_again(
    database_url: str, add_test_kind: Add, add_job: AddJob, read_job: ReadJob
) -> None:
    add_test_kind("lost", lambda job: None)
    job = add_job("lost")
    execute(database_url, "UPDATE jobs SET state = 'running', attempt = 1")
    assert sweep() == [job]
    assert read_job(job, "state", "attempt", "failures") == ("queued", 1, 1)


def test_a_job_fails_after_many_deaths_of_its_runner(
    database_url: str, add_test_kind: Add, add_job: AddJob, read_job: ReadJob
) -> None:
    add_test_kind("lost", lambda job: None)
    job = add_job("lost")
    execute(database_url, "UPDATE jobs SET state = 'running', attempt = 1, failures = %s", MOST_FAILURES)
    assert sweep() == []
    state, error = read_job(job, "state", "error")
    assert state == "failed"
    assert "ended unexpectedly" in error


def test_a_runner_takes_its_lock_again(
    app: Flask, database_url: str, add_test_kind: Add, add_job: AddJob, read_job: ReadJob
) -> None:
    begun, may_end, runs = threading.Event(), threading.Event(), []

    def work(job: RunningJob) -> None:
        runs.append(job.attempt)
        begun.set()
        assert may_end.wait(60)

    add_test_kind("slow", work)
    job = add_job("slow")
    runner = threading.Thread(target=in_context(app, lambda: run_job(job)))
    runner.start()
    assert begun.wait(60)
    execute(
        database_url,
        "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity "
        "WHERE application_name = 'catalog-job' AND datname = current_database()",
    )
    assert sweep() == []
    until(lambda: locks(database_url) == 1)
    may_end.set()
    runner.join(60)
    assert (runs, read_job(job, "state", "attempt")) == ([1], ("succeeded", 1))


def test_a_runner_that_lost_its_job_stores_nothing(
    app: Flask, database_url: str, add_test_kind: Add, add_job: AddJob, read_job: ReadJob
) -> None:
    lost = threading.Event()

    def work(job: RunningJob) -> dict[str, int]:
        execute(database_url, "UPDATE jobs SET attempt = 7")
        execute(
            database_url,
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity "
            "WHERE application_name = 'catalog-job' AND datname = current_database()",
        )
        assert lost.wait(60)
        return {"written": 1}

    add_test_kind("slow", work)
    job = add_job("slow")
    assert run_job(job, on_lost=lost.set)
    assert read_job(job, "state", "attempt", "result") == ("running", 7, None)


def test_a_queued_job_is_cancelled_at_once(add_test_kind: Add, add_job: AddJob, read_job: ReadJob) -> None:
    add_test_kind("never", lambda job: None)
    job = add_job("never")
    assert transaction(lambda session: cancel(session, job), area=None) == "cancelled"
    assert not run_job(job)
    assert read_job(job, "state", "attempt") == ("cancelled", 0)


def test_a_cancelled_job_can_be_retried(add_test_kind: Add, add_job: AddJob, read_job: ReadJob) -> None:
    add_test_kind("again", lambda job: None)
    job = add_job("again")
    transaction(lambda session: cancel(session, job), area=None)
    assert transaction(lambda session: retry(session, job), area=None)
    assert run_job(job)
    assert read_job(job, "state", "cancel_requested") == ("succeeded", False)


def locks(url: str) -> int:
    """The number of locks of jobs."""
    sql = (
        "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND granted "
        "AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
    )
    return int(execute(url, sql)[0][0])


def in_context(app: Flask, work: Callable[[], object]) -> Callable[[], None]:
    """Return `work`, to be run in another thread."""

    def run() -> None:
        with app.app_context():
            work()

    return run
