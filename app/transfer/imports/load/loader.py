"""The loader: stores batches in the catalog, one transaction each."""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TypeAlias

import psycopg2

from app.transfer.records import Prepared, Rejected, RejectReason
from extensions.database.engine import ATTEMPTS, INTEGRITY_RACE, SERIALIZATION, translated_errors

from . import staging
from .batch import Batch
from .checkpoint import Checkpoint, find_checkpoint, remove_checkpoint
from .connection import ImportConnection
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


@dataclass
class BatchResult:
    """The result of storing a batch."""

    # Records by outcome (see `merge_author_records`), and warnings by code.
    counts: Counter[str] = field(default_factory=Counter)
    rejected: list[Rejected] = field(default_factory=list)


# Returns the checkpoint to save with a batch, if any.
MakeCheckpoint: TypeAlias = Callable[[BatchResult], Checkpoint | None]


class Loader:
    """Stores batches over one connection."""

    def __init__(self, connection: ImportConnection, *, update: bool) -> None:
        self._connection, self._update = connection, update
        self._batches = 0

    def count_records(self) -> tuple[int, int]:
        """Return how many books and authors the catalog has."""

        def count() -> tuple[int, int]:
            with self._connection.cursor() as cursor:
                cursor.execute(_COUNT_RECORDS)
                books, authors = cursor.fetchone()
            self._connection.commit()
            return books, authors

        return self._connection.retry(count)

    def find_checkpoint(self, digest: str) -> Checkpoint | None:
        """Return the checkpoint of an unfinished import, if there is one."""

        def find() -> Checkpoint | None:
            with self._connection.cursor() as cursor:
                checkpoint = find_checkpoint(cursor, digest)
            self._connection.commit()
            return checkpoint

        return self._connection.retry(find)

    def remove_checkpoint(self, digest: str) -> None:
        """Remove the checkpoint of a finished import."""

        def remove() -> None:
            with self._connection.cursor() as cursor:
                remove_checkpoint(cursor, digest)
            self._connection.commit()

        self._connection.retry(remove)

    def store(self, batch: Batch, *, restore: bool, make_checkpoint: MakeCheckpoint) -> BatchResult:
        """Store a batch and its checkpoint in one transaction.

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
            return self._store(batch, restore, make_checkpoint, committing)

        result = self._connection.retry(store)
        self._batches += 1
        return result

    def _store(
        self,
        batch: Batch,
        restore: bool,
        make_checkpoint: MakeCheckpoint,
        committing: list[tuple[str, BatchResult]],
    ) -> BatchResult:
        """Store a batch; `committing` gets the transaction id and result before the commit."""
        for attempt in range(1, ATTEMPTS + 1):
            try:
                result = self._merge(batch, restore, make_checkpoint)
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

    def _merge(self, batch: Batch, restore: bool, make_checkpoint: MakeCheckpoint) -> BatchResult:
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
                merge_author_records(cursor, result.counts, update=self._update)
                for ordinal in merge_book_records(cursor, result.counts, update=self._update):
                    result.rejected.append(_reject_addition(batch.may_be_rejected["books", ordinal]))
            result.counts["unchanged" if self._update else "known"] += batch.repeated
            result.rejected.sort(key=lambda rejected: rejected.number)
            checkpoint = make_checkpoint(result)
            if checkpoint and not self._connection.dry_run:
                checkpoint.save(cursor)
        return result

    def tidy(self, changed: int) -> None:
        """Leave the tables as fast to read as before an import that changed so many records.

        Pending lists are emptied, and the tables analyzed if a large share of the records has changed.
        """

        def tidy() -> None:
            with self._connection.cursor() as cursor:
                cursor.execute(_CLEAN_ALL_PENDING_LISTS)
                cursor.execute(_PLANNED_ROWS)
                if changed >= max(MIN_ANALYZED, cursor.fetchone()[0] / 10):
                    cursor.execute("ANALYZE books, authors, contributions")
            self._connection.commit()

        if not self._connection.dry_run:
            self._connection.retry(tidy)

    def cancel(self) -> None:
        """Cancel the statement that another thread runs with this loader."""
        self._connection.cancel()


@contextlib.contextmanager
def open_loader(*, update: bool, dry_run: bool, on_lost: Callable[[str, int], None]) -> Iterator[Loader]:
    """Open the loader and take the import lock; for `on_lost` see `ImportConnection`.

    Raises `ImportRunning` and `DatabaseUnavailable`.
    """
    with translated_errors(), contextlib.closing(ImportConnection(dry_run=dry_run, on_lost=on_lost)) as connection:
        yield Loader(connection, update=update)


def _reject_addition(record: Prepared) -> Rejected:
    """Reject a record that extends a book which is not in the catalog."""
    assert record.key is not None
    scheme, value = record.key
    detail = f"No book has this id ({scheme}) yet. Import the books first, then this file again."
    return record.rejected(RejectReason("identifiers", value, detail))
