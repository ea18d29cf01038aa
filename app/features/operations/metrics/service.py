"""The metrics of an application, put together."""

from __future__ import annotations

from flask import Flask

from app.core.openapi.about import VERSION
from app.http.middleware.request_record import Observer
from app.http.urls import path_of
from extensions.database.engine import ADMISSION
from extensions.telemetry.metrics import METRICS, Counts, Family, Metrics, Sample, sources_of

from .database import DatabaseGauges
from .families import BUILD, FAMILIES
from .processes import ProcessCounts
from .requests import RequestCounts

OBSERVERS = "catalog.request_counts"  # key in the application's extensions


def create_metrics(app: Flask) -> Metrics:
    """Return the metrics of an application; requests are counted by `request_observers`."""
    gauges = DatabaseGauges()
    processes = ProcessCounts(app.extensions[ADMISSION])

    def update(counts: Counts) -> None:
        for requests in app.extensions.get(OBSERVERS, ()):
            requests.move_to(counts)
        processes.move_to(counts)

    def measure() -> list[Sample]:
        return [Sample(BUILD, (VERSION,), 1), *gauges()]

    def families() -> tuple[Family, ...]:
        return (*FAMILIES, *(family for source in sources_of(app) for family in source.families))

    return Metrics(families, update, measure)


def request_observers(app: Flask) -> tuple[Observer, ...]:
    """Return what counts the requests of an application with all its routes; nothing without metrics."""
    if METRICS not in app.extensions:
        return ()
    app.extensions[OBSERVERS] = (RequestCounts(frozenset(path_of(rule.rule) for rule in app.url_map.iter_rules())),)
    observers: tuple[Observer, ...] = app.extensions[OBSERVERS]
    return observers
