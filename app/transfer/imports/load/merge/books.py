"""Merging staged books: they are matched, then created or updated with their contributors.

A book is matched by its id in the source, then by ISBN. A book with the same ISBN but another id of the same source is
not a match: it keeps the ISBN, and the staged book gets it in `identifiers.isbn`.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from app.transfer.imports.load.staging import staged_values
from app.transfer.imports.load.target_columns import BOOK_COLUMNS

_OF_ROUND = "s.round = %(round)s"
_OPEN = f"{_OF_ROUND} AND s.book_id IS NULL"

# The key of a book that was merged into another one matches that other book, whose own key comes first. Then the record
# only fills in unknown values.
_BY_KEY = f"""
    UPDATE staged_books AS staged SET book_id = matched.id, fills = matched.own_key <> staged.key
    FROM (
        SELECT DISTINCT ON (s.ordinal) s.ordinal, b.id, b.identifiers -> s.scheme ->> 0 AS own_key
        FROM staged_books AS s
        JOIN books AS b ON b.identifiers @> jsonb_build_object(s.scheme, jsonb_build_array(s.key))
        WHERE {_OPEN} AND s.key IS NOT NULL
        ORDER BY s.ordinal, b.id
    ) AS matched
    WHERE staged.ordinal = matched.ordinal
"""
_BY_ISBN = f"""
    UPDATE staged_books AS s SET book_id = b.id
    FROM books AS b
    WHERE {_OPEN} AND NOT s.adds AND b.isbn = s.isbn AND (s.scheme IS NULL OR NOT b.identifiers ? s.scheme)
"""
# If several records match one book, all but the first are postponed to the next round.
_POSTPONE = f"""
    UPDATE staged_books AS staged SET round = round + 1, book_id = NULL, fills = false
    FROM (
        SELECT s.ordinal, row_number() OVER (PARTITION BY s.book_id ORDER BY s.ordinal) AS number
        FROM staged_books AS s WHERE {_OF_ROUND} AND s.book_id IS NOT NULL
    ) AS numbered
    WHERE staged.ordinal = numbered.ordinal AND numbered.number > 1
"""
_KEEP_TAKEN_ISBNS = f"""
    UPDATE staged_books AS s SET isbn = NULL,
        identifiers = added_to_identifiers(coalesce(s.identifiers, '{{}}'),
            jsonb_build_object('isbn', jsonb_build_array(s.isbn)))
    FROM books AS b
    WHERE {_OF_ROUND} AND b.isbn = s.isbn AND b.id IS DISTINCT FROM s.book_id
    RETURNING s.ordinal, b.isbn
"""
# Records that extend a book which is not in the catalog.
_REMOVE_ADDITIONS = f"""
    WITH removed AS (DELETE FROM staged_books AS s WHERE {_OPEN} AND s.adds RETURNING s.ordinal)
    SELECT ordinal FROM removed ORDER BY ordinal
"""
_NUMBER_NEW = f"""
    WITH numbered AS (
        SELECT ordinal, nextval(pg_get_serial_sequence('books', 'id')) AS id
        FROM (SELECT s.ordinal FROM staged_books AS s WHERE {_OPEN} ORDER BY s.ordinal) AS new
    )
    UPDATE staged_books AS staged SET book_id = numbered.id, is_new = true, relists = true
    FROM numbered WHERE staged.ordinal = numbered.ordinal
"""

# The contributors of each book in order, each author once per role, because two names may match one author.
_LISTED = """
    SELECT c.book, coalesce(c.author_id, a.author_id) AS author_id, c.role, min(c.position) AS position,
        (array_agg(c.credited_as ORDER BY c.position))[1] AS credited_as
    FROM staged_contributors AS c LEFT JOIN staged_authors AS a ON a.ordinal = c.author
    GROUP BY c.book, coalesce(c.author_id, a.author_id), c.role
