"""What is observed of each request, by the settings of an application."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from flask import Flask

from app.http.access.audience import personal_paths, words_of_paths
from app.http.middleware.request_record import Observation, Observer
from extensions.telemetry.line_writer import LINES
from extensions.telemetry.tracing import Tracing

from .access import AccessLog
from .secrets import PersonalPaths
from .slow import SlowLog
from .traces import Traces

TRACING = "catalog.tracing"  # key in the application's extensions: a `Tracing`, if traces are sent


def create(app: Flask, further: Sequence[Observer] = ()) -> Observation:
    """Return what is observed of the requests of an application; `further` observers are called first."""
    personal = PersonalPaths(personal_paths(app), words_of_paths(app))
    observers: list[Observer] = [*further, AccessLog(personal, app.config["LOG_FORMAT"])]
    is_traced = bool(app.config["OTEL_EXPORTER_OTLP_ENDPOINT"])
    if is_traced:
        tracing = app.extensions[TRACING] = Tracing()
        observers.append(Traces(personal, tracing))
    return Observation(
        tuple(observers),
        server_timing=app.config["SERVER_TIMING"],
        slow_seconds=app.config["SLOW_MS"] / 1000 or float("inf"),
        on_slow=SlowLog(),
        is_traced=is_traced,
    )


def start(app: Flask) -> None:
    """Start what sends traces, if they are sent, so that no request waits for it. Call it after a fork."""
    if TRACING in app.extensions:
        app.extensions[TRACING].start()


def end(app: Flask) -> Callable[[], None]:
    """Return the function that writes and sends what a process that ends still holds."""

    def finish() -> None:
        LINES.flush()
        if TRACING in app.extensions:
            app.extensions[TRACING].stop()

    return finish
