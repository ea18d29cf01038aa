"""Requests are sent to a collector as spans (OTLP over HTTP)."""

from __future__ import annotations

import gzip
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from flask import Flask
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from app.config import BadSetting, from_environment
from app.http.middleware.log import observation
from tests import ROOT

TRACE, PARENT = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
CALLED, NOT_SAMPLED = {"traceparent": f"00-{TRACE}-{PARENT}-01"}, {"traceparent": f"00-{TRACE}-{PARENT}-00"}


class Collector(ThreadingHTTPServer):
    """Receives spans."""

    def __init__(self) -> None:
        self.requests: list[ExportTraceServiceRequest] = []
        super().__init__(("127.0.0.1", 0), _Receiver)

    @property
    def spans(self) -> list[Any]:
        return [
            span
            for request in self.requests
            for resource in request.resource_spans
            for scope in resource.scope_spans
            for span in scope.spans
        ]

    def span(self, name: str) -> Any:
        """Return the only span with this name."""
        (found,) = [span for span in self.spans if span.name == name]
        return found


class _Receiver(BaseHTTPRequestHandler):
    server: Collector

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.headers.get("Content-Encoding") == "gzip":
            body = gzip.decompress(body)
        assert self.path == "/v1/traces"
        self.server.requests.append(ExportTraceServiceRequest.FromString(body))
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def collector(monkeypatch: pytest.MonkeyPatch) -> Iterator[Collector]:
    with Collector() as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", f"http://127.0.0.1:{server.server_port}")
        monkeypatch.setenv("OTEL_SERVICE_NAME", "bookshop")
        yield server
        server.shutdown()


@pytest.fixture
def traced(collector: Collector, app: Flask, make_app: Callable[..., Flask]) -> Callable[..., Collector]:
    """Send GET requests to an application, end it, and return the collector with its spans."""

    def send(*requests: tuple[str, dict[str, str]]) -> Collector:
        traced_app = make_app()
        observation.start(traced_app)
        for path, headers in requests:
            traced_app.test_client().get(path, headers=headers)
        observation.end(traced_app)()
        return collector

    return send


def attributes(span: Any) -> dict[str, Any]:
    return {item.key: item.value.string_value or item.value.int_value for item in span.attributes}


def test_a_request_is_a_span_below_that_of_its_caller(traced: Callable[..., Collector]) -> None:
    span = traced(("/books?limit=1", CALLED)).span("GET /books")
    assert (span.trace_id.hex(), span.parent_span_id.hex()) == (TRACE, PARENT)
    found = attributes(span)
    assert (found["http.route"], found["http.response.status_code"], found["url.query"]) == ("/books", 200, "limit=1")
    assert found["catalog.cache"] == "miss"
    assert span.end_time_unix_nano > span.start_time_unix_nano


def test_a_statement_is_a_span_of_its_request(traced: Callable[..., Collector]) -> None:
    collector = traced(("/books?title=Private", CALLED))
    request = collector.span("GET /books")
    statements = [span for span in collector.spans if "db.query.text" in attributes(span)]
    waits = [span for span in collector.spans if span.name == "waiting"]
    assert statements
    assert waits
    for span in (*statements, *waits):
        assert (span.trace_id, span.parent_span_id) == (request.trace_id, request.span_id)
        assert request.start_time_unix_nano <= span.start_time_unix_nano <= span.end_time_unix_nano
    assert "Private" not in str(statements)


def test_a_hit_is_a_span_of_its_own(traced: Callable[..., Collector]) -> None:
    hits = [
        span
        for span in traced(("/books", CALLED), ("/books", CALLED)).spans
        if attributes(span).get("catalog.cache") == "hit"
    ]
    assert len(hits) == 1
    assert hits[0].parent_span_id.hex() == PARENT


def test_a_request_without_a_caller_begins_a_trace(traced: Callable[..., Collector]) -> None:
    span = traced(("/books", {})).span("GET /books")
    assert span.parent_span_id == b""
    assert span.trace_id != b"\0" * 16


def test_a_trace_that_is_not_sampled_is_not_sent(traced: Callable[..., Collector]) -> None:
    assert traced(("/books", NOT_SAMPLED)).spans == []


def test_the_settings_of_opentelemetry_hold(traced: Callable[..., Collector]) -> None:
    resource = traced(("/books", CALLED)).requests[0].resource_spans[0].resource
    assert attributes(resource)["service.name"] == "bookshop"


def test_no_exporter_is_imported_without_a_collector() -> None:
    code = "import sys, asgi; print([m for m in sys.modules if m.startswith('opentelemetry.exporter')])"
    environment = {**os.environ, "DATABASE_URL": "postgresql://nowhere/none", "OTEL_EXPORTER_OTLP_ENDPOINT": ""}
    run = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env=environment, capture_output=True, text=True, check=True
    )
    assert run.stdout == "[]\n"


def test_missing_packages_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.config.readers.find_spec", lambda _: None)
    with pytest.raises(BadSetting, match=r"pip install --requirement requirements-tracing\.txt"):
        from_environment({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:4318"})