"""
LIST_CONTRIBUTORS = (
    "DROP TABLE IF EXISTS pg_temp.listed",
    f"CREATE TEMPORARY TABLE listed ON COMMIT DROP AS {_LISTED}",
    "CREATE INDEX ON listed (book)",
    "ANALYZE listed (book, author_id)",
)
# Contributors are written if the file has them and they differ, unless the record only fills in unknown values.
_RELIST = f"""
    UPDATE staged_books AS staged SET relists = true
    FROM (
        SELECT s.ordinal, s.book_id, s.fills,
            array_agg(ROW(l.author_id, l.role, l.credited_as)::text ORDER BY l.position) AS contributors
        FROM staged_books AS s JOIN listed AS l ON l.book = s.ordinal
        WHERE {_OF_ROUND} AND s.book_id IS NOT NULL AND NOT s.is_new AND %(update)s
        GROUP BY s.ordinal, s.book_id, s.fills
    ) AS given
    LEFT JOIN LATERAL (
        SELECT array_agg(ROW(c.author_id, c.role, c.credited_as)::text ORDER BY c.position) AS contributors
        FROM contributions AS c WHERE c.book_id = given.book_id
    ) AS stored ON true
    WHERE staged.ordinal = given.ordinal AND given.contributors IS DISTINCT FROM stored.contributors
        AND NOT (given.fills AND stored.contributors IS NOT NULL)
"""
# The search needs the names of contributors on their books. One statement copies them for all books, instead of the
# triggers (migration 0005), under the same lock: authors cannot be renamed meanwhile. New authors need no lock.
LOCK_NAMES = f"""
    SELECT count(*) FROM (
        SELECT FROM authors AS a
        WHERE a.id IN (
            SELECT l.author_id FROM listed AS l JOIN staged_books AS s ON s.ordinal = l.book
            WHERE {_OF_ROUND} AND s.relists
            EXCEPT SELECT new.author_id FROM staged_authors AS new WHERE new.is_new
        )
        ORDER BY a.id FOR SHARE
    ) AS locked
"""
COPY_NAMES = f"""
    UPDATE staged_books AS staged SET names = named.names
    FROM (
        SELECT s.ordinal, string_agg(names_on_book(a.names, l.credited_as), '' ORDER BY l.position) AS names
        FROM staged_books AS s JOIN listed AS l ON l.book = s.ordinal JOIN authors AS a ON a.id = l.author_id
        WHERE {_OF_ROUND} AND s.relists
        GROUP BY s.ordinal
    ) AS named
    WHERE staged.ordinal = named.ordinal
"""
CREATE = f"""
    INSERT INTO books ({", ".join(BOOK_COLUMNS.names)}, id, contributors, created_at, updated_at)
    SELECT {staged_values(BOOK_COLUMNS)}, s.book_id, s.names,
        coalesce(s.created_at, now()), coalesce(s.updated_at, now())
    FROM staged_books AS s WHERE {_OF_ROUND} AND s.is_new ORDER BY s.ordinal
"""
_FILLS = "(s.fills OR s.adds)"
_CHANGES = {
    **{
        name: f"CASE WHEN {_FILLS} THEN coalesce(b.{name}, s.{name}) ELSE coalesce(s.{name}, b.{name}) END"
        for name in BOOK_COLUMNS.plain
    },
    # A position belongs to its series.
    "series_position": "CASE WHEN s.series IS NULL OR s.series IS NOT DISTINCT FROM b.series "
    f"THEN CASE WHEN {_FILLS} THEN coalesce(b.series_position, s.series_position) "
    "ELSE coalesce(s.series_position, b.series_position) END "
    f"WHEN {_FILLS} AND b.series IS NOT NULL THEN b.series_position ELSE s.series_position END",
    **{
        name: f"CASE WHEN s.{name} IS NULL THEN b.{name} WHEN s.adds THEN added_to_list(b.{name}, s.{name}, {most}) "
        f"WHEN s.fills AND b.{name} <> '{{}}' THEN b.{name} ELSE s.{name} END"
        for name, most in BOOK_COLUMNS.lists.items()
    },
    "identifiers": "coalesce(added_to_identifiers(b.identifiers, s.identifiers), b.identifiers)",
}
_UPDATE = f"""
    UPDATE books AS b
    SET {", ".join(f"{name} = {value}" for name, value in _CHANGES.items())},
        contributors = CASE WHEN s.relists THEN s.names ELSE b.contributors END, updated_at = clock_timestamp()
    FROM staged_books AS s
    WHERE b.id = s.book_id AND {_OF_ROUND} AND NOT s.is_new AND (%(update)s OR s.adds) AND (
        s.relists OR ({", ".join(f"b.{name}" for name in _CHANGES)}) IS DISTINCT FROM ({", ".join(_CHANGES.values())}))
