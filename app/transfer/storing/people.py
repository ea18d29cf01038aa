"""Authors: who they are, those that have to be made, and what changes in those that are known.

An author is the one with the id of the source; then with another identifier in common; then the one of the same
`name_key` whose year of birth does not differ. Who has another id of the same source is somebody else; where a record
has no source, so is who has other ids of one kind, unless an id and the name are the same.
"""

from __future__ import annotations

from collections import Counter
from typing import Any
from zlib import crc32

from app.books.contributors import NAME_LOCK_SPACE, NAME_LOCKS
from app.transfer.columns import OF_AUTHORS
from app.values import person_name

from .staging import staged

_OF_ROUND = "p.mentioned = %(mentioned)s AND p.round = %(round)s"
_OPEN = f"{_OF_ROUND} AND p.author_id IS NULL"

# The author who has the key. Who was merged into somebody else, whose own key stands first, only adds to that one.
_BY_KEY = f"""
    UPDATE staged_people AS staged
    SET author_id = found.id, fills = found.own_key <> staged.key AND found.name <> staged.key
    FROM (
        SELECT DISTINCT ON (p.place) p.place, a.id, a.name, a.identifiers -> p.scheme ->> 0 AS own_key
        FROM staged_people AS p
        JOIN authors AS a ON a.identifiers @> jsonb_build_object(p.scheme, jsonb_build_array(p.key))
        WHERE {_OPEN} AND p.key IS NOT NULL
        ORDER BY p.place, a.id
    ) AS found
    WHERE staged.place = found.place
"""
# Whether those who have the `identifiers` are others than those who have `held`: they are known by different ids of one
# kind. It is asked of who is found to be alike, and never a condition by which to find them.
_ARE_OTHERS = """
    EXISTS (
        SELECT FROM jsonb_each(identifiers) AS of_scheme(scheme, ids)
        WHERE held ? of_scheme.scheme AND of_scheme.scheme NOT LIKE 'original.%%'
            AND NOT EXISTS (SELECT FROM jsonb_array_elements(ids) AS one WHERE held -> of_scheme.scheme @> one)
    )
"""
_BY_IDENTIFIER = f"""
    WITH alike AS MATERIALIZED (
        SELECT p.place, p.scheme, p.identifiers, a.id, a.identifiers AS held, a.identity = p.identity AS is_namesake
        FROM staged_people AS p
        CROSS JOIN jsonb_each(p.identifiers) AS of_scheme(scheme, further)
        CROSS JOIN jsonb_array_elements(further) AS value
        JOIN authors AS a ON a.identifiers @> jsonb_build_object(of_scheme.scheme, jsonb_build_array(value))
        WHERE {_OPEN} AND of_scheme.scheme IS DISTINCT FROM p.scheme AND of_scheme.scheme NOT LIKE 'original.%%'
            AND (p.scheme IS NULL OR NOT a.identifiers ? p.scheme)
    )
    UPDATE staged_people AS staged SET author_id = found.id, adds_key = staged.key IS NOT NULL
    FROM (
        SELECT DISTINCT ON (id) place, id FROM alike
        WHERE scheme IS NOT NULL OR is_namesake OR NOT {_ARE_OTHERS}
        ORDER BY id, place
    ) AS found
    WHERE staged.place = found.place
"""
# Who has a key is taken for the bearer of the name only where there is one. Else it is the one known longest, or of
# our own tables the nth, letter by letter if somebody bears it so.
_BY_NAME = f"""
    WITH alike AS MATERIALIZED (
        SELECT p.place, p.nth, p.identifiers, a.id, a.identifiers AS held, p.key IS NOT NULL AS keyed,
            p.birth_year IS NOT NULL AND a.birth_date_key IS NULL AS is_undated,
            p.nth >= 0 AND a.name <> p.name AS differs
        FROM staged_people AS p JOIN authors AS a ON a.identity = p.identity
        WHERE {_OPEN} AND (p.scheme IS NULL OR NOT a.identifiers ? p.scheme)
            AND (p.birth_year = a.birth_date_key / 10000 OR p.birth_year IS NULL OR a.birth_date_key IS NULL)
    )
    UPDATE staged_people AS staged SET author_id = found.id, adds_key = staged.key IS NOT NULL
    FROM (
        SELECT DISTINCT ON (CASE WHEN keyed THEN id ELSE place END, keyed) place, id
        FROM (
            SELECT place, nth, id, keyed, rank() OVER (PARTITION BY place ORDER BY is_undated, differs, id) AS rank,
                count(*) OVER (PARTITION BY place, is_undated) AS namesakes
            FROM alike WHERE NOT {_ARE_OTHERS}
        ) AS bearers
        WHERE rank = 1 + coalesce(nth, 0) AND (namesakes = 1 OR NOT keyed)
        ORDER BY CASE WHEN keyed THEN id ELSE place END, keyed, place
    ) AS found
    WHERE staged.place = found.place
"""
_AMBIGUOUS = f"""
    SELECT count(*) FROM staged_people AS p
    WHERE {_OF_ROUND} AND p.key IS NULL AND p.author_id IS NOT NULL AND (
        SELECT count(*) FROM (
            SELECT FROM authors AS a
            WHERE a.identity = p.identity AND (p.birth_year = a.birth_date_key / 10000 OR p.birth_year IS NULL)
            LIMIT 2) AS bearers) > 1
"""
# Records of one author, or of one name that nobody bears yet, are merged one after the other.
_POSTPONE = f"""
    UPDATE staged_people AS staged SET round = round + 1, author_id = NULL, adds_key = false
    FROM (
        SELECT p.place, row_number() OVER (
            PARTITION BY p.author_id, CASE WHEN p.author_id IS NULL THEN p.identity END ORDER BY p.place) AS number
        FROM staged_people AS p
        WHERE {_OF_ROUND} AND (p.author_id IS NOT NULL OR p.key IS NULL)
    ) AS turn
    WHERE staged.place = turn.place AND turn.number > 1
"""
# Those who wait may turn out to be people of their own, whose ids are then in the order of the file all the same.
_KEEP_IDS = """
    UPDATE staged_people AS staged SET kept_id = numbered.id
    FROM (
        SELECT place, nextval(pg_get_serial_sequence('authors', 'id')) AS id
        FROM (
            SELECT p.place FROM staged_people AS p
            WHERE p.mentioned = %(mentioned)s AND p.round IN (%(round)s, %(round)s + 1)
                AND p.author_id IS NULL AND p.kept_id IS NULL
            ORDER BY p.place
        ) AS open
    ) AS numbered
    WHERE staged.place = numbered.place
"""
_NAMES_TO_MAKE = f"SELECT DISTINCT p.identity FROM staged_people AS p WHERE {_OPEN} AND p.key IS NULL"
# Those who are mentioned by one name, and of one year, are one; who has a key is one by it.
_NUMBER = f"""
    WITH alike AS MATERIALIZED (
        SELECT p.place, p.kept_id, min(p.place) OVER (
            PARTITION BY p.key IS NULL, CASE WHEN p.key IS NULL THEN p.identity ELSE p.place::text END, p.birth_year,
                coalesce(p.nth, 0)
        ) AS first
        FROM staged_people AS p WHERE {_OPEN}
    ), numbered AS MATERIALIZED (
        SELECT place, first,
            CASE WHEN place = first THEN coalesce(kept_id, nextval(pg_get_serial_sequence('authors', 'id'))) END AS id
        FROM (SELECT * FROM alike ORDER BY place) AS ordered
    )
    UPDATE staged_people AS staged SET author_id = found.id, is_new = staged.place = found.first
    FROM (SELECT place, first, max(id) OVER (PARTITION BY first) AS id FROM numbered) AS found
    WHERE staged.place = found.place
"""
# An author who is known by key alone bears it as a name, until the record arrives.
_MAKE = f"""
    INSERT INTO authors ({", ".join(OF_AUTHORS.names)}, id)
    SELECT {staged(OF_AUTHORS, name="coalesce(s.name, s.key)", sort_name="coalesce(s.sort_name, s.key)")}, s.author_id
    FROM staged_people AS s
    WHERE s.mentioned = %(mentioned)s AND s.round = %(round)s AND s.is_new ORDER BY s.place
"""


