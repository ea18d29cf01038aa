"""Sets up logging: of the application, and of the programs that run it."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from flask import Flask

from extensions.telemetry.line_writer import LINES

from .formats import formatter


class EventHandler(logging.StreamHandler):
    """Writes events to standard error at once, after the lines of earlier requests."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write an event."""
        LINES.flush()
        super().emit(record)


def init_app(app: Flask) -> None:
    """Set up logging at `LOG_LEVEL`, in `LOG_FORMAT`. All applications of a process share one handler."""
    logger = logging.getLogger("catalog")
    logger.setLevel(app.config["LOG_LEVEL"])
    logger.propagate = False
    if not logger.handlers:
        logger.addHandler(EventHandler())
    for handler in logger.handlers:
        handler.setFormatter(formatter(app.config["LOG_FORMAT"]))


def json_logging(level: str) -> Mapping[str, Any]:
    """Return the configuration, as of ``logging.config``, under which other programs log JSON: gunicorn, uvicorn.

    `level` is the least that they log.
    """
    handler = {"class": "logging.StreamHandler", "formatter": "json", "stream": "ext://sys.stderr"}
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"json": {"()": "app.http.middleware.log.formats.JsonFormatter"}},
        "handlers": {"json": handler},
        "root": {"level": "WARNING", "handlers": ["json"]},
        "loggers": {
            name: {"level": level.upper(), "handlers": ["json"], "propagate": False}
            for name in ("gunicorn.error", "gunicorn.access", "uvicorn.error", "celery")
        },
    }


def json_event(message: str, logger: str = "catalog.server") -> str:
    """Return a message of the server as a line of JSON, before logging is set up."""
    return formatter("json").format(logging.LogRecord(logger, logging.INFO, "", 0, message, None, None))
