"""The catalog as an import sees it: a connection of its own, over which chunks are stored, each in one transaction."""

from __future__ import annotations

import contextlib
import json
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, TypeAlias, TypeVar

import psycopg2

from app.transfer import marks
from app.transfer.chunks import Chunk
from app.transfer.records import Flaw, Prepared, Rejected
from extensions.database import (
    ATTEMPTS,
    INTEGRITY_RACE,
    SERIALIZATION,
    DatabaseUnavailable,
    committed,
    connect,
    translated_errors,
)

from . import books, people, refusals, restoring, staging
from .refusals import Refused

# Of the import's connection alone. Whatever is looked up is looked up by an index, however small the planner takes the
# tables to be that grow under its eyes; commits are durable, as all of the service's are.
SETTINGS = {
    "application_name": "catalog-import",
    "statement_timeout": "0",
    "idle_in_transaction_session_timeout": "0",
    "work_mem": "64MB",
    "gin_pending_list_limit": "16MB",
    "enable_seqscan": "off",
    "enable_mergejoin": "off",
    "enable_hashjoin": "off",
    "synchronous_commit": "on",
}
LOCK = 0x696D706F7274  # "import": of all imports, one runs at a time
PATIENCE = "10s"  # with another one
AWAY = 60  # seconds for which an import waits for a database that went away
BETWEEN_CALLS = 0.5  # seconds

# A dry run is one transaction, in which each chunk can be taken back.
_KEEP_BEFORE = "SAVEPOINT chunk"
_BACK = "ROLLBACK TO SAVEPOINT chunk; RELEASE SAVEPOINT chunk"

# What waits in the lists of new entries of these indexes is looked through by each lookup; so it is put in order first.
_TIDY = """
    SELECT gin_clean_pending_list(oid::regclass) FROM pg_class
    WHERE relname IN ('ix_books_identifiers', 'ix_authors_identifiers') AND pg_has_role(relowner, 'USAGE')
"""
MANY = 1_000
# How many records the planner believes that there are.
_PLANNED_FOR = "SELECT sum(greatest(reltuples, 0)) FROM pg_class WHERE oid IN ('books'::regclass, 'authors'::regclass)"
# The triggers' plans are kept for the session, and one that was made for an empty vocabulary looks through all of it
# for each word. Whatever analyzes a table has them made anew.
_PLAN_ANEW = "ANALYZE vocabulary (word)"


class Busy(Exception):
    """Another import is running."""


@dataclass
class Stored:
    """What became of a chunk's records: `counts` are those of `people.merge`, with warnings by their kind."""

    counts: Counter[str] = field(default_factory=Counter)
    rejected: list[Rejected] = field(default_factory=list)


Result = TypeVar("Result")
# Is told what became of a chunk; gives the statement and values by which its transaction says how far the import came.
Mark: TypeAlias = Callable[[Stored], tuple[str, dict[str, Any]] | None]


