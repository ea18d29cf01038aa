"""The timestamps of every record: `created_at` and `updated_at`."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import DateTime, func
from sqlalchemy.orm import MappedColumn, mapped_column

from app.core.fields import Field, Timestamp, described


def created_at_column() -> MappedColumn[datetime]:
    """Return the column `created_at`, which the database fills in."""
    return _column("When the record was created")


def updated_at_column(help_: str = "When the record last changed") -> MappedColumn[datetime]:
    """Return the column `updated_at`, which each change of the record sets to the current time.

    Not to the start of the transaction, because a transaction that waited for a lock may have started earlier.
    """
    return _column(help_, onupdate=func.clock_timestamp())


def _column(help_: str, **options: Any) -> MappedColumn[datetime]:
    field = Field(Timestamp(), help_, "2026-01-31T12:00:00Z", read_only=True, filters=True, sorts=True)
    return mapped_column(DateTime(timezone=True), server_default=func.now(), info=described(field), **options)
