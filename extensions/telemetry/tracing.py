"""Traces, sent to a collector by OpenTelemetry's SDK over OTLP.

The spans are made by hand at the end of each request, from its times: the automatic instrumentations see neither hits
of the cache nor statements. The SDK reads its own settings, ``OTEL_…``, from the environment.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from .timing import DATABASE, Part
from .trace_context import TraceContext

if TYPE_CHECKING:  # the packages are optional, and take a quarter of a second to load
    from opentelemetry.sdk.trace import TracerProvider

SERVICE = "catalog"  # name of the service, unless OTEL_SERVICE_NAME gives another


class SpanIds:
    """Generates ids of spans, of which the next one can be given: the log has it already."""

    def __init__(self, generator: Any) -> None:
        self._generator = generator
        self.given: TraceContext | None = None

    def generate_span_id(self) -> int:
        """Return the id of the next span."""
        given, self.given = self.given, None  # the parts of a request have ids of their own
        return int(given.span_id, 16) if given else int(self._generator.generate_span_id())

    def generate_trace_id(self) -> int:
        """Return the id of a trace that begins with the next span."""
        return int(self.given.trace_id, 16) if self.given else int(self._generator.generate_trace_id())

    def is_trace_id_random(self) -> bool:
        """Whether the ids of traces are random, as level 2 of Trace Context defines it."""
        return False


class Tracing:
    """Sends the spans of requests. Threads and connections begin with `start`, so call it after a fork."""

    def __init__(self) -> None:
        self._provider: TracerProvider | None = None
        self._lock = threading.Lock()  # of the given id

    def start(self) -> None:
        """Start the thread that sends spans, unless it runs."""
        if self._provider is not None:
            return
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import SERVICE_NAME, OTELResourceDetector, Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
        from opentelemetry.sdk.trace.id_generator import RandomIdGenerator

        resource = Resource.create({SERVICE_NAME: SERVICE}).merge(OTELResourceDetector().detect())
        self._ids = SpanIds(RandomIdGenerator())
        provider = TracerProvider(resource=resource, id_generator=self._ids)  # type: ignore[arg-type]
        provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
        self._tracer = provider.get_tracer("catalog")
        self._provider = provider

    def send(
        self,
        name: str,
        context: TraceContext,
        began: float,
        seconds: float,
        attributes: Mapping[str, Any],
        parts: Iterable[Part],
        shape: Callable[[str], str],
        *,
        has_failed: bool,
    ) -> None:
        """Send the span of a request and the spans of its parts.

        Times are values of ``perf_counter``. `shape` returns the text of a statement as it may be shown.
        """
        from opentelemetry import trace

        self.start()
        kinds = trace.SpanKind
        offset = time.time_ns() - int(time.perf_counter() * 1e9)

        def at(seconds: float) -> int:
            return int(seconds * 1e9) + offset

        span = self._request_span(name, context, at(began), attributes)
        if span.is_recording():
            parent = trace.set_span_in_context(span)
            for kind, start, end, statement in parts:
                text = shape(statement)
                values = {"db.system.name": "postgresql", "db.query.text": text} if kind == DATABASE else {}
                title = (text.split(None, 1) or [kind])[0] if kind == DATABASE else kind
                child = self._tracer.start_span(
                    title,
                    parent,
                    kinds.CLIENT if kind == DATABASE else kinds.INTERNAL,
                    attributes=values,
                    start_time=at(start),
                )
                child.end(at(end))
            if has_failed:
                span.set_status(trace.StatusCode.ERROR)
        span.end(at(began + seconds))

    def _request_span(self, name: str, context: TraceContext, start: int, attributes: Mapping[str, Any]) -> Any:
        """Return the begun span of a request, with the ids of its context, below the span of the caller."""
        from opentelemetry import trace

        parent = trace.set_span_in_context(trace.INVALID_SPAN)
        if context.parent_id:
            remote = trace.SpanContext(
                int(context.trace_id, 16),
                int(context.parent_id, 16),
                is_remote=True,
                trace_flags=trace.TraceFlags(int(context.is_sampled)),
                trace_state=trace.TraceState.from_header([context.state]) if context.state else None,
            )
            parent = trace.set_span_in_context(trace.NonRecordingSpan(remote))
        with self._lock:
            self._ids.given = context
            return self._tracer.start_span(
                name, parent, trace.SpanKind.SERVER, attributes=dict(attributes), start_time=start
            )

    def stop(self) -> None:
        """Send the spans that wait, and end."""
        if self._provider is not None:
            self._provider.shutdown()
