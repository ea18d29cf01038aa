"""The outermost middleware, through which every request and response passes.

It assigns request ids, rejects invalid URLs and hosts, serves reads from the cache before routing, and applies to each
response what depends on the client: CORS headers, 304 Not Modified, no body for HEAD.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterable
from functools import lru_cache, partial

from app.http.access.address import is_for_metrics_port
from app.http.access.identity import Identities, account_of
from app.http.headers.conditional import matches
from app.http.problems import BadRequest, Fault, NotFound, Problem, UriTooLong
from app.http.responses import Stream
from app.http.urls import URL_LONGEST, target
from app.http.wsgi import ARRIVED, REQUEST_ID, Environ, Headers, StartResponse, request_id
from extensions.cache import ResponseCache
from extensions.cors import Cors
from extensions.telemetry import timing as timings
from extensions.telemetry.server_timing import hit_timing, server_timing
from extensions.telemetry.timing import Timing

from .rate_limit import METRICS_PATH, RateLimit
from .raw_response import RawResponse, from_application, from_problem, with_length
from .request_record import NO_TIMING, Observation, RequestRecord, cache_result
from .response_cache import STORED_HEADERS, CachedReads

READS = ("GET", "HEAD")
NOT_MODIFIED_HEADERS = (*STORED_HEADERS[1:], "Age")
ON_EVERY_RESPONSE = [("X-Content-Type-Options", "nosniff")]

_host = re.compile(r"(\[[0-9a-f:.]+\]|[a-z0-9._~%-]+)(:[0-9]{0,5})?", re.ASCII | re.IGNORECASE)
_address = re.compile(r"(\[[0-9a-fA-F:.]+\]|[0-9.]+)(:[0-9]{0,5})?", re.ASCII)
_control = re.compile(r"[\x00-\x1f\x7f]")


@lru_cache(maxsize=256)
def _is_host(value: str) -> bool:
    """Whether the value of a header Host is well-formed (RFC 9110, section 7.2)."""
    return bool(_host.fullmatch(value))


@lru_cache(maxsize=256)
def _is_trusted(host: str, trusted: tuple[str, ...]) -> bool:
    """Whether the setting TRUSTED_HOSTS allows the value of a header Host, with any port."""
    name = re.sub(r":[0-9]*$", "", host.lower())
    return any(name == each or (each.startswith(".") and f".{name}".endswith(each)) for each in trusted)


class Front:
    """Wraps a WSGI application.

    The server calls `recall` in its event loop, then `respond` in a thread.
    """

    def __init__(
        self,
        inner: Callable[..., Iterable[bytes]],
        cache: ResponseCache,
        cors: Cors,
        trusted_hosts: list[str],
        other_types: tuple[str, ...],
        waiting: int,
        identities: Identities,
        uncached: frozenset[str],
        rate_limit: RateLimit,
        observation: Observation,
        prefix: str = "",
        streaming: frozenset[tuple[str, str]] = frozenset(),
        metrics_port: int | None = None,
    ) -> None:
        """`prefix` is the setting URL_PREFIX.

        `streaming` are method and path of the views that read their body while it arrives. On `metrics_port`, there are
        only the metrics.

        The others are those of `CachedReads` and of `RateLimit`.
        """
        self._rate_limit, self._observation = rate_limit, observation
        self._application = rate_limit.before(partial(from_application, inner), partial(account_of, identities))
        self.reads = CachedReads(self._application, cache, other_types, waiting, identities, uncached)
        self._cors, self._trusted_hosts, self._prefix = cors, trusted_hosts, prefix
        self._streaming = streaming
        self._metrics_port = metrics_port

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """Implement WSGI (PEP 3333)."""
        response = self.respond(environ)
        start_response(response.status, response.headers)
        return response.body if isinstance(response.body, Stream) else [response.body]

    def respond(self, environ: Environ) -> RawResponse:
        """Return the response to a request."""
        started = environ.get(ARRIVED) or time.perf_counter()
        timing = self._observation.timing(environ)
        if ARRIVED in environ:
            timing.waited(started)  # for a thread
        token = timings.begin(timing)
        try:
            return self._respond(environ, timing, started)
        finally:
            timings.end(token)

    def _respond(self, environ: Environ, timing: Timing, started: float) -> RawResponse:
        self._mount(environ)
        environ[REQUEST_ID] = request_id(environ)
        method = environ["REQUEST_METHOD"]
        refusal = self._refusal(environ)
        cache_status = None
        if refusal:
            response = from_problem(refusal, environ)
        elif method not in READS:
            response = self._application(environ)
        else:
            environ["REQUEST_METHOD"] = "GET"  # HEAD is handled as GET, and the body is dropped at the end
            response, cache_status = self.reads.read(environ)
            environ["REQUEST_METHOD"] = method
        return self._finish(environ, method, response, cache_status, started, timing)

    async def recall(self, environ: Environ) -> RawResponse | None:
        """Return the response if it is a hit in this process's memory.

        Never blocks the event loop.
        """
        started = time.perf_counter()
        method = environ["REQUEST_METHOD"]
        if method not in READS:
            return None
        self._mount(environ)
        hit = await self.reads.recall(environ)
        if hit is None or self._refusal(environ):
            return None
        environ[REQUEST_ID] = request_id(environ)
        return self._finish(environ, method, *hit, started)

    def streams_body(self, environ: Environ) -> bool:
        """Whether the view of a request reads the body while it arrives."""
        path = environ["PATH_INFO"]
        if self._prefix and path.startswith(f"{self._prefix}/"):
            path = path[len(self._prefix) :]
        return (environ["REQUEST_METHOD"], path[:-1] if path.endswith("/") else path) in self._streaming

    def _mount(self, environ: Environ) -> None:
        """Split the path into the prefix and the rest, as SCRIPT_NAME and PATH_INFO (PEP 3333)."""
        path, prefix = environ["PATH_INFO"], self._prefix
        if prefix and not environ.get("SCRIPT_NAME") and f"{path}/".startswith(f"{prefix}/"):
            environ["SCRIPT_NAME"], environ["PATH_INFO"] = prefix, path[len(prefix) :] or "/"

    def _refusal(self, environ: Environ) -> Problem | None:
        """Return the problem with the URL or the header Host; None if both are valid."""
        sent = environ.get("RAW_URI") or environ.get("REQUEST_URI") or target(environ)
        if len(sent) > URL_LONGEST:
            return UriTooLong(f"The URL has {len(sent):,} bytes; shorten it to at most {URL_LONGEST:,}.")
        if _control.search(sent):  # Python's URL parser would silently drop some of them
            return BadRequest("The URL contains a control character; percent-encode it.")
        host = environ.get("HTTP_HOST")
        if host is None and environ["SERVER_PROTOCOL"] == "HTTP/1.1":
            detail = "The header Host is missing, which HTTP/1.1 requires."
            return BadRequest(detail, [Fault("header", "Host", "required", detail)])
        if host is not None and "," in host:
            detail = "The header Host was sent twice; send it once."
            return BadRequest(detail, [Fault("header", "Host", "repeated", detail)])
        if host is not None and not _is_host(host):
            detail = "The header Host must be a host name or an IP address, optionally with a port."
            return BadRequest(detail, [Fault("header", "Host", "invalid", detail)])
        is_for_metrics = is_for_metrics_port(environ, self._metrics_port)
        if is_for_metrics and environ["PATH_INFO"] != METRICS_PATH:
            return NotFound(f"This port serves {METRICS_PATH} alone; use the main port for the rest.")
        if self._prefix and environ.get("SCRIPT_NAME") != self._prefix and not is_for_metrics:
            return NotFound(f"All paths of the service begin with {self._prefix}/; add this prefix to the path.")
        # Prometheus finds replicas by their addresses. Only names can be rebound to another address.
        is_trusted = not self._trusted_hosts or (is_for_metrics and bool(_address.fullmatch(host or "")))
        if not is_trusted and not _is_trusted(host or "", tuple(self._trusted_hosts)):
            detail = "The service does not accept this header Host. Use a name that its setting TRUSTED_HOSTS allows."
            return BadRequest(detail, [Fault("header", "Host", "not_allowed", detail)])
        return None

    def _finish(
        self,
        environ: Environ,
        method: str,
        response: RawResponse,
        cache_status: str | None,
        started: float,
        timing: Timing = NO_TIMING,
    ) -> RawResponse:
        """Return the response adapted to this client, and observe it."""
        if method in READS and response.status.startswith("200"):
            condition = environ.get("HTTP_IF_NONE_MATCH")
            tag = response.header("ETag")
            if condition and tag and matches(condition, tag, weak=True):
                kept = [pair for pair in response.headers if pair[0] in NOT_MODIFIED_HEADERS]
                response = RawResponse("304 Not Modified", kept, b"", response.route)
        if isinstance(response.body, Stream) and environ["SERVER_PROTOCOL"] == "HTTP/1.0" and method != "HEAD":
            response = with_length(response, environ)
        headers = self._headers(environ, response, cache_status)
        if self._observation.server_timing:
            headers.append(("Server-Timing", _server_timing(time.perf_counter() - started, timing, cache_status)))
        body = response.body
        record = RequestRecord(environ, method, started, response.status, response.route, cache_status, timing=timing)
        if isinstance(body, Stream) and method != "HEAD":
            body.at_end = partial(self._observe_stream, record, body)
            return RawResponse(response.status, headers, body)
        if isinstance(body, Stream):
            body.close()
        sent = b"" if method == "HEAD" or isinstance(body, Stream) else body
        record.size = len(sent)
        self._observe(record)
        return RawResponse(response.status, headers, sent)

    def _observe_stream(self, record: RequestRecord, stream: Stream) -> None:
        record.size, record.streamed = stream.size, "whole" if stream.whole else "incomplete"
        self._observe(record)

    def _observe(self, record: RequestRecord) -> None:
        record.end()
        for observe in self._observation.observers:
            observe(record)

    def _headers(self, environ: Environ, response: RawResponse, cache_status: str | None) -> Headers:
        """Return the headers, including those that depend on the client and are never cached."""
        computed = ("Vary",) if isinstance(response.body, Stream) else ("Vary", "Content-Length")
        headers = [pair for pair in response.headers if pair[0] not in computed]
        vary = ", ".join(filter(None, (response.header("Vary"), self._cors.vary)))
        if vary:
            headers.append(("Vary", vary))
        if response.status[:3] not in ("204", "304") and not isinstance(response.body, Stream):
            headers.append(("Content-Length", str(len(response.body))))
        headers += self._rate_limit.headers(environ, response)
        headers.append(("X-Request-ID", environ[REQUEST_ID]))
        if cache_status and response.header("ETag"):
            headers.append(("Cache-Status", cache_status))
        return [*headers, *ON_EVERY_RESPONSE, *self._cors.headers_for(environ)]


def _server_timing(seconds: float, timing: Timing, cache_status: str | None) -> str:
    """Return the value of the header for a response that begins now."""
    if timing is NO_TIMING:
        return hit_timing(seconds)
    return server_timing(seconds, timing.database, timing.statements, timing.waiting, cache_result(cache_status))