def _assignments(values: dict[str, str]) -> tuple[str, str]:
    """The SET of an UPDATE of authors `a`, and the condition that it changes something."""
    sets = ", ".join(f"{name} = {value}" for name, value in values.items())
    differs = f"({', '.join(f'a.{name}' for name in values)}) IS DISTINCT FROM ({', '.join(values.values())})"
    return sets, differs


def _preferred(name: str) -> str:
    return f"CASE WHEN p.fills THEN coalesce(a.{name}, p.{name}) ELSE coalesce(p.{name}, a.{name}) END"


_CHANGES = {
    "name": "CASE WHEN p.fills THEN a.name ELSE p.name END",
    "sort_name": "CASE WHEN NOT p.fills AND (p.sort_name_given OR p.place = ANY(%(following)s)) THEN p.sort_name "
    "ELSE a.sort_name END",
    **{name: _preferred(name) for name in OF_AUTHORS.plain if name not in ("name", "sort_name")},
    **{
        name: f"coalesce(added_to_list(a.{name}, p.{name}, {most}), a.{name})"
        for name, most in OF_AUTHORS.lists.items()
    },
    "identifiers": "coalesce(added_to_identifiers(a.identifiers, p.identifiers), a.identifiers)",
}
_SETS, _DIFFERS = _assignments(_CHANGES)
_UNFILLED = "a.name = p.key"
_MAY_CHANGE = f"(%(update)s OR {_UNFILLED})"
_FOLLOWING = f"""
    SELECT p.place, a.name, a.sort_name, {_UNFILLED} FROM staged_people AS p JOIN authors AS a ON a.id = p.author_id
    WHERE {_OF_ROUND} AND NOT p.is_new AND NOT p.fills AND NOT p.sort_name_given AND p.name <> a.name AND {_MAY_CHANGE}
"""
_CHANGE = f"""
    UPDATE authors AS a SET {_SETS}, updated_at = clock_timestamp() FROM staged_people AS p
    WHERE a.id = p.author_id AND {_OF_ROUND} AND NOT p.is_new AND {_MAY_CHANGE} AND {_DIFFERS}
"""
_MENTION_SETS, _MENTION_DIFFERS = _assignments(
    {
        "identifiers": "CASE WHEN p.adds_key THEN added_to_identifiers(a.identifiers, p.identifiers) "
        "ELSE a.identifiers END",
        "birth_date": "CASE WHEN %(update)s THEN coalesce(a.birth_date, p.birth_date) ELSE a.birth_date END",
    }
)
# Of those who are only mentioned, what tells them from others is added, so that they are found by it the next time.
_CHANGE_MENTIONED = f"""
    UPDATE authors AS a SET {_MENTION_SETS}, updated_at = clock_timestamp()
    FROM (
        SELECT DISTINCT ON (p.author_id) p.* FROM staged_people AS p
        WHERE {_OF_ROUND} AND p.author_id IS NOT NULL AND NOT p.is_new AND (p.adds_key OR p.birth_date IS NOT NULL)
        ORDER BY p.author_id, p.place
    ) AS p
    WHERE a.id = p.author_id AND {_MENTION_DIFFERS}
"""
_ROUNDS = "SELECT DISTINCT round FROM staged_people WHERE mentioned = %s AND round >= %s ORDER BY round LIMIT 1"
_MATCHED = f"SELECT count(*) FROM staged_people AS p WHERE {_OF_ROUND} AND p.author_id IS NOT NULL"


