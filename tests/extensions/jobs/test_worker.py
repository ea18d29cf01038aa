"""A real Celery worker runs jobs, with files and with Redis as its broker."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest
from flask import Flask

from extensions import jobs as extension
from extensions.jobs.engine.broker import MOST_MESSAGES, RUN, Broker
from tests.support.databases import execute
from tests.support.servers.job_workers import Jobs, Worker
from tests.support.servers.redis import Redis
from tests.support.waiting import until

pytestmark = pytest.mark.slow(30)

StartWorker = Callable[..., Worker]
RECOVERED_SECONDS = 30.0


@pytest.mark.parametrize("broker", ["files", "redis"])
def test_a_worker_takes_messages(
    start_worker: StartWorker, jobs: Jobs, redis_server: Redis, tmp_path: Path, broker: str
) -> None:
    """Without a sweep: the job is created after the one at the start of the worker, and there is no beat."""
    redis_url = redis_server.url if broker == "redis" else ""
    worker = start_worker("worker", REDIS_URL=redis_url)
    until(lambda: "is ready" in worker.log.read_text())
    time.sleep(1.0)
    job = jobs.add("threaded")
    created = time.monotonic()
    sender = Broker(redis_url, tmp_path / "jobs")
    assert sender.publish(RUN, job)
    assert sender.publish(RUN, job)
    assert sender.publish(RUN, 10**9)
    until(lambda: jobs.state(job) == "succeeded")
    assert jobs.steps(job) == [0, 1, 2]
    print(f"{broker}: taken after {time.monotonic() - created:.2f} s")
    worker.stop()


def test_a_lost_message_changes_nothing(start_worker: StartWorker, jobs: Jobs) -> None:
    start_worker("worker", "--beat")
    many = [jobs.add("threaded", steps=1) for _ in range(300)]
    until(lambda: all(jobs.state(job) == "succeeded" for job in many[-3:]), RECOVERED_SECONDS)
    until(lambda: jobs.execute("SELECT count(*) FROM jobs WHERE state <> 'succeeded'") == [(0,)])
    assert jobs.execute("SELECT count(*), count(DISTINCT job_id) FROM steps") == [(300, 300)]


def test_two_workers_run_one_job_of_a_lane_at_a_time(start_worker: StartWorker, jobs: Jobs) -> None:
    lane = [jobs.add("lane", steps=2, pause=0.02, lane="lane") for _ in range(6)]
    for _ in range(2):
        start_worker("worker", "--beat")
    until(lambda: all(jobs.state(job) == "succeeded" for job in lane), RECOVERED_SECONDS)
    order = jobs.execute("SELECT job_id, step FROM steps ORDER BY at, step")
    assert order == [(job, step) for job in lane for step in range(2)]


def test_a_job_with_a_process_runs_in_it_and_can_be_cancelled(start_worker: StartWorker, jobs: Jobs) -> None:
    job, following = (jobs.add("process", steps=steps, pause=0.02, lane="processes") for steps in (10_000, 2))
    worker = start_worker("worker", "--beat")
    until(lambda: len(jobs.steps(job)) > 2)
    (process,) = worker.job_processes()
    jobs.execute("UPDATE jobs SET cancel_requested = true WHERE id = %s", job)
    until(lambda: jobs.state(following) == "succeeded")
    assert jobs.state(job) == "cancelled"
    assert jobs.steps(job) == list(range(len(jobs.steps(job))))
    assert not process.is_running()


def test_a_process_that_cannot_start_is_repeated_with_pauses(start_worker: StartWorker, jobs: Jobs) -> None:
    job = jobs.add("broken")
    worker = start_worker("worker", "--beat")
    until(lambda: jobs.execute("SELECT failures >= 1 AND due_at > now() FROM jobs WHERE id = %s", job) == [(True,)])
    assert "ended with status 9" in worker.log.read_text()


def test_a_worker_that_stops_queues_its_process_again(start_worker: StartWorker, jobs: Jobs) -> None:
    job = jobs.add("process", steps=1000, pause=0.01, lane="processes")
    worker = start_worker("worker", "--beat")
    until(lambda: len(jobs.steps(job)) > 2)
    (process,) = worker.job_processes()
    worker.stop()
    assert not process.is_running()
    assert jobs.execute("SELECT state, failures FROM jobs WHERE id = %s", job) == [("queued", 0)]
    jobs.execute("UPDATE jobs SET payload = '{\"steps\": 0}' WHERE id = %s", job)
    start_worker("worker", "--beat")
    until(lambda: jobs.state(job) == "succeeded")
    assert jobs.steps(job) == list(range(len(jobs.steps(job))))


def test_without_a_worker_the_messages_stay_few(tmp_path: Path) -> None:
    broker = Broker("", tmp_path / "jobs")
    sent = [broker.publish(RUN, number) for number in range(MOST_MESSAGES + 20)]
    assert sent == [True] * MOST_MESSAGES + [False] * 20
    files = list((tmp_path / "jobs").iterdir())
    assert len(files) == MOST_MESSAGES
    assert {path.stat().st_mode & 0o077 for path in (*files, tmp_path / "jobs")} == {0}


def test_a_message_has_only_the_id_of_the_job(tmp_path: Path) -> None:
    Broker("", tmp_path / "jobs").publish(RUN, 17)
    (file,) = (tmp_path / "jobs").iterdir()
    message = json.loads(file.read_text())
    assert (message["headers"]["task"], message["content-type"]) == (RUN, "application/json")
    assert message["headers"]["argsrepr"] == "(17,)"


def test_a_hint_in_a_request_is_sent_after_its_view(make_app: Callable[..., Flask], tmp_path: Path) -> None:
    """The transaction of a request with an `Idempotency-Key` is committed after the view."""
    app, seen = make_app(INSTANCE_PATH=tmp_path), []
    folder = tmp_path / "jobs"

    def view() -> str:
        extension.send_hint(17)
        time.sleep(0.3)
        seen.append(folder.exists() and any(folder.iterdir()))
        return "done"

    with app.test_request_context("/"):
        response = app.make_response(view())
        app.process_response(response)
    until(lambda: any(folder.iterdir()))
    assert seen == [False]


def test_a_hint_never_waits_for_a_frozen_redis(make_app: Callable[..., Flask], redis_server: Redis) -> None:
    app = make_app(REDIS_URL=redis_server.url)
    with redis_server.frozen(), app.app_context():
        started = time.monotonic()
        for number in range(1000):
            extension.send_hint(number)
        assert time.monotonic() - started < 1.0


def test_jobs_go_on_while_redis_is_killed(start_worker: StartWorker, jobs: Jobs, redis_server: Redis) -> None:
    worker = start_worker("worker", "--beat", REDIS_URL=redis_server.url)
    until(lambda: "is ready" in worker.log.read_text())
    with redis_server.killed():
        job = jobs.add("threaded")
        until(lambda: jobs.state(job) == "succeeded", RECOVERED_SECONDS)
        started = time.monotonic()
        worker.stop()
        assert time.monotonic() - started < 20
    assert "Traceback" not in worker.log.read_text()
    assert redis_server.url not in worker.log.read_text()


def test_a_killed_worker_takes_its_process_with_it(start_worker: StartWorker, jobs: Jobs, job_database: str) -> None:
    job = jobs.add("process", steps=1000, pause=0.01, lane="processes")
    worker = start_worker("worker", "--beat")
    until(lambda: len(jobs.steps(job)) > 2)
    (process,) = worker.job_processes()
    os.kill(worker.process.pid or 0, signal.SIGKILL)
    until(lambda: not process.is_running() or process.status() == psutil.STATUS_ZOMBIE)
    execute(job_database, "UPDATE jobs SET payload = '{\"steps\": 0}' WHERE id = %s", job)
    start_worker("worker", "--beat")
    until(lambda: jobs.state(job) == "succeeded", RECOVERED_SECONDS)
    assert jobs.steps(job) == list(range(len(jobs.steps(job))))
