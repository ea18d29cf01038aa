"""The front of the house (WSGI): what every request and every answer goes through, whoever makes the answer.

It gives the request its id, refuses a URL that is too long, answers from the cache before any routing, and puts
on every answer what depends on the client: CORS, 304 instead of a body that it has, no body for HEAD.
"""

from __future__ import annotations

import json
import logging
import re
import secrets
import time
from collections.abc import Callable, Iterable
from typing import Any

from werkzeug.sansio.utils import host_is_trusted

from extensions.cache import ResponseCache
from extensions.cors import Cors

from .addresses import target
from .bodies import JSON
from .paging import URL_LONGEST
from .preconditions import matches
from .problems import BadRequest, Fault, Problem, UriTooLong
from .responses import accepts

Environ = dict[str, Any]
Headers = list[tuple[str, str]]
StartResponse = Callable[..., Any]

REQUEST_ID = "catalog.request_id"
NOT_MODIFIED_HEADERS = ("ETag", "Cache-Control", "Vary", "Link", "X-Total-Count")
KEPT_HEADERS = ("Content-Type", *NOT_MODIFIED_HEADERS)
ON_EVERY_ANSWER = [("X-Content-Type-Options", "nosniff")]
LARGEST_KEPT = 1024 * 1024  # bytes of a body

_request_id = re.compile(r"[A-Za-z0-9._-]{1,128}", re.ASCII)
_control = re.compile(r"[\x00-\x1f\x7f]")
_goes_past = re.compile(r"\b(?:no-cache|no-store|max-age=0)\b", re.IGNORECASE)

log = logging.getLogger("catalog.access")


class Answer:
    """An answer on its way out: status line, headers, body."""

    __slots__ = ("body", "headers", "status")

    def __init__(self, status: str, headers: Headers, body: bytes) -> None:
        self.status, self.headers, self.body = status, headers, body

    def header(self, name: str) -> str | None:
        """The value of a header, None where it is missing."""
        return next((value for found, value in self.headers if found.lower() == name.lower()), None)

    @classmethod
    def of(cls, problem: Problem, environ: Environ) -> Answer:
        """The answer that a problem is."""
        status, headers, body = problem.answer(target(environ), environ[REQUEST_ID])
        return cls(f"{status.value} {status.phrase}", headers, body)


