"""Everything that can go wrong, as one tree, and the one shape in which a client reads it (RFC 9457).

::

    Problem
    ├── BadRequest 400           the request cannot be understood
    │   ├── InvalidJson          the body is no JSON
    │   ├── InvalidQuery         a parameter of the query
    │   ├── InvalidCursor        a cursor that is damaged or belongs to another question
    │   └── InvalidIsbn          the ISBN in the path is none
    ├── NotFound 404
    ├── MethodNotAllowed 405
    ├── NotAcceptable 406
    ├── Conflict 409             with what is stored
    ├── PreconditionFailed 412   If-Match, If-None-Match
    ├── ContentTooLarge 413
    ├── UriTooLong 414
    ├── UnsupportedMediaType 415
    ├── ValidationFailed 422     well-formed JSON that breaks a rule
    ├── InternalError 500        our fault
    └── Unavailable 503          the database, or too many streams at once

A problem's ``type`` is a path of this service that explains it; types and codes are closed vocabularies.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from http import HTTPStatus
from typing import Any, ClassVar

from app.values.text import showable

MEDIA_TYPE = "application/problem+json"
MOST_ERRORS = 100
LONGEST_INSTANCE = 200  # characters of the address that a problem repeats

# The codes of the items of `errors`: what a program may switch on.
CODES = {
    "ambiguous": "The name belongs to several authors; `detail` holds their ids.",
    "blank": "Text that holds nothing to read.",
    "damaged": "The cursor was changed or cut on its way.",
    "duplicate": "The same thing stands twice in one list or object.",
    "invalid": "The value is not of the form that is asked for.",
    "invalid_character": "A control character, lone surrogate or bidirectional override within text.",
    "invalid_date": "No partial date (YYYY, YYYY-MM, YYYY-MM-DD, -YYYY).",
    "invalid_isbn": "No ISBN, or one with a wrong check digit.",
    "invalid_language": "No BCP 47 language tag.",
    "invalid_url": "No absolute http or https URL.",
    "mismatch": "The value contradicts another part of the request.",
    "not_allowed": "A value outside the allowed ones.",
    "not_found": "A reference to something that does not exist.",
    "out_of_range": "A number outside its limits.",
    "read_only": "The service sets this field itself.",
    "repeated": "A parameter that stands once was sent several times.",
    "required": "A field without which the record cannot be stored.",
    "taken": "Another record holds this value already.",
    "too_deep": "JSON nested deeper than 32 levels.",
    "too_few": "A list with fewer items than allowed.",
    "too_long": "Text with more characters than allowed.",
    "too_many": "A list or object with more items than allowed.",
    "type": "A value of another JSON type than the field's.",
    "unknown": "A name that this resource does not have.",
}


@dataclass(frozen=True)
class Fault:
    """One thing wrong with a request: where it stands, a code for programs, a sentence for people.

    `where` is ``body``, ``query``, ``path`` or ``header``; `name` a JSON Pointer (RFC 6901) into the body,
    or the name of the parameter.
    """

    where: str
    name: str
    code: str
    detail: str

    def as_json(self) -> dict[str, str]:
        key = "pointer" if self.where == "body" else "parameter"
        return {
            "in": self.where,
            key: showable(self.name, 1000),
            "code": self.code,
            "detail": showable(self.detail, 2000),
        }


class Problem(Exception):
    """An answer other than the one asked for. Raise a subclass; the application's handler renders it."""

    status: ClassVar[int] = 500
    title: ClassVar[str] = ""
    slug: ClassVar[str] = ""
    help: ClassVar[str] = ""

    def __init__(
        self,
        detail: str,
        faults: Sequence[Fault] = (),
        headers: Iterable[tuple[str, str]] = (),
    ) -> None:
        super().__init__(detail)
        self.detail = detail
        self.faults = list(faults)
        self.headers = list(headers)

    def as_json(self, instance: str, request_id: str) -> dict[str, Any]:
        """The members of RFC 9457, with `request_id` and every fault (the first 100 of them)."""
        detail = self.detail
        if len(self.faults) > 1:
            detail = f"{detail} {len(self.faults)} faults were found"
            detail += f"; the first {MOST_ERRORS} are listed." if len(self.faults) > MOST_ERRORS else "."
        return {
            "type": f"/problems/{self.slug}",
            "title": self.title,
            "status": self.status,
            "detail": showable(detail, 4000),
            "instance": showable(instance, LONGEST_INSTANCE),
            "request_id": request_id,
            "errors": [fault.as_json() for fault in self.faults[:MOST_ERRORS]],
        }

    def answer(self, instance: str, request_id: str) -> tuple[HTTPStatus, list[tuple[str, str]], bytes]:
        """The status, headers and bytes of the problem as an answer that no cache keeps."""
        document = self.as_json(instance[:LONGEST_INSTANCE], request_id)
        headers = [("Content-Type", MEDIA_TYPE), ("Cache-Control", "no-store"), *self.headers]
        return HTTPStatus(self.status), headers, json.dumps(document, ensure_ascii=False).encode() + b"\n"


