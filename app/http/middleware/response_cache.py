"""Serves GET requests from the response cache, and reports it in `Cache-Status` (RFC 9211)."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from urllib.parse import unquote

from app.http.access.audience import first_segment
from app.http.access.identity import GENERATION, IDENTITY, Identities, identity_of
from app.http.access.rights import READ
from app.http.body import JSON
from app.http.headers.cache_control import forbids_hits, forbids_storing
from app.http.headers.negotiation import preferred
from app.http.problems import Problem, Unavailable
from app.http.wsgi import Environ
from extensions.cache import ResponseCache, unstamp
from extensions.database import DatabaseUnavailable

from .raw_response import RawResponse, from_problem
from .single_flight import SingleFlight

STORED_HEADERS = ("Content-Type", "ETag", "Cache-Control", "Vary", "Link", "X-Total-Count")
LARGEST_STORED = 1024 * 1024  # bytes of a body

Served = tuple[RawResponse, str]  # a response, and the value of its Cache-Status


class CachedReads:
    """Serves GET requests from the cache or from the application, and stores its responses."""

    def __init__(
        self,
        application: Callable[[Environ], RawResponse],
        cache: ResponseCache,
        other_types: tuple[str, ...],
        waiting: int,
        identities: Identities,
        uncached: frozenset[str],
    ) -> None:
        """`other_types` are media types of reads beside JSON, which are not cached.

        `uncached` are the first segments of paths whose responses no cache keeps.

        At most `waiting` requests wait for the response to an identical request.
        """
        self._application, self._cache, self._other_types = application, cache, other_types
        self._identities, self._uncached = identities, uncached
        self.flights: SingleFlight[Served] = SingleFlight(waiting)

    async def recall(self, environ: Environ) -> Served | None:
        """Return a hit from this process's memory, if any. Never blocks the event loop."""
        if not self._is_cacheable(environ) or forbids_hits(environ.get("HTTP_CACHE_CONTROL", "")):
            return None
        stored = self._cache.peek(_key(environ))
        has_credentials = "HTTP_AUTHORIZATION" in environ or "HTTP_COOKIE" in environ
        generations = await self._cache.generations() if stored or has_credentials else None
        if generations:
            environ[GENERATION] = generations[1]
        if not stored or not generations:
            return None
        identity = self._identities.recall(environ, generations[1])
        value = unstamp(stored, generations[0])
        if identity is None or not identity.has(READ) or not value:
            return None
        environ[IDENTITY] = identity
        return self._hit(value)

    def read(self, environ: Environ) -> Served:
        """Return the response to a GET request."""
        if not self._is_cacheable(environ) or not self._may_read(environ):
            return self._application(environ), "catalog; fwd=bypass"
        cache_control = environ.get("HTTP_CACHE_CONTROL", "")
        if forbids_storing(cache_control):
            return self._application(environ), "catalog; fwd=request"
        key = _key(environ)
        fresh = forbids_hits(cache_control)
        stored, generation = self._cache.lookup(key)
        hit = self._hit(stored) if stored and not fresh else None
        if hit:
            return hit
        if generation is None:
            return self._application(environ), "catalog; fwd=uri-miss"
        if fresh:
            return self._forward(environ, key, generation, "catalog; fwd=request")
        return self._miss(environ, key, generation)

    def _is_cacheable(self, environ: Environ) -> bool:
        """Whether the response to this GET may come from the cache, and be stored."""
        return (
            self._cache.enabled
            and first_segment(environ["PATH_INFO"]) not in self._uncached
            and preferred(environ.get("HTTP_ACCEPT", ""), JSON, *self._other_types) == JSON
        )

    def _may_read(self, environ: Environ) -> bool:
        """Whether the client may read the catalog. If not, the application sends the refusal."""
        try:
            return identity_of(environ, self._identities).has(READ)
        except (Problem, DatabaseUnavailable):
            return False

    def _miss(self, environ: Environ, key: str, generation: bytes) -> Served:
        """Forward a miss once for concurrent requests of one key and generation."""
        status = "catalog; fwd=uri-miss"
        try:
            (response, status), is_shared = self.flights.run(
                (key, generation), lambda: self._forward(environ, key, generation, status)
            )
        except TimeoutError:  # as long as the database may take for a request
            return from_problem(Unavailable(), environ), status
        if not is_shared:
            return response, status
        if response.status.startswith("503"):  # a retry would fail too
            return from_problem(Unavailable(), environ), "catalog; fwd=uri-miss"
        if not _is_shareable(response):  # a problem contains its own request's id and URL
            return self._application(environ), "catalog; fwd=uri-miss"
        return response, "catalog; fwd=uri-miss; collapsed"

    def _forward(self, environ: Environ, key: str, generation: bytes, status: str) -> Served:
        response = self._application(environ)
        stored = _is_storable(response) and self._cache.store(key, generation, _pack(response))
        return response, f"{status}; stored" if stored else status

    def _hit(self, stored: bytes) -> Served | None:
        """Return the stored response, None if it has expired."""
        response, age = _unpack(stored)
        ttl = self._cache.seconds - age
        if ttl <= 0:
            return None
        response.headers.append(("Age", str(int(age))))
        return response, f"catalog; hit; ttl={int(ttl)}"


def _key(environ: Environ) -> str:
    """Return the cache key of equivalent requests: the path, and the parameters sorted by name.

    Parameters of one name keep their order, because the order of ``sort=title&sort=id`` has a meaning.
    """
    path = environ["PATH_INFO"]
    if len(path) > 1 and path.endswith("/"):
        path = path[:-1]
    query = environ.get("QUERY_STRING", "")
    if "&" in query:
        query = "&".join(sorted(query.split("&"), key=_name))
    path = f"{environ.get('SCRIPT_NAME', '')}{path}"
    # With the length, because a path can contain an escaped question mark. The letter stands for the format of `_pack`:
    # two releases may share a Redis.
    return f"b{len(path)}:{path}?{query}"


def _name(parameter: str) -> str:
    name = parameter.partition("=")[0]
    return unquote(name) if "%" in name else name


def _is_shareable(response: RawResponse) -> bool:
    """Whether every client may get this response."""
    return (
        response.status.startswith("200")
        and response.header("Content-Type") == JSON  # the type that `_is_cacheable` has negotiated
        and "no-store" not in (response.header("Cache-Control") or "no-store")
    )


def _is_storable(response: RawResponse) -> bool:
    return _is_shareable(response) and len(_body(response)) <= LARGEST_STORED


def _body(response: RawResponse) -> bytes:
    assert isinstance(response.body, bytes)
    return response.body


def _pack(response: RawResponse) -> bytes:
    """Return a response as bytes: time, headers that are the same for all clients, route, body."""
    headers = [pair for pair in response.headers if pair[0] in STORED_HEADERS]
    return json.dumps([time.time(), headers, response.route]).encode() + b"\n" + _body(response)


def _unpack(stored: bytes) -> tuple[RawResponse, float]:
    """Return a stored response, and its age in seconds."""
    head, _, body = stored.partition(b"\n")
    made, headers, route = json.loads(head)
    return RawResponse("200 OK", [(name, text) for name, text in headers], body, route), max(0.0, time.time() - made)
