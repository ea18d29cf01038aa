"""The problems, by status.

::

    Problem
    ├── BadRequest 400           the request cannot be parsed
    │   ├── InvalidJson          the body is not JSON
    │   ├── InvalidQuery         a parameter of the query string is unknown or invalid
    │   ├── InvalidCursor        the cursor is damaged, or was made for another list
    │   └── InvalidIsbn          the path contains an invalid ISBN
    ├── Unauthenticated 401      no credentials where some are needed
    ├── InvalidCredentials 401   a wrong token or password
    ├── Forbidden 403            the role or the scope does not allow it
    ├── CrossOriginWrite 403
    ├── NotFound 404
    ├── MethodNotAllowed 405
    ├── NotAcceptable 406
    ├── Conflict 409             the write contradicts the stored data
    ├── RequestInProgress 409    the first request with this Idempotency-Key still runs
    ├── PositionExpired 410      changes behind a position of the feed are no longer kept
    ├── Gone 410                 a file of a job that was removed
    ├── PreconditionFailed 412   If-Match, If-None-Match
    ├── ContentTooLarge 413
    ├── UriTooLong 414
    ├── UnsupportedMediaType 415
    ├── ValidationFailed 422     the body is JSON, but a field is invalid
    ├── KeyReused 422            an Idempotency-Key of another request
    ├── TooManyRequests 429      a limit is used up
    ├── InternalError 500        a bug of the service
    └── Unavailable 503          the database is unavailable, or too many streams or password checks wait

A problem's ``type`` is a path of this service where it is explained. Types and codes are closed vocabularies.
"""

from __future__ import annotations

from collections.abc import Iterable

from .base import Fault, Problem

CHALLENGE = 'Bearer realm="catalog"'  # RFC 6750, section 3


class BadRequest(Problem):
    status, slug, title = 400, "bad-request", "Bad request"
    help = "The request could not be parsed. Correct what `detail` names, and send it again."


class InvalidJson(BadRequest):
    slug, title = "invalid-json", "Invalid JSON"
    help = "Send one JSON text in UTF-8 (RFC 8259), without duplicate keys, NaN or a byte order mark."


class InvalidQuery(BadRequest):
    slug, title = "invalid-query", "Invalid query"
    help = "`errors` names each parameter that is unknown or has an invalid value, and what is allowed instead."


class InvalidCursor(BadRequest):
    slug, title = "invalid-cursor", "Invalid cursor"
    help = (
        "A cursor comes from `links`, and is valid only for the list, sort and filters it was made for. "
        "Start again without a cursor."
    )

    @classmethod
    def mismatch(cls, detail: str) -> InvalidCursor:
        """Return the problem of a cursor that does not fit the rest of the request."""
        return cls.from_fault(Fault("query", "cursor", "mismatch", detail))

    @classmethod
    def damaged(cls) -> InvalidCursor:
        """Return the problem of a cursor that no page returned."""
        detail = "This cursor is damaged; copy it unchanged from links."
        return cls.from_fault(Fault("query", "cursor", "damaged", detail))


class InvalidIsbn(BadRequest):
    slug, title = "invalid-isbn", "Invalid ISBN"
    help = "Put an ISBN of 10 or 13 digits with a correct check digit into the path; hyphens are ignored."


class Unauthenticated(Problem):
    status, slug, title = 401, "unauthenticated", "Authentication required"
    help = "Sign in with `POST /tokens`, and send the token as `Authorization: Bearer TOKEN`."

    def __init__(self, detail: str) -> None:
        super().__init__(detail, headers=[("WWW-Authenticate", CHALLENGE)])


class InvalidCredentials(Problem):
    status, slug, title = 401, "invalid-credentials", "Invalid credentials"
    help = "The token, or the e-mail and password, are wrong or no longer valid. Sign in again with `POST /tokens`."

    def __init__(self, detail: str, headers: Iterable[tuple[str, str]] = (), *, is_token: bool = True) -> None:
        """`is_token`: a token was sent, not an e-mail and a password (RFC 6750, section 3.1)."""
        challenge = f'{CHALLENGE}, error="invalid_token"' if is_token else CHALLENGE
        super().__init__(detail, headers=[("WWW-Authenticate", challenge), *headers])


