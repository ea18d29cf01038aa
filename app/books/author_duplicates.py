"""Probable duplicates among authors, and why they are thought so: also by their books."""

from __future__ import annotations

from collections.abc import Callable
from itertools import combinations
from typing import Any

from app.authors.schemas import AUTHORS
from app.duplicates import (
    CANDIDATES_MOST,
    Candidates,
    Finding,
    Judge,
    Judged,
    Place,
    Record,
    Walk,
    of_identifiers,
    share_identifier,
    sliced,
)
from app.values.person_name import nearness
from extensions.database import fetch
from extensions.statement import Statement

SCORES = (1.0, 0.9, 0.8, 0.75, 0.7, 0.5, 0.4)
SAME_AND_MORE, BY_IDENTIFIER, SAME, ALTERNATE_AND_MORE, NEAR_AND_MORE, ALTERNATE, NEAR = range(7)
WINDOW = 8  # how many names behind one, in some order, are compared with it
NAMES_AT_ONCE = 1_000
TITLES_MOST = 200  # of an author that are compared

_facts = Statement(f"""
    SELECT id, identity, birth_date_key / 10000 AS born, death_date_key / 10000 AS died, identifiers,
        alternate_identities AS alternates, ARRAY(SELECT title_key FROM contributions JOIN books ON books.id = book_id
            WHERE author_id = authors.id LIMIT {TITLES_MOST}) AS titles
    FROM authors WHERE id = ANY(%(ids)s)
""")
_MEMBERS = ("id", "identity", "born", "died", "identifiers", "alternates", "titles")
_names = Statement(f"""
    SELECT identity, (array_agg(id ORDER BY id))[1:{CANDIDATES_MOST}] FROM authors
    WHERE identity >= %(first)s AND (%(end)s IS NULL OR identity < %(end)s)
    GROUP BY identity HAVING count(*) > 1 ORDER BY identity
""")


_alternates = Statement(f"""
    SELECT slice.id, others.id FROM authors AS slice
    CROSS JOIN LATERAL unnest(slice.alternate_identities) AS one
    CROSS JOIN LATERAL (
        SELECT id, alternate_identities FROM authors WHERE identity = one ORDER BY id LIMIT {CANDIDATES_MOST}
    ) AS others
    WHERE slice.id >= %(first)s AND (%(end)s IS NULL OR slice.id < %(end)s) AND others.id <> slice.id
        AND NOT (others.id < slice.id AND slice.identity = ANY (others.alternate_identities))
    GROUP BY 1, 2 ORDER BY 1, 2
""")


def _by_name(first: Any, end: Any) -> Candidates:
    """Authors whose names have one key."""
    return [([key, ids[0]], tuple(ids)) for key, ids in fetch(_names, {"first": first, "end": end})]


def _by_alternate_name(first: Any, end: Any) -> Candidates:
    """An author, and one whose name is an alternate name of theirs."""
    rows = fetch(_alternates, {"first": first, "end": end})
    return [([one, other], (min(one, other), max(one, other))) for one, other in rows]


def _near(order: str, skip: Callable[[list[tuple[Any, ...]]], set[tuple[int, int]]]) -> Walk:
    """A walk along an order of names: each is compared with those next to it, where slips of the pen are. What `skip`
    names was found already.
    """
    statement = Statement(f"""
        SELECT {order}, id, identity FROM authors
        WHERE ({order}, id) >= (%(key)s, %(id)s) ORDER BY {order}, id LIMIT %(rows)s
    """)

    def find(place: Place) -> tuple[Candidates, Place | None]:
        begin = {"key": place[0] if place else "", "id": place[1] if len(place) > 1 else 0}
        rows = fetch(statement, {**begin, "rows": NAMES_AT_ONCE + WINDOW})
        pairs = [
            (one, other)
            for start, one in enumerate(rows[:NAMES_AT_ONCE])
            for other in rows[start + 1 : start + 1 + WINDOW]
            if nearness(one[2], other[2])
        ]
        known = skip([(*one, *other) for one, other in pairs])
        found: Candidates = sorted(
            ([one[0], one[1], other[1]], tuple(sorted((one[1], other[1]))))
            for one, other in pairs
            if (one[1], other[1]) not in known
        )
        next_ = [rows[NAMES_AT_ONCE][0], rows[NAMES_AT_ONCE][1]] if len(rows) > NAMES_AT_ONCE else None
        return [one for one in found if one[0] >= place], next_

    return Walk(find, str)


