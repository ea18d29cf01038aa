"""Search data that is refreshed later: that of books whose contributors were renamed or merged.

Books are found by the names of their contributors, which are stored with each book. If many books are affected, a write
marks them as stale, and threads of the service refresh them in small transactions. The marks are rows of the same
transaction as the write, so nothing is lost if the service is killed.
"""

from __future__ import annotations

from flask import Flask
from sqlalchemy import BigInteger, Column, DateTime, Table, func, select, text

from extensions.database import db, start_repeating, transaction

STALE_AUTHORS = Table(
    "stale_authors",
    db.metadata,
    Column("author_id", BigInteger, primary_key=True, autoincrement=False),
    Column("after_book_id", BigInteger, server_default=text("0"), nullable=False),  # up to this book, all are refreshed
)
STALE_BOOKS = Table(
    "stale_books",
    db.metadata,
    Column("book_id", BigInteger, primary_key=True, autoincrement=False),
    # The book gets this `updated_at`, unless it no longer has the expected one because it was changed meanwhile.
    Column("expected", DateTime(timezone=True), nullable=False),
    Column("updated_at", DateTime(timezone=True), nullable=False),
)
BOOKS_AT_ONCE = 50  # in one transaction, so that no other write waits for long
POLL_SECONDS = 1.0


def refresh_some() -> int:
    """Refresh some stale books; return how many, 0 if there are none or another process does it."""
    return transaction(lambda session: session.scalar(select(func.refresh_search(BOOKS_AT_ONCE))) or 0, if_any=True)


def start_refreshing(app: Flask) -> None:
    """Start the thread that refreshes stale books while the process runs."""
    start_repeating(app, "stale-search", refresh_some, POLL_SECONDS)
