"""Probable duplicates among authors; their books are evidence, too."""

from __future__ import annotations

from itertools import combinations
from typing import Any

from app.authors.resource import AUTHORS
from app.values.person_name import Similarity, similarity
from extensions.database import Statement

from .neighbors import NeighborWalk
from .search import DuplicateSearch, Facts, Group, share_identifier
from .walks import CANDIDATES_MOST, SLICE_ROWS, Candidates, IdentifierWalk, SliceWalk, read

# Tiers. "And more": with further evidence, such as common dates or books.
SAME_AND_MORE, BY_IDENTIFIER, SAME, ALTERNATE_AND_MORE, NEAR_AND_MORE, ALTERNATE, NEAR = range(7)
TITLES_MOST = 200  # titles of an author that are compared

_same_names = Statement(f"""
    SELECT identity, (array_agg(id ORDER BY id))[1:{CANDIDATES_MOST}] FROM authors
    WHERE identity >= %(first)s AND (%(end)s IS NULL OR identity < %(end)s)
    GROUP BY identity HAVING count(*) > 1 ORDER BY identity
""")
_alternate_names = Statement(f"""
    SELECT slice.id, others.id FROM authors AS slice
    CROSS JOIN LATERAL unnest(slice.alternate_identities) AS alternate
    CROSS JOIN LATERAL (
        SELECT id, alternate_identities FROM authors WHERE identity = alternate ORDER BY id LIMIT {CANDIDATES_MOST}
    ) AS others
    WHERE slice.id >= %(first)s AND (%(end)s IS NULL OR slice.id < %(end)s) AND others.id <> slice.id
        AND NOT (others.id < slice.id AND slice.identity = ANY (others.alternate_identities))
    GROUP BY 1, 2 ORDER BY 1, 2
""")


def _find_same_names(first: Any, end: Any) -> Candidates:
    """Return authors whose names are the same in any spelling."""
    return [([key, ids[0]], tuple(ids)) for key, ids in read(_same_names, {"first": first, "end": end})]


def _find_alternate_names(first: Any, end: Any) -> Candidates:
    """Return each author with those whose name is one of their alternate names."""
    rows = read(_alternate_names, {"first": first, "end": end})
    return [([author, other], (min(author, other), max(author, other))) for author, other in rows]


_names_walk = SliceWalk("authors", "identity", SLICE_ROWS, _find_same_names, "")
_alternates_walk = SliceWalk("authors", "id", SLICE_ROWS, _find_alternate_names, 0)
_by_identity = NeighborWalk("identity")
_by_sort_name = NeighborWalk("sort_name_key", leave_out_neighbors_by_identity=True)


class AuthorDuplicates(DuplicateSearch):
    """Duplicates by name, alternate name, misspelled name, and identifier."""

    resource = AUTHORS
    scores = (1.0, 0.9, 0.8, 0.75, 0.7, 0.5, 0.4)
    walks = (
        (SAME_AND_MORE, _names_walk),
        (BY_IDENTIFIER, IdentifierWalk(AUTHORS.table)),
        (SAME, _names_walk),
        (ALTERNATE_AND_MORE, _alternates_walk),
        (NEAR_AND_MORE, _by_identity),
        (NEAR_AND_MORE, _by_sort_name),
        (ALTERNATE, _alternates_walk),
        (NEAR, _by_identity),
        (NEAR, _by_sort_name),
    )
    facts = Statement(f"""
        SELECT id, identity, birth_date_key / 10000 AS born, death_date_key / 10000 AS died, identifiers,
            alternate_identities AS alternates,
            ARRAY(SELECT title_key FROM contributions JOIN books ON books.id = book_id
                WHERE author_id = authors.id LIMIT {TITLES_MOST}) AS titles
        FROM authors WHERE id = ANY(%(ids)s)
    """)
    members = ("id", "identity", "born", "died", "identifiers", "alternates", "titles")

    def may_be_same(self, record: Facts, other: Facts) -> bool:
        years = ("born", "died")
        return all(record[name] is None or other[name] is None or record[name] == other[name] for name in years)

    def judge(self, records: list[Facts]) -> Group | None:
        pairs = list(combinations(records, 2))
        is_same_name = all(author["identity"] == other["identity"] for author, other in pairs)
        least_similar = min(similarity(author["identity"], other["identity"]) for author, other in pairs)
        is_alternate = all(
            author["identity"] in other["alternates"] or other["identity"] in author["alternates"]
            for author, other in pairs
        )
        shares_identifier = any(share_identifier(author, other) for author, other in pairs)
        evidence = []
        if any(
            author[name] is not None and author[name] == other[name]
            for author, other in pairs
            for name in ("born", "died")
        ):
            evidence.append("same_dates")
        if any(set(author["titles"]) & set(other["titles"]) for author, other in pairs):
            evidence.append("shared_books")
        if is_same_name:
            tier = SAME_AND_MORE if shares_identifier or evidence else SAME
        elif shares_identifier:
            tier = BY_IDENTIFIER
        elif is_alternate and evidence:
            tier = ALTERNATE_AND_MORE
        elif least_similar and evidence:
            tier = NEAR_AND_MORE
        elif is_alternate:
            tier = ALTERNATE
        elif least_similar is Similarity.LIKELY:
            tier = NEAR
        else:
            return None
        reasons = [
            *(["same_name"] if is_same_name else ["near_spelling"] if least_similar else []),
            *(["alternate_name"] if is_alternate else []),
            *(["shared_identifier"] if shares_identifier else []),
            *evidence,
        ]
        return Group(tuple(author["id"] for author in records), tier, tuple(reasons))


AUTHOR_DUPLICATES = AuthorDuplicates()
