"""Logs one line for each request.

It is formatted here and written in batches, because a line of the module logging costs much of a cache hit.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import lru_cache

from app.http.access.identity import known_account
from app.http.middleware.request_record import NO_TIMING, RequestRecord, trace_of
from app.http.wsgi import REQUEST_ID, TRACE
from app.values.text import escaped
from extensions.telemetry.line_writer import LINES
from extensions.telemetry.trace_context import new_ids

from .formats import ECS_VERSION, local_time, quote, timestamp
from .secrets import PersonalPaths, without_secrets

LOGGER = "catalog.access"
LONGEST_CACHED = 500  # characters of path and query string; a client may send 64 kB of them


class AccessLog:
    """Logs one line for each request; an `Observer`.

    Successful health checks are not logged, because they are frequent.
    """

    def __init__(self, personal: PersonalPaths, log_format: str, write: Callable[[str], None] = LINES.write) -> None:
        """`log_format` is the setting LOG_FORMAT."""
        self._personal, self._write = personal, write
        self._line = self._json if log_format == "json" else self._text
        describe = self._json_request if log_format == "json" else self._text_request
        self._describe, self._cached = describe, lru_cache(maxsize=1024)(describe)

    def __call__(self, record: RequestRecord) -> None:
        """Log a request with its status, duration and account."""
        environ = record.environ
        path, query = environ["PATH_INFO"], environ.get("QUERY_STRING", "")
        if path.startswith("/health/") and record.status.startswith("200"):
            return
        # The part of the line that is the same for all requests of a URL.
        describe = self._cached if len(path) + len(query) <= LONGEST_CACHED else self._describe
        request = describe(record.method, environ.get("SCRIPT_NAME", ""), path, query)
        request_id = environ[REQUEST_ID]
        if "cat_" in request_id:  # a client may send a token as its id
            request_id = without_secrets(request_id)
        self._write(self._line(record, request, request_id))

    def _text(self, record: RequestRecord, request: str, request_id: str) -> str:
        further = f" account={account}" if (account := known_account(record.environ)) else ""
        if record.streamed:
            further += f" streamed {record.size:,} bytes" + ("" if record.streamed == "whole" else ", incomplete")
        return (
            f"{local_time(time.time())} INFO {LOGGER} {request} {record.status[:3]} "
            f"{record.seconds * 1000:.1f}ms {record.cache_status or '-'} id={request_id}{further}\n"
        )

    def _json(self, record: RequestRecord, request: str, request_id: str) -> str:
        environ, timing, further = record.environ, record.timing, ""
        cache = "hit" if timing is NO_TIMING else record.cache  # only hits in the event loop have no timing
        if timing is not NO_TIMING:
            further = f',"catalog.database.statements":{timing.statements}'
            further += f',"catalog.database.duration":{int(timing.database * 1e9)}'
            further += f',"catalog.waiting.duration":{int(timing.waiting * 1e9)}'
        if account := known_account(environ):
            further += f',"user.id":"{account}"'
        if TRACE in environ or "HTTP_TRACEPARENT" in environ:
            trace_id, span_id, *_ = trace_of(environ)
        else:  # nothing else has used the ids
            trace_id, span_id = new_ids()
        return (
            f'{{"@timestamp":"{timestamp(time.time())}",{request},'
            f'"event.duration":{int(record.seconds * 1e9)},"http.request.id":"{request_id}",'
            f'"trace.id":"{trace_id}","span.id":"{span_id}","http.response.body.bytes":{record.size},'
            f"{_outcome(record.status, cache, record.route, record.streamed)}{further}}}\n"
        )

    def _text_request(self, method: str, script_name: str, path: str, query: str) -> str:
        path, query = self._personal.logged(script_name, path, query)
        return f"{without_secrets(escaped(method))} {path}{'?' if query else ''}{query}"

    def _json_request(self, method: str, script_name: str, path: str, query: str) -> str:
        path, query = self._personal.logged(script_name, path, query)
        method = without_secrets(escaped(method))
        url = f'"url.path":{quote(path)}' + (f',"url.query":{quote(query)}' if query else "")
        return (
            f'"log.level":"info","message":{quote(f"{method} {path}")},"ecs.version":"{ECS_VERSION}",'
            f'"log.logger":"{LOGGER}","http.request.method":{quote(method)},{url}'
        )


@lru_cache(maxsize=1024)
def _outcome(status: str, cache: str, route: str, streamed: str) -> str:
    """Return the fields of JSON whose values come from small closed lists."""
    fields = {"catalog.cache": cache, "catalog.route": route, "catalog.stream": streamed}
    further = "".join(f',"{name}":{quote(value)}' for name, value in fields.items() if value)
    return f'"http.response.status_code":{status[:3]}{further}'