class Catalog:
    """Stores chunks. With `dry`, everything happens in one transaction, which is rolled back at the end."""

    def __init__(self, *, update: bool, dry: bool, tell: Callable[[str], None]) -> None:
        self._update, self._dry, self._tell = update, dry, tell
        self._chunks = 0
        self._stopped = threading.Event()
        self._connection = _begun()

    def mark(self, digest: str) -> tuple[int, dict[str, Any]] | None:
        """How many records of a file an import before this one accounted for, and its report."""

        def find() -> tuple[int, dict[str, Any]] | None:
            with self._connection.cursor() as cursor:
                cursor.execute(marks.FIND, {"digest": digest})
                found = cursor.fetchone()
            self._end()
            return (found[0], found[1]) if found else None

        return self._lasting(find)

    def store(self, chunk: Chunk, restore: bool, mark: Mark) -> Stored:
        """Store a chunk in a transaction, which also does what `mark` gives.

        It is tried again where it loses against another writer, or the connection. Raises `Refused` where the database
        refuses what a record holds, and ``psycopg2.Error``; nothing of the chunk is stored then.
        """
        ending: list[tuple[str, Stored]] = []

        def store() -> Stored:
            # A connection that was lost in a commit does not tell whether it came through; the server knows.
            if ending:
                transaction, stored = ending.pop()
                if self._stands(transaction):
                    return stored
            return self._store(chunk, restore, mark, ending)

        stored = self._lasting(store)
        self._chunks += 1
        return stored

    def _store(self, chunk: Chunk, restore: bool, mark: Mark, ending: list[tuple[str, Stored]]) -> Stored:
        """Store a chunk over the connection that there is; `ending` gets the transaction before it is committed."""
        for attempt in range(1, ATTEMPTS + 1):
            try:
                stored = self._merge(chunk, restore, mark)
                ending[:] = [(self._transaction(), stored)]
                self._end()
                return stored
            except psycopg2.Error as error:
                code = error.pgcode or ""
                self._undo()
                lost = code.startswith(SERIALIZATION) or code in INTEGRITY_RACE
                if lost and attempt < ATTEMPTS:
                    continue
                flaw = refusals.flaw_of(error)
                if flaw is None:
                    raise
                raise Refused(flaw) from error
        raise AssertionError("unreachable")

    def _merge(self, chunk: Chunk, restore: bool, mark: Mark) -> Stored:
        stored = Stored()
        with self._connection.cursor() as cursor:
            if self._dry:
                cursor.execute(_KEEP_BEFORE)
            cursor.execute(_TIDY)
            if self._chunks.bit_count() <= 1:  # after 0, 1, 2, 4, 8 … chunks
                cursor.execute(_PLAN_ANEW)
            staging.fill(cursor, chunk)
            cursor.execute(books.CONTRIBUTORS_GIVEN)
            if restore:
                for one in restoring.merge(cursor, stored.counts):
                    stored.rejected.append(chunk.waiting[one.kind, one.place].rejected(one.flaw))
            else:
                people.merge(cursor, stored.counts, update=self._update)
                for place in books.merge(cursor, stored.counts, update=self._update):
                    stored.rejected.append(_lonely(chunk.waiting["books", place]))
            stored.counts["unchanged" if self._update else "known"] += chunk.repeated
            stored.rejected.sort(key=lambda one: one.place)
            said = mark(stored)
            if said is not None and not self._dry:
                statement, values = said
                cursor.execute(statement, {**values, "report": json.dumps(values.get("report"))})
        return stored

    def finish(self, digest: str) -> None:
        """Forget how far the import of a file came: it came to the end."""
        self._lasting(lambda: self._execute(marks.REMOVE, {"digest": digest}))

    def tell_planner(self, changed: int) -> None:
        """Let the planner know of so many records that were stored; if they are few, Postgres does it in time."""

        def tell() -> None:
            with self._connection.cursor() as cursor:
                cursor.execute(_PLANNED_FOR)
                if changed >= max(MANY, cursor.fetchone()[0] / 10):
                    cursor.execute("ANALYZE books, authors, contributions")
            self._end()

        if not self._dry:
            self._lasting(tell)

    def cancel(self) -> None:
        """Stop what another thread does here."""
        self._stopped.set()
        with contextlib.suppress(psycopg2.Error):  # there is nothing to stop where the connection is lost
            self._connection.cancel()

    def close(self) -> None:
        """End the connection. Who comes next need not wait until the server notices."""
        with contextlib.closing(self._connection) as connection, contextlib.suppress(psycopg2.Error):
            connection.rollback()
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_unlock(%s)", (LOCK,))

    # ---- the connection

    def _lasting(self, work: Callable[[], Result]) -> Result:
        """What `work` returns; it is done again over a new connection where the one that there is gets lost. Raises
        ``psycopg2.Error``, and `DatabaseUnavailable` where the database stays away.
        """
        for _ in range(ATTEMPTS - 1):
            try:
                return work()
            except psycopg2.Error as error:
                # With its connection, a dry run loses everything.
                if self._dry or not self._connection.closed or self._stopped.is_set():
                    raise
                self._await(error)
        return work()

    def _await(self, error: psycopg2.Error) -> None:
        """Connect again, as soon as the database is there."""
        said = str(error).strip().partition("\n")[0]
        self._tell(f"The connection to the database is lost ({said}). Waiting for it for up to {AWAY} seconds.")
        ends = time.monotonic() + AWAY
        while True:
            try:
                self._connection = _begun()
                return
            except DatabaseUnavailable:
                if time.monotonic() > ends or self._stopped.wait(BETWEEN_CALLS):
                    raise

    def _transaction(self) -> str:
        with self._connection.cursor() as cursor:
            cursor.execute("SELECT pg_current_xact_id()::text")
            return str(cursor.fetchone()[0])

    def _stands(self, transaction: str) -> bool:
        """Whether a transaction was committed. It is over: the lock that its connection held is ours."""
        with self._connection.cursor() as cursor:
            cursor.execute("SELECT pg_xact_status(%s::xid8) = 'committed'", (transaction,))
            return bool(cursor.fetchone()[0])

    def _execute(self, statement: str, values: dict[str, Any] | None = None) -> None:
        with self._connection.cursor() as cursor:
            cursor.execute(statement, values)
        self._end()

    def _undo(self) -> None:
        """Take back what was done for a chunk. Where the connection is lost, the server does it."""
        if self._connection.closed:
            return
        if self._dry:
            with self._connection.cursor() as cursor:
                cursor.execute(_BACK)
        else:
            self._connection.rollback()

    def _end(self) -> None:
        if self._dry:
            return
        try:
            self._connection.commit()
        finally:
            committed()  # whether or not it came through


@contextlib.contextmanager
def opened(*, update: bool, dry: bool, tell: Callable[[str], None]) -> Iterator[Catalog]:
    """The catalog, for one import at a time; `tell` is called with what somebody who waits should know. Raises `Busy`,
    or ``DatabaseUnavailable``.
    """
    with translated_errors(), contextlib.closing(Catalog(update=update, dry=dry, tell=tell)) as catalog:
        yield catalog


def _begun() -> Any:
    """A connection that holds the lock of imports, with the tables for chunks. Raises `Busy`, `DatabaseUnavailable`."""
    with translated_errors():
        connection = connect(SETTINGS)
        try:
            with connection.cursor() as cursor:
                # One that was killed may hold the lock for the statement that the server is at.
                cursor.execute(f"SET lock_timeout = '{PATIENCE}'; SELECT pg_advisory_lock(%s)", (LOCK,))
                cursor.execute("RESET lock_timeout")
                staging.make_tables(cursor)
            connection.commit()
        except BaseException as error:
            connection.close()
            if isinstance(error, psycopg2.errors.LockNotAvailable):
                raise Busy from None
            raise
        return connection


def _lonely(record: Prepared) -> Rejected:
    assert record.key is not None
    scheme, value = record.key
    reason = f"No book has this id ({scheme}) yet; import the books first, then this file again."
    return record.rejected(Flaw("identifiers", value, reason))
