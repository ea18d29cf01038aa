"""How far an unfinished import came: a row for each file, written in the transaction of the chunk that it speaks of."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, DateTime, Table, Text, func
from sqlalchemy.dialects.postgresql import JSONB

from extensions.database import db

# `digest` stands for the file and for what was asked of it; `records` are those that stand in the catalog, or are
# accounted for in `report`.
IMPORT_MARKS = Table(
    "import_marks",
    db.metadata,
    Column("digest", Text, primary_key=True),
    Column("records", BigInteger, nullable=False),
    Column("report", JSONB, nullable=False),
    Column("moved_at", DateTime(timezone=True), server_default=func.now(), nullable=False),
)

FIND = "SELECT records, report FROM import_marks WHERE digest = %(digest)s"
MOVE = """
    INSERT INTO import_marks (digest, records, report) VALUES (%(digest)s, %(records)s, %(report)s)
    ON CONFLICT (digest) DO UPDATE SET records = excluded.records, report = excluded.report, moved_at = now()
"""
REMOVE = "DELETE FROM import_marks WHERE digest = %(digest)s"
