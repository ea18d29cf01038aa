"""Starts the embedded Postgres again after it died: killed, or stopped by a full disk."""

from __future__ import annotations

import logging
import threading
import time
from pathlib import Path

from .cluster import Cluster, EmbeddedUnavailable
from .shared import start

PAUSE_SECONDS = 1.0  # between two attempts

log = logging.getLogger("catalog.database")


class Restarter:
    """Called whenever a connection to the server in `directory` is lost. Starts it in a thread if it does not run."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory.resolve()
        self._is_running = threading.Lock()
        self._next_attempt = 0.0  # of time.monotonic

    def __call__(self) -> None:
        """Return at once. Requests fail until the server is ready."""
        if time.monotonic() >= self._next_attempt and self._is_running.acquire(blocking=False):
            threading.Thread(target=self._restart, name="restart-postgres", daemon=True).start()

    def _restart(self) -> None:
        try:
            # A folder that was removed is not replaced by an empty database.
            if (self._directory / "PG_VERSION").exists() and not Cluster(self._directory).is_ready():
                log.warning("The embedded Postgres does not run; starting it again")
                start(self._directory)
                log.warning("The embedded Postgres runs again")
        except (EmbeddedUnavailable, OSError) as error:
            log.error("The embedded Postgres cannot be started: %s", error)
        finally:
            self._next_attempt = time.monotonic() + PAUSE_SECONDS
            self._is_running.release()
