"""The form of every error response (RFC 9457): a problem, with the faults of the request."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, ClassVar, Self

from app.http.urls import target
from app.http.wsgi import REQUEST_ID, Environ
from app.values.text import showable

MEDIA_TYPE = "application/problem+json"
MOST_ERRORS = 100  # faults that a response lists
MOST_FAULTS = 5_000  # faults that are counted; a body is not read any further
LONGEST_INSTANCE = 200  # characters of the URL in `instance`

# The codes of the items in `errors`, for programs to branch on.
CODES = {
    "ambiguous": "Several authors have this name; `detail` lists their ids.",
    "blank": "The text is empty, or has white space or invisible characters only.",
    "changed": "The field was changed later, so that undoing the earlier change would lose the later one.",
    "damaged": "The cursor was changed or truncated.",
    "duplicate": "A list contains an item twice, or an object a key.",
    "invalid": "The value does not have the required form.",
    "invalid_character": "The text contains a control character, lone surrogate or bidirectional override.",
    "invalid_date": "The value is not a partial date (YYYY, YYYY-MM, YYYY-MM-DD, -YYYY).",
    "invalid_email": "The value is not an e-mail address.",
    "invalid_isbn": "The value is not an ISBN, or its check digit is wrong.",
    "invalid_language": "The value is not a BCP 47 language tag.",
    "invalid_url": "The value is not an absolute http or https URL.",
    "mismatch": "The value contradicts another part of the request.",
    "not_allowed": "The value is not one of the allowed ones.",
    "not_found": "The value refers to a record that does not exist.",
    "out_of_range": "The number is too small or too large.",
    "read_only": "The service sets this field; clients cannot.",
    "repeated": "The parameter was sent several times, but only one value is allowed.",
    "required": "A required field or parameter is missing, null or empty.",
    "taken": "Another record already has this value.",
    "too_common": "The password is one of the commonest, or the e-mail address of the account.",
    "too_deep": "The JSON is nested deeper than 32 levels.",
    "too_few": "The list has fewer items than required.",
    "too_long": "The text has more characters than allowed.",
    "too_many": "The list or object has more items than allowed.",
    "too_short": "The text has too few characters, or too few letters in a row for a catalog of this size.",
    "type": "The value has another JSON type than the field.",
    "unknown": "The resource has no field, parameter, operator or sort key of this name.",
}


@dataclass(frozen=True)
class Fault:
    """One error in a request: its location, a code for programs, a sentence for people."""

    where: str  # "body", "query", "path" or "header"
    name: str  # a JSON Pointer (RFC 6901) into the body, or the name of the parameter or header
    code: str  # a key of `CODES`
    detail: str

    @property
    def sentence(self) -> str:
        """The detail, preceded by the location unless the detail names the field."""
        field = self.name.rpartition("/")[2]
        if field and self.name.count("/") < 2 and field in self.detail:
            return self.detail
        if not self.name:
            return self.detail.replace("This must", "The body must", 1)
        return f"{self.name}: {self.detail}"

    def as_json(self) -> dict[str, str]:
        """Return an item of a problem's `errors`."""
        key = "pointer" if self.where == "body" else "parameter"
        return {
            "in": self.where,
            key: showable(self.name, 1000),
            "code": self.code,
            "detail": showable(self.detail, 2000),
        }


class Problem(Exception):
    """An error response. Raise a subclass; the application's error handler renders it."""

    status: ClassVar[int] = 500
    title: ClassVar[str] = ""
    slug: ClassVar[str] = ""  # the last part of `type`
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

    @classmethod
    def from_faults(cls, faults: Sequence[Fault]) -> Self:
        """Return the problem of several faults, with the sentence of the first as `detail`."""
        return cls(faults[0].sentence, faults)

    @classmethod
    def from_fault(cls, fault: Fault, headers: Iterable[tuple[str, str]] = ()) -> Self:
        """Return the problem of a single fault, with its sentence as `detail`."""
        return cls(fault.detail, [fault], headers)

    def as_json(self, instance: str, request_id: str, prefix: str = "") -> dict[str, Any]:
        """Return the members of RFC 9457, with `request_id` and the first 100 faults.

        `prefix` is the setting `URL_PREFIX`.
        """
        detail = self.detail
        if len(self.faults) > 1:
            count = f"more than {MOST_FAULTS:,}" if len(self.faults) > MOST_FAULTS else f"{len(self.faults):,}"
            detail = f"{detail} The request has {count} errors in all"
            detail += f"; the first {MOST_ERRORS} are listed." if len(self.faults) > MOST_ERRORS else "."
        return {
            "type": f"{prefix}/problems/{self.slug}",
            "title": self.title,
            "status": self.status,
            "detail": showable(detail, 4000),
            "instance": showable(instance, LONGEST_INSTANCE),
            "request_id": request_id,
            "errors": [fault.as_json() for fault in self.faults[:MOST_ERRORS]],
        }

    def render(self, environ: Environ) -> tuple[HTTPStatus, list[tuple[str, str]], bytes]:
        """Return status, headers and body of the response, which no cache may store."""
        instance = target(environ)[:LONGEST_INSTANCE]
        document = self.as_json(instance, environ.get(REQUEST_ID, ""), environ.get("SCRIPT_NAME", ""))
        headers = [("Content-Type", MEDIA_TYPE), ("Cache-Control", "no-store"), *self.headers]
        return HTTPStatus(self.status), headers, json.dumps(document, ensure_ascii=False).encode() + b"\n"