"""
_UNLINK = f"""
    DELETE FROM contributions WHERE book_id IN (
        SELECT s.book_id FROM staged_books AS s WHERE {_OF_ROUND} AND s.relists AND NOT s.is_new)
"""
LINK = f"""
    INSERT INTO contributions (book_id, author_id, role, position, credited_as)
    SELECT s.book_id, l.author_id, l.role, row_number() OVER (PARTITION BY l.book ORDER BY l.position) - 1,
        l.credited_as
    FROM listed AS l JOIN staged_books AS s ON s.ordinal = l.book
    WHERE {_OF_ROUND} AND s.relists ORDER BY s.ordinal, l.position
"""
_NEXT_ROUND = "SELECT DISTINCT round FROM staged_books WHERE round >= %s ORDER BY round LIMIT 1"
_COUNT_MATCHED = f"""
    SELECT count(*), count(*) FILTER (WHERE s.relists) FROM staged_books AS s
    WHERE {_OF_ROUND} AND s.book_id IS NOT NULL AND NOT s.is_new
"""
# Disables the triggers of contributions, because this transaction copies the names itself.
SET_NAMES_GIVEN = "SELECT set_config('catalog.contributors_given', 'on', true)"


@dataclass
class MergedBooks:
    """Staged books that need a reject or a warning, by ordinal."""

    unmatched: list[int] = field(default_factory=list)  # they extend a book that is not in the catalog
    taken_isbns: list[tuple[int, str]] = field(default_factory=list)  # another book has the ISBN


def merge_book_records(cursor: Any, counts: Counter[str], *, update: bool) -> MergedBooks:
    """Merge books after their authors, with the counts of `merge_author_records`."""
    for statement in LIST_CONTRIBUTORS:
        cursor.execute(statement)
    merged = MergedBooks()
    round_ = 0
    while True:
        cursor.execute(_NEXT_ROUND, (round_,))
        row = cursor.fetchone()
        if row is None:
            return merged
        round_ = row[0]
        _merge_round(cursor, {"round": round_, "update": update}, counts, merged)
        round_ += 1


def _merge_round(cursor: Any, values: dict[str, Any], counts: Counter[str], merged: MergedBooks) -> None:
    for statement in (_BY_KEY, _BY_ISBN, _POSTPONE):
        cursor.execute(statement, values)
    cursor.execute(_KEEP_TAKEN_ISBNS, values)
    merged.taken_isbns += cursor.fetchall()
    cursor.execute(_REMOVE_ADDITIONS, values)
    merged.unmatched += [ordinal for (ordinal,) in cursor.fetchall()]
    cursor.execute(_RELIST, values)
    cursor.execute(_COUNT_MATCHED, values)
    matched, relisted = cursor.fetchone()
    cursor.execute(_NUMBER_NEW, values)
    created = cursor.rowcount
    if created or relisted:
        cursor.execute(LOCK_NAMES, values)
        cursor.execute(COPY_NAMES, values)
    if created:
        cursor.execute(CREATE, values)
    if matched:
        cursor.execute(_UPDATE, values)
        updated = cursor.rowcount
        counts["updated"] += updated
        counts["unchanged" if values["update"] else "known"] += matched - updated
    if relisted:
        cursor.execute(_UNLINK, values)
    if created or relisted:
        cursor.execute(LINK, values)
    counts["created"] += created
