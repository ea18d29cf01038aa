"""Sends each request to the collector of traces, as a span with the attributes that OpenTelemetry gives to HTTP."""

from __future__ import annotations

from app.http.access.identity import known_account
from app.http.middleware.request_record import RequestRecord, trace_of
from app.http.wsgi import REQUEST_ID
from extensions.database import shape_of
from extensions.telemetry.tracing import Tracing

from .secrets import PersonalPaths, without_secrets


class Traces:
    """Sends the spans of each request; an `Observer`."""

    def __init__(self, personal: PersonalPaths, tracing: Tracing) -> None:
        self._personal, self._tracing = personal, tracing

    def __call__(self, record: RequestRecord) -> None:
        """Send the span of a request, and those of its waiting and its statements."""
        environ, timing = record.environ, record.timing
        path, query = self._personal.logged(
            environ.get("SCRIPT_NAME", ""), environ["PATH_INFO"], environ.get("QUERY_STRING", "")
        )
        attributes = {
            "http.request.method": record.method,
            "http.response.status_code": int(record.status[:3]),
            "http.response.body.size": record.size,
            "url.path": path,
            "url.scheme": environ["wsgi.url_scheme"],
            "catalog.request.id": without_secrets(environ[REQUEST_ID]),
            "catalog.database.statements": timing.statements,
        }
        if query:
            attributes["url.query"] = query
        if record.route:
            attributes["http.route"] = record.route
        if record.cache:
            attributes["catalog.cache"] = record.cache
        if account := known_account(environ):
            attributes["user.id"] = str(account)
        self._tracing.send(
            f"{record.method} {record.route}".rstrip(),
            trace_of(environ),
            record.started,
            record.seconds,
            attributes,
            timing.parts or (),
            shape_of,
            has_failed=record.status.startswith("5"),
        )