def merge(cursor: Any, counts: Counter[str], *, update: bool) -> None:
    """Merge the records of authors, and then find or make those who are mentioned. Counts records that were `created`,
    `updated`, `unchanged` or `known` (where known ones are not to be updated), and warnings by their kind.
    """
    for mentioned in (False, True):
        current = 0
        while True:
            cursor.execute(_ROUNDS, (mentioned, current))
            found = cursor.fetchone()
            if found is None:
                break
            current = found[0]
            values = {"mentioned": mentioned, "round": current, "update": update}
            _merge_round(cursor, values, counts)
            current += 1


def _merge_round(cursor: Any, values: dict[str, Any], counts: Counter[str]) -> None:
    mentioned = values["mentioned"]
    cursor.execute(_BY_KEY, values)
    if not mentioned:
        cursor.execute(_BY_IDENTIFIER, values)
    cursor.execute(_BY_NAME, values)
    cursor.execute(_NAMES_TO_MAKE, values)
    names = [name for (name,) in cursor.fetchall()]
    if names:
        # As a write of the API does: whoever makes an author of a name holds its lock, and looks once more.
        locks = sorted({crc32(name.encode()) % NAME_LOCKS for name in names})
        cursor.execute("SELECT pg_advisory_xact_lock(%s, lock) FROM unnest(%s) AS lock", (NAME_LOCK_SPACE, locks))
        cursor.execute(_BY_NAME, values)
    if not mentioned:
        cursor.execute(_POSTPONE, values)
        if cursor.rowcount:
            cursor.execute(_KEEP_IDS, values)
    cursor.execute(_AMBIGUOUS, values)
    counts["author_ambiguous"] += cursor.fetchone()[0]
    cursor.execute(_MATCHED, values)
    matched = cursor.fetchone()[0]
    cursor.execute(_NUMBER, values)
    cursor.execute(_MAKE, values)
    made = cursor.rowcount
    if mentioned:
        if matched:
            cursor.execute(_CHANGE_MENTIONED, values)
        return
    counts["created"] += made
    if not matched:
        return
    cursor.execute(_FOLLOWING, values)
    following = [
        place
        for place, name, sort_name, unfilled in cursor.fetchall()
        if unfilled or sort_name == person_name.sort_name(name)
    ]
    cursor.execute(_CHANGE, {**values, "following": following})
    changed = cursor.rowcount
    counts["updated"] += changed
    counts["unchanged" if values["update"] else "known"] += matched - changed
