"""Search data that is refreshed later: that of books whose contributors were renamed or merged.

Books are found by the names of their contributors, which are stored with each book. If many books are affected, a write
marks them as stale, and a job refreshes them in small transactions. The marks are rows of the same transaction as the
write, also if the writer is an import or ``psql``, so nothing is lost if the service is killed.
"""

from __future__ import annotations

import time

from sqlalchemy import BigInteger, Column, DateTime, Table, func, select, text
from sqlalchemy.orm import Session

from extensions.database import Statement, db, fetch, transaction
from extensions.jobs import Kind, RunningJob

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
BOOKS_AT_ONCE = 200  # in one transaction, so that no other write waits for long
# A write holds a book for milliseconds, and a new job starts after seconds. So a job waits for the former.
ATTEMPTS, PAUSE_SECONDS = 20, 0.1
# With the limit of other connections, the trigram indexes would take 40 % of the CPU time. A search reads the pending
# entries of an index, too, so the limit is far below that of an import.
_DEFER_INDEXES = text("SELECT set_config('gin_pending_list_limit', '1MB', true)")
_IS_STALE = Statement("SELECT EXISTS (SELECT FROM stale_books) OR EXISTS (SELECT FROM stale_authors)")


def refresh_some() -> int:
    """Refresh some stale books; return how many, 0 if there are none or other transactions hold them.

    The commit invalidates cached searches of all processes that share the cache.
    """

    def work(session: Session) -> int:
        session.execute(_DEFER_INDEXES)
        return session.scalar(select(func.refresh_search(BOOKS_AT_ONCE))) or 0

    return transaction(work, if_any=True)


def refresh_all(job: RunningJob) -> dict[str, int]:
    """Refresh stale books until none is left, or others hold the next ones for long; return how many."""
    books = attempts = 0
    while attempts < ATTEMPTS:
        refreshed = refresh_some()
        books += refreshed
        if refreshed:
            attempts = 0
        elif not is_stale():
            break
        else:
            attempts += 1
            time.sleep(PAUSE_SECONDS)
    return {"books": books}


def is_stale() -> bool:
    """Return whether there are marks."""
    return bool(fetch(_IS_STALE, {})[0][0])


STALE_SEARCH = Kind("stale-search", refresh_all, lane="stale-search", every=1.0, is_due=is_stale)
