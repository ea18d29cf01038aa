"""The gunicorn worker: uvicorn's event loop (uvloop, httptools) with limits on slow clients."""

from __future__ import annotations

from typing import Any, ClassVar

from uvicorn_worker import UvicornWorker

from .connection_limits import LimitedProtocol


class Worker(UvicornWorker):
    """A worker process that serves one ASGI application."""

    CONFIG_KWARGS: ClassVar[dict[str, Any]] = {
        "loop": "uvloop",
        "http": LimitedProtocol,
        "ws": "none",
        "lifespan": "on",
        "access_log": False,  # the application itself logs requests, with their ids
        "server_header": False,
        "timeout_graceful_shutdown": 18,  # seconds; gunicorn kills the worker after 20
    }
