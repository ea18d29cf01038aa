"""Errors of Postgres that are about what a record holds: what no validation knows, such as the limits of an index."""

from __future__ import annotations

import re

import psycopg2

from app.transfer.records import Flaw
from app.values.text import showable

LONGEST_REASON = 300  # characters that are repeated of what Postgres says
# The classes of SQLSTATE: data, constraints, limits of a program, and what a trigger raises.
_OF_CONTENT = ("22", "23", "54", "P0")
_LIMITS = "54"

_copied_column = re.compile(r"COPY \w+, line \d+, column (\w+)")


class Refused(Exception):
    """Something that a chunk holds is refused, so that nothing of it is stored; `flaw` says what."""

    def __init__(self, flaw: Flaw) -> None:
        super().__init__(flaw.reason)
        self.flaw = flaw


def flaw_of(error: psycopg2.Error) -> Flaw | None:
    """What is wrong with a record, where an error is about one; None where it is about the database."""
    if not (error.pgcode or "").startswith(_OF_CONTENT):
        return None
    said = error.diag.message_primary or str(error).strip().partition("\n")[0]
    copied = _copied_column.search(error.diag.context or "")
    field = error.diag.column_name or (copied[1] if copied else "")
    advice = " The record holds too much text; shorten it." if (error.pgcode or "").startswith(_LIMITS) else ""
    return Flaw(field, "", f"The database refuses it: {showable(said, LONGEST_REASON)}.{advice}")
