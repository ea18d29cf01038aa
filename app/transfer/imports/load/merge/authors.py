"""Merging staged authors: they are matched, then created or updated."""

from __future__ import annotations

from collections import Counter
from typing import Any

from app.transfer.imports.load.staging import staged_values
from app.transfer.imports.load.target_columns import AUTHOR_COLUMNS
from app.values import person_name

from .author_matching import (
    AMBIGUOUS,
    BY_IDENTIFIER,
    BY_KEY,
    BY_NAME,
    COUNT_MATCHED,
    OF_ROUND,
    OPEN,
    POSTPONE,
    RESERVE_IDS,
    UNMATCHED_NAMES,
)

# Mentioned authors without a key are the same if name and year of birth are equal. Each key is one author.
_NUMBER_NEW = f"""
    WITH same AS MATERIALIZED (
        SELECT s.ordinal, s.kept_id, min(s.ordinal) OVER (
            PARTITION BY s.key IS NULL, CASE WHEN s.key IS NULL THEN s.identity ELSE s.ordinal::text END, s.birth_year,
                coalesce(s.homonym, 0)
        ) AS first
        FROM staged_authors AS s WHERE {OPEN}
    ), numbered AS MATERIALIZED (
        SELECT ordinal, first,
            CASE WHEN ordinal = first THEN coalesce(kept_id, nextval(pg_get_serial_sequence('authors', 'id'))) END AS id
        FROM (SELECT * FROM same ORDER BY ordinal) AS ordered
    )
    UPDATE staged_authors AS staged SET author_id = new.id, is_new = staged.ordinal = new.first
    FROM (SELECT ordinal, first, max(id) OVER (PARTITION BY first) AS id FROM numbered) AS new
    WHERE staged.ordinal = new.ordinal
"""
_VALUES = staged_values(AUTHOR_COLUMNS, name="coalesce(s.name, s.key)", sort_name="coalesce(s.sort_name, s.key)")
# The name of an author that has only a key is the key, until its record is imported.
_CREATE = f"""
    INSERT INTO authors ({", ".join(AUTHOR_COLUMNS.names)}, id)
    SELECT {_VALUES}, s.author_id FROM staged_authors AS s
    WHERE s.mentioned = %(mentioned)s AND s.round = %(round)s AND s.is_new ORDER BY s.ordinal
"""


def _assignments(values: dict[str, str]) -> tuple[str, str]:
    """Return the SET clause for authors `a`, and the condition that it changes a value."""
    sets = ", ".join(f"{name} = {value}" for name, value in values.items())
    differs = f"({', '.join(f'a.{name}' for name in values)}) IS DISTINCT FROM ({', '.join(values.values())})"
    return sets, differs


def _preferred(name: str) -> str:
    return f"CASE WHEN s.fills THEN coalesce(a.{name}, s.{name}) ELSE coalesce(s.{name}, a.{name}) END"


_SETS, _DIFFERS = _assignments(
    {
        "name": "CASE WHEN s.fills THEN a.name ELSE s.name END",
        "sort_name": "CASE WHEN NOT s.fills AND (s.sort_name_given OR s.ordinal = ANY(%(following)s)) "
        "THEN s.sort_name ELSE a.sort_name END",
        **{name: _preferred(name) for name in AUTHOR_COLUMNS.plain if name not in ("name", "sort_name")},
        **{
            name: f"coalesce(added_to_list(a.{name}, s.{name}, {most}), a.{name})"
            for name, most in AUTHOR_COLUMNS.lists.items()
        },
        "identifiers": "coalesce(added_to_identifiers(a.identifiers, s.identifiers), a.identifiers)",
    }
)
_IS_PLACEHOLDER = "a.name = s.key"
_MAY_CHANGE = f"(%(update)s OR {_IS_PLACEHOLDER})"
_RENAMED = f"""
    SELECT s.ordinal, a.name, a.sort_name, {_IS_PLACEHOLDER}
    FROM staged_authors AS s JOIN authors AS a ON a.id = s.author_id
    WHERE {OF_ROUND} AND NOT s.is_new AND NOT s.fills AND NOT s.sort_name_given AND s.name <> a.name AND {_MAY_CHANGE}
"""
_UPDATE = f"""
    UPDATE authors AS a SET {_SETS}, updated_at = clock_timestamp() FROM staged_authors AS s
    WHERE a.id = s.author_id AND {OF_ROUND} AND NOT s.is_new AND {_MAY_CHANGE} AND {_DIFFERS}
"""
_MENTION_SETS, _MENTION_DIFFERS = _assignments(
    {
        "identifiers": "CASE WHEN s.adds_key THEN added_to_identifiers(a.identifiers, s.identifiers) "
        "ELSE a.identifiers END",
        "birth_date": "CASE WHEN %(update)s THEN coalesce(a.birth_date, s.birth_date) ELSE a.birth_date END",
    }
)
# A mentioned author gets its key and birth date, so that the next import matches it by them.
_UPDATE_MENTIONED = f"""
    UPDATE authors AS a SET {_MENTION_SETS}, updated_at = clock_timestamp()
    FROM (
        SELECT DISTINCT ON (s.author_id) s.* FROM staged_authors AS s
        WHERE {OF_ROUND} AND s.author_id IS NOT NULL AND NOT s.is_new AND (s.adds_key OR s.birth_date IS NOT NULL)
        ORDER BY s.author_id, s.ordinal
    ) AS s
    WHERE a.id = s.author_id AND {_MENTION_DIFFERS}
"""
_NEXT_ROUND = "SELECT DISTINCT round FROM staged_authors WHERE mentioned = %s AND round >= %s ORDER BY round LIMIT 1"


