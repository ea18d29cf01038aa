"""A walk along sorted names, because a misspelled name sorts near the correct one."""

from __future__ import annotations

from app.values.person_name import similarity
from extensions.database import Statement

from .walks import Candidates, Position, Walk, read

WINDOW = 8  # how many names after a name are compared with it
NAMES_AT_ONCE = 500

# Of some pairs of authors, those that are at most WINDOW rows apart in the order of identities.
_neighbors_by_identity = Statement(f"""
    SELECT author, other FROM unnest(%(authors)s::bigint[], %(others)s::bigint[]) AS pair(author, other)
    JOIN LATERAL (SELECT identity, id FROM authors WHERE id IN (author, other) ORDER BY 1, 2 LIMIT 1) AS low ON true
    JOIN LATERAL (
        SELECT identity, id FROM authors WHERE id IN (author, other) ORDER BY 1 DESC, 2 DESC LIMIT 1
    ) AS high ON true
    WHERE (
        SELECT count(*) FROM (
            SELECT 1 FROM authors AS nearer
            WHERE (nearer.identity, nearer.id) > (low.identity, low.id)
                AND (nearer.identity, nearer.id) < (high.identity, high.id)
            LIMIT {WINDOW}
        ) AS between_them
    ) < {WINDOW}
""")


class NeighborWalk(Walk):
    """Compares each author with the next ones in an order of names."""

    key = str

    def __init__(self, order: str, *, leave_out_neighbors_by_identity: bool = False) -> None:
        """`leave_out_neighbors_by_identity` skips the pairs that the walk along ``identity`` finds."""
        self._leaves_out = leave_out_neighbors_by_identity
        self._names = Statement(f"""
            SELECT {order}, id, identity FROM authors
            WHERE ({order}, id) >= (%(key)s, %(id)s) ORDER BY {order}, id LIMIT %(rows)s
        """)

    def find(self, position: Position) -> tuple[Candidates, Position | None]:
        begin = {"key": position[0] if position else "", "id": position[1] if len(position) > 1 else 0}
        rows = read(self._names, {**begin, "rows": NAMES_AT_ONCE + WINDOW})
        pairs = [
            (row, other)
            for start, row in enumerate(rows[:NAMES_AT_ONCE])
            for other in rows[start + 1 : start + 1 + WINDOW]
            if similarity(row[2], other[2])
        ]
        known = self._known([(row[1], other[1]) for row, other in pairs])
        candidates: Candidates = sorted(
            ([row[0], row[1], other[1]], tuple(sorted((row[1], other[1]))))
            for row, other in pairs
            if (row[1], other[1]) not in known
        )
        next_position = [rows[NAMES_AT_ONCE][0], rows[NAMES_AT_ONCE][1]] if len(rows) > NAMES_AT_ONCE else None
        return [each for each in candidates if each[0] >= position], next_position

    def _known(self, pairs: list[tuple[int, int]]) -> set[tuple[int, int]]:
        """Return the pairs that the walk along ``identity`` finds, if these are left out."""
        if not self._leaves_out or not pairs:
            return set()
        authors, others = zip(*pairs, strict=True)
        rows = read(_neighbors_by_identity, {"authors": list(authors), "others": list(others)})
        return {(author, other) for author, other in rows}
