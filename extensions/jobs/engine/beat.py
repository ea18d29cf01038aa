"""Beat: tells the workers every few seconds to sweep."""

from __future__ import annotations

import logging
import threading
from typing import Any

from celery.beat import ScheduleEntry, Scheduler, Service
from flask import Flask

from .broker import BROKER, SWEEP, Broker

log = logging.getLogger("catalog.jobs")

SWEEP_SECONDS = 5.0


class SweepScheduler(Scheduler):
    """Sends through the broker of the jobs, which adds nothing to a full queue. Keeps no file."""

    producer = None  # Celery's would wait for the broker

    def install_default_entries(self, data: Any) -> None:
        """Add nothing: without results, none expire."""

    def apply_entry(self, entry: ScheduleEntry, producer: Any = None) -> None:
        """Send a message. If the broker is away, the workers sweep without one."""
        sender: Broker = self.app.conf["catalog_broker"]
        try:
            sender.publish(entry.task)
        except Exception as error:  # whatever a broker raises
            log.debug("The broker of the jobs does not respond: %s", error)


def create_beat(app: Flask) -> Service:
    """Return a beat, which `start` runs until `stop` is called in another thread."""
    sender: Broker = app.extensions[BROKER]
    schedule = {"sweep": {"task": SWEEP, "schedule": SWEEP_SECONDS}}
    sender.celery.conf.update(beat_schedule=schedule, catalog_broker=sender)
    return Service(sender.celery, max_interval=1, scheduler_cls=SweepScheduler)


def start_in_thread(app: Flask) -> None:
    """Start a beat in a thread, which ends with the process."""
    threading.Thread(target=create_beat(app).start, name="beat", daemon=True).start()
