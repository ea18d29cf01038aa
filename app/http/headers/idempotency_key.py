"""The request header Idempotency-Key (draft-ietf-httpapi-idempotency-key-header)."""

from __future__ import annotations

import re

from app.http.problems import BadRequest, Fault

IDEMPOTENCY_KEY = "Idempotency-Key"
SHORTEST, LONGEST = 16, 255  # characters
# With quotes, as a string of structured fields (RFC 9651), or without. A UUID is one of these, too.
PATTERN = rf'^(?:"[ -~]{{{SHORTEST},{LONGEST}}}"|[!#-~][ -~]{{{SHORTEST - 2},{LONGEST - 2}}}[!#-~])$'

_form = re.compile(PATTERN, re.ASCII)


def parse_key(sent: str) -> str:
    """Return the key in the header's value, without its quotes. Raises `BadRequest` if it is invalid."""
    sent = sent.strip(" \t")
    if not _form.fullmatch(sent):
        raise bad_key(
            "invalid",
            f"{IDEMPOTENCY_KEY} must be a UUID, or {SHORTEST} to {LONGEST} printable ASCII characters, with double "
            "quotes around them or without. Make a new random one for each new request.",
        )
    return sent[1:-1] if sent.startswith('"') else sent


def bad_key(code: str, detail: str) -> BadRequest:
    """Return the problem of a key, with a fault in its header."""
    return BadRequest.from_fault(Fault("header", IDEMPOTENCY_KEY, code, detail))
