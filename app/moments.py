"""The two moments of every record: when it was made, and when it last changed."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import DateTime, func
from sqlalchemy.orm import MappedColumn, mapped_column

from .fields import Field, described
from .vocabulary import Timestamp


def made_at() -> MappedColumn[datetime]:
    """The column `created_at`; the database fills it in."""
    return _moment("When the record was made")


def changed_at(help_: str = "When the record last changed") -> MappedColumn[datetime]:
    """The column `updated_at`, moved by each change of the record, by the clock: a transaction that waited for
    another's lock is the later one, though it began earlier.
    """
    return _moment(help_, onupdate=func.clock_timestamp())


def _moment(help_: str, **options: Any) -> MappedColumn[datetime]:
    field = Field(Timestamp(), help_, "2026-01-31T12:00:00Z", read_only=True, filters=True, sorts=True)
    return mapped_column(DateTime(timezone=True), server_default=func.now(), info=described(field), **options)
