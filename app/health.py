"""Health: whether the process runs, and whether it can do its work."""

from __future__ import annotations

from flask import Blueprint, Response

from extensions import database
from extensions.migrate import newest_revision

from .documentation import describe
from .problems import Unavailable
from .responses import uncached

health = Blueprint("health", __name__, url_prefix="/health")


@health.get("/live")
@describe(gives="Health", tag="service")
def live() -> Response:
    """Tell whether the process runs."""
    return uncached({"status": "live"})


@health.get("/ready")
@describe(gives="Health", tag="service", problems=(503,))
def ready() -> Response:
    """Tell whether the database answers and is migrated."""
    revision = database.probe()
    if revision != newest_revision():
        raise Unavailable("The database is not migrated; run: flask --app wsgi db upgrade")
    return uncached({"status": "ready"})
