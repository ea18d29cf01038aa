"""Twenty rounds with fixed seeds: whatever is killed, a job goes on by itself and does each step once."""

from __future__ import annotations

import contextlib
import random
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import psutil
import psycopg2
import pytest

from extensions.jobs.engine.broker import RUN, Broker
from tests.support.servers.job_program import STEPS
from tests.support.servers.job_workers import Jobs, Worker
from tests.support.servers.postgres import Postgres
from tests.support.servers.redis import Redis
from tests.support.waiting import until

pytestmark = pytest.mark.slow(60)

RECOVERED_SECONDS = 30.0
COUNT = 4  # steps of a job
VICTIMS = ("worker", "process", "redis", "postgres")
PHASES = ("queued", "starting", "in a step", "between steps", "finishing")


class Service:
    """A Postgres, a Redis and a worker, each of which can be killed."""

    def __init__(self, postgres: Postgres, redis: Redis, folder: Path) -> None:
        self.postgres, self.redis, self.folder = postgres, redis, folder
        self.hold = folder / "hold"
        self.jobs = Jobs(postgres.execute)
        self.broker = Broker(redis.url, folder / "jobs")
        self.worker = self.start_worker()

    def start_worker(self) -> Worker:
        environment = {
            "DATABASE_URL": self.postgres.url,
            "INSTANCE_PATH": str(self.folder),
            "REDIS_URL": self.redis.url,
        }
        self.worker = Worker(environment, self.folder / "log")
        return self.worker

    def kill(self, victim: str) -> None:
        """Kill one of `VICTIMS`, and start it again as its supervisor does."""
        if victim == "worker":
            self.worker.kill()
            self.start_worker()
        elif victim == "process":
            for process in self.worker.job_processes():
                with contextlib.suppress(psutil.NoSuchProcess):
                    process.kill()
        elif victim == "redis":
            self.redis.kill()
            self.redis.start()
        else:
            for process in self.postgres._processes():
                with contextlib.suppress(psutil.NoSuchProcess):
                    process.kill()
            self.postgres.start()


@pytest.fixture(scope="module")
def service(
    postgres: Postgres,
    redis_server: Redis,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Service]:
    postgres.execute(STEPS)
    service = Service(postgres, redis_server, tmp_path_factory.mktemp("kills"))
    yield service
    service.worker.kill()


def wait_for_phase(service: Service, job: int, phase: str) -> None:
    """Wait until a job is in a phase, in which its work stays; `starting` may have passed meanwhile."""
    if phase == "starting":
        until(lambda: service.jobs.state(job) != "queued" or service.worker.job_processes())
    elif phase != "queued":
        until(service.hold.exists)


@pytest.mark.parametrize("victim", VICTIMS)
def test_a_job_survives_a_kill_in_every_phase(service: Service, victim: str) -> None:
    """Five rounds for each victim, so twenty in all."""
    for number, phase in enumerate(PHASES):
        last = COUNT - 1 if phase == "finishing" else random.Random(f"{victim} {phase}").randrange(COUNT - 1)
        has_process = victim == "process" or number % 2 == 0
        kind, lane = ("process", "processes") if has_process else ("threaded", None)
        job = service.jobs.add(kind, COUNT, lane=lane, phase=phase, step=last, file=str(service.hold))
        if phase != "queued":
            service.broker.publish(RUN, job)
        wait_for_phase(service, job, phase)
        service.kill(victim)
        service.hold.unlink(missing_ok=True)
        killed = time.monotonic()
        until(partial(_has_succeeded, service, job), RECOVERED_SECONDS)
        print(f"{victim}, {phase}: {time.monotonic() - killed:.1f} s")
        assert service.jobs.steps(job) == list(range(COUNT)), (victim, phase)


def _has_succeeded(service: Service, job: int) -> bool:
    try:
        return service.jobs.state(job) == "succeeded"
    except psycopg2.OperationalError:
        return False