def merge_author_records(cursor: Any, counts: Counter[str], *, update: bool) -> list[tuple[int, str]]:
    """Merge author records, then match or create the mentioned authors.

    Counts records that were `created`, `updated`, `unchanged` or `known` (not to be updated). Returns the ordinals and
    names of authors whose name several authors have.
    """
    ambiguous: list[tuple[int, str]] = []
    for mentioned in (False, True):
        round_ = 0
        while True:
            cursor.execute(_NEXT_ROUND, (mentioned, round_))
            row = cursor.fetchone()
            if row is None:
                break
            round_ = row[0]
            ambiguous += _merge_round(cursor, {"mentioned": mentioned, "round": round_, "update": update}, counts)
            round_ += 1
    return ambiguous


def _merge_round(cursor: Any, values: dict[str, Any], counts: Counter[str]) -> list[tuple[int, str]]:
    mentioned = values["mentioned"]
    cursor.execute(BY_KEY, values)
    if not mentioned:
        cursor.execute(BY_IDENTIFIER, values)
    cursor.execute(BY_NAME, values)
    _lock_unmatched_names(cursor, values)
    if not mentioned:
        cursor.execute(POSTPONE, values)
        if cursor.rowcount:
            cursor.execute(RESERVE_IDS, values)
    cursor.execute(AMBIGUOUS, values)
    ambiguous: list[tuple[int, str]] = cursor.fetchall()
    cursor.execute(COUNT_MATCHED, values)
    matched = cursor.fetchone()[0]
    cursor.execute(_NUMBER_NEW, values)
    cursor.execute(_CREATE, values)
    created = cursor.rowcount
    if mentioned:
        if matched:
            cursor.execute(_UPDATE_MENTIONED, values)
        return ambiguous
    counts["created"] += created
    if matched:
        updated = _update(cursor, values)
        counts["updated"] += updated
        counts["unchanged" if values["update"] else "known"] += matched - updated
    return ambiguous


def _lock_unmatched_names(cursor: Any, values: dict[str, Any]) -> None:
    """Lock the names of new authors, and match them once more.

    The API does the same before it creates an author, so two writers cannot create the same name twice.
    """
    cursor.execute(UNMATCHED_NAMES, values)
    names = [name for (name,) in cursor.fetchall()]
    if names:
        cursor.execute("SELECT claim_names(%s)", (names,))
        cursor.execute(BY_NAME, values)


def _update(cursor: Any, values: dict[str, Any]) -> int:
    """Update matched authors, and return how many have changed.

    A sort name derived from the old name is derived again from the new one; a sort name set by a user is kept.
    """
    cursor.execute(_RENAMED, values)
    following = [
        ordinal
        for ordinal, name, sort_name, is_placeholder in cursor.fetchall()
        if is_placeholder or sort_name == person_name.sort_name(name)
    ]
    cursor.execute(_UPDATE, {**values, "following": following})
    return int(cursor.rowcount)
