"""The loader: stores batches in the catalog, one transaction each."""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias, TypeVar

import psycopg2

from app.transfer.records import Prepared, Rejected, RejectReason
from extensions.database.engine import ATTEMPTS, INTEGRITY_RACE, SERIALIZATION, translated_errors

from . import staging
from .batch import Batch, Warned
from .connection import Cause, ImportConnection
from .merge.authors import merge_author_records
from .merge.books import SET_NAMES_GIVEN, merge_book_records
from .merge.restore import restore_records
from .refusals import BatchRefused, refusal_reason

# Each lookup scans the pending lists of these GIN indexes, so they are emptied before a batch.
_CLEAN_PENDING_LISTS = """
    SELECT gin_clean_pending_list(oid::regclass) FROM pg_class
    WHERE relname IN ('ix_books_identifiers', 'ix_authors_identifiers') AND pg_has_role(relowner, 'USAGE')
"""
# Reads scan the pending lists, too, so an import leaves none behind.
_CLEAN_ALL_PENDING_LISTS = """
    SELECT gin_clean_pending_list(pg_class.oid::regclass) FROM pg_class JOIN pg_index ON indexrelid = pg_class.oid
    WHERE indrelid IN ('books'::regclass, 'authors'::regclass, 'vocabulary'::regclass)
        AND relam = (SELECT oid FROM pg_am WHERE amname = 'gin') AND pg_has_role(relowner, 'USAGE')
"""
# Triggers cache their plans for the session. A plan made for an empty vocabulary scans the whole table for each word;
# ANALYZE invalidates the plans of its table.
_RENEW_PLANS = "ANALYZE vocabulary (word)"
_PLANNED_ROWS = "SELECT sum(greatest(reltuples, 0)) FROM pg_class WHERE oid IN ('books'::regclass, 'authors'::regclass)"
_COUNT_RECORDS = "SELECT (SELECT count(*) FROM books), (SELECT count(*) FROM authors)"
MIN_ANALYZED = 1_000  # changed records; for fewer, autovacuum is sufficient

Returned = TypeVar("Returned")


@dataclass
class BatchResult:
    """The result of storing a batch."""

    counts: Counter[str] = field(default_factory=Counter)  # records by outcome, see `merge_author_records`
    warnings: dict[str, Warned] = field(default_factory=dict)  # found by the database, by code
    rejected: list[Rejected] = field(default_factory=list)


# Saves the progress with a batch, in the transaction of this cursor, which may be repeated.
Save: TypeAlias = Callable[[Any, BatchResult], None]


