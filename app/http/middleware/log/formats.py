"""How an event becomes text, or a line of JSON with the names of the Elastic Common Schema (ECS)."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable
from typing import Any

from app.http.middleware.request_record import trace_of
from app.http.wsgi import REQUEST_ID, ROUTE
from app.values.text import escaped
from extensions.telemetry.timing import current_timing

from .secrets import without_secrets

TEXT_FORMAT = "%(asctime)s %(levelname)s %(name)s %(message)s"
ECS_VERSION = "8.17.0"
FIELDS = "ecs"  # attribute of a `LogRecord`: further fields of the line

quote: Callable[[str], str] = json.encoder.encode_basestring_ascii


class LineFormatter(logging.Formatter):
    """Formats an event as one line, with control characters escaped. A traceback follows on further lines.

    No line shows a token or an e-mail address, wherever it comes from: a URL, a value in a traceback, another server.
    """

    def format(self, record: logging.LogRecord) -> str:
        return without_secrets(super().format(record))

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - the name of the standard library
        record.message = escaped(record.message)
        return super().formatMessage(record)


class JsonFormatter(logging.Formatter):
    """Formats an event as one line of JSON, with the traceback in it, and without tokens and e-mail addresses.

    An event within a request has its id, route and trace.
    """

    def format(self, record: logging.LogRecord) -> str:
        fields: dict[str, Any] = {
            "@timestamp": timestamp(record.created),
            "log.level": record.levelname.lower(),
            "message": without_secrets(record.getMessage()),
            "ecs.version": ECS_VERSION,
            "log.logger": record.name,
            "process.pid": record.process,
        }
        timing = current_timing()
        if timing is not None and REQUEST_ID in timing.request:
            fields |= request_fields(timing.request)
        if record.exc_info and record.exc_info[0] is not None:
            kind, error, _ = record.exc_info
            fields["error.type"] = f"{kind.__module__}.{kind.__qualname__}".removeprefix("builtins.")
            fields["error.message"] = without_secrets(_shown(error))
            fields["error.stack_trace"] = without_secrets(self.formatException(record.exc_info))
        elif record.stack_info:
            fields["error.stack_trace"] = without_secrets(record.stack_info)
        fields |= getattr(record, FIELDS, {})
        return json.dumps({name: _encodable(value) for name, value in fields.items()}, separators=(",", ":"))


def _shown(error: object) -> str:
    try:
        return str(error)
    except Exception:  # the line is logged because of this error already
        return "(an error without a readable message)"


def _encodable(value: Any) -> Any:
    """Return a value without lone surrogates, which are not Unicode, though JSON can express them."""
    if isinstance(value, str) and not value.isascii():
        return value.encode("utf-8", "replace").decode()
    return value


def request_fields(environ: Any) -> dict[str, Any]:
    """Return the fields that name the request of an event."""
    trace = trace_of(environ)
    fields = {"http.request.id": without_secrets(environ[REQUEST_ID])}
    if ROUTE in environ:
        fields["catalog.route"] = environ[ROUTE]
    return fields | {"trace.id": trace.trace_id, "span.id": trace.span_id}


class _Clock:
    """Formats times to milliseconds. The text of the latest one is kept, because a worker logs many lines in each."""

    def __init__(self, seconds: str, milliseconds: str, convert: Callable[[float], time.struct_time]) -> None:
        self._seconds, self._milliseconds, self._convert = seconds, milliseconds, convert
        self._known = (-1, "")  # a tuple, because threads share it

    def __call__(self, seconds: float) -> str:
        """Return the text of a time of Unix."""
        milliseconds = int(seconds * 1000)
        known = self._known
        if known[0] != milliseconds:
            text = time.strftime(self._seconds, self._convert(milliseconds // 1000)) + self._milliseconds % (
                milliseconds % 1000
            )
            known = self._known = (milliseconds, text)
        return known[1]


timestamp = _Clock("%Y-%m-%dT%H:%M:%S", ".%03dZ", time.gmtime)  # in UTC, RFC 3339
local_time = _Clock("%Y-%m-%d %H:%M:%S", ",%03d", time.localtime)  # as the module logging writes it


def formatter(log_format: str) -> logging.Formatter:
    """Return the formatter of events for a value of the setting LOG_FORMAT."""
    return JsonFormatter() if log_format == "json" else LineFormatter(TEXT_FORMAT)
