"""Probable duplicates: groups of records that may be one and the same, with the reasons, the best first.

Candidates are found by walking an index, a slice of it at a time, and judged by all that is known of them. So nothing
is kept, nothing has to be refreshed, and a page costs what lies between its place and the next one. The *tiers* follow
each other from the best reasons to the weakest: each walks the whole catalog for groups of its own kind.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from flask import Response
from sqlalchemy import Table

from extensions.database import fetch
from extensions.statement import Statement

from . import query, responses, statements
from .addresses import parameters
from .cursor import Cursor
from .problems import InvalidCursor
from .resource import Resource
from .vocabulary import BIGINT_MAX, Line

REASONS = {
    "same_name": "The names are the same, however they are written.",
    "alternate_name": "The name of one is an alternate name of the other.",
    "near_spelling": "The names differ by a slip of the pen.",
    "same_dates": "A year of birth or of death is the same.",
    "shared_books": "There are books of the same title by each.",
    "shared_identifier": "An identifier of one scheme is the same.",
    "isbn_in_two_forms": "The ISBN of one stands among the identifiers of the other.",
    "same_title_author_year": "Title, an author and the year are the same.",
    "same_title_author": "Title and an author are the same, and a year is unknown.",
}

SECONDS = 1.0  # after which a page ends with what was found
MEMBERS_MOST = 20  # of a group that are shown
CANDIDATES_MOST = 100  # of a group that are looked at
JUDGED_AT_ONCE = 100
IDENTIFIERS_AT_ONCE = 5_000
TRAIL_MOST, TRAIL_LONGEST = 20, 2000  # pages that a cursor leads back, and characters that it may have for them
PLACE_LONGEST = 3  # parts

_json = json.JSONEncoder(separators=(",", ":")).encode

Place = list[Any]  # where a group stands in a walk: a key of the index, then ids
Record = dict[str, Any]  # what is known of a record, for judging
Candidates = list[tuple[Place, tuple[int, ...]]]  # groups of ids, each at its place, in order


@dataclass(frozen=True)
class Walk:
    """A way along an index to candidates. `find` gets the place to begin at (empty: the beginning), and returns the
    candidates of a slice that begins there, and the place where the next slice begins (None: there is none).
    `key` is the type of the first part of a place; the others are ids.
    """

    find: Callable[[Place], tuple[Candidates, Place | None]]
    key: type[str] | type[int]


@dataclass(frozen=True)
class Judged:
    """What is thought of a group: its tier, and the reasons."""

    ids: tuple[int, ...]
    tier: int
    reasons: tuple[str, ...]


@dataclass(frozen=True)
class Judge:
    """Looks at groups of candidates, and returns the groups that each of them falls into. `facts` answers for the ids
    in ``%(ids)s`` what is known of the records: rows of `members`, the first of which is the id. `think` says what
    speaks for some records' being one (None: nothing).
    """

    facts: Statement
    members: tuple[str, ...]
    may_be_same: Callable[[Record, Record], bool]
    think: Callable[[list[Record]], Judged | None]

    def __call__(self, groups: Sequence[tuple[int, ...]]) -> list[list[Judged]]:
        rows = fetch(self.facts, {"ids": sorted({one for ids in groups for one in ids})}) if groups else []
        records = {row[0]: dict(zip(self.members, row, strict=True)) for row in rows}
        known = [[records[one] for one in ids if one in records] for ids in groups]
        return [[found for some in clusters(one, self.may_be_same) if (found := self.think(some))] for one in known]


@dataclass(frozen=True)
class Finding:
    """How the duplicates of a resource are found: the `scores` of its tiers; the walks, each for groups of one tier;
    `judge` says which groups, of whatever tier, candidates fall into.
    """

    resource: Resource
    scores: tuple[float, ...]
    walks: tuple[tuple[int, Walk], ...]
    judge: Judge


@dataclass(frozen=True)
class Spot:
    """Where a page begins: in which walk, at which place of it, and behind how many groups of that place."""

    walk: int = 0
    place: Place = field(default_factory=list)
    skip: int = 0


def index(search: Finding) -> Response:
    """The answer to a GET of the probable duplicates of a resource.

    A page ends when it is full, or when its time is over: then it may have fewer groups than `limit`, or none, and
    `links.next` leads on.
    """
    scope = f"{search.resource.name}/duplicates"
    asked = query.parse_page(scope, parameters())
    responses.require_acceptable()
    trail = _trail(search, asked.cursor)
    found, after = _page(search, trail[-1], asked.limit)
    data = _documents(search, found)
    links = {
        "self": f"/{scope}" + (f"?{query.canonical(asked.sent)}" if asked.sent else ""),
        "next": _link(asked, [*trail, after]) if after else None,
        "prev": _link(asked, trail[:-1]) if asked.cursor else None,
    }
    headers = [("Link", ", ".join(f'<{link}>; rel="{name}"' for name, link in links.items() if link))]
    around = _json({"meta": {"count": len(data), "limit": asked.limit}, "links": links})
    return responses.readable(f'{{"data":[{",".join(data)}],{around[1:]}'.encode(), headers)


def _page(search: Finding, begin: Spot, limit: int) -> tuple[list[Judged], Spot | None]:
    """The groups of a page, and where the next one begins."""
    ends = time.monotonic() + SECONDS
    found: list[Judged] = []
    spot: Spot | None = begin
    while spot:
        tier, walk = search.walks[spot.walk]
        candidates, next_ = walk.find(spot.place)
        for start in range(0, len(candidates), JUDGED_AT_ONCE):
            some = candidates[start : start + JUDGED_AT_ONCE]
            if start and time.monotonic() > ends:
                return found, Spot(spot.walk, some[0][0])
            for (place, _), several in zip(some, search.judge([ids for _, ids in some]), strict=True):
                skip = spot.skip if place == spot.place else 0
                groups = [one for one in several if one.tier == tier][skip:]
                room = limit - len(found)
                if len(groups) > room:
                    return found + groups[:room], Spot(spot.walk, place, skip + room)
                found += groups
        if next_ is not None:
            spot = Spot(spot.walk, next_)
        else:
            spot = Spot(spot.walk + 1) if spot.walk + 1 < len(search.walks) else None
        if time.monotonic() > ends:
            break
    return found, spot


def _documents(search: Finding, found: Sequence[Judged]) -> list[str]:
    """The groups as JSON; one whose records went meanwhile is left out."""
    resource = search.resource
    shown = [one.ids[:MEMBERS_MOST] for one in found]
    ids = sorted({record_id for ids in shown for record_id in ids})
    texts = {row[1]: row[0] for row in fetch(statements.several(resource), {"ids": ids})} if ids else {}
    documents = []
    for one, members in zip(found, shown, strict=True):
        present = [texts[record_id] for record_id in members if record_id in texts]
        if len(present) > 1:
            said = _json({"score": search.scores[one.tier], "reasons": one.reasons, "count": len(one.ids)})
            documents.append(f'{said[:-1]},"{resource.name}":[{",".join(present)}]}}')
    return documents


def _trail(search: Finding, cursor: Cursor | None) -> list[Spot]:
    """The beginnings of the pages that lead to a cursor's, and of its own. Raises `InvalidCursor`."""
    if cursor is None:
        return [Spot()]
    try:
        spots = [Spot(walk, place, skip) for walk, skip, *place in cursor.keys]
        good = bool(spots) and all(_is_good(search, spot) for spot in spots)
    except (TypeError, ValueError):
        good = False
    if not good:
        raise InvalidCursor.damaged()
    return spots


