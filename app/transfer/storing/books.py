"""Books: which they are, those that have to be made, what changes in those that are known, and their contributors.

A book is the one with the id of the source, then the one with the ISBN, unless that has another id of the same source:
then the ISBN stays with the one that held it first, and the other keeps it under `identifiers.isbn`.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

from app.transfer.columns import OF_BOOKS

from .staging import staged

_OF_ROUND = "s.round = %(round)s"
_OPEN = f"{_OF_ROUND} AND s.book_id IS NULL"

# What was merged into another book, whose own key stands first, only adds to that one.
_BY_KEY = f"""
    UPDATE staged_books AS staged SET book_id = found.id, fills = found.own_key <> staged.key
    FROM (
        SELECT DISTINCT ON (s.place) s.place, b.id, b.identifiers -> s.scheme ->> 0 AS own_key
        FROM staged_books AS s
        JOIN books AS b ON b.identifiers @> jsonb_build_object(s.scheme, jsonb_build_array(s.key))
        WHERE {_OPEN} AND s.key IS NOT NULL
        ORDER BY s.place, b.id
    ) AS found
    WHERE staged.place = found.place
"""
_BY_ISBN = f"""
    UPDATE staged_books AS s SET book_id = b.id
    FROM books AS b
    WHERE {_OPEN} AND NOT s.adds AND b.isbn = s.isbn AND (s.scheme IS NULL OR NOT b.identifiers ? s.scheme)
"""
_POSTPONE = f"""
    UPDATE staged_books AS staged SET round = round + 1, book_id = NULL, fills = false
    FROM (
        SELECT s.place, row_number() OVER (PARTITION BY s.book_id ORDER BY s.place) AS number
        FROM staged_books AS s WHERE {_OF_ROUND} AND s.book_id IS NOT NULL
    ) AS turn
    WHERE staged.place = turn.place AND turn.number > 1
"""
_ISBN_TAKEN = f"""
    UPDATE staged_books AS s SET isbn = NULL,
        identifiers = added_to_identifiers(coalesce(s.identifiers, '{{}}'),
            jsonb_build_object('isbn', jsonb_build_array(s.isbn)))
    FROM books AS b
    WHERE {_OF_ROUND} AND b.isbn = s.isbn AND b.id IS DISTINCT FROM s.book_id
"""
# Subjects of a book that is not there: the places of the records that cannot be stored.
_NOTHING_TO_ADD_TO = f"""
    WITH lonely AS (DELETE FROM staged_books AS s WHERE {_OPEN} AND s.adds RETURNING s.place)
    SELECT place FROM lonely ORDER BY place
"""
_NUMBER = f"""
    WITH numbered AS (
        SELECT place, nextval(pg_get_serial_sequence('books', 'id')) AS id
        FROM (SELECT s.place FROM staged_books AS s WHERE {_OPEN} ORDER BY s.place) AS new
    )
    UPDATE staged_books AS staged SET book_id = numbered.id, is_new = true, relists = true
    FROM numbered WHERE staged.place = numbered.place
"""

# The authors of each list, in order, no two alike in one role: two names may turn out to be one person's.
_LISTED = """
    SELECT c.book, coalesce(c.author_id, p.author_id) AS author_id, c.role, min(c.position) AS position,
        (array_agg(c.credited_as ORDER BY c.position))[1] AS credited_as
    FROM staged_credits AS c LEFT JOIN staged_people AS p ON p.place = c.person
    GROUP BY c.book, coalesce(c.author_id, p.author_id), c.role
"""
LIST = (
    "DROP TABLE IF EXISTS pg_temp.listed",
    f"CREATE TEMPORARY TABLE listed ON COMMIT DROP AS {_LISTED}",
    "CREATE INDEX ON listed (book)",
    "ANALYZE listed (book, author_id)",
)
# A list is written where it is given, is another than the one that is stored, and the record does not only add.
_RELIST = f"""
    UPDATE staged_books AS staged SET relists = true
    FROM (
        SELECT s.place, s.book_id, s.fills,
            array_agg(ROW(l.author_id, l.role, l.credited_as)::text ORDER BY l.position) AS wanted
        FROM staged_books AS s JOIN listed AS l ON l.book = s.place
        WHERE {_OF_ROUND} AND s.book_id IS NOT NULL AND NOT s.is_new AND %(update)s
        GROUP BY s.place, s.book_id, s.fills
    ) AS given
    LEFT JOIN LATERAL (
        SELECT array_agg(ROW(c.author_id, c.role, c.credited_as)::text ORDER BY c.position) AS held
        FROM contributions AS c WHERE c.book_id = given.book_id
    ) AS stored ON true
    WHERE staged.place = given.place AND given.wanted IS DISTINCT FROM stored.held
        AND NOT (given.fills AND stored.held IS NOT NULL)
