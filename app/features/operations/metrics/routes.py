"""``/metrics``."""

from __future__ import annotations

from flask import Blueprint, Response, current_app, request
from flask.sansio.blueprints import BlueprintSetupState

from app.core.openapi import describe
from app.http.access.address import is_for_metrics_port
from app.http.access.audience import write_cache_control
from app.http.access.rights import METRICS as METRICS_RIGHT
from app.http.access.rights import requires
from app.http.problems import NotFound
from extensions.telemetry.metrics import METRICS, Metrics

from .openapi import READ_METRICS
from .service import create_metrics

metrics = Blueprint("metrics", __name__)


@metrics.record
def add_metrics(state: BlueprintSetupState) -> None:
    """Give an application its metrics, unless the setting METRICS is off."""
    if state.app.config["METRICS"]:
        state.app.extensions[METRICS] = create_metrics(state.app)  # type: ignore[arg-type]


@metrics.get("/metrics")
@describe(READ_METRICS, link="metrics")
@requires(METRICS_RIGHT)
def index() -> Response:
    """Read the metrics of all workers together, as OpenMetrics or in Prometheus' text format.

    Clients on a loopback address need no account, unless a proxy passes their requests on.
    """
    service: Metrics | None = current_app.extensions.get(METRICS)
    if service is None:
        raise NotFound("The metrics are off. Set METRICS=on, and start the service again.")
    port = current_app.config["METRICS_PORT"]
    if port and not is_for_metrics_port(request.environ, port):
        raise NotFound(f"The metrics are on port {port} (the setting METRICS_PORT).")
    text, media_type = service.exposition(request.headers.get("Accept", ""))
    return Response(text, content_type=media_type, headers={"Cache-Control": write_cache_control(), "Vary": "Accept"})
