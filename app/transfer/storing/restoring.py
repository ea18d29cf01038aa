"""Records that are put back as they were, with their ids and timestamps, or not at all."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

from app.transfer.columns import OF_AUTHORS, OF_BOOKS, Columns
from app.transfer.records import Flaw, Kind

from . import books
from .staging import staged


@dataclass(frozen=True)
class Refused:
    """A record, by its kind and place in the chunk, that cannot be put back."""

    kind: Kind
    place: int
    flaw: Flaw


_MOMENTS = ("created_at", "updated_at")


def _same(columns: Columns) -> str:
    """The condition that a staged record `s` is what is `stored`."""
    stored = [f"stored.{name}" for name in (*columns.names, *_MOMENTS)]
    return f"({', '.join(stored)}) IS NOT DISTINCT FROM ({staged(columns)}, s.created_at, s.updated_at)"


_SAME = {
    "authors": _same(OF_AUTHORS),
    "books": f"""{_same(OF_BOOKS)} AND (
            SELECT array_agg(ROW(c.author_id, c.role, c.credited_as)::text ORDER BY c.position)
            FROM contributions AS c WHERE c.book_id = s.id
        ) IS NOT DISTINCT FROM (
            SELECT array_agg(ROW(l.author_id, l.role, l.credited_as)::text ORDER BY l.position)
            FROM listed AS l WHERE l.book = s.place
        )""",
}
_STAGED = {"authors": "staged_people", "books": "staged_books"}

_TWICE = "DELETE FROM {staged} AS s WHERE s.round > 0 RETURNING s.place, s.id"
_THERE = "DELETE FROM {staged} AS s USING {table} AS stored WHERE stored.id = s.id RETURNING s.place, s.id, {same}"
_ISBN_TAKEN = """
    DELETE FROM staged_books AS s USING books AS b WHERE b.isbn = s.isbn AND b.id <> s.id
    RETURNING s.place, s.isbn, b.id
"""
_NOBODY = """
    DELETE FROM staged_books AS s USING (
        SELECT l.book, min(l.author_id) AS author_id FROM listed AS l
        WHERE NOT EXISTS (SELECT FROM authors AS a WHERE a.id = l.author_id) GROUP BY l.book
    ) AS missing
    WHERE missing.book = s.place RETURNING s.place, missing.author_id
"""
_MAKE_AUTHORS = f"""
    INSERT INTO authors ({", ".join(OF_AUTHORS.names)}, id, created_at, updated_at)
    SELECT {staged(OF_AUTHORS)}, s.id, s.created_at, s.updated_at FROM staged_people AS s ORDER BY s.place
"""
_ALL_NEW = "UPDATE staged_books SET book_id = id, is_new = true, relists = true"
# Ids that are given out later come after all that are there.
_AFTER_ALL = """
    SELECT setval(pg_get_serial_sequence('{table}', 'id'), highest)
    FROM (SELECT max(id) AS highest FROM {table}) AS stored, pg_sequences
    WHERE format('%%I.%%I', schemaname, sequencename) = pg_get_serial_sequence('{table}', 'id')
        AND highest > coalesce(last_value, 0)
"""


def merge(cursor: Any, counts: Counter[str]) -> list[Refused]:
    """Put records back; those that are there and the same are `unchanged`. Returns those that cannot be."""
    refused = _pass_by(cursor, "authors", counts)
    cursor.execute(_MAKE_AUTHORS)
    counts["created"] += cursor.rowcount

    for statement in books.LIST:
        cursor.execute(statement)
    refused += _pass_by(cursor, "books", counts)
    cursor.execute(_ISBN_TAKEN)
    for place, isbn, holder in cursor.fetchall():
        refused.append(Refused("books", place, Flaw("isbn", isbn, f"The book {holder} has this ISBN.")))
    cursor.execute(_NOBODY)
    for place, author_id in cursor.fetchall():
        reason = f"There is no author {author_id}; restore the authors first."
        refused.append(Refused("books", place, Flaw("authors", str(author_id), reason)))
    cursor.execute(_ALL_NEW)
    values = {"round": 0}
    for statement in (books.LOCK_NAMES, books.NAME, books.MAKE):
        cursor.execute(statement, values)
    counts["created"] += cursor.rowcount
    cursor.execute(books.LINK, values)
    for table in ("authors", "books"):
        cursor.execute(_AFTER_ALL.format(table=table), {})
    return refused


def _pass_by(cursor: Any, kind: Kind, counts: Counter[str]) -> list[Refused]:
    """Leave out records that stand twice in the chunk, or are in the catalog."""
    refused = []
    cursor.execute(_TWICE.format(staged=_STAGED[kind]))
    for place, record_id in cursor.fetchall():
        reason = "A record before it has its id, or its ISBN."
        refused.append(Refused(kind, place, Flaw("id", str(record_id), reason)))
    cursor.execute(_THERE.format(staged=_STAGED[kind], table=kind, same=_SAME[kind]))
    for place, record_id, is_same in cursor.fetchall():
        if is_same:
            counts["unchanged"] += 1
            continue
        noun = kind.removesuffix("s")
        reason = f"There is another {noun} {record_id}; restore into an empty catalog."
        refused.append(Refused(kind, place, Flaw("id", str(record_id), reason)))
    return refused
