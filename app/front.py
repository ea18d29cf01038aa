"""The front of the house (WSGI): what every request and every answer goes through, whoever makes the answer.

It gives the request its id, refuses a URL that is too long, answers from the cache before any routing, and puts
on every answer what depends on the client: CORS, 304 instead of a body that it has, no body for HEAD.
"""

from __future__ import annotations

import json
import logging
import random
import re
import time
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

from werkzeug.sansio.utils import host_is_trusted

from extensions.cache import ResponseCache
from extensions.cors import Cors

from .addresses import target
from .bodies import JSON
from .cache_control import must_not_be_kept, wants_new
from .flights import Flights
from .paging import URL_LONGEST
from .preconditions import matches
from .problems import BadRequest, Fault, Problem, Unavailable, UriTooLong
from .representations import MEDIA_TYPES
from .responses import Stream, preferred

Environ = dict[str, Any]
Headers = list[tuple[str, str]]
StartResponse = Callable[..., Any]

READS = ("GET", "HEAD")
REQUEST_ID = "catalog.request_id"
CACHE_CONTROL = "HTTP_CACHE_CONTROL"
KEPT_HEADERS = ("Content-Type", "ETag", "Cache-Control", "Vary", "Link", "X-Total-Count")
NOT_MODIFIED_HEADERS = (*KEPT_HEADERS[1:], "Age")
ON_EVERY_ANSWER = [("X-Content-Type-Options", "nosniff")]
LARGEST_KEPT = 1024 * 1024  # bytes of a body

_request_id = re.compile(r"[A-Za-z0-9._-]{1,128}", re.ASCII)
_control = re.compile(r"[\x00-\x1f\x7f]")

log = logging.getLogger("catalog.access")


class Answer:
    """An answer on its way out: status line, headers, body. One that is streamed goes to whom it was made for alone."""

    __slots__ = ("body", "headers", "status")

    def __init__(self, status: str, headers: Headers, body: bytes | Stream) -> None:
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
        passengers: int,
    ) -> None:
        """`passengers`: how many requests may wait for the answer to another one that asks the same."""
        self.inner, self.cache, self.cors, self.trusted_hosts = inner, cache, cors, trusted_hosts
        self.flights: Flights[Answer] = Flights(passengers)

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        started = time.perf_counter()
        environ[REQUEST_ID] = _request_id_of(environ)
        method = environ["REQUEST_METHOD"]
        refused = self._refused(environ)
        if refused:
            answer, cache_status = Answer.of(refused, environ), None
        elif method not in READS:
            answer, cache_status = self._ask(environ), None
        else:
            environ["REQUEST_METHOD"] = "GET"  # HEAD is a GET whose body is left out at the end
            answer, cache_status = self._read(environ)
            environ["REQUEST_METHOD"] = method
        return self._send(environ, start_response, method, answer, cache_status, started)

    def at_hand(self, environ: Environ, start_response: StartResponse) -> list[bytes] | None:
        """The answer, like any WSGI application's, if nothing has to be waited for; else None."""
        started = time.perf_counter()
        method = environ["REQUEST_METHOD"]
        if method not in READS or not self._cacheable(environ) or wants_new(environ.get(CACHE_CONTROL, "")):
            return None
        kept = self.cache.at_hand(_key(environ), environ["server.moment"])
        hit = self._hit(kept) if kept else None
        if hit is None or self._refused(environ):
            return None
        environ[REQUEST_ID] = _request_id_of(environ)
        return list(self._send(environ, start_response, method, *hit, started))

    def _send(
        self,
        environ: Environ,
        start_response: StartResponse,
        method: str,
        answer: Answer,
        cache_status: str | None,
        started: float,
    ) -> Iterable[bytes]:
        if method in READS and answer.status.startswith("200"):
            condition = environ.get("HTTP_IF_NONE_MATCH")
            tag = answer.header("ETag")
            if condition and tag and matches(condition, tag, weak=True):
                kept = [pair for pair in answer.headers if pair[0] in NOT_MODIFIED_HEADERS]
                answer = Answer("304 Not Modified", kept, b"")
        start_response(answer.status, self._finished(environ, answer, cache_status))
        body = answer.body
        told = partial(_tell, environ, method, answer.status, cache_status, started)
        if not isinstance(body, Stream):
            told()
            return [] if method == "HEAD" else [body]
        if method == "HEAD":
            body.close()
            told()
            return []
        body.at_end = lambda: told(f" streamed {body.size:,} bytes" + ("" if body.whole else ", not to the end"))
        return body

    def _read(self, environ: Environ) -> tuple[Answer, str]:
        """The answer to a GET, and what the cache did (RFC 9211)."""
        if not self._cacheable(environ):
            return self._ask(environ), "catalog; fwd=bypass"
        asked = environ.get(CACHE_CONTROL, "")
        if must_not_be_kept(asked):
            return self._ask(environ), "catalog; fwd=request"
        key = _key(environ)
        new = wants_new(asked)
        kept, generation = self.cache.lookup(key)
        hit = self._hit(kept) if kept and not new else None
        if hit:
            return hit
        if generation is None:
            return self._ask(environ), "catalog; fwd=uri-miss"
        if new:
            return self._asked_and_kept(environ, key, generation, "catalog; fwd=request")
        return self._shared(environ, key, generation)

    def _shared(self, environ: Environ, key: str, generation: bytes) -> tuple[Answer, str]:
        """The answer to a miss, asked for once by all who miss it at the same time in the same generation."""
        said = "catalog; fwd=uri-miss"

        def ask() -> Answer:
            nonlocal said
            answer, said = self._asked_and_kept(environ, key, generation, said)
            return answer

        answer, by_another = self.flights.board((key, generation), ask)
        if not by_another:
            return answer, said
        if answer.status.startswith("503"):  # it would be so for us, too
            return Answer.of(Unavailable(), environ), said
        if not _may_share(answer):  # a problem speaks of the request of the other
            return self._ask(environ), said
        return answer, f"{said}; collapsed"

    def _asked_and_kept(self, environ: Environ, key: str, generation: bytes, said: str) -> tuple[Answer, str]:
        answer = self._ask(environ)
        kept = _may_keep(answer) and self.cache.store(key, generation, _packed(answer))
        return answer, f"{said}; stored" if kept else said

    def _cacheable(self, environ: Environ) -> bool:
        """Whether an answer to this GET may come from the cache, and go into it."""
        return (
            self.cache.enabled
            and "HTTP_AUTHORIZATION" not in environ
            and "HTTP_COOKIE" not in environ
            and preferred(environ.get("HTTP_ACCEPT", ""), JSON, *MEDIA_TYPES) == JSON
        )

    def _hit(self, kept: bytes) -> tuple[Answer, str] | None:
        """The answer that was kept, unless its time is over, and what the cache says of it."""
        answer, age = _unpacked(kept)
        left = self.cache.seconds - age
        if left <= 0:
            return None
        answer.headers.append(("Age", str(int(age))))
        return answer, f"catalog; hit; ttl={int(left)}"

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
        if isinstance(chunks, Stream):
            return Answer(started[0], started[1], chunks)
        try:
            body = b"".join(chunks)
        finally:
            close = getattr(chunks, "close", None)
            if close:
                close()
        return Answer(started[0], started[1], body)

    def _finished(self, environ: Environ, answer: Answer, cache_status: str | None) -> Headers:
        """The headers as they go out: what differs by client is put on here, on hits and misses alike."""
        headers = [pair for pair in answer.headers if pair[0] not in ("Vary", "Content-Length")]
        vary = ", ".join(filter(None, (answer.header("Vary"), self.cors.vary)))
        if vary:
            headers.append(("Vary", vary))
        if answer.status[:3] not in ("204", "304") and not isinstance(answer.body, Stream):
            headers.append(("Content-Length", str(len(answer.body))))
        headers.append(("X-Request-ID", environ[REQUEST_ID]))
        if cache_status and answer.header("ETag"):
            headers.append(("Cache-Status", cache_status))
        return [*headers, *ON_EVERY_ANSWER, *self.cors.headers_for(environ)]


