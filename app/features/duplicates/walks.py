"""Walks: they find candidates for duplicates along an index, one slice at a time."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy import Table

from extensions.database import Share, Statement, fetch

CANDIDATES_MOST = 100  # records of one group that are compared
SLICE_ROWS = 3_000  # of most walks, so that a slice takes about 50 ms
# A slice of the identifier walk. Each identifier takes a lookup, and a record may have thousands of them.
IDENTIFIER_ROWS, IDENTIFIER_BYTES = 1_000, 64 * 1024
HOLDERS_MOST = 1_000  # records of one identifier that are read

Position = list[Any]  # where a group is in a walk: a key of the index, then ids
Candidates = list[tuple[Position, tuple[int, ...]]]  # groups of ids, each with its position, in order


def read(statement: Statement, values: Mapping[str, Any]) -> list[tuple[Any, ...]]:
    """Return the rows of a statement, in the share of slow reads, because each looks at a part of the catalog."""
    return fetch(statement, values, share=Share.SLOW_READS)


class Walk(ABC):
    """A walk along an index.

    The first part of a position has the type `key`, the others are ids.
    """

    key: type[str] | type[int]

    @abstractmethod
    def find(self, position: Position) -> tuple[Candidates, Position | None]:
        """Return the candidates of a slice, and where the next slice begins.

        The empty position is the beginning; None means that there is no next slice.
        """


class SliceWalk(Walk):
    """A walk along the index of one key, in slices of about `rows` rows.

    All rows with the same key are in the same slice.
    """

    def __init__(
        self, table: str, key: str, rows: int, between: Callable[[Any, Any], Candidates], least: str | int
    ) -> None:
        """`between` returns the candidates from a first key to an end key.

        The end of the last slice is None.
        """
        self.key = str if isinstance(least, str) else int
        self._between, self._least = between, least
        self._end = Statement(f"""
            SELECT {key} FROM {table}
            WHERE {key} > (SELECT {key} FROM {table} WHERE {key} >= %(first)s ORDER BY {key} OFFSET {rows} LIMIT 1)
            ORDER BY {key} LIMIT 1
        """)

    def find(self, position: Position) -> tuple[Candidates, Position | None]:
        first = position[0] if position else self._least
        end = next((row[0] for row in read(self._end, {"first": first})), None)
        candidates = sorted(self._between(first, end))
        return [each for each in candidates if each[0] >= position], None if end is None else [end]


class IdentifierWalk(Walk):
    """A walk along the ids that finds records which share an identifier.

    The position of a group begins with its lowest id.
    """

    key = int

    def __init__(self, table: Table, leave_out: str = "") -> None:
        """Identifiers of the scheme `leave_out` are ignored."""
        self._leave_out = leave_out
        self.statement = Statement(f"""
            WITH next AS MATERIALIZED (
                SELECT id, identifiers, sum(octet_length(identifiers::text)) OVER (ORDER BY id) AS bytes
                FROM (
                    SELECT id, identifiers FROM {table.name} WHERE id >= %(position)s ORDER BY id LIMIT %(rows)s
                ) AS following
            ), slice AS MATERIALIZED (
                SELECT id, identifiers FROM next WHERE bytes <= %(bytes)s OR id = (SELECT min(id) FROM next)
            ), identifier AS MATERIALIZED (
                SELECT DISTINCT scheme.key, item AS value
                FROM slice, jsonb_each(identifiers) AS scheme,
                jsonb_array_elements_text(CASE jsonb_typeof(scheme.value) WHEN 'array' THEN scheme.value END) AS item
                WHERE scheme.key <> %(leave_out)s
            ), held AS MATERIALIZED (
                SELECT (SELECT (array_agg(id ORDER BY id))[1:{CANDIDATES_MOST}] FROM (
                    SELECT id FROM {table.name}
                    WHERE identifiers @> jsonb_build_object(key, jsonb_build_array(value)) LIMIT {HOLDERS_MOST}
                ) AS holder) AS ids
                FROM identifier
            )
            SELECT NULL, (SELECT count(*) FROM slice) < (SELECT count(*) FROM next)
                OR (SELECT count(*) = %(rows)s FROM next), (SELECT max(id) FROM slice)
            UNION ALL
            SELECT DISTINCT ids, NULL::boolean, ids[1] FROM held WHERE cardinality(ids) > 1 AND ids[1] >= %(position)s
        """)

    def find(self, position: Position) -> tuple[Candidates, Position | None]:
        first = position[0] if position else 0
        values = {
            "position": first,
            "rows": IDENTIFIER_ROWS,
            "bytes": IDENTIFIER_BYTES,
            "leave_out": self._leave_out,
        }
        (_, has_more, last), *rows = read(self.statement, values)
        by_first: dict[int, list[tuple[int, ...]]] = {}
        for ids in sorted(tuple(row[0]) for row in rows):
            by_first.setdefault(ids[0], []).append(ids)
        candidates: Candidates = [
            ([lowest, number], ids) for lowest, groups in by_first.items() for number, ids in enumerate(groups)
        ]
        return [each for each in candidates if each[0] >= position], [last + 1] if has_more else None
