"""Pages of duplicates."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import accumulate

from flask import Response, current_app

from app.core.fields import BIGINT_MAX, Line
from app.core.parameters import LIMIT_DEFAULT
from app.core.query.cursor import Cursor
from app.core.query.pairs import canonical, request_pairs
from app.core.query.parse import parse_page
from app.core.query.query import Query
from app.core.records.page import envelope, link_header
from app.core.resource import Resource
from app.core.sql.statements import records_by_ids
from app.http.headers.negotiation import require_acceptable
from app.http.problems import InvalidCursor
from app.http.responses import read_response
from app.http.urls import link
from extensions.database import Overloaded, fetch

from .search import DuplicateSearch, Group
from .walks import Candidates, Position

SECONDS = 0.25  # after these the page ends with the current slice or records, even if it is not full
MEMBERS_MOST = 20  # records of a group that are shown
JUDGED_AT_ONCE = 200  # records between two looks at the clock
TRAIL_MOST, TRAIL_LONGEST = 20, 2000  # previous pages in a cursor, and characters that it may have
POSITION_LONGEST = 3  # parts

_json = json.JSONEncoder(separators=(",", ":")).encode


@dataclass(frozen=True)
class Spot:
    """Where a page begins: walk, position, and groups to skip there."""

    walk: int = 0
    position: Position = field(default_factory=list)
    skip: int = 0


def list_duplicates(search: DuplicateSearch) -> Response:
    """Return the response to a GET of the probable duplicates of a resource.

    A page ends when it is full, or after `SECONDS`. In the latter case it may have fewer groups than `limit`, or
    none, although `links.next` leads to more.
    """
    scope = f"{search.resource.name}/duplicates"
    query = parse_page(scope, request_pairs())
    require_acceptable()
    trail = _trail(search, query.cursor)
    found, after = _find(search, trail[-1], query.limit)
    data, count = _documents(search, [group for group, _ in found], current_app.config["PAGE_MAX_BYTES"])
    if count < len(found):
        after = found[count][1]
    links = {
        "self": link(f"/{scope}") + (f"?{canonical(query.sent)}" if query.sent else ""),
        "next": _link(query, [*trail, after]) if after else None,
        "prev": _link(query, trail[:-1]) if query.cursor else None,
    }
    return read_response(envelope(data, {"count": len(data), "limit": query.limit}, links), [link_header(links)])


def _find(search: DuplicateSearch, begin: Spot, limit: int) -> tuple[list[tuple[Group, Spot]], Spot | None]:
    """Return the groups of a page, each with the spot where it is, and where the next page begins.

    A page that has got further, and would have to wait long for the database, ends there.
    """
    ends = time.monotonic() + SECONDS
    found: list[tuple[Group, Spot]] = []
    spot: Spot | None = begin
    is_over = False
    while spot and not is_over:
        count = len(found)
        try:
            spot, is_over = _search_slice(search, spot, found, limit, ends)
        except Overloaded:
            if spot == begin:
                raise
            del found[count:]
            break
    return found, spot


def _search_slice(
    search: DuplicateSearch, spot: Spot, found: list[tuple[Group, Spot]], limit: int, ends: float
) -> tuple[Spot | None, bool]:
    """Add the groups of a slice to those found.

    Return where the search goes on, in the slice or after it, and whether the page is full or out of time.
    """
    tier, walk = search.walks[spot.walk]
    candidates, next_position = walk.find(spot.position)
    for number, part in enumerate(_parts(candidates)):
        if number and time.monotonic() > ends:
            return Spot(spot.walk, part[0][0]), True
        for (position, _), groups in zip(part, search.groups([ids for _, ids in part]), strict=True):
            skip = spot.skip if position == spot.position else 0
            of_tier = [group for group in groups if group.tier == tier]
            for index in range(skip, len(of_tier)):
                here = Spot(spot.walk, position, index)
                if len(found) == limit:
                    return here, True
                found.append((of_tier[index], here))
    if next_position is not None:
        following: Spot | None = Spot(spot.walk, next_position)
    else:
        following = Spot(spot.walk + 1) if spot.walk + 1 < len(search.walks) else None
    return following, time.monotonic() > ends


def _parts(candidates: Candidates) -> Iterator[Candidates]:
    """Yield some candidates at a time, so that few records are judged at once."""
    part: Candidates = []
    size = 0
    for candidate in candidates:
        if part and size + len(candidate[1]) > JUDGED_AT_ONCE:
            yield part
            part, size = [], 0
        part.append(candidate)
        size += len(candidate[1])
    if part:
        yield part


def _documents(search: DuplicateSearch, groups: Sequence[Group], page_bytes: int) -> tuple[list[str], int]:
    """Return the JSON of the first groups, as many as a page may have, and how many groups these are.

    Groups whose records have been deleted meanwhile are left out.
    """
    resource = search.resource
    shown = [group.ids[:MEMBERS_MOST] for group in groups]
    texts, sizes = _records(resource, shown, page_bytes // max(1, sum(map(len, shown))))
    if None in texts.values():
        shown = _fitting(shown, sizes, page_bytes)
        texts, _ = _records(resource, shown)
    documents = []
    for group, members in zip(groups, shown, strict=False):
        present = [text for record_id in members if (text := texts.get(record_id))]
        if len(present) > 1:
            head = _json({"score": search.scores[group.tier], "reasons": group.reasons, "count": len(group.ids)})
            documents.append(f'{head[:-1]},"{resource.name}":[{",".join(present)}]}}')
    return documents, len(shown)


def _records(
    resource: Resource, groups: Sequence[Sequence[int]], most: int = BIGINT_MAX
) -> tuple[dict[int, str | None], dict[int, int]]:
    """Return the JSON texts of the records of groups, None for those of more than `most` bytes, and their sizes."""
    ids = sorted({record_id for members in groups for record_id in members})
    rows = fetch(records_by_ids(resource, is_bounded=True), {"ids": ids, "most": most}) if ids else []
    return {row[1]: row[0] for row in rows}, {row[1]: row[2] for row in rows}


def _fitting(groups: list[tuple[int, ...]], sizes: dict[int, int], page_bytes: int) -> list[tuple[int, ...]]:
    """Return the first groups that a page may have; at least two records of the first one."""
    ends = accumulate(sum(sizes.get(record_id, 0) for record_id in members) for members in groups)
    if count := sum(end <= page_bytes for end in ends):
        return groups[:count]
    members = [record_id for record_id in groups[0] if record_id in sizes]
    ends = accumulate(sizes[record_id] for record_id in members)
    return [tuple(members[: max(2, sum(end <= page_bytes for end in ends))])]


def _trail(search: DuplicateSearch, cursor: Cursor | None) -> list[Spot]:
    """Return the starts of the pages before a cursor's page, and of its own. Raises `InvalidCursor`."""
    if cursor is None:
        return [Spot()]
    try:
        spots = [Spot(walk, position, skip) for walk, skip, *position in cursor.keys]
        is_valid = bool(spots) and all(_is_valid(search, spot) for spot in spots)
    except (TypeError, ValueError):
        is_valid = False
    if not is_valid:
        raise InvalidCursor.damaged()
    return spots


