"""All metrics of an application: its counts, what is measured at each scrape, and the thread that writes counts."""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flask import Flask

from .counts import Counts
from .exposition import exposition
from .family import Family, Sample
from .shared_files import FOLDER, file_of, read_values

METRICS = "catalog.metrics"  # key in the application's extensions
SOURCES = "catalog.metric_sources"  # likewise
WRITE_SECONDS = 1.0  # between writes of the counts: a scrape of another worker is at most this much behind

log = logging.getLogger("catalog.metrics")


@dataclass(frozen=True)
class Source:
    """Gauges that one statement or two measure at a scrape."""

    families: tuple[Family, ...]
    read: Callable[[Any], Iterable[Sample]]  # takes a psycopg2 cursor in autocommit


def add_source(app: Flask, source: Source) -> None:
    """Register gauges of the database with an application."""
    app.extensions.setdefault(SOURCES, []).append(source)


def sources_of(app: Flask) -> list[Source]:
    """Return the sources of an application, in the order of their registration."""
    sources: list[Source] = app.extensions.get(SOURCES, [])
    return sources


class Metrics:
    """The metrics of an application.

    Without `share`, it has the counts of this process alone.
    """

    def __init__(
        self,
        families: Callable[[], tuple[Family, ...]],
        update: Callable[[Counts], None],
        measure: Callable[[], Iterable[Sample]],
    ) -> None:
        """`families` returns all metrics, in the order of the document.

        `update` brings the counts up to date before each write; `measure` returns the other gauges at a scrape.
        """
        self.families, self._update, self._measure = families, update, measure
        self.counts = Counts()
        self._folder: Path | None = None
        self._flushing = threading.Lock()

    def share(self) -> None:
        """Share the counts with the other workers of the service from now on, if it has a folder for them.

        A thread writes them to a file while the process runs.
        """
        folder = Path(os.environ.get(FOLDER, ""))
        if FOLDER not in os.environ:
            return
        try:
            self.counts.open(file_of(folder, os.getpid()))
        except OSError as error:
            log.error("Each worker has metrics of its own, because they cannot be shared: %s", error)
            return
        self._folder = folder
        self.flush()
        threading.Thread(target=self._repeat, name="metrics", daemon=True).start()

    def flush(self) -> None:
        """Write the counts now."""
        with self._flushing:
            self._update(self.counts)
            self.counts.write()

    def exposition(self, accept: str) -> tuple[bytes, str]:
        """Return all metrics as text, and its media type."""
        try:
            self.flush()
        except OSError as error:  # a full disk: others then see the counts of this process as they were
            log.error("The metrics of this process could not be written: %s", error)
        values = self.counts.values() if self._folder is None else read_values(self._folder)
        return exposition(self.families(), values, self._measure(), accept)

    def _repeat(self) -> None:
        while True:
            time.sleep(WRITE_SECONDS)
            try:
                self.flush()
            except Exception:  # a full disk, for example; the counts stay in memory
                log.exception("The metrics of this process could not be written")
                time.sleep(60.0)
