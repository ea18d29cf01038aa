"""Hints: messages that wake a worker. Without them, `sweep` finds a job some seconds later."""

from __future__ import annotations

import atexit
import logging
import queue
import threading
import time

from flask import after_this_request, current_app, has_request_context
from flask.typing import ResponseReturnValue

from .broker import RUN, Broker, broker

log = logging.getLogger("catalog.jobs")

SENDER = "catalog.job_hints"  # key in the application's extensions
MOST_WAITING = 100  # hints in this process; further ones are dropped
PAUSE_SECONDS = 5.0  # for which hints are dropped after an error of the broker
EXIT_SECONDS = 1.0  # for which a process that ends waits until its hints are sent


def send_hint(job_id: int) -> None:
    """Tell a worker of a job that is due. Call it after the commit.

    Returns at once and never fails. Inside of a request, the hint is sent after the view, because a request with an
    `Idempotency-Key` is committed after its view.
    """
    sender = _sender()
    if not has_request_context():
        sender.add(job_id)
        return

    @after_this_request
    def send(response: ResponseReturnValue) -> ResponseReturnValue:
        sender.add(job_id)
        return response


class Sender:
    """Sends hints from a thread of its own, which starts with the first one."""

    def __init__(self, to: Broker) -> None:
        self._broker = to
        self._waiting: queue.Queue[int] = queue.Queue(MOST_WAITING)
        self._start = threading.Lock()
        self._thread: threading.Thread | None = None
        self._next_attempt = 0.0  # of time.monotonic

    def add(self, job_id: int) -> None:
        """Send a hint soon, unless too many wait or the broker has just failed."""
        try:
            self._waiting.put_nowait(job_id)
        except queue.Full:
            return
        with self._start:
            if self._thread is None or not self._thread.is_alive():  # it does not live on in a forked process
                self._thread = threading.Thread(target=self._send_all, name="job-hints", daemon=True)
                self._thread.start()
                atexit.register(self._finish)

    def _send_all(self) -> None:
        while True:
            job_id = self._waiting.get()
            try:
                if time.monotonic() >= self._next_attempt:
                    self._broker.publish(RUN, job_id)
            except Exception as error:  # whatever a broker raises, a sweep finds the job
                self._next_attempt = time.monotonic() + PAUSE_SECONDS
                log.debug("The broker of the jobs does not respond: %s", error)
            finally:
                self._waiting.task_done()

    def _finish(self) -> None:
        deadline = time.monotonic() + EXIT_SECONDS
        while self._waiting.unfinished_tasks and time.monotonic() < deadline:
            time.sleep(0.01)


def _sender() -> Sender:
    sender: Sender = current_app.extensions.setdefault(SENDER, Sender(broker()))
    return sender
