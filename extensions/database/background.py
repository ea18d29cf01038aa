"""Work on the database that a process of the service repeats in a thread of its own."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable

from flask import Flask

from .engine import DatabaseUnavailable

FAILURE_SECONDS = 60.0  # before the next attempt after an error that is not an outage

log = logging.getLogger("catalog.background")


def start_repeating(app: Flask, name: str, work: Callable[[], int], pause: float) -> None:
    """Start a thread with this name that repeats `work` in the context of the application.

    `work` is a short transaction, and returns 0 if nothing was left to do. Then the thread pauses for `pause` seconds;
    else as long as the work took, so that requests have half of the time.
    """
    threading.Thread(target=_repeat, args=(app, name, work, pause), name=name, daemon=True).start()


def _repeat(app: Flask, name: str, work: Callable[[], int], idle_pause: float) -> None:
    with app.app_context():
        while True:
            started, pause = time.monotonic(), idle_pause
            try:
                if work():
                    pause = time.monotonic() - started
            except DatabaseUnavailable:
                pass
            except Exception:
                log.exception("The work of the thread %s failed", name)
                pause = max(pause, FAILURE_SECONDS)
            time.sleep(pause)
