"""Conditional requests (RFC 9110, section 13): entity tags and preconditions."""

from __future__ import annotations

import hashlib

from flask import request

from app.http.problems import Fault, PreconditionFailed


def etag(body: bytes) -> str:
    """Return the strong validator of a body (RFC 9110, section 8.8.3)."""
    return f'"{hashlib.sha256(body).hexdigest()[:32]}"'


def matches(condition: str, tag: str, *, weak: bool = False) -> bool:
    """Whether a list of entity tags contains `tag`.

    Weak tags (``W/``) count only in a weak comparison.
    """
    if condition.strip() == "*":
        return True
    tags = [item.strip() for item in condition.split(",")]
    return tag in ([item.removeprefix("W/") for item in tags] if weak else tags)


def _mismatch(if_match: str, tag: str | None) -> str:
    """Return why If-Match does not hold."""
    if tag is None:
        return "The record does not exist, so If-Match does not match; leave the header out."
    if matches(if_match, tag, weak=True):
        return "If-Match takes strong ETags only; send the ETag without W/ (a proxy may have added it)."
    if '"' not in if_match:
        return "If-Match holds no ETag; send the ETag in its double quotes."
    return "The record has changed since its ETag was read; read it again."


def require_precondition(tag: str | None) -> None:
    """Raise `PreconditionFailed` unless If-Match and If-None-Match of the current request hold.

    `tag` is the ETag of the record that the request writes to, None if there is no such record.
    """
    if_match = request.headers.get("If-Match")
    if if_match is not None and (tag is None or not matches(if_match, tag)):
        detail = _mismatch(if_match, tag)
        raise PreconditionFailed.from_fault(Fault("header", "If-Match", "mismatch", detail))
    if_none_match = request.headers.get("If-None-Match")
    if if_none_match is not None and tag is not None and matches(if_none_match, tag, weak=True):
        detail = "The record already exists, so If-None-Match does not match; leave the header out to replace it."
        raise PreconditionFailed.from_fault(Fault("header", "If-None-Match", "mismatch", detail))