class BadRequest(Problem):
    status, slug, title = 400, "bad-request", "The request cannot be understood"
    help = "Something about the request's form is off; `detail` says what."


class InvalidJson(BadRequest):
    slug, title = "invalid-json", "The body is not JSON"
    help = "The body must be one JSON text in UTF-8 (RFC 8259): no duplicate keys, no NaN, no byte order mark."


class InvalidQuery(BadRequest):
    slug, title = "invalid-query", "The query cannot be understood"
    help = "`errors` names each parameter that is unknown or whose value cannot be read, and the allowed ones."


class InvalidCursor(BadRequest):
    slug, title = "invalid-cursor", "The cursor cannot be used"
    help = "Cursors come from `links` and hold for the sort and the filters they were made with; begin again without."

    @classmethod
    def of(cls, code: str, detail: str) -> InvalidCursor:
        """The problem of one fault: its code, and its sentence."""
        return cls(detail, [Fault("query", "cursor", code, detail)])

    @classmethod
    def damaged(cls) -> InvalidCursor:
        """The problem of a cursor that no page gave out."""
        return cls.of("damaged", "This cursor is damaged: take it whole from links.")


class InvalidIsbn(BadRequest):
    slug, title = "invalid-isbn", "The path holds no ISBN"
    help = "An ISBN in the path has 10 or 13 digits and a right check digit; hyphens do not matter."


class NotFound(Problem):
    status, slug, title = 404, "not-found", "There is no such thing"
    help = "Nothing stands at this address. Ids are plain decimal integers; `/` lists the way to everything."


class MethodNotAllowed(Problem):
    status, slug, title = 405, "method-not-allowed", "This method is not allowed here"
    help = "The header `Allow` names the methods that this address takes."


class NotAcceptable(Problem):
    status, slug, title = 406, "not-acceptable", "No acceptable representation"
    help = "The header `Accept` leaves out every media type that this address can answer with."


class Conflict(Problem):
    status, slug, title = 409, "conflict", "A conflict with what is stored"
    help = (
        "The write contradicts what is stored; `detail` and the header `Link` name the record that stands in the way."
    )


class PreconditionFailed(Problem):
    status, slug, title = 412, "precondition-failed", "The precondition does not hold"
    help = "The record is no longer the one whose ETag was sent: read it again, apply the change to it, and retry."


class ContentTooLarge(Problem):
    status, slug, title = 413, "content-too-large", "The body is too large"
    help = "Send fewer records at once."


class UriTooLong(Problem):
    status, slug, title = 414, "uri-too-long", "The URL is too long"
    help = "A URL may have 4,096 bytes."


class UnsupportedMediaType(Problem):
    status, slug, title = 415, "unsupported-media-type", "The body is not plain UTF-8 JSON"
    help = "Send `Content-Type: application/json` (for a PATCH also `application/merge-patch+json`), not compressed."


class ValidationFailed(Problem):
    status, slug, title = 422, "validation-failed", "The body breaks a rule"
    help = "`errors` names every field that breaks a rule, with a code and a sentence. Nothing was changed."


class InternalError(Problem):
    status, slug, title = 500, "internal-error", "The service made a mistake"
    help = "This is our fault, not yours. The `request_id` finds it in the log."


class Unavailable(Problem):
    status, slug, title = 503, "unavailable", "The database is not available"
    help = "The database does not answer in time. Nothing is lost; try again after `Retry-After` seconds."

    def __init__(self, detail: str = "The database does not answer; try again soon.", seconds: int = 2) -> None:
        super().__init__(detail, headers=[("Retry-After", str(seconds))])


def every_problem() -> list[type[Problem]]:
    """The problems a client can meet, by status: what ``/problems`` and OpenAPI list."""
    found: list[type[Problem]] = []
    pending: list[type[Problem]] = [Problem]
    while pending:
        kind = pending.pop()
        pending += kind.__subclasses__()
        if kind.slug:
            found.append(kind)
    return sorted(found, key=lambda kind: (kind.status, kind.slug))


def unknown_name(name: str, allowed: Iterable[str], noun: str) -> str:
    """The sentence about a name that is none of `allowed`: the nearest valid one, then all of them."""
    names = sorted(allowed)
    near = get_close_matches(name[:100], names, n=1, cutoff=0.5)
    nearest = f" Did you mean {near[0]}?" if near else ""
    return f"There is no {noun} {showable(name)!r}.{nearest} Allowed: {', '.join(names) or 'none'}."
