"""Conditional requests (RFC 9110, section 13): entity tags, and what a request says of them."""

from __future__ import annotations

import hashlib

from flask import request

from .problems import Fault, PreconditionFailed


def etag(text: bytes) -> str:
    """The strong validator of these bytes (RFC 9110, section 8.8.3)."""
    return f'"{hashlib.sha256(text).hexdigest()[:32]}"'


def matches(condition: str, tag: str, *, weak: bool = False) -> bool:
    """Whether a list of entity tags holds `tag`; a weak one (``W/``) counts only in the weak comparison."""
    if condition.strip() == "*":
        return True
    tags = [item.strip() for item in condition.split(",")]
    return tag in ([item.removeprefix("W/") for item in tags] if weak else tags)


def require_precondition(tag: str | None) -> None:
    """Raise `PreconditionFailed` unless If-Match and If-None-Match hold for the record of this ETag (None: there is no
    such record), as the current request to write it says.
    """
    wanted = request.headers.get("If-Match")
    if wanted is not None and (tag is None or not matches(wanted, tag)):
        detail = "The record is not the one whose ETag was sent in If-Match: it changed, or it does not exist."
        raise PreconditionFailed(detail, [Fault("header", "If-Match", "mismatch", detail)])
    unwanted = request.headers.get("If-None-Match")
    if unwanted is not None and tag is not None and matches(unwanted, tag, weak=True):
        detail = "There is such a record already, and If-None-Match says that there must be none."
        raise PreconditionFailed(detail, [Fault("header", "If-None-Match", "mismatch", detail)])