class Forbidden(Problem):
    status, slug, title = 403, "forbidden", "Forbidden"
    help = "`detail` names the role or the scope that the request requires. An administrator can change a role."


class CrossOriginWrite(Problem):
    status, slug, title = 403, "cross-origin-write", "Cross-origin write refused"
    help = "A page of another origin may write with a token, or if `CORS_ORIGINS` lists its origin by name."


class NotFound(Problem):
    status, slug, title = 404, "not-found", "Not found"
    help = "Nothing exists at this URL. Ids are plain decimal integers; the home page links to all resources."


class MethodNotAllowed(Problem):
    status, slug, title = 405, "method-not-allowed", "Method not allowed"
    help = "Use one of the methods in the header `Allow`."


class NotAcceptable(Problem):
    status, slug, title = 406, "not-acceptable", "Not acceptable"
    help = "Add one of the media types that `detail` names to the header `Accept`."


class Conflict(Problem):
    status, slug, title = 409, "conflict", "Conflict"
    help = (
        "The write contradicts the stored data. `detail` says how; `Link`, if sent, points to the conflicting record."
    )


class RequestInProgress(Problem):
    status, slug, title = 409, "request-in-progress", "Request in progress"
    help = "The first request with this `Idempotency-Key` still runs. Send it again after `Retry-After` seconds."

    def __init__(self, detail: str, seconds: int = 1) -> None:
        super().__init__(detail, headers=[("Retry-After", str(seconds))])


class PositionExpired(Problem):
    status, slug, title = 410, "position-expired", "Position expired"
    help = "Changes are kept for a limited time, and those up to this one were deleted. `detail` has the next step."


class Gone(Problem):
    status, slug, title = 410, "gone", "Gone"
    help = "The file was removed, by a `DELETE` or because it was old. Import the file again if you need its rejects."


class PreconditionFailed(Problem):
    status, slug, title = 412, "precondition-failed", "Precondition failed"
    help = "The record has changed since its ETag was read. Read it again, apply your change to it, and retry."


class ContentTooLarge(Problem):
    status, slug, title = 413, "content-too-large", "Content too large"
    help = "Send fewer records in one request, or a smaller file."


class UriTooLong(Problem):
    status, slug, title = 414, "uri-too-long", "URI too long"
    help = "Shorten the URL to at most 4,096 bytes."


class UnsupportedMediaType(Problem):
    status, slug, title = 415, "unsupported-media-type", "Unsupported media type"
    help = "Send uncompressed JSON as `application/json` (for a PATCH also `application/merge-patch+json`)."


class ValidationFailed(Problem):
    status, slug, title = 422, "validation-failed", "Validation failed"
    help = "Nothing was changed. `errors` names every invalid field, with a code and a sentence; correct them all."


class KeyReused(Problem):
    status, slug, title = 422, "key-reused", "Idempotency key reused"
    help = "Another request was sent with this `Idempotency-Key`. Choose a new key for each new request."


class TooManyRequests(Problem):
    status, slug, title = 429, "too-many-requests", "Too many requests"
    help = "A limit is used up. Try again after `Retry-After` seconds."

    def __init__(self, detail: str, seconds: int = 1, headers: Iterable[tuple[str, str]] = ()) -> None:
        super().__init__(detail, headers=[("Retry-After", str(seconds)), *headers])


class InternalError(Problem):
    status, slug, title = 500, "internal-error", "Internal error"
    help = "This is a bug of the service. Report the `request_id`, by which it can be found in the log."


class Unavailable(Problem):
    status, slug, title = 503, "unavailable", "Service unavailable"
    help = (
        "The database or disk is unavailable, or the service is busy, as `detail` says. Try again after `Retry-After` "
        "seconds."
    )

    def __init__(self, detail: str = "The database does not respond; try again soon.", seconds: int = 2) -> None:
        super().__init__(detail, headers=[("Retry-After", str(seconds))])


def every_problem() -> list[type[Problem]]:
    """Return all types of problems, by status, as ``/problems`` and OpenAPI list them."""
    problems: list[type[Problem]] = []
    pending: list[type[Problem]] = [Problem]
    while pending:
        problem = pending.pop()
        pending += problem.__subclasses__()
        if problem.slug:
            problems.append(problem)
    return sorted(problems, key=lambda problem: (problem.status, problem.slug))
