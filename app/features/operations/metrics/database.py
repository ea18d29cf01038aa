"""Measures what the database knows, at each scrape: jobs, and what other features register."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Iterable
from typing import Any

import psycopg2
from flask import current_app

from extensions.database import DatabaseUnavailable, DeadlinePassed, connect
from extensions.database.deadline import within
from extensions.jobs import kinds
from extensions.jobs.table import STATES
from extensions.telemetry.metrics import Sample, sources_of

from .families import DATABASE_UP, ENDED_JOBS, JOB_SECONDS, JOBS, OLDEST_QUEUED

MILLISECONDS = "1000"  # of a statement, enforced by the server
SECONDS = 2.0  # of all statements, enforced by the client; Prometheus waits 10 s for an answer
FRESH_SECONDS = 1.0  # in which further scrapes get the same measurement
OTHER_KIND = "other"  # a kind that this version does not know

_JOBS = """
    SELECT kind, state, count(*), count(*) FILTER (WHERE finished_at > now() - interval '1 hour'),
        avg(extract(epoch FROM finished_at - started_at))
            FILTER (WHERE state = 'succeeded' AND finished_at > now() - interval '1 hour')
    FROM jobs GROUP BY kind, state
"""
_OLDEST_QUEUED = """
    SELECT coalesce(extract(epoch FROM now() - min(due_at)), 0) FROM jobs WHERE state = 'queued' AND due_at <= now()
"""


def read_jobs(cursor: Any) -> Iterable[Sample]:
    """Return the gauges of jobs. Every known kind has all states, so that alerts see zeros."""
    ended = [state for state in STATES if state not in ("queued", "running")]
    jobs = {(kind, state): 0 for kind in kinds() for state in STATES}
    last_hour = {(kind, state): 0 for kind in kinds() for state in ended}
    cursor.execute(_JOBS)
    for name, state, count, recent, seconds in cursor.fetchall():
        kind = name if name in kinds() else OTHER_KIND
        jobs[kind, state] = jobs.get((kind, state), 0) + count
        if state in ended:
            last_hour[kind, state] = last_hour.get((kind, state), 0) + recent
        if seconds is not None and kind != OTHER_KIND:
            yield Sample(JOB_SECONDS, (kind,), float(seconds))
    yield from (Sample(JOBS, labels, count) for labels, count in jobs.items())
    yield from (Sample(ENDED_JOBS, labels, count) for labels, count in last_hour.items())
    cursor.execute(_OLDEST_QUEUED)
    yield Sample(OLDEST_QUEUED, (), float(cursor.fetchone()[0]))


class DatabaseGauges:
    """Measures the database with one connection at a time, outside the pool.

    A busy pool does not delay a scrape. If the database is not available, the gauges say only that.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._measured, self._samples = -FRESH_SECONDS, list[Sample]()

    def __call__(self) -> list[Sample]:
        """Return the gauges, in the context of the application."""
        with self._lock:
            if time.monotonic() - self._measured > FRESH_SECONDS:
                self._samples, self._measured = _measure(), time.monotonic()
            return self._samples


def _measure() -> list[Sample]:
    samples: list[Sample] = []
    try:
        options = {"application_name": "catalog-metrics", "statement_timeout": MILLISECONDS}
        with (
            contextlib.closing(connect(options)) as connection,
            within(connection, SECONDS),
            connection.cursor() as cursor,
        ):
            connection.autocommit = True
            for read in (read_jobs, *(source.read for source in sources_of(current_app))):
                samples += read(cursor)
    except (DatabaseUnavailable, DeadlinePassed, psycopg2.Error):
        return [*samples, Sample(DATABASE_UP, (), 0)]
    return [*samples, Sample(DATABASE_UP, (), 1)]
