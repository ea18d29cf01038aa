"""Measures how many buffers a page reads near the end of the catalog, compared with the first page, for every sort.

Also how many more a page and a book read in a catalog that is a hundred times as large.
"""

from __future__ import annotations

import json
import statistics
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import permutations
from typing import Any

from app.books.resource import BOOKS
from app.core.fields import BIGINT_MAX
from app.core.query.query import SortKey
from app.core.sql.shape import Shape
from app.core.sql.statements import list_page, record_by_id
from extensions.database.prepared import Statement

FIELDS = tuple(BOOKS.fields)
NEAR_THE_END = 1000  # rows before the end
RUNS = 9
KNOWN: dict[Any, Any] = {}  # the statements that the connection has prepared
NO_BOUND = {"most": BIGINT_MAX}  # bytes of a record
BOUND = 0.05  # seconds, for a page sorted by two keys


@dataclass(frozen=True)
class Depth:
    """The buffers that the first page of a sort and one near the end read, and the seconds of the latter."""

    sort: str
    first: int
    deep: int
    seconds: float


def single_keys(cursor: Any) -> Iterator[Depth]:
    """Measure every sort by one key, in both directions."""
    for name in BOOKS.sorts:
        for descending in (False, True):
            yield _depth(cursor, (SortKey(name, descending),))


def two_keys(cursor: Any) -> Iterator[Depth]:
    """Measure every sort by two keys, in all directions."""
    for first, second in permutations(BOOKS.sorts, 2):
        for descending in ((False, False), (False, True), (True, False), (True, True)):
            yield _depth(cursor, (SortKey(first, descending[0]), SortKey(second, descending[1])))


def growth(cursor: Any, books: int) -> dict[str, int]:
    """Return the buffers that a page from the middle and a book read."""
    KNOWN.clear()  # this may be another connection
    page = list_page(BOOKS, Shape(fields=FIELDS, has_cursor=True, limit=21))
    book = record_by_id(BOOKS, FIELDS)
    places = [books * part // 23 for part in range(1, 23)]
    return {
        "page of 20": round(statistics.mean(buffers(cursor, page, {"k0": place, **NO_BOUND})[0] for place in places)),
        "book": round(statistics.mean(buffers(cursor, book, {"id": place})[0] for place in places), 1),
    }


def buffers(cursor: Any, statement: Statement, values: dict[str, Any]) -> tuple[int, float]:
    """Return the buffers that a statement of the service reads, and its median seconds."""
    seconds = []
    for _ in range(RUNS):  # enough for Postgres to settle on one plan of a prepared statement
        started = time.perf_counter()
        statement.run(cursor, KNOWN, values)
        cursor.fetchall()
        seconds.append(time.perf_counter() - started)
    explain = replace(
        statement, sql=f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON, TIMING off) {statement.sql}", prepared=None
    )
    if statement.prepared:
        arguments = ", ".join(f"%({name})s" for name in statement.parameters)
        sql = f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON, TIMING off) EXECUTE {statement.name}"
        explain = replace(explain, sql=f"{sql}({arguments})" if arguments else sql)
    explain.run(cursor, KNOWN, values)
    plan = cursor.fetchone()[0][0]["Plan"]
    return plan["Shared Hit Blocks"] + plan["Shared Read Blocks"], statistics.median(seconds)


def _depth(cursor: Any, sort: tuple[SortKey, ...]) -> Depth:
    keys = sort if sort[-1].name == "id" or sort[0].name == "id" else (*sort, SortKey("id", sort[-1].descending))
    if sort[0].name == "id":
        keys = sort[:1]
    first = list_page(BOOKS, Shape(fields=FIELDS, sort=keys, limit=21))
    deep = list_page(BOOKS, Shape(fields=FIELDS, sort=keys, has_cursor=True, limit=21))
    # The keys of the row that is NEAR_THE_END rows before the last one.
    back = list_page(BOOKS, Shape(fields=("id",), sort=keys, backwards=True, has_offset=True))
    cursor.execute(back.sql, back.constants | {"limit": 1, "offset": NEAR_THE_END, **NO_BOUND})
    edge = json.loads(cursor.fetchone()[1])
    values = deep.constants | NO_BOUND | {f"k{place}": key for place, key in enumerate(edge)}
    read, seconds = buffers(cursor, deep, values)
    written = ",".join(f"{'-' if key.descending else ''}{key.name}" for key in sort)
    return Depth(written, buffers(cursor, first, NO_BOUND)[0], read, seconds)
