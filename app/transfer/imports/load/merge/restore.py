"""Restoring exported records unchanged, with their ids and timestamps."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

from app.transfer.imports.load.staging import staged_values
from app.transfer.imports.load.target_columns import AUTHOR_COLUMNS, BOOK_COLUMNS, TargetColumns
from app.transfer.records import RecordKind, RejectReason

from . import books


@dataclass(frozen=True)
class Unrestorable:
    """A staged record that cannot be restored."""

    kind: RecordKind
    ordinal: int
    reason: RejectReason


_TIMESTAMPS = ("created_at", "updated_at")


def _same(columns: TargetColumns) -> str:
    """Return the SQL condition that a staged record `s` equals the `stored` one."""
    stored = [f"stored.{name}" for name in (*columns.names, *_TIMESTAMPS)]
    return f"({', '.join(stored)}) IS NOT DISTINCT FROM ({staged_values(columns)}, s.created_at, s.updated_at)"


_SAME = {
    "authors": _same(AUTHOR_COLUMNS),
    "books": f"""{_same(BOOK_COLUMNS)} AND (
            SELECT array_agg(ROW(c.author_id, c.role, c.credited_as)::text ORDER BY c.position)
            FROM contributions AS c WHERE c.book_id = s.id
        ) IS NOT DISTINCT FROM (
            SELECT array_agg(ROW(l.author_id, l.role, l.credited_as)::text ORDER BY l.position)
            FROM listed AS l WHERE l.book = s.ordinal
        )""",
}
_STAGED = {"authors": "staged_authors", "books": "staged_books"}

_REMOVE_REPEATED = "DELETE FROM {staged} AS s WHERE s.round > 0 RETURNING s.ordinal, s.id"
_REMOVE_STORED = (
    "DELETE FROM {staged} AS s USING {table} AS stored WHERE stored.id = s.id RETURNING s.ordinal, s.id, {same}"
)
_REMOVE_TAKEN_ISBNS = """
    DELETE FROM staged_books AS s USING books AS b WHERE b.isbn = s.isbn AND b.id <> s.id
    RETURNING s.ordinal, s.isbn, b.id
"""
_REMOVE_WITHOUT_AUTHORS = """
    DELETE FROM staged_books AS s USING (
        SELECT l.book, min(l.author_id) AS author_id FROM listed AS l
        WHERE NOT EXISTS (SELECT FROM authors AS a WHERE a.id = l.author_id) GROUP BY l.book
    ) AS missing
    WHERE missing.book = s.ordinal RETURNING s.ordinal, missing.author_id
"""
_CREATE_AUTHORS = f"""
    INSERT INTO authors ({", ".join(AUTHOR_COLUMNS.names)}, id, created_at, updated_at)
    SELECT {staged_values(AUTHOR_COLUMNS)}, s.id, s.created_at, s.updated_at FROM staged_authors AS s ORDER BY s.ordinal
"""
_MARK_NEW = "UPDATE staged_books SET book_id = id, is_new = true, relists = true"
# New ids continue after the highest restored one.
_ADVANCE_SEQUENCE = """
    SELECT setval(pg_get_serial_sequence('{table}', 'id'), highest)
    FROM (SELECT max(id) AS highest FROM {table}) AS stored, pg_sequences
    WHERE format('%%I.%%I', schemaname, sequencename) = pg_get_serial_sequence('{table}', 'id')
        AND highest > coalesce(last_value, 0)
"""


def restore_records(cursor: Any, counts: Counter[str]) -> list[Unrestorable]:
    """Restore staged records; equal stored records count as `unchanged`."""
    unrestorable = _remove_known(cursor, "authors", counts)
    cursor.execute(_CREATE_AUTHORS)
    counts["created"] += cursor.rowcount

    for statement in books.LIST_CONTRIBUTORS:
        cursor.execute(statement)
    unrestorable += _remove_known(cursor, "books", counts)
    cursor.execute(_REMOVE_TAKEN_ISBNS)
    for ordinal, isbn, holder in cursor.fetchall():
        reason = RejectReason("isbn", isbn, f"Book {holder} already has this ISBN.")
        unrestorable.append(Unrestorable("books", ordinal, reason))
    cursor.execute(_REMOVE_WITHOUT_AUTHORS)
    for ordinal, author_id in cursor.fetchall():
        detail = f"Author {author_id} is not in the catalog. Restore the authors first."
        unrestorable.append(Unrestorable("books", ordinal, RejectReason("authors", str(author_id), detail)))
    cursor.execute(_MARK_NEW)
    values = {"round": 0}
    for statement in (books.LOCK_NAMES, books.COPY_NAMES, books.CREATE):
        cursor.execute(statement, values)
    counts["created"] += cursor.rowcount
    cursor.execute(books.LINK, values)
    for table in ("authors", "books"):
        cursor.execute(_ADVANCE_SEQUENCE.format(table=table), {})
    return unrestorable


def _remove_known(cursor: Any, kind: RecordKind, counts: Counter[str]) -> list[Unrestorable]:
    """Remove staged records whose id is repeated or already in the catalog."""
    unrestorable = []
    cursor.execute(_REMOVE_REPEATED.format(staged=_STAGED[kind]))
    for ordinal, record_id in cursor.fetchall():
        reason = RejectReason("id", str(record_id), "An earlier record has the same id or ISBN.")
        unrestorable.append(Unrestorable(kind, ordinal, reason))
    cursor.execute(_REMOVE_STORED.format(staged=_STAGED[kind], table=kind, same=_SAME[kind]))
    for ordinal, record_id, is_same in cursor.fetchall():
        if is_same:
            counts["unchanged"] += 1
            continue
        detail = f"The catalog has a different {kind.removesuffix('s')} {record_id}. Restore into an empty catalog."
        unrestorable.append(Unrestorable(kind, ordinal, RejectReason("id", str(record_id), detail)))
    return unrestorable
