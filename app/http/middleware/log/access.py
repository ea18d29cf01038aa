"""Logs one line for each request.

It is formatted here, not by the module logging, and written in batches: a line costs two microseconds of a cache hit's
ninety, instead of fifty.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from functools import lru_cache

from app.http.access.identity import known_account
from app.http.middleware.request_record import RequestRecord, trace_of
from app.http.wsgi import REQUEST_ID
from app.values.text import escaped
from extensions.telemetry.line_writer import LINES

from .formats import ECS_VERSION, local_second, quote, utc_second
from .secrets import PersonalPaths, without_secrets

LOGGER = "catalog.access"
LONGEST_CACHED = 500  # characters of path and query string; a client may send 64 kB of them

log = logging.getLogger(LOGGER)


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
        path = record.environ["PATH_INFO"]
        if not log.isEnabledFor(logging.INFO):
            return
        if path.startswith("/health/") and record.status.startswith("200"):
            return
        self._write(self._line(record, path))

    def _request(self, record: RequestRecord, path: str) -> str:
        """Return the part of the line that is the same for all requests of a URL."""
        environ = record.environ
        query = environ.get("QUERY_STRING", "")
        describe = self._cached if len(path) + len(query) <= LONGEST_CACHED else self._describe
        return describe(record.method, environ.get("SCRIPT_NAME", ""), path, query)

    def _text(self, record: RequestRecord, path: str) -> str:
        now, environ = time.time(), record.environ
        second = int(now)
        further = f" account={account}" if (account := known_account(environ)) else ""
        if record.streamed:
            further += f" streamed {record.size:,} bytes" + ("" if record.streamed == "whole" else ", incomplete")
        return (
            f"{local_second(second)},{int((now - second) * 1000):03} INFO {LOGGER} {self._request(record, path)} "
            f"{record.status[:3]} {record.seconds * 1000:.1f}ms {record.cache_status or '-'} "
            f"id={_shown_id(environ[REQUEST_ID])}{further}\n"
        )

    def _text_request(self, method: str, script_name: str, path: str, query: str) -> str:
        path, query = self._personal.logged(script_name, path, query)
        return f"{without_secrets(escaped(method))} {path}{'?' if query else ''}{query}"

    def _json(self, record: RequestRecord, path: str) -> str:
        now, environ, timing = time.time(), record.environ, record.timing
        second = int(now)
        trace = trace_of(environ)
        further = ""
        if timing.statements:
            further = f',"catalog.database.statements":{timing.statements}'
            further += f',"catalog.database.duration":{int(timing.database * 1e9)}'
        if timing.waiting:
            further += f',"catalog.waiting.duration":{int(timing.waiting * 1e9)}'
        if account := known_account(environ):
            further += f',"user.id":"{account}"'
        if record.streamed:
            further += f',"catalog.stream":"{record.streamed}"'
        if record.cache:
            further += f',"catalog.cache":"{record.cache}"'
        if record.route:
            further += f',"catalog.route":{_quoted(record.route)}'
        return (
            f'{{"@timestamp":"{utc_second(second)}.{int((now - second) * 1000):03}Z",{self._request(record, path)},'
            f'"event.duration":{int(record.seconds * 1e9)},"http.response.status_code":{record.status[:3]},'
            f'"http.response.body.bytes":{record.size},"http.request.id":"{_shown_id(environ[REQUEST_ID])}",'
            f'"trace.id":"{trace.trace_id}","span.id":"{trace.span_id}"{further}}}\n'
        )

    def _json_request(self, method: str, script_name: str, path: str, query: str) -> str:
        path, query = self._personal.logged(script_name, path, query)
        method = without_secrets(escaped(method))
        url = f'"url.path":{quote(path)}' + (f',"url.query":{quote(query)}' if query else "")
        return (
            f'"log.level":"info","message":{quote(f"{method} {path}")},"ecs.version":"{ECS_VERSION}",'
            f'"log.logger":"{LOGGER}","http.request.method":{quote(method)},{url}'
        )


_quoted = lru_cache(maxsize=256)(quote)  # of the routes


def _shown_id(request_id: str) -> str:
    """Return the id of a request for the log: a client may have sent a token as its id."""
    return without_secrets(request_id) if "cat_" in request_id else request_id