"""
# As the trigger does it, which is told that this was done (see migration 0005): authors whose names are taken over are
# locked, but for those that this transaction made.
LOCK_NAMES = f"""
    SELECT count(*) FROM (
        SELECT FROM authors AS a
        WHERE a.id IN (
            SELECT l.author_id FROM listed AS l JOIN staged_books AS s ON s.place = l.book
            WHERE {_OF_ROUND} AND s.relists
            EXCEPT SELECT p.author_id FROM staged_people AS p WHERE p.is_new
        )
        ORDER BY a.id FOR SHARE
    ) AS locked
"""
NAME = f"""
    UPDATE staged_books AS staged SET names = found.names
    FROM (
        SELECT s.place, string_agg(names_on_book(a.names, l.credited_as), '' ORDER BY l.position) AS names
        FROM staged_books AS s JOIN listed AS l ON l.book = s.place JOIN authors AS a ON a.id = l.author_id
        WHERE {_OF_ROUND} AND s.relists
        GROUP BY s.place
    ) AS found
    WHERE staged.place = found.place
"""
MAKE = f"""
    INSERT INTO books ({", ".join(OF_BOOKS.names)}, id, contributors, created_at, updated_at)
    SELECT {staged(OF_BOOKS)}, s.book_id, s.names, coalesce(s.created_at, now()), coalesce(s.updated_at, now())
    FROM staged_books AS s WHERE {_OF_ROUND} AND s.is_new ORDER BY s.place
"""
_FILLS = "(s.fills OR s.adds)"
_CHANGES = {
    **{
        name: f"CASE WHEN {_FILLS} THEN coalesce(b.{name}, s.{name}) ELSE coalesce(s.{name}, b.{name}) END"
        for name in OF_BOOKS.plain
    },
    # The place in a series means nothing in another one.
    "series_position": "CASE WHEN s.series IS NULL OR s.series IS NOT DISTINCT FROM b.series "
    f"THEN CASE WHEN {_FILLS} THEN coalesce(b.series_position, s.series_position) "
    "ELSE coalesce(s.series_position, b.series_position) END "
    f"WHEN {_FILLS} AND b.series IS NOT NULL THEN b.series_position ELSE s.series_position END",
    **{
        name: f"CASE WHEN s.{name} IS NULL THEN b.{name} WHEN s.adds THEN added_to_list(b.{name}, s.{name}, {most}) "
        f"WHEN s.fills AND b.{name} <> '{{}}' THEN b.{name} ELSE s.{name} END"
        for name, most in OF_BOOKS.lists.items()
    },
    "identifiers": "coalesce(added_to_identifiers(b.identifiers, s.identifiers), b.identifiers)",
}
_CHANGE = f"""
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
    FROM listed AS l JOIN staged_books AS s ON s.place = l.book
    WHERE {_OF_ROUND} AND s.relists ORDER BY s.place, l.position
"""
_ROUNDS = "SELECT DISTINCT round FROM staged_books WHERE round >= %s ORDER BY round LIMIT 1"
_MATCHED = f"""
    SELECT count(*), count(*) FILTER (WHERE s.relists) FROM staged_books AS s
    WHERE {_OF_ROUND} AND s.book_id IS NOT NULL AND NOT s.is_new
"""
CONTRIBUTORS_GIVEN = "SELECT set_config('catalog.contributors_given', 'on', true)"


def merge(cursor: Any, counts: Counter[str], *, update: bool) -> list[int]:
    """Merge books whose people were found before. Counts as `people.merge` does; returns the places of records that
    have nothing to add to.
    """
    for statement in LIST:
        cursor.execute(statement)
    lonely: list[int] = []
    current = 0
    while True:
        cursor.execute(_ROUNDS, (current,))
        found = cursor.fetchone()
        if found is None:
            return lonely
        current = found[0]
        lonely += _merge_round(cursor, {"round": current, "update": update}, counts)
        current += 1


def _merge_round(cursor: Any, values: dict[str, Any], counts: Counter[str]) -> list[int]:
    for statement in (_BY_KEY, _BY_ISBN, _POSTPONE):
        cursor.execute(statement, values)
    cursor.execute(_ISBN_TAKEN, values)
    counts["isbn_taken"] += cursor.rowcount
    cursor.execute(_NOTHING_TO_ADD_TO, values)
    lonely = [place for (place,) in cursor.fetchall()]
    cursor.execute(_RELIST, values)
    cursor.execute(_MATCHED, values)
    matched, relisted = cursor.fetchone()
    cursor.execute(_NUMBER, values)
    made = cursor.rowcount
    if made or relisted:
        cursor.execute(LOCK_NAMES, values)
        cursor.execute(NAME, values)
    if made:
        cursor.execute(MAKE, values)
    if matched:
        cursor.execute(_CHANGE, values)
        changed = cursor.rowcount
        counts["updated"] += changed
        counts["unchanged" if values["update"] else "known"] += matched - changed
    if relisted:
        cursor.execute(_UNLINK, values)
    if made or relisted:
        cursor.execute(LINK, values)
    counts["created"] += made
    return lonely
