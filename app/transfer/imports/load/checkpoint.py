"""The progress of an unfinished import, saved in the transaction of each batch."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from sqlalchemy import BigInteger, Column, DateTime, Table, Text, func
from sqlalchemy.dialects.postgresql import JSONB

from extensions.database import db
from extensions.jobs import expiry

KEPT_DAYS = 30  # that the checkpoint of an import is kept that does not go on

IMPORT_MARKS = Table(
    "import_marks",
    db.metadata,
    Column("digest", Text, primary_key=True),
    Column("records", BigInteger, nullable=False),
    Column("report", JSONB, nullable=False),
    Column("moved_at", DateTime(timezone=True), server_default=func.now(), nullable=False),
)

_FIND = "SELECT records, report FROM import_marks WHERE digest = %(digest)s"
_SAVE = """
    INSERT INTO import_marks (digest, records, report) VALUES (%(digest)s, %(records)s, %(report)s)
    ON CONFLICT (digest) DO UPDATE SET records = excluded.records, report = excluded.report, moved_at = now()
"""
_REMOVE = "DELETE FROM import_marks WHERE digest = %(digest)s"

ABANDONED_IMPORTS = expiry(
    "abandoned-imports", "import_marks", f"moved_at <= now() - interval '{KEPT_DAYS} days'", "moved_at"
)


@dataclass(frozen=True)
class Checkpoint:
    """The number of records counted so far, and their report."""

    digest: str  # digest of the file and the options
    records: int
    report: dict[str, Any]

    def save(self, cursor: Any) -> None:
        """Save the checkpoint, replacing the previous one."""
        values = {"digest": self.digest, "records": self.records, "report": json.dumps(self.report)}
        cursor.execute(_SAVE, values)


def find_checkpoint(cursor: Any, digest: str) -> Checkpoint | None:
    """Return the checkpoint of an unfinished import, if there is one."""
    cursor.execute(_FIND, {"digest": digest})
    row = cursor.fetchone()
    return Checkpoint(digest, row[0], row[1]) if row else None


def remove_checkpoint(cursor: Any, digest: str) -> None:
    """Remove the checkpoint of a finished import."""
    cursor.execute(_REMOVE, {"digest": digest})
