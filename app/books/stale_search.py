"""Search data that is refreshed later: that of books whose contributors were renamed or merged.

Books are found by the names of their contributors, which are stored with each book. If many books are affected, a write
marks them as stale, and threads of the service refresh them in small transactions. The marks are rows of the same
transaction as the write, so nothing is lost if the service is killed.
"""

from __future__ import annotations

import logging
import threading
import time

from flask import Flask
from sqlalchemy import BigInteger, Column, DateTime, Table, func, select, text

from extensions.database import DatabaseUnavailable, db, transaction

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
FAILURE_SECONDS = 60.0  # before the next attempt after an error that is not an outage

log = logging.getLogger("catalog.search")


def refresh_some() -> int:
    """Refresh some stale books; return how many, 0 if there are none or another process does it."""
    return transaction(lambda session: session.scalar(select(func.refresh_search(BOOKS_AT_ONCE))) or 0, if_any=True)


def start_refreshing(app: Flask) -> None:
    """Start the thread that refreshes stale books while the process runs."""
    threading.Thread(target=_refresh_forever, args=(app,), name="stale-search", daemon=True).start()


def _refresh_forever(app: Flask) -> None:
    with app.app_context():
        while True:
            started, pause = time.monotonic(), POLL_SECONDS
            try:
                if refresh_some():  # then as long as it took, so that requests have half of the time
                    pause = time.monotonic() - started
            except DatabaseUnavailable:
                pass
            except Exception:
                log.exception("Search data could not be refreshed")
                pause = FAILURE_SECONDS
            time.sleep(pause)