class Loader:
    """Stores batches over one connection."""

    def __init__(self, connection: ImportConnection, *, update: bool) -> None:
        self._connection, self._update = connection, update
        self._batches = 0

    def count_records(self) -> tuple[int, int]:
        """Return how many books and authors the catalog has."""

        def count(cursor: Any) -> tuple[int, int]:
            cursor.execute(_COUNT_RECORDS)
            books, authors = cursor.fetchone()
            return books, authors

        return self.run(count)

    def run(self, work: Callable[[Any], Returned]) -> Returned:
        """Call `work` with a cursor, and commit. Both are repeated after a lost connection."""

        def run() -> Returned:
            with self._connection.cursor() as cursor:
                returned = work(cursor)
            self._connection.commit()
            return returned

        return self._connection.retry(run)

    def store(self, batch: Batch, *, restore: bool, save: Save) -> BatchResult:
        """Store a batch and its progress in one transaction; a dry run keeps the transaction open.

        The transaction is retried after a conflict with another writer, and after a lost connection. Raises
        `BatchRefused` if the database refuses a record, and ``psycopg2.Error``; then nothing of the batch is stored.
        """
        committing: list[tuple[str, BatchResult]] = []

        def store() -> BatchResult:
            # After a connection was lost during a commit, only the server knows whether it succeeded.
            if committing:
                transaction_id, result = committing.pop()
                if self._connection.is_committed(transaction_id):
                    return result
            return self._store(batch, restore, save, committing)

        result = self._connection.retry(store)
        self._batches += 1
        return result

    def _store(
        self,
        batch: Batch,
        restore: bool,
        save: Save,
        committing: list[tuple[str, BatchResult]],
    ) -> BatchResult:
        """Store a batch; `committing` gets the transaction id and result before the commit."""
        for attempt in range(1, ATTEMPTS + 1):
            try:
                result = self._merge(batch, restore, save)
                committing[:] = [(self._connection.transaction_id(), result)]
                self._connection.commit()
                return result
            except psycopg2.Error as error:
                code = error.pgcode or ""
                self._connection.rollback()
                is_conflict = code.startswith(SERIALIZATION) or code in INTEGRITY_RACE
                if is_conflict and attempt < ATTEMPTS:
                    continue
                reason = refusal_reason(error)
                if reason is None:
                    raise
                raise BatchRefused(reason) from error
        raise AssertionError("unreachable")

    def _merge(self, batch: Batch, restore: bool, save: Save) -> BatchResult:
        result = BatchResult()
        self._connection.begin()
        with self._connection.cursor() as cursor:
            cursor.execute(_CLEAN_PENDING_LISTS)
            if self._batches.bit_count() <= 1:  # after 0, 1, 2, 4, 8 … batches
                cursor.execute(_RENEW_PLANS)
            staging.stage(cursor, batch.authors, batch.books, batch.contributors)
            cursor.execute(SET_NAMES_GIVEN)
            if restore:
                for refused in restore_records(cursor, result.counts):
                    record = batch.may_be_rejected[refused.kind, refused.ordinal]
                    result.rejected.append(record.rejected(refused.reason))
            else:
                ambiguous = merge_author_records(cursor, result.counts, update=self._update)
                merged = merge_book_records(cursor, result.counts, update=self._update)
                for ordinal in merged.unmatched:
                    result.rejected.append(_reject_addition(batch.may_be_rejected["books", ordinal]))
                _warn(result, "author_ambiguous", batch.numbers["authors"], ambiguous)
                _warn(result, "isbn_taken", batch.numbers["books"], merged.taken_isbns)
            result.counts["unchanged" if self._update else "known"] += batch.repeated
            result.rejected.sort(key=lambda rejected: rejected.number)
            save(cursor, result)
        return result

    def tidy(self, changed: int) -> bool:
        """Empty the pending lists, because reads scan them.

        Return whether the tables need ANALYZE, because so many `changed` records are a large share.
        """

        def tidy(cursor: Any) -> bool:
            cursor.execute(_CLEAN_ALL_PENDING_LISTS)
            cursor.execute(_PLANNED_ROWS)
            return bool(changed >= max(MIN_ANALYZED, cursor.fetchone()[0] / 10))

        return not self._connection.dry_run and self.run(tidy)

    def cancel(self) -> None:
        """Cancel the statement that another thread runs with this loader."""
        self._connection.cancel()


@contextlib.contextmanager
def open_loader(
    *, update: bool, dry_run: bool, on_lost: Callable[[str, int], None], cause: Cause | None = None
) -> Iterator[Loader]:
    """Open the loader and take the import lock; for `on_lost` and `cause` see `ImportConnection`.

    Raises `ImportRunning` and `DatabaseUnavailable`.
    """
    with translated_errors(), _opened(dry_run, on_lost, cause) as connection:
        yield Loader(connection, update=update)


def _opened(
    dry_run: bool, on_lost: Callable[[str, int], None], cause: Cause | None
) -> contextlib.closing[ImportConnection]:
    return contextlib.closing(ImportConnection(dry_run=dry_run, on_lost=on_lost, cause=cause))


def _warn(result: BatchResult, code: str, numbers: Sequence[int], found: list[tuple[int, str]]) -> None:
    """Add warnings about staged records, given by ordinal and value."""
    for ordinal, value in sorted(found):
        result.warnings.setdefault(code, Warned()).add(numbers[ordinal], value)


def _reject_addition(record: Prepared) -> Rejected:
    """Reject a record that extends a book which is not in the catalog."""
    assert record.key is not None
    scheme, value = record.key
    detail = f"No book has this id ({scheme}) yet. Import the books first, then this file again."
    return record.rejected(RejectReason("identifiers", value, detail))
