"""The request header X-Change-Note: the reason for a write."""

from __future__ import annotations

from schema import SchemaError

from app.http.problems import BadRequest, Fault
from app.values import text
from app.values.error_detail import detail_in

CHANGE_NOTE = "X-Change-Note"
LONGEST = 500  # characters
PATTERN = r"^[^\u0000-\u0008\u000a-\u001f\u007f]+$"


def parse_note(sent: str) -> str:
    """Return the note in the header's value, one line of text in UTF-8. Raises `BadRequest` if it is invalid.

    `sent` is as in an environ of WSGI (PEP 3333): each character is one byte.
    """
    try:
        note = text.line(sent.encode("latin-1").decode("utf-8"))
    except UnicodeDecodeError:
        raise _bad("invalid_character", "The note is not valid UTF-8; encode it again.") from None
    except SchemaError as error:
        detail = detail_in(error)
        raise _bad(detail.code, f"{detail} Or leave the header out.") from None
    if len(note) > LONGEST:
        raise _bad("too_long", f"The note has {len(note):,} characters; send at most {LONGEST}.")
    return note


def _bad(code: str, detail: str) -> BadRequest:
    return BadRequest.from_fault(Fault("header", CHANGE_NOTE, code, detail))