def _is_good(search: Finding, spot: Spot) -> bool:
    numbers = [spot.walk, spot.skip, *spot.place[1:]]
    if not all(type(number) is int and 0 <= number <= BIGINT_MAX for number in numbers):
        return False
    if not spot.walk < len(search.walks):
        return False
    key = search.walks[spot.walk][1].key
    if len(spot.place) > PLACE_LONGEST or not all(type(one) is key for one in spot.place[:1]):
        return False
    return not (key is str and spot.place and not Line().is_key(spot.place[0]))


def _link(asked: query.Query, trail: list[Spot]) -> str:
    """The address of the page at the end of a trail. Of a long one the beginning is forgotten: then the way back ends
    at the first page sooner.
    """
    if len(trail) <= 1 and trail[:1] in ([], [Spot()]):
        return f"/{asked.scope}" + (f"?limit={asked.limit}" if asked.limit != query.LIMIT_DEFAULT else "")
    pairs = (("limit", str(asked.limit)),) if asked.limit != query.LIMIT_DEFAULT else ()
    for kept in range(TRAIL_MOST, 0, -1):
        spots = tuple([spot.walk, spot.skip, *spot.place] for spot in trail[-kept:])
        word = Cursor(asked.scope, pairs, spots).encode()
        if len(word) <= TRAIL_LONGEST:
            break
    return f"/{asked.scope}?cursor={word}"


