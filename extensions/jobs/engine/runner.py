"""What a worker does: it runs jobs, in its threads and in processes, and sweeps.

Every thread that has run a job looks for the next one, so a message is needed only to wake a worker. If messages fail
to arrive, because beat or the broker is away, a thread of the worker sweeps and runs the jobs that are due.
"""

from __future__ import annotations

import contextlib
import logging
import threading
import time
from collections.abc import Callable, Iterator, Sequence

from flask import Flask

from extensions.database import DatabaseUnavailable, Statement, fetch
from extensions.database.engine import translated_errors
from extensions.jobs.kinds import kinds
from extensions.jobs.lock import connect_for_jobs
from extensions.jobs.running import run_job
from extensions.jobs.sweep import due_jobs, postpone_job, recover_job, sweep

from .broker import RUN, broker
from .processes import Processes

log = logging.getLogger("catalog.jobs")

THREADS = 4  # of the pool, and as many again while no messages arrive
SILENCE_SECONDS = 10.0  # without a sweep, after which the worker sweeps without a message
AT_ONCE_SECONDS = 1.0  # two sweeps in this time count as one
MOST_HINTS = 8  # that a sweep sends to other threads and workers
MOST_TRIED = 50  # due jobs that a thread tries to take, before it leaves them to the next sweep
RAN = (0, 1)  # exit statuses of the process of a job: the job was run
NOT_RUN = 2  # the exit status if it was not taken

START_CLASS = 0x6A6F6270  # "jobp": the advisory lock of the worker that starts the process of a job
_LOCK_START = f"SELECT pg_try_advisory_lock({START_CLASS}, (%(id)s %% 2147483648)::integer)"
_FIND = Statement("SELECT kind, attempt FROM jobs WHERE id = %(id)s AND state = 'queued' AND due_at <= now()")


class Runner:
    """Runs the jobs of one worker. `command` returns the command line that runs a job in a process."""

    def __init__(self, app: Flask, command: Callable[[int], Sequence[str]]) -> None:
        self._app, self._processes = app, Processes(command)
        self._stopping = threading.Event()
        self._last_sweep = float("-inf")  # of time.monotonic
        self._threads: list[threading.Thread] = []

    def start(self) -> None:
        """Start the thread that sweeps while no messages arrive. It sweeps once at the beginning."""
        threading.Thread(target=self._watch, name="job-watch", daemon=True).start()

    def stop(self) -> None:
        """Begin no further job, and end the processes."""
        self._stopping.set()
        self._processes.stop()

    def run(self, job_id: int | None = None) -> None:
        """Run a job, if it can run, and then all that are due. Never raises."""
        with self._app.app_context(), _logged_errors():
            candidates = [] if job_id is None else [job_id]
            while not self._stopping.is_set():
                for candidate in candidates or due_jobs(MOST_TRIED):
                    if self._run_one(candidate):
                        break
                else:
                    if not candidates:
                        return
                candidates = []

    def sweep(self) -> None:
        """Sweep, wake other threads and workers for the jobs that are due, and run some here. Never raises."""
        if time.monotonic() - self._last_sweep < AT_ONCE_SECONDS or self._stopping.is_set():
            return
        with self._app.app_context(), _logged_errors():
            due = sweep()
            self._last_sweep = time.monotonic()
            with contextlib.suppress(Exception):  # whatever a broker raises, this thread runs the jobs
                for job_id in due[1 : 1 + MOST_HINTS]:
                    broker().publish(RUN, job_id)
        if due:
            self.run()

    def _watch(self) -> None:
        while not self._stopping.wait(0 if self._last_sweep < 0 else 1.0):
            if time.monotonic() - self._last_sweep < SILENCE_SECONDS:
                continue
            due: list[int] = []
            with self._app.app_context(), _logged_errors():
                due = sweep()
                self._last_sweep = time.monotonic()
            self._threads = [thread for thread in self._threads if thread.is_alive()]
            for job_id in due[: THREADS - len(self._threads)]:
                thread = threading.Thread(target=self.run, args=(job_id,), name="job-without-message", daemon=True)
                thread.start()
                self._threads.append(thread)

    def _run_one(self, job_id: int) -> bool:
        """Return whether the job was run."""
        rows = fetch(_FIND, {"id": job_id})
        if not rows:
            return False
        (kind, attempt) = rows[0]
        if kind not in kinds():
            return False
        return self._run_process(job_id, attempt) if kinds()[kind].has_process else run_job(job_id)

    def _run_process(self, job_id: int, attempt: int) -> bool:
        if not self._processes.reserve():
            return False
        try:
            # Until the process has taken the job, the job is queued. The lock keeps others from starting a second one.
            with translated_errors(), contextlib.closing(connect_for_jobs()) as connection:
                cursor = connection.cursor()
                cursor.execute(_LOCK_START, {"id": job_id})
                if not cursor.fetchone()[0]:
                    return False
                status = self._processes.run(job_id)
                if status is None:
                    recover_job(job_id, failed=False)
                elif status not in (*RAN, NOT_RUN):
                    log.error("The process of job %d ended with status %d", job_id, status)
                    recover_job(job_id, failed=True)
                    postpone_job(job_id, attempt)
                return status in RAN
        finally:
            self._processes.release()


@contextlib.contextmanager
def _logged_errors() -> Iterator[None]:
    """Log errors; the next sweep tries again."""
    try:
        yield
    except DatabaseUnavailable:
        log.debug("The database does not respond")
    except Exception:
        log.exception("A worker failed to run jobs")