def _is_valid(search: DuplicateSearch, spot: Spot) -> bool:
    numbers = [spot.walk, spot.skip, *spot.position[1:]]
    if not all(type(number) is int and 0 <= number <= BIGINT_MAX for number in numbers):
        return False
    if not spot.walk < len(search.walks):
        return False
    key = search.walks[spot.walk][1].key
    if len(spot.position) > POSITION_LONGEST or not all(type(part) is key for part in spot.position[:1]):
        return False
    return not (key is str and spot.position and not Line().is_sort_key(spot.position[0]))


def _link(query: Query, trail: list[Spot]) -> str:
    """Return the URL of the page at the end of a trail.

    The oldest pages of a long trail are dropped, so that `prev` skips from the oldest one kept to the first page.
    """
    if len(trail) <= 1 and trail[:1] in ([], [Spot()]):
        return link(f"/{query.scope}") + (f"?limit={query.limit}" if query.limit != LIMIT_DEFAULT else "")
    pairs = (("limit", str(query.limit)),) if query.limit != LIMIT_DEFAULT else ()
    for kept in range(TRAIL_MOST, 0, -1):
        spots = tuple([spot.walk, spot.skip, *spot.position] for spot in trail[-kept:])
        word = Cursor(query.scope, pairs, spots).encode()
        if len(word) <= TRAIL_LONGEST:
            break
    return link(f"/{query.scope}?cursor={word}")