def of_identifiers(table: Table, leave_out: str = "") -> Walk:
    """The records that share an identifier, but for those of a scheme to `leave_out`.

    Each such group is found where the first of its ids stands.
    """
    statement = Statement(f"""
        WITH slice AS MATERIALIZED (
            SELECT id, identifiers FROM {table.name} WHERE id >= %(place)s ORDER BY id LIMIT %(rows)s
        ), identifier AS MATERIALIZED (
            SELECT DISTINCT scheme.key, one AS value
            FROM slice, jsonb_each(identifiers) AS scheme,
                jsonb_array_elements_text(CASE jsonb_typeof(scheme.value) WHEN 'array' THEN scheme.value END) AS one
            WHERE scheme.key <> %(leave_out)s
        ), held AS (
            SELECT (SELECT (array_agg(id ORDER BY id))[1:{CANDIDATES_MOST}] FROM {table.name}
                WHERE identifiers @> jsonb_build_object(key, jsonb_build_array(value))) AS ids
            FROM identifier
        )
        SELECT NULL, (SELECT count(*) = %(rows)s FROM slice), (SELECT max(id) FROM slice)
        UNION ALL
        SELECT DISTINCT ids, NULL::boolean, ids[1] FROM held WHERE cardinality(ids) > 1 AND ids[1] >= %(place)s
    """)

    def find(place: Place) -> tuple[Candidates, Place | None]:
        first = place[0] if place else 0
        values = {"place": first, "rows": IDENTIFIERS_AT_ONCE, "leave_out": leave_out}
        (_, more, last), *rows = fetch(statement, values)
        of_first: dict[int, list[tuple[int, ...]]] = {}
        for ids in sorted(tuple(row[0]) for row in rows):
            of_first.setdefault(ids[0], []).append(ids)
        found: Candidates = [([one, number], ids) for one in of_first for number, ids in enumerate(of_first[one])]
        return [one for one in found if one[0] >= place], [last + 1] if more else None

    return Walk(find, int)


def sliced(table: str, key: str, rows: int, between: Callable[[Any, Any], Candidates], least: str | int) -> Walk:
    """A walk along the index of a table's key, about so many rows at a time.

    `between` gets the first key of a slice, and the first one behind it (None: there is none); no key stands in two.
    """
    statement = Statement(f"""
        SELECT {key} FROM {table}
        WHERE {key} > (SELECT {key} FROM {table} WHERE {key} >= %(first)s ORDER BY {key} OFFSET {rows} LIMIT 1)
        ORDER BY {key} LIMIT 1
    """)

    def find(place: Place) -> tuple[Candidates, Place | None]:
        first = place[0] if place else least
        end = next((row[0] for row in fetch(statement, {"first": first})), None)
        found = sorted(between(first, end))
        return [one for one in found if one[0] >= place], None if end is None else [end]

    return Walk(find, str if isinstance(least, str) else int)


def clusters(records: Iterable[Record], may_be_same: Callable[[Record, Record], bool]) -> list[list[Record]]:
    """Records in groups of two or more that may all be the same, each in the first group that it fits into."""
    found: list[list[Record]] = []
    for record in records:
        group = next((group for group in found if all(may_be_same(one, record) for one in group)), None)
        if group is None:
            found.append([record])
        else:
            group.append(record)
    return [group for group in found if len(group) > 1]


def share_identifier(one: Record, other: Record, leave_out: str = "") -> bool:
    """Whether two records have an identifier in common, but for those of a scheme to `leave_out`."""
    mine, its = one["identifiers"], other["identifiers"]
    return any(set(mine[scheme]) & set(its[scheme]) for scheme in mine.keys() & its.keys() - {leave_out})