_between = Statement(f"""
    SELECT one, other FROM unnest(%(ones)s::bigint[], %(others)s::bigint[]) AS pair(one, other)
    JOIN LATERAL (SELECT identity, id FROM authors WHERE id IN (one, other) ORDER BY 1, 2 LIMIT 1) AS low ON true
    JOIN LATERAL (SELECT identity, id FROM authors WHERE id IN (one, other) ORDER BY 1 DESC, 2 DESC LIMIT 1) AS high
        ON true
    WHERE (
        SELECT count(*) FROM (
            SELECT 1 FROM authors AS nearer
            WHERE (nearer.identity, nearer.id) > (low.identity, low.id)
                AND (nearer.identity, nearer.id) < (high.identity, high.id)
            LIMIT {WINDOW}
        ) AS between_them
    ) < {WINDOW}
""")


def _nothing(pairs: list[tuple[Any, ...]]) -> set[tuple[int, int]]:
    return set()


def _near_by_key(pairs: list[tuple[Any, ...]]) -> set[tuple[int, int]]:
    """The pairs that stand next to each other in the order of keys, too."""
    ones, others = [pair[1] for pair in pairs], [pair[4] for pair in pairs]
    return {(one, other) for one, other in fetch(_between, {"ones": ones, "others": others})} if pairs else set()


def _may_be_same(one: Record, other: Record) -> bool:
    """Whether no known year of birth or death tells two authors apart."""
    return all(one[name] is None or other[name] is None or one[name] == other[name] for name in ("born", "died"))


def _of(authors: list[Record]) -> Judged | None:
    """What speaks for some authors' being one, None where nothing does."""
    pairs = list(combinations(authors, 2))
    same_name = all(one["identity"] == other["identity"] for one, other in pairs)
    nearest = min(nearness(one["identity"], other["identity"]) for one, other in pairs)
    alternate = all(
        one["identity"] in other["alternates"] or other["identity"] in one["alternates"] for one, other in pairs
    )
    by_identifier = any(share_identifier(one, other) for one, other in pairs)
    supporting = []
    if any(one[name] is not None and one[name] == other[name] for one, other in pairs for name in ("born", "died")):
        supporting.append("same_dates")
    if any(set(one["titles"]) & set(other["titles"]) for one, other in pairs):
        supporting.append("shared_books")
    reasons = [
        *(["same_name"] if same_name else ["near_spelling"] if nearest else []),
        *(["alternate_name"] if alternate else []),
        *(["shared_identifier"] if by_identifier else []),
        *supporting,
    ]
    if same_name:
        tier = SAME_AND_MORE if by_identifier or supporting else SAME
    elif by_identifier:
        tier = BY_IDENTIFIER
    elif alternate and supporting:
        tier = ALTERNATE_AND_MORE
    elif nearest and supporting:
        tier = NEAR_AND_MORE
    elif alternate:
        tier = ALTERNATE
    elif nearest > 1:
        tier = NEAR
    else:
        return None
    return Judged(tuple(author["id"] for author in authors), tier, tuple(reasons))


_by_key, _by_filing = _near("identity", _nothing), _near("sort_name_key", _near_by_key)
_names_walk = sliced("authors", "identity", 10_000, _by_name, "")
_alternates_walk = sliced("authors", "id", 5_000, _by_alternate_name, 0)

AUTHOR_DUPLICATES = Finding(
    AUTHORS,
    SCORES,
    (
        (SAME_AND_MORE, _names_walk),
        (BY_IDENTIFIER, of_identifiers(AUTHORS.table)),
        (SAME, _names_walk),
        (ALTERNATE_AND_MORE, _alternates_walk),
        (NEAR_AND_MORE, _by_key),
        (NEAR_AND_MORE, _by_filing),
        (ALTERNATE, _alternates_walk),
        (NEAR, _by_key),
        (NEAR, _by_filing),
    ),
    Judge(_facts, _MEMBERS, _may_be_same, _of),
)