class Front:
    """Wraps the WSGI application `inner`."""

    def __init__(
        self,
        inner: Callable[..., Iterable[bytes]],
        cache: ResponseCache,
        cors: Cors,
        trusted_hosts: list[str],
    ) -> None:
        self.inner, self.cache, self.cors, self.trusted_hosts = inner, cache, cors, trusted_hosts

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        started = time.perf_counter()
        request_id = environ.get("HTTP_X_REQUEST_ID", "")
        if not _request_id.fullmatch(request_id):
            request_id = secrets.token_hex(8)
        environ[REQUEST_ID] = request_id
        method = environ["REQUEST_METHOD"]

        answer, cache_status = self._answer(environ, method)
        if method in ("GET", "HEAD") and answer.status.startswith("200"):
            condition = environ.get("HTTP_IF_NONE_MATCH")
            tag = answer.header("ETag")
            if condition and tag and matches(condition, tag, weak=True):
                kept = [pair for pair in answer.headers if pair[0] in NOT_MODIFIED_HEADERS]
                answer = Answer("304 Not Modified", kept, b"")

        headers = self._finished(environ, answer, request_id, cache_status)
        start_response(answer.status, headers)
        if log.isEnabledFor(logging.INFO):
            log.info(
                "%s %s %s %.1fms %s id=%s",
                method,
                target(environ),
                answer.status[:3],
                (time.perf_counter() - started) * 1000,
                cache_status or "-",
                request_id,
            )
        return [] if method == "HEAD" else [answer.body]

    def _answer(self, environ: Environ, method: str) -> tuple[Answer, str | None]:
        """The answer to a request and, for a GET or HEAD, what the cache did (RFC 9211)."""
        refused = self._refused(environ)
        if refused:
            return Answer.of(refused, environ), None
        if method not in ("GET", "HEAD"):
            return self._ask(environ), None
        environ["REQUEST_METHOD"] = "GET"  # HEAD is a GET whose body is left out at the end
        if not self.cache.enabled or "HTTP_AUTHORIZATION" in environ or "HTTP_COOKIE" in environ:
            return self._ask(environ), "catalog; fwd=bypass"
        if not accepts(environ.get("HTTP_ACCEPT", ""), JSON):
            return self._ask(environ), "catalog; fwd=bypass"

        key = _key(environ)
        past = _goes_past.search(environ.get("HTTP_CACHE_CONTROL", ""))
        kept, generation = self.cache.lookup(key)
        if kept and not past:
            answer, age = _unpacked(kept)
            left = self.cache.seconds - age
            if left > 0:
                answer.headers.append(("Age", str(int(age))))
                return answer, f"catalog; hit; ttl={int(left)}"
        answer = self._ask(environ)
        status = f"catalog; fwd={'request' if past else 'uri-miss'}"
        if generation and _may_keep(answer) and self.cache.store(key, generation, _packed(answer)):
            status += "; stored"
        return answer, status

    def _refused(self, environ: Environ) -> Problem | None:
        sent = environ.get("RAW_URI") or environ.get("REQUEST_URI") or target(environ)
        if len(sent) > URL_LONGEST:
            return UriTooLong(f"The URL has {len(sent):,} bytes; {URL_LONGEST:,} are allowed.")
        if _control.search(sent):  # Python's URL parser would drop some of them without a word
            return BadRequest("The URL holds a control character; write it percent-encoded.")
        if self.trusted_hosts and not host_is_trusted(environ.get("HTTP_HOST", "").lower(), self.trusted_hosts):
            detail = "This service does not answer for the host that the header Host names."
            return BadRequest(detail, [Fault("header", "Host", "not_allowed", detail)])
        return None

    def _ask(self, environ: Environ) -> Answer:
        """The whole answer of the application behind."""
        started: list[Any] = []

        def start_response(status: str, headers: Headers, exc_info: Any = None) -> Callable[[bytes], None]:
            started[:] = [status, headers]
            return lambda data: None

        chunks = self.inner(environ, start_response)
        try:
            body = b"".join(chunks)
        finally:
            close = getattr(chunks, "close", None)
            if close:
                close()
        return Answer(started[0], started[1], body)

    def _finished(self, environ: Environ, answer: Answer, request_id: str, cache_status: str | None) -> Headers:
        """The headers as they go out: what differs by client is put on here, on hits and misses alike."""
        headers = [pair for pair in answer.headers if pair[0] not in ("Vary", "Content-Length")]
        vary = ", ".join(filter(None, (answer.header("Vary"), self.cors.vary)))
        if vary:
            headers.append(("Vary", vary))
        if answer.status[:3] not in ("204", "304"):
            headers.append(("Content-Length", str(len(answer.body))))
        headers.append(("X-Request-ID", request_id))
        if cache_status and answer.header("ETag"):
            headers.append(("Cache-Status", cache_status))
        return [*headers, *ON_EVERY_ANSWER, *self.cors.headers_for(environ)]


def _key(environ: Environ) -> str:
    """One text for one question: the path, and the parameters in order."""
    path = environ["PATH_INFO"]
    if len(path) > 1 and path.endswith("/"):
        path = path[:-1]
    query = environ.get("QUERY_STRING", "")
    if "&" in query:
        query = "&".join(sorted(query.split("&")))
    return f"{len(path)}:{path}?{query}"  # the length, because a path can hold an escaped question mark


def _may_keep(answer: Answer) -> bool:
    return (
        answer.status.startswith("200")
        and len(answer.body) <= LARGEST_KEPT
        and answer.header("Content-Type") == JSON  # what `accepts` was asked about
        and "s-maxage" in (answer.header("Cache-Control") or "")
    )


def _packed(answer: Answer) -> bytes:
    """An answer as bytes: when it was made, its headers that do not depend on the client, its body."""
    kept = [pair for pair in answer.headers if pair[0] in KEPT_HEADERS]
    return json.dumps([time.time(), kept]).encode() + b"\n" + answer.body


def _unpacked(value: bytes) -> tuple[Answer, float]:
    """The answer, and its age in seconds."""
    head, _, body = value.partition(b"\n")
    made, headers = json.loads(head)
    return Answer("200 OK", [(name, text) for name, text in headers], body), max(0.0, time.time() - made)
