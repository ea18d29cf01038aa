"""The headers of responses, and the error responses that operations share."""

from __future__ import annotations

from app.core.records.idempotency import REPLAYED
from app.http.problems import MEDIA_TYPE, Problem, every_problem

from .describe import Schema
from .schemas import ref

CACHED = ("ETag", "Cache-Control", "Cache-Status", "X-Request-ID")

_HEADERS: dict[str, tuple[str, Schema]] = {
    "ETag": ("The strong validator of the response", {"type": "string", "pattern": '^"[^"]+"$'}),
    "Cache-Control": ("How the response may be cached", {"type": "string"}),
    "Cache-Status": ("How the service's response cache handled the request (RFC 9211)", {"type": "string"}),
    "Link": ("The next and previous pages, or the conflicting record (RFC 8288)", {"type": "string"}),
    "Location": ("The URL of the new record, or of the record that this one was merged into", {"type": "string"}),
    "X-Total-Count": ("The same as `meta.total`", {"type": "integer", "minimum": 0}),
    "X-Request-ID": ("The id of this request: the client's, or a new one", {"type": "string"}),
    "Retry-After": ("Seconds to wait before trying again", {"type": "integer", "minimum": 0}),
    "RateLimit": (
        "The requests that are left (`r`), and the seconds until the limit is whole again (`t`)",
        {"type": "string"},
    ),
    "RateLimit-Policy": ("The limit: requests (`q`) in a window of seconds (`w`)", {"type": "string"}),
    "WWW-Authenticate": ("The scheme of the credentials, and what is wrong with them (RFC 6750)", {"type": "string"}),
    REPLAYED: (
        "`true` if this is the stored response to an earlier request with the same `Idempotency-Key`",
        {"type": "string", "enum": ["true"]},
    ),
    "Allow": ("The methods that the URL allows", {"type": "string"}),
}
KEY_PROBLEMS = frozenset({400, 409, 422})  # of an Idempotency-Key
NOTE_PROBLEMS = frozenset({400})  # of an X-Change-Note
_PROBLEM_HEADERS = {
    401: ("WWW-Authenticate",),
    403: ("WWW-Authenticate",),  # of a key that lacks a scope
    405: ("Allow",),
    409: ("Link", "Retry-After"),
    429: ("Retry-After", "RateLimit", "RateLimit-Policy"),
    503: ("Retry-After",),
}


def header_components() -> dict[str, Schema]:
    """Return all headers of responses by name."""
    return {name: {"description": text, "schema": schema} for name, (text, schema) in _HEADERS.items()}


def problem_components() -> dict[str, Schema]:
    """Return the error responses by name, one for each status."""
    by_status: dict[int, list[type[Problem]]] = {}
    for problem in every_problem():
        by_status.setdefault(problem.status, []).append(problem)
    responses = {}
    for status, problems in by_status.items():
        example = problems[0]("A sentence about this error.").as_json("/books/1", "0123456789abcdef")
        responses[f"Problem{status}"] = {
            "description": " / ".join(dict.fromkeys(problem.title for problem in problems)),
            "headers": headers("X-Request-ID", *_PROBLEM_HEADERS.get(status, ())),
            "content": {MEDIA_TYPE: {"schema": ref("schemas", "Problem"), "example": example}},
        }
    return responses


def problem_responses(statuses: frozenset[int]) -> dict[str, Schema]:
    """Return references to the error responses of some statuses."""
    return {str(status): ref("responses", f"Problem{status}") for status in sorted(statuses)}


def headers(*names: str) -> Schema:
    """Return references to headers."""
    return {name: ref("headers", name) for name in names}


def not_modified() -> dict[str, Schema]:
    """Return the response 304."""
    return {"304": {"description": "The client already has this response", "headers": headers(*CACHED)}}
