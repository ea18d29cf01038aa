"""A worker: Celery takes the messages, and a `Runner` runs the jobs."""

from __future__ import annotations

import atexit
import logging
import os
import signal
import threading
from collections.abc import Callable, Sequence
from types import FrameType

from celery.exceptions import WorkerShutdown
from celery.worker import WorkController
from flask import Flask

from .beat import create_beat, start_in_thread
from .broker import BROKER, QUEUE, RUN, SWEEP, Broker
from .runner import THREADS, Runner

log = logging.getLogger("catalog.jobs")

# From SIGTERM to the end of the process. Jobs that are still running then are queued again by the next sweep.
STOP_SECONDS = 15.0


def run_worker(app: Flask, command: Callable[[int], Sequence[str]], *, with_beat: bool) -> None:
    """Run jobs until SIGTERM or SIGINT. `command` returns the command line that runs a job in a process of its own."""
    _log_as_catalog()
    messages: Broker = app.extensions[BROKER]
    runner = Runner(app, command)
    messages.celery.task(name=RUN)(runner.run)
    messages.celery.task(name=SWEEP)(runner.sweep)
    worker = WorkController(
        app=messages.celery,
        pool="threads",
        concurrency=THREADS,
        queues=[QUEUE],
        loglevel="WARNING",
        without_gossip=True,
        without_mingle=True,
        without_heartbeat=True,
    )
    _on_stop(runner.stop)
    runner.start()
    if with_beat:
        start_in_thread(app)
    log.info("The worker for background jobs is ready")
    worker.start()


def run_beat(app: Flask) -> None:
    """Tell workers to sweep until SIGTERM or SIGINT."""
    _log_as_catalog()
    beat = create_beat(app)
    _on_stop(lambda: None)
    beat.start()


def _on_stop(stop: Callable[[], None]) -> None:
    """Call `stop` at the first SIGTERM or SIGINT, and end the process soon after it."""

    def handle(number: int, frame: FrameType | None) -> None:
        for other in (signal.SIGTERM, signal.SIGINT):
            signal.signal(other, signal.SIG_IGN)
        ending = threading.Timer(STOP_SECONDS, _end)
        ending.daemon = True
        ending.start()
        stop()
        raise WorkerShutdown(0)

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, handle)


def _end() -> None:
    """End the process, whatever its threads do; an embedded Postgres without further users is stopped before."""
    atexit._run_exitfuncs()
    os._exit(0)


def _log_as_catalog() -> None:
    """Log warnings and errors of Celery as the application logs."""
    for name in ("celery", "kombu"):
        library = logging.getLogger(name)
        library.setLevel(logging.WARNING)
        library.propagate = False
        library.handlers = logging.getLogger("catalog").handlers
