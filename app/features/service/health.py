"""Health checks: whether the process runs, and whether it can serve the catalog."""

from __future__ import annotations

from flask import Blueprint, Response

from app.config import command_line
from app.core.openapi import describe
from app.core.openapi.operations import ReadDocument
from app.core.openapi.schemas import object_schema
from app.http.access.rights import HEALTH, requires
from app.http.problems import Unavailable
from app.http.responses import uncached_response
from extensions.database import newest_revision, probe

from . import SERVICE

SCHEMAS = {"Health": object_schema({"status": {"type": "string", "enum": ["live", "ready"]}})}
EXAMPLE = {"status": "ready"}

health = Blueprint("health", __name__, url_prefix="/health")


@health.get("/live")
@describe(ReadDocument(SERVICE, SCHEMAS, EXAMPLE), link="health_live")
@requires(HEALTH)
def live() -> Response:
    """Check whether the process runs."""
    return uncached_response({"status": "live"})


@health.get("/ready")
@describe(ReadDocument(SERVICE, SCHEMAS, EXAMPLE, problems=(503,)), link="health_ready")
@requires(HEALTH)
def ready() -> Response:
    """Check whether the database is available and migrated."""
    if probe() != newest_revision():
        raise Unavailable(f"The database is not migrated. Run `{command_line('prepare')}`.")
    return uncached_response({"status": "ready"})
