"""Errors of Postgres caused by a record, such as constraints and index limits."""

from __future__ import annotations

import re

import psycopg2

from app.transfer.records import RejectReason
from app.values.text import showable

MAX_MESSAGE = 300  # characters of a message of Postgres
# SQLSTATE classes: data, constraints, program limits, and errors raised by triggers.
_CONTENT_CLASSES = ("22", "23", "54", "P0")
_LIMITS = "54"

_copied_column = re.compile(r"COPY \w+, line \d+, column (\w+)")


class BatchRefused(Exception):
    """The database refused a record, so the batch was rolled back."""

    def __init__(self, reason: RejectReason) -> None:
        super().__init__(reason.detail)
        self.reason = reason


def refusal_reason(error: psycopg2.Error) -> RejectReason | None:
    """Return the reason to reject a record; None if the error has another cause."""
    code = error.pgcode or ""
    if not code.startswith(_CONTENT_CLASSES):
        return None
    message = error.diag.message_primary or str(error).strip().partition("\n")[0]
    copied = _copied_column.search(error.diag.context or "")
    field = error.diag.column_name or (copied[1] if copied else "")
    advice = " The record has too much text. Shorten it." if code.startswith(_LIMITS) else ""
    return RejectReason(field, "", f"The database refused the record: {showable(message, MAX_MESSAGE)}.{advice}")