def _tell(
    environ: Environ, method: str, status: str, cache_status: str | None, started: float, further: str = ""
) -> None:
    """Write a line about an answer to the log."""
    if log.isEnabledFor(logging.INFO):
        milliseconds = (time.perf_counter() - started) * 1000
        said = (method, target(environ), status[:3], milliseconds, cache_status or "-", environ[REQUEST_ID], further)
        log.info("%s %s %s %.1fms %s id=%s%s", *said)


def _request_id_of(environ: Environ) -> str:
    """The id that the caller gave the request, if it is one, else a new one."""
    sent = environ.get("HTTP_X_REQUEST_ID", "")
    return sent if _request_id.fullmatch(sent) else f"{random.getrandbits(64):016x}"


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
    return _may_share(answer) and len(_bytes_of(answer)) <= LARGEST_KEPT


def _bytes_of(answer: Answer) -> bytes:
    """The body of an answer that may be kept."""
    assert isinstance(answer.body, bytes)
    return answer.body


def _may_share(answer: Answer) -> bool:
    """Whether all who ask the same may get this answer."""
    return (
        answer.status.startswith("200")
        and answer.header("Content-Type") == JSON  # what `accepts` was asked about
        and "s-maxage" in (answer.header("Cache-Control") or "")
    )


def _packed(answer: Answer) -> bytes:
    """An answer as bytes: when it was made, its headers that do not depend on the client, its body."""
    kept = [pair for pair in answer.headers if pair[0] in KEPT_HEADERS]
    return json.dumps([time.time(), kept]).encode() + b"\n" + _bytes_of(answer)


def _unpacked(value: bytes) -> tuple[Answer, float]:
    """The answer, and its age in seconds."""
    head, _, body = value.partition(b"\n")
    made, headers = json.loads(head)
    return Answer("200 OK", [(name, text) for name, text in headers], body), max(0.0, time.time() - made)
